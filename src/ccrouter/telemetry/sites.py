"""Counters of sites: dials and how they ended, answers, talk, and what outside sites cost by their tariff."""

from prometheus_client import CollectorRegistry

from ccrouter.contract import STEP_RESULTS
from ccrouter.live.effects import SiteHealthChanged, SiteReleased, SiteTried
from ccrouter.live.figures import cost_of
from ccrouter.routing.destinations import External, Tariff
from ccrouter.routing.rules import Rules
from ccrouter.telemetry.labels import among
from ccrouter.telemetry.names import RuleNames
from ccrouter.telemetry.series import Counts

RESULTS = STEP_RESULTS["site"]


class SiteCounts:
    """What external sites did for calls."""

    def __init__(self, registry: CollectorRegistry, names: RuleNames) -> None:
        self._names = names
        self._tariffs: dict[str, Tariff] = {}
        self._tries = Counts(
            "ccrouter_site_tries_total",
            "Dials to a site that ended before their caller hung up, by result.",
            ["site", "result"],
            registry=registry,
        )
        self._health_changes = Counts(
            "ccrouter_site_health_changes_total",
            "Times that a site's health changed.",
            ["site", "health"],
            registry=registry,
        )
        self._seizures = Counts(
            "ccrouter_site_seizures_total",
            "Calls that took a line of an external site, answered or not; counted when they leave it.",
            ["site"],
            registry=registry,
        )
        self._answers = Counts(
            "ccrouter_site_answers_total",
            "Calls that an external site answered; counted when they leave it.",
            ["site"],
            registry=registry,
        )
        self._talk = Counts(
            "ccrouter_site_talk_seconds_total",
            "Time that callers talked with an external site; counted when a talk is over.",
            ["site"],
            registry=registry,
        )
        self._cost = Counts(
            "ccrouter_site_cost_total",
            "What an external site costs by its tariff: for each answer, and for each second of talk that was begun.",
            ["site", "currency"],
            registry=registry,
        )

    def use(self, rules: Rules) -> None:
        """Take the sites of a new version."""
        outside = {name: site for name, site in rules.sites.items() if isinstance(site, External)}
        self._tariffs = {name: site.tariff for name, site in outside.items() if site.tariff is not None}
        known = {"site": self._names.destinations}
        lines = (self._seizures, self._answers, self._talk)
        for counted in (self._tries, self._health_changes, *lines) if self._names.lost else ():
            counted.keep(known)
        self._cost.keep(known | {"currency": frozenset(tariff.currency for tariff in self._tariffs.values())})
        for counted in lines:
            counted.begin((name,) for name in outside)
        self._cost.begin(((name, tariff.currency) for name, tariff in self._tariffs.items()))
        self._tries.begin((name, result) for name in outside for result in RESULTS)

    def tried(self, dial: SiteTried) -> None:
        """Count the end of a dial."""
        self._tries.add(self._names.destination(dial.site), among(dial.result, RESULTS))

    def released(self, call: SiteReleased) -> None:
        """Count a call that left a site, with what it costs."""
        name = self._names.destination(call.site)
        self._seizures.add(name)
        if not call.answered:
            return
        self._answers.add(name)
        self._talk.add(name, by=call.talked_s)
        tariff = self._tariffs.get(name)
        if tariff is not None:
            self._cost.add(name, tariff.currency, by=float(cost_of(tariff, call.talked_s)))

    def health_changed(self, change: SiteHealthChanged) -> None:
        """Count a change of health."""
        self._health_changes.add(self._names.destination(change.site), change.health)
