"""The names of the routing file in force, as the bounds of labels."""

from collections.abc import Iterator
from typing import Final

from ccrouter.routing.conditions import All, Any, Condition, Not, SiteIs, Threshold
from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import Destination, External, InHouse, Leg, Message, Share
from ccrouter.routing.rule import OTHERWISE, TAKEN_NAMES, UNKNOWN_NUMBER, Rule
from ccrouter.routing.rules import Rules, Service
from ccrouter.telemetry.labels import OTHER, among

PASSED_OVER = frozenset({"full", "down", "empty"})
"""States of a destination that the load, and not its calendar, kept from being first."""

MOST_BEGUN: Final = 1000
"""Overflows that are told as 0 before there was one; a file of thousands of rules would make each scrape slow."""

Labels = tuple[str, ...]


class RuleNames:
    """Tells which services and destinations exist; all others are counted as `other`.

    Attributes:
        lost: names of the version before are gone with it.
        services, destinations, queues: the names that labels may have, OTHER among them.
        rules: names that rules have in any service.
        answers, refusals: (service, destination, where) and (service, destination) that the rules lead to.
        overflows: (moment, service, rule, destination) that the rules may lead to; none where they are very many.
        shares: first share of each rule that has one, by (service, rule).

    """

    def __init__(self) -> None:
        self.lost = False
        self.services: frozenset[str] = frozenset({OTHER})
        self.destinations: frozenset[str] = frozenset({OTHER})
        self.rules: frozenset[str] = frozenset()
        self.queues: frozenset[str] = frozenset()
        self.answers: list[Labels] = []
        self.refusals: list[Labels] = []
        self.overflows: list[Labels] = []
        self.shares: dict[tuple[str, str], Share] = {}
        self._lists: dict[tuple[str, str], tuple[Destination, ...]] = {}
        self._load_rules: frozenset[tuple[str, str]] = frozenset()

    def use(self, rules: Rules) -> None:
        """Take the names of a new version."""
        before = self._known
        services = {service.name: service for service in (*rules.services.values(), rules.unknown)}.values()
        ends = {service.last.name for service in services}
        self.services = frozenset({OTHER, *(service.name for service in services)})
        self.destinations = frozenset({OTHER, *rules.sites, *rules.messages, *ends})
        self.queues = frozenset(site.queue for site in rules.sites.values() if isinstance(site, InHouse))
        self.answers = list(dict.fromkeys(pair for service in services for pair in _answers(service)))
        self.refusals = list(dict.fromkeys(pair for service in services for pair in _refusals(service)))
        overflows = list(dict.fromkeys(each for service in services for each in _overflows(service)))
        self.overflows = overflows if len(overflows) <= MOST_BEGUN else []
        self._lists = {(service.name, rule.name): rule.to for service in services for rule in _rules(service)}
        self.rules = frozenset({*TAKEN_NAMES, *(name for _, name in self._lists)})
        self.lost = any(former - present for former, present in zip(before, self._known, strict=True))
        shares = {key: _share(to) for key, to in self._lists.items()}
        self.shares = {key: share for key, share in shares.items() if share is not None}
        self._load_rules = frozenset(pair for service in services for pair in _load_rules(service))

    @property
    def _known(self) -> tuple[frozenset[str], ...]:
        return self.services, self.destinations, self.rules, self.queues

    def service(self, name: str) -> str:
        """Return the name of a service as a label."""
        return among(name, self.services)

    def destination(self, name: str) -> str:
        """Return the name of a site or message as a label."""
        return among(name, self.destinations)

    def overflow(self, decision: Decision) -> str | None:
        """Return when the load sent a call elsewhere (`entry`, `waiting`), or None where it did not.

        At entry: the rule that decided measures load, or a destination was passed over as full, down or empty.
        """
        if decision.call.waited_s is not None:
            return "waiting"
        if (decision.service, decision.rule) in self._load_rules:
            return "entry"
        for considered in decision.considered:
            if considered.state in PASSED_OVER:
                return "entry"
            if not considered.state:
                return None
        return None

    def turn(self, decision: Decision) -> str | None:
        """Return to whom a decision gave a turn of the first share of its rule; None where it gave none."""
        if not decision.turns:
            return None
        for place, destination in enumerate(self._lists.get((decision.service, decision.rule), ())):
            if isinstance(destination, Share):  # what was considered before it is one each
                parts = decision.considered[place : place + len(destination.legs)]
                return next((part.destination for part in parts if not part.state), None)
        return None


def _rules(service: Service) -> Iterator[Rule]:
    """Yield all rules of a service, the one without a condition at the end by its name."""
    yield from service.while_waiting
    yield from service.rules
    yield Rule(UNKNOWN_NUMBER if service.name == UNKNOWN_NUMBER else OTHERWISE, None, service.otherwise)


def _answers(service: Service) -> Iterator[Labels]:
    for rule in _rules(service):
        for destination in rule.to:
            legs = destination.legs if isinstance(destination, Share) else (destination,)
            for leg in legs:
                if not isinstance(leg, Message):
                    where = "outside" if isinstance(leg.site, External) else "inside"
                    yield (service.name, leg.site.name, where)


def _refusals(service: Service) -> Iterator[Labels]:
    yield (service.name, service.last.name)
    for rule in _rules(service):
        yield from ((service.name, each.name) for each in rule.to if isinstance(each, Message))


def _overflows(service: Service) -> Iterator[Labels]:
    for rule in service.while_waiting:
        yield from (("waiting", service.name, rule.name, each) for each in _firsts(rule.to))
    load, waiting = _load_rules(service), {rule.name for rule in service.while_waiting}
    for rule in _rules(service):
        if rule.name not in waiting:
            firsts = _firsts(rule.to) if (service.name, rule.name) in load else _sites(rule.to)
            yield from (("entry", service.name, rule.name, each) for each in firsts)


def _firsts(to: tuple[Destination, ...]) -> Iterator[str]:
    """Yield the names of the destinations that may come first in a plan by this list."""
    yield from _sites(to)
    yield from (each.name for each in to if isinstance(each, Message))


def _sites(to: tuple[Destination, ...]) -> Iterator[str]:
    for each in to:
        if isinstance(each, Share):
            yield from (leg.site.name for leg, weight in zip(each.legs, each.weights, strict=True) if weight)
        elif isinstance(each, Leg):
            yield each.site.name


def _share(to: tuple[Destination, ...]) -> Share | None:
    return next((each for each in to if isinstance(each, Share)), None)


def _load_rules(service: Service) -> set[tuple[str, str]]:
    return {(service.name, rule.name) for rule in service.rules if rule.when is not None and _measures(rule.when)}


def _measures(condition: Condition) -> bool:
    if isinstance(condition, All | Any):
        return any(_measures(part) for part in condition.parts)
    if isinstance(condition, Not):
        return _measures(condition.part)
    return isinstance(condition, Threshold | SiteIs)
