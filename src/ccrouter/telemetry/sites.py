"""Counters of sites: dials and how they ended, answers, talk, and what outside sites cost by their tariff."""

from prometheus_client import CollectorRegistry, Counter

from ccrouter.contract import STEP_RESULTS
from ccrouter.live.effects import SiteHealthChanged, SiteTried
from ccrouter.routing.rules import External, Rules, Tariff
from ccrouter.telemetry.labels import among
from ccrouter.telemetry.names import RuleNames
from ccrouter.telemetry.zeros import begin, keep

RESULTS = STEP_RESULTS["site"]


class SiteCounts:
    """What external sites did for calls."""

    def __init__(self, registry: CollectorRegistry, names: RuleNames) -> None:
        self._names = names
        self._tariffs: dict[str, Tariff] = {}
        self._tries = Counter(
            "ccrouter_site_tries_total",
            "Dials to a site that ended before their caller hung up, by result.",
            ["site", "result"],
            registry=registry,
        )
        self._health_changes = Counter(
            "ccrouter_site_health_changes_total",
            "Times that a site's health changed.",
            ["site", "health"],
            registry=registry,
        )

    def use(self, rules: Rules) -> None:
        """Take the sites of a new version."""
        outside = {name: site for name, site in rules.sites.items() if isinstance(site, External)}
        self._tariffs = {name: site.tariff for name, site in outside.items() if site.tariff is not None}
        for counted in (self._tries, self._health_changes):
            keep(counted, {"site": self._names.destinations})
        begin(self._tries, ((name, result) for name in outside for result in RESULTS))

    def tried(self, dial: SiteTried) -> None:
        """Count the end of a dial."""
        self._tries.labels(self._names.destination(dial.site), among(dial.result, RESULTS)).inc()

    def health_changed(self, change: SiteHealthChanged) -> None:
        """Count a change of health."""
        self._health_changes.labels(self._names.destination(change.site), change.health).inc()
