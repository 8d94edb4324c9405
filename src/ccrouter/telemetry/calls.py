"""Counters of calls by what became of them, and histograms of their waits and talks: the figures of the trade.

Every call is offered once, and then answered, abandoned, refused, lost or not seen to its end, once too. What counts
as what is written in docs/metrics.md; whoever shows figures of a day goes by the same reports of the live state.
"""

from typing import Final

from prometheus_client import CollectorRegistry

from ccrouter.live.effects import CallAnswered, CallFinished, CallOffered, Outcome
from ccrouter.live.figures import ENDS
from ccrouter.routing.rules import Goal, Rules
from ccrouter.telemetry.names import RuleNames
from ccrouter.telemetry.series import Counts, Histograms
from ccrouter.telemetry.waits import WaitHistogram

TALK_BUCKETS_S: Final = (10.0, 30.0, 60.0, 120.0, 180.0, 300.0, 450.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0)
INSIDE: Final = "inside"
OUTSIDE: Final = "outside"

_ENDS: Final = {**ENDS, Outcome.UNKNOWN: "unseen"}

_ANY: Final = Goal()
"""What counts for calls of a service that the routing file does not know."""


def end_of(call: CallFinished) -> str:
    """Return what a call came to, in the word that its counter has: answered, abandoned, refused, lost, unseen."""
    return "answered" if call.talked_s is not None else _ENDS.get(call.outcome, "unseen")


class CallCounts:
    """What became of calls, by service."""

    def __init__(self, registry: CollectorRegistry, names: RuleNames) -> None:
        self._names = names
        self._goals: dict[str, Goal] = {}
        self._offered = Counts(
            "ccrouter_calls_offered_total",
            "Calls that arrived, each once, whoever decided about it.",
            ["service"],
            registry=registry,
        )
        self._answered = Counts(
            "ccrouter_calls_answered_total",
            "Calls that were answered, by the site that did so first: inside by a position, outside by another site.",
            ["service", "destination", "where"],
            registry=registry,
        )
        self._in_time = Counts(
            "ccrouter_calls_in_time_total",
            "Calls that were answered within the time that the service aims at.",
            ["service"],
            registry=registry,
        )
        self._abandoned = Counts(
            "ccrouter_calls_abandoned_total",
            "Calls whose caller hung up before anybody answered; short: within the service's `short_abandon`.",
            ["service", "short"],
            registry=registry,
        )
        self._refused = Counts(
            "ccrouter_calls_refused_total",
            "Calls that came to a last step, a message or voicemail, without having been answered.",
            ["service", "destination"],
            registry=registry,
        )
        self._lost = Counts(
            "ccrouter_calls_lost_total",
            "Calls that ended in no other way while their PABX was watched; must stay 0.",
            ["service"],
            registry=registry,
        )
        self._unseen = Counts(
            "ccrouter_calls_unseen_total",
            "Calls of which nobody knows how they ended: not answered before the link to their PABX went down.",
            ["service"],
            registry=registry,
        )
        self._answer_waits = WaitHistogram(
            registry, "ccrouter_answer_wait_seconds", "Wait of answered calls, from their arrival to the first answer."
        )
        self._abandon_waits = WaitHistogram(
            registry, "ccrouter_abandon_wait_seconds", "Wait of abandoned calls, from their arrival to their end."
        )
        self._talks = Histograms(
            "ccrouter_talk_seconds",
            "Talk of answered calls, all their talks together.",
            ["service"],
            registry=registry,
            buckets=TALK_BUCKETS_S,
        )

    def use(self, rules: Rules) -> None:
        """Take the services of a new version."""
        services = {service.name: service for service in (*rules.services.values(), rules.unknown)}
        self._goals = {name: service.goal for name, service in services.items()}
        of_services = (self._offered, self._in_time, self._lost, self._unseen, self._talks)
        if self._names.lost:
            known = {"service": self._names.services}
            for counted in (*of_services, self._abandoned):
                counted.keep(known)
            for counted in (self._answered, self._refused):
                counted.keep(known | {"destination": self._names.destinations})
        for counted in of_services:
            counted.begin([(name,) for name in services])
        self._answered.begin(self._names.answers)
        self._refused.begin(self._names.refusals)
        self._abandoned.begin([(name, short) for name in services for short in ("yes", "no")])
        for waits in (self._answer_waits, self._abandon_waits):
            waits.use({name: goal.within_s for name, goal in self._goals.items()})

    def offered(self, call: CallOffered) -> None:
        """Count the arrival of a call."""
        self._offered.add(self._names.service(call.service))

    def answered(self, call: CallAnswered) -> None:
        """Count the first answer."""
        service = self._names.service(call.service)
        where = INSIDE if call.queue else OUTSIDE
        self._answered.add(service, self._names.destination(call.target), where)
        if call.waited_s is None:  # answered before it was first seen
            return
        if call.waited_s <= self._goals.get(service, _ANY).within_s:
            self._in_time.add(service)
        self._answer_waits.observe(service, call.waited_s)

    def finished(self, call: CallFinished) -> None:
        """Count the end of a call; one that was answered has been counted by then, however it ended."""
        if call.again:
            return
        service = self._names.service(call.service)
        match end_of(call):
            case "answered":
                self._talks.labels(service).observe(call.talked_s or 0.0)
            case "abandoned":
                short = call.waited_s <= self._goals.get(service, _ANY).short_abandon_s
                self._abandoned.add(service, "yes" if short else "no")
                self._abandon_waits.observe(service, call.waited_s)
            case "refused":
                self._refused.add(service, self._names.destination(call.target))
            case "lost":
                self._lost.add(service)
            case _:
                self._unseen.add(service)
