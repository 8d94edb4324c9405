"""What a service asks before it decides."""

from collections.abc import Iterator
from dataclasses import replace

from ccrouter.outlook.places import queues_of, sites_of
from ccrouter.routing.conditions import Condition, Threshold
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.literals import literals
from ccrouter.routing.rules import Rules, Service


def asked(service: Service) -> Iterator[Condition]:
    """Yield all single conditions of a service's rules, those for waiting callers last."""
    for rule in (*service.rules, *service.while_waiting):
        yield from literals(rule.when)


def of_service(rules: Rules, service: Service) -> Rules:
    """Return the same rules with what one service looks at alone: they decide its calls alike, and sooner."""
    queues, outside = frozenset(queues_of(service)), frozenset(sites_of(service))
    sites = {
        name: site
        for name, site in rules.sites.items()
        if name in outside or (isinstance(site, InHouse) and site.queue in queues)
    }
    return replace(rules, thresholds=tuple(each for each in asked(service) if isinstance(each, Threshold)), sites=sites)
