"""The board, made of what the daemon knows: the live state's facts, the rules, what admins switched, what happened."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from math import inf
from operator import attrgetter

from ccrouter.app.controls import Control
from ccrouter.app.day import Day
from ccrouter.app.entry import Entry
from ccrouter.live.figures import Figures, SiteFigures
from ccrouter.live.state import State
from ccrouter.router import Router
from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import External, InHouse, Leg, Share
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules, Service
from ccrouter.web.board import (
    Board,
    DecisionOnBoard,
    LinkOnBoard,
    QueueOnBoard,
    ServiceOnBoard,
    SiteOnBoard,
)
from ccrouter.web.status import recent

_place = attrgetter("pabx", "interface")

DECISIONS = 20
"""Decisions on the board: as many as people can follow."""


@dataclass(slots=True)
class BoardView:
    """Makes the board of now; synchronous, and cheap where little changed."""

    router: Router
    state: State
    control: Control
    entry: Entry
    day: Day
    _places: "Places | None" = None
    _decisions: tuple[DecisionOnBoard, ...] = ()

    def __call__(self) -> Board:
        """Return the board of this instant."""
        facts, rules = self.router.facts(), self.router.rules
        places = self._places_of(rules)
        return Board(
            at=facts.at,
            zone=str(rules.zone),
            version=self.control.version,
            rules=rules.version,
            router=self.control.rank,
            not_ready=self.control.readiness().obstacles,
            rules_problems=self.control.rules_file.status().problems,
            degraded=self.control.degraded_states(),
            pabxs=tuple(
                LinkOnBoard(name, link.state, facts.fresh(name)) for name, link in sorted(self.control.links.items())
            ),
            services=tuple(self._services(facts, places)),
            queues=tuple(_queues(facts, places)),
            positions=tuple(sorted(self.state.desks(), key=_place)),
            sites=tuple(_sites(facts, rules, self.day.book.sites())),
            modes=tuple(self.control.mode_switch.states()),
            overrides=tuple(self.control.override_switch.states()),
            decisions=self._recent(rules),
            hour=self.day.book.hour(facts.at),
        )

    def queues(self) -> tuple[QueueOnBoard, ...]:
        """Return its queues alone."""
        return tuple(_queues(self.router.facts(), self._places_of(self.router.rules)))

    def sites(self) -> tuple[SiteOnBoard, ...]:
        """Return its sites alone."""
        return tuple(_sites(self.router.facts(), self.router.rules, self.day.book.sites()))

    def _places_of(self, rules: Rules) -> "Places":
        places = self._places
        if places is None or places.rules is not rules:
            places = self._places = Places.of(rules)
        return places

    def _services(self, facts: Facts, places: "Places") -> Iterator[ServiceOnBoard]:
        now, today = self.day.book.now(facts.at), self.day.book.today()
        waiting: dict[str, int] = {}
        oldest: dict[str, float] = {}
        for caller in self.state.waiting():
            waiting[caller.service] = waiting.get(caller.service, 0) + 1
            oldest[caller.service] = min(oldest.get(caller.service, inf), caller.joined_at)
        waits: dict[str, float] = {}
        for (pabx, name), queue in facts.snapshot.queues.items():
            if queue.estimated_wait_s is not None and facts.fresh(pabx):
                waits[name] = min(waits.get(name, inf), queue.estimated_wait_s)
        for name, service in sorted(places.rules.services.items()):
            yield ServiceOnBoard(
                name=name,
                labels=places.labels[name],
                waiting=waiting.get(name, 0),
                oldest_at=oldest.get(name),
                estimated_wait_s=min((waits[queue] for queue in places.queues[name] if queue in waits), default=None),
                target=service.goal.target,
                within_s=service.goal.within_s,
                now=now.get(name, Figures()),
                today=today.get(name, Figures()),
            )

    def _recent(self, rules: Rules) -> tuple[DecisionOnBoard, ...]:
        """Return the last decisions, newest first; those that were shown before are the same objects."""
        before = self._decisions
        known = before[0].id if before else ""
        new = islice(takewhile(lambda each: each.id != known, self.entry.recent), DECISIONS)
        self._decisions = (*_decisions(new, rules), *before)[:DECISIONS]
        return self._decisions


@dataclass(frozen=True, slots=True)
class Places:
    """What the board takes from a version of the routing file: queues and labels of each service, sites by queue."""

    rules: Rules
    queues: Mapping[str, frozenset[str]]
    labels: Mapping[str, tuple[str, ...]]
    sites: Mapping[str, str]

    @classmethod
    def of(cls, rules: Rules) -> "Places":
        """Return those of a version."""
        labels: dict[str, dict[str, None]] = {name: {} for name in rules.services}
        for number in rules.numbers.values():
            labels.setdefault(number.service.name, {})[number.label or number.number] = None
        return cls(
            rules=rules,
            queues={name: frozenset(_queues_of(service)) for name, service in rules.services.items()},
            labels={name: tuple(told) for name, told in labels.items()},
            sites={site.queue: name for name, site in rules.sites.items() if isinstance(site, InHouse)},
        )


def _queues_of(service: Service) -> Iterator[str]:
    for to in (service.otherwise, *(rule.to for rule in (*service.rules, *service.while_waiting))):
        for destination in to:
            legs = destination.legs if isinstance(destination, Share) else (destination,)
            for leg in legs:
                if isinstance(leg, Leg) and isinstance(leg.site, InHouse):
                    yield leg.site.queue


def _queues(facts: Facts, places: Places) -> Iterator[QueueOnBoard]:
    for (pabx, name), queue in sorted(facts.snapshot.queues.items()):
        yield QueueOnBoard(
            pabx=pabx,
            name=name,
            site=places.sites.get(name, ""),
            fresh=facts.fresh(pabx),
            waiting=queue.waiting,
            oldest_at=queue.oldest_joined_at,
            estimated_wait_s=queue.estimated_wait_s,
            logged_in=queue.logged_in,
            ready=queue.ready,
            busy=queue.busy,
            paused=queue.paused,
        )


def _sites(facts: Facts, rules: Rules, today: Mapping[str, SiteFigures]) -> Iterator[SiteOnBoard]:
    for name, site in sorted(rules.sites.items()):
        known, spent = facts.snapshot.sites.get(name), today.get(name, SiteFigures()).cost
        yield SiteOnBoard(
            name=name,
            external=isinstance(site, External),
            calls=0 if known is None else known.calls,
            max_calls=site.max_calls if isinstance(site, External) else 0,
            health="unknown" if known is None else known.health.value,
            open=None if site.calendar is None else site.calendar.is_open(facts.instant),
            cost_today={currency: float(cost) for currency, cost in spent.items()},
        )


def _decisions(decisions: Iterable[Decision], rules: Rules) -> Iterator[DecisionOnBoard]:
    for told in recent(decisions):
        yield DecisionOnBoard(
            id=told.id,
            at=told.at,
            number=told.number,
            label=rules.written(told.number)[1],
            service=told.service,
            rule=told.rule,
            destination=told.destination,
            outside=isinstance(rules.sites.get(told.destination), External),
            reason=told.reason,
            waited_s=told.waited_s,
        )
