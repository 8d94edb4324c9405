"""What is true of sites at this instant."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from ccrouter.routing.destinations import External
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import Health


def sites(facts: Facts, rules: Rules | None) -> Iterator[Metric]:
    """Yield the gauges of sites; what a silent PABX told is left out."""
    calls = GaugeMetricFamily(
        "ccrouter_site_calls",
        "Calls at a site, with those sent there whom the PABX has not yet confirmed.",
        labels=["site"],
    )
    up = GaugeMetricFamily(
        "ccrouter_site_up", "1 when a site is up, 0 when it is down or on trial; absent when unknown.", labels=["site"]
    )
    capacity = GaugeMetricFamily(
        "ccrouter_site_max_calls", "Calls that a site takes at once; absent without a limit.", labels=["site"]
    )
    lines = GaugeMetricFamily(
        "ccrouter_site_lines",
        "Lines of a site that one of several PABXs may use, as it last confirmed; absent where none were lent.",
        labels=["pabx", "site"],
    )
    declared = {} if rules is None else rules.sites
    known = {name: site for name, site in facts.snapshot.sites.items() if name in declared}
    for name, site in known.items():
        for part in site.parts:
            if part.lines is not None:
                lines.add_metric([part.pabx, name], part.lines)
    if any(facts.fresh(pabx) for pabx in facts.snapshot.pabxs):
        for name, site in known.items():
            calls.add_metric([name], site.calls)
            if site.health is not Health.UNKNOWN:
                up.add_metric([name], site.health is Health.UP)
    for name, site_of_file in declared.items():
        if isinstance(site_of_file, External) and site_of_file.max_calls:
            capacity.add_metric([name], site_of_file.max_calls)
    yield from (calls, up, capacity, lines)
