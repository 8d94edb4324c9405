"""What the live state and the links must know of the sites of the routing file."""

from ccrouter.live.sites import SiteLimits
from ccrouter.routing.destinations import External
from ccrouter.routing.rules import Rules


def endpoints_of(rules: Rules) -> set[str]:
    """Return the endpoints of external sites, whose reachability is watched."""
    return {site.endpoint for site in rules.sites.values() if isinstance(site, External) and site.endpoint}


def limits_of(rules: Rules) -> list[SiteLimits]:
    """Return all sites, with their limits or their queues."""
    return [
        SiteLimits(site.name, endpoint=site.endpoint, max_calls=site.max_calls)
        if isinstance(site, External)
        else SiteLimits(site.name, queue=site.queue, wrap_up_s=site.wrap_up_s)
        for site in rules.sites.values()
    ]
