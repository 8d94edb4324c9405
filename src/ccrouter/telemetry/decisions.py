"""What the router decided, and what became of its orders."""

from collections.abc import Collection
from typing import Final

from prometheus_client import CollectorRegistry

from ccrouter.routing.decision import Decision
from ccrouter.telemetry.names import RuleNames
from ccrouter.telemetry.series import Counts, Histograms

DECISION_BUCKETS_S: Final = (
    0.00005,
    0.0001,
    0.0002,
    0.0003,
    0.0005,
    0.00075,
    0.001,
    0.0015,
    0.002,
    0.003,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
)  # fmt: skip - one row reads better than fifteen


ANSWERS: Final = ("accepted", "refused", "unknown")
"""What a PABX may say to a withdrawal."""


class DecisionCounts:
    """What the router decided, and what became of its orders."""

    def __init__(self, registry: CollectorRegistry, names: RuleNames, pabxs: Collection[str]) -> None:
        self._names = names
        self._decided = Counts(
            "ccrouter_decisions_total",
            "Decisions, for calls at entry and for callers who wait.",
            ["pabx", "service", "rule", "destination"],
            registry=registry,
        )
        self._seconds = Histograms(
            "ccrouter_decision_seconds",
            "Time that a decision took.",
            [],
            registry=registry,
            buckets=DECISION_BUCKETS_S,
        ).labels()
        self._overflows = Counts(
            "ccrouter_overflows_total",
            "Calls that the load sent elsewhere: at entry by a rule or past a full, dead or empty site; while waiting.",
            ["moment", "service", "rule", "destination"],
            registry=registry,
        )
        self._given = Counts(
            "ccrouter_share_given_total",
            "Turns of a rule's share, by the destination that got them.",
            ["service", "rule", "destination"],
            registry=registry,
        )
        self._failed = Counts(
            "ccrouter_decisions_failed_total",
            "Calls that got no decision because of a fault in ccrouter; the PABX's own plan took them.",
            ["pabx"],
            registry=registry,
        )
        self._withdraws = Counts(
            "ccrouter_withdraws_total",
            "Waiting callers whom the PABX was asked to take out of a queue, by its answer.",
            ["pabx", "result"],
            registry=registry,
        )

        self._failed.begin((pabx,) for pabx in pabxs)
        self._withdraws.begin((pabx, result) for pabx in pabxs for result in ANSWERS)

    def use(self) -> None:
        """Follow the names of a new version."""
        names = self._names
        known = {"service": names.services, "rule": names.rules, "destination": names.destinations}
        for counted in (self._decided, self._overflows, self._given) if names.lost else ():
            counted.keep(known)
        self._overflows.begin(names.overflows)
        self._given.begin((*key, leg.site.name) for key, share in names.shares.items() for leg in share.legs)

    def decided(self, decision: Decision, took_s: float) -> None:
        """Count a decision that is carried out."""
        names = self._names
        where = (names.service(decision.service), decision.rule, names.destination(decision.destination))
        self._decided.add(decision.call.pabx, *where)
        self._seconds.observe(took_s)
        moment = names.overflow(decision)
        if moment is not None:
            self._overflows.add(moment, *where)
        turn = names.turn(decision)
        if turn is not None:
            self._given.add(*where[:2], turn)

    def failed(self, pabx: str) -> None:
        """Count a call for which deciding raised an error."""
        self._failed.add(pabx)

    def withdraw_answered(self, pabx: str, result: str) -> None:
        """Count an order to withdraw: `accepted`, `refused`, or `unknown` where the PABX did not say."""
        self._withdraws.add(pabx, result)
