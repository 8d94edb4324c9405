"""The router: where the clock, the rules, the live state and its reservations meet. Synchronous: it never awaits.

Between reading the snapshot and recording what was decided nothing else runs, so two calls can't win one free line.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from ccrouter.clock import Clock
from ccrouter.live.events import CallRouted, Event, WithdrawAsked
from ccrouter.live.queues import WaitingCaller
from ccrouter.live.state import State
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide, decide_waiting, send, watch
from ccrouter.routing.decision import Decision, Stay
from ccrouter.routing.facts import Facts
from ccrouter.routing.overrides import Override
from ccrouter.routing.rules import Rules
from ccrouter.routing.shares import Turns
from ccrouter.routing.thresholds import OFF, Latch, LatchKey

CONFIRMED_WITHIN_S = 5.0
"""How long a decision counts at its first step without a word from the PABX; it mostly takes milliseconds."""

ANNOUNCED_WITHIN_S = 60.0
"""The same for a service that plays an announcement before the first step."""

WITHDRAWN_WITHIN_S = 15.0
"""A withdrawal waits for the end of the ring attempt that is under way, and rings are kept under 10 s."""


@dataclass(frozen=True, slots=True)
class WithdrawCaller:
    """The order to take a waiting caller out of a queue, with the decision that says where to, and the plan's text."""

    caller: WaitingCaller
    decision: Decision
    plan: str


class Router:
    """Decides for every call, and keeps what decisions leave behind: thresholds, turns of shares, reservations.

    Args:
        rules: the version in force.
        state: what is true now, read here.
        apply: puts an event into that state; whoever built both sees to the effects.
        clock: tells the instant, once a decision.
        modes: returns the names of the modes that are on at an instant.
        overrides: returns those that have not ended at an instant, the one that counts first.
        ids: ids for decisions, unique over restarts.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        rules: Rules,
        state: State,
        *,
        apply: Callable[[Event], object],
        clock: Clock,
        modes: Callable[[float], frozenset[str]],
        overrides: Callable[[float], tuple[Override, ...]],
        ids: Iterator[str],
    ) -> None:
        self.rules = rules
        self._state = state
        self._apply = apply
        self._clock = clock
        self._modes = modes
        self._overrides = overrides
        self._ids = ids
        self._latches: dict[LatchKey, Latch] = {}
        self._turns: dict[str, Turns] = {}

    def facts(self) -> Facts:
        """Return all that is true at this instant."""
        at = self._clock.now()
        return Facts(
            at, self._state.snapshot(at), self._modes(at), self._latches, self._turns, overrides=self._overrides(at)
        )

    def route(self, call: Call) -> Decision:
        """Decide where a call goes that has just arrived, and count it there from now on."""
        decision = decide(self.rules, self.facts(), call, next(self._ids))
        self._keep(decision)
        announced = bool(decision.treatment.announcement)
        self._apply(
            CallRouted(
                call.pabx,
                decision.at,
                call.uniqueid,
                call.number,
                decision.service,
                decision.rule,
                decision.id,
                decision.plan.first,
                expires_at=decision.at + (ANNOUNCED_WITHIN_S if announced else CONFIRMED_WITHIN_S),
                caller=call.caller,
                language=call.language,
            )
        )
        return decision

    def drain(
        self, pabxs: Collection[str], failed: Callable[[WaitingCaller, Exception], object]
    ) -> Iterator[WithdrawCaller | None]:
        """Look at each waiting caller on these PABXs, longest wait first: yield the order for them, or None: they stay.

        A rule sends elsewhere whom an order is for. What happens between two callers counts for the second one: calls
        may be routed meanwhile, and whoever has left is passed over.
        """
        state = self._state
        facts: Facts | None = None
        listed = as_of = state.applied
        decision_id = ""
        for caller in self._movable(pabxs):
            if state.applied != listed and not state.waits(caller):
                continue
            if facts is None or state.applied != as_of:
                facts, as_of = self.facts(), state.applied
            if not facts.fresh(caller.pabx):
                continue
            order, decision_id = None, decision_id or next(self._ids)
            try:
                decision = decide_waiting(self.rules, facts, _call_of(caller, facts.at), caller.queue, decision_id)
                if decision is not None:
                    order, decision_id = self._withdraw(caller, decision), ""
            except Exception as error:  # noqa: BLE001 - a fault with one caller must not keep the others waiting
                failed(caller, error)
            yield order

    def send(self, caller: WaitingCaller, to: Sequence[str], by: str) -> WithdrawCaller | Stay:
        """Return the order for a waiting caller whom a person sends elsewhere, or why they stay.

        Only for one who may be withdrawn: routed, and not being withdrawn already.

        Raises:
            ValueError: the PABX would not take so long a plan.

        """
        facts = self.facts()
        found = send(self.rules, facts, _call_of(caller, facts.at), caller.queue, next(self._ids), to=to, by=by)
        return found if isinstance(found, Stay) else self._withdraw(caller, found)

    def watch(self) -> None:
        """Look at every threshold, so that hold times run between calls too."""
        seen = watch(self.rules, self.facts())
        latches = {key: latch for key, latch in seen.items() if latch != OFF}
        if latches != self._latches:  # what is kept by these latches goes on to be good
            self._latches = latches

    def replace(self, rules: Rules) -> None:
        """Put another version in force; calls in progress keep the plan that they carry."""
        self.rules = rules
        known = {threshold.key for threshold in rules.thresholds}
        self._latches = {key: latch for key, latch in self._latches.items() if key[0] in known}
        shared = {share.key for share in rules.shares()}
        self._turns = {key: turns for key, turns in self._turns.items() if key in shared}

    def clock_set(self, by_s: float) -> None:
        """Move the instants from which thresholds hold: the clock was set by so many seconds."""
        self._latches = {
            key: latch if latch.reached_at is None else latch._replace(reached_at=latch.reached_at + by_s)
            for key, latch in self._latches.items()
        }

    def _movable(self, pabxs: Collection[str]) -> list[WaitingCaller]:
        """Return who may be withdrawn, longest wait first."""
        at = self._clock.now()
        served = {name for name, service in self.rules.services.items() if service.while_waiting}
        movable = [
            caller
            for caller in (self._state.waiting() if served else ())
            if caller.pabx in pabxs
            and caller.routed
            and caller.service in served
            and not caller.withdrawing
            and caller.stays_until <= at
        ]
        return sorted(movable, key=attrgetter("joined_at"))

    def _withdraw(self, caller: WaitingCaller, decision: Decision) -> WithdrawCaller:
        order = WithdrawCaller(caller, decision, decision.text)
        self._keep(decision)
        self._apply(
            WithdrawAsked(
                pabx=caller.pabx,
                at=decision.at,
                uniqueid=caller.uniqueid,
                rule=decision.rule,
                decision=decision.id,
                first=decision.plan.first,
                expires_at=decision.at + WITHDRAWN_WITHIN_S,
            )
        )
        return order

    def _keep(self, decision: Decision) -> None:
        # Others may still read the facts of an earlier decision: what they hold is never changed.
        if decision.latches:
            latches = {**self._latches, **decision.latches}
            self._latches = {key: latch for key, latch in latches.items() if latch != OFF}
        if decision.turns:
            self._turns = {**self._turns, **decision.turns}


def _call_of(caller: WaitingCaller, at: float) -> Call:
    return Call(
        caller.pabx,
        caller.uniqueid,
        caller.number,
        caller.caller,
        caller.language,
        at - caller.joined_at + caller.waited_before_s,
        caller_known=caller.caller_known,
    )
