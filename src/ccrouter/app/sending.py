"""Callers who wait, as people see them, and one of them sent elsewhere by hand: by the means of an overflow."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.ami.link import PabxLink
from ccrouter.ami.orders import Answer
from ccrouter.app.entry import Entry
from ccrouter.app.overflow import Overflow
from ccrouter.app.overrides import check_destinations
from ccrouter.clock import Clock
from ccrouter.live.lifecycle import Phase
from ccrouter.live.queues import WaitingCaller
from ccrouter.live.state import State
from ccrouter.router import Router, WithdrawCaller
from ccrouter.routing.decision import Stay
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.rules import Rules
from ccrouter.store.audit import Deed
from ccrouter.telemetry.privacy import masked
from ccrouter.web.orders import OrderError, RefusedError, UnconfirmedError, UnknownNameError
from ccrouter.web.waiting import SendOrder, SentStatus, WaitingStatus

MOVED_WITHIN_S: Final = 1.5
"""The PABX takes a caller out within a second, unless a position rings for them."""

LOOK_AGAIN_S: Final = 0.05

DEED: Final = "caller sent"


@dataclass(frozen=True, slots=True)
class Sending:
    """Answers the API (web.waiting.WaitingControls).

    Attributes:
        rank: of this router, 1 or 2.
        note: puts a deed into the audit journal; never raises, and waits for a moment at the most.

    """

    router: Router
    state: State
    links: Mapping[str, PabxLink]
    overflow: Overflow
    entry: Entry
    rank: int
    note: Callable[[Deed], Awaitable[None]]
    clock: Clock
    log: FilteringBoundLogger

    def waiting(self) -> tuple[WaitingStatus, ...]:
        """Return the callers who wait, the one who waits longest first."""
        at, rules = self.clock.now(), self.router.rules
        shown = (self._shown(caller, rules, at) for caller in self.state.waiting())
        return tuple(sorted(shown, key=lambda caller: -caller.waited_s))

    async def send(self, order: SendOrder) -> SentStatus:
        """Send a waiting caller elsewhere.

        Raises:
            UnknownNameError: nobody of that uniqueid waits, or there is no such destination.
            OrderError: it can't be carried out as it was given.
            RefusedError: the caller stays where they are, and the text says why.
            UnconfirmedError: the PABX was asked, and did not answer.

        """
        check_destinations(self.router.rules, order.to)
        caller = self._caller(order)
        why = self._stays(caller)
        if why:
            raise RefusedError(why)
        # From here to the reservation nothing else runs.
        began = self.clock.steady()
        try:
            found = self.router.send(caller, order.to, f"by {order.author}: {order.reason}")
        except ValueError as error:
            raise OrderError(f"to: {error}; name fewer destinations") from error
        if isinstance(found, Stay):
            raise RefusedError(_nobody_takes(found, caller, self.router.rules))
        self.entry.made("caller sent by hand", found.decision, self.clock.steady() - began)
        outcome = await self.overflow.carry_out(found)
        if outcome.result is Answer.REFUSED:
            raise RefusedError(f"the caller stays: answered or gone in this moment ({outcome.reason})")
        await self._noted(order, found)
        if outcome.result is Answer.UNKNOWN:
            raise UnconfirmedError(f"the PABX did not say whether it takes the caller out ({outcome.reason})")
        moved = await self._moved(found)
        return SentStatus(caller.pabx, caller.uniqueid, found.decision.id, found.decision.destination, moved)

    def _caller(self, order: SendOrder) -> WaitingCaller:
        found = [
            caller
            for caller in self.state.waiting()
            if caller.uniqueid == order.uniqueid and order.pabx in {"", caller.pabx}
        ]
        if not found:
            where = f" on {order.pabx}" if order.pabx else ""
            raise UnknownNameError(
                f"nobody of this uniqueid waits{where} now: answered, or gone; GET /waiting lists who does"
            )
        if len(found) > 1:
            there = " or ".join(f"?pabx={caller.pabx}" for caller in found)
            raise OrderError(f"callers of this uniqueid wait on several PABXs; say {there}")
        return found[0]

    def _stays(self, caller: WaitingCaller) -> str:
        """Return why a caller can't be sent elsewhere at all; empty where they can."""
        link = self.links[caller.pabx]
        if not caller.routed:
            return "this caller came to the queue by another way than ccrouter's dialplan, and must stay in it"
        if caller.withdrawing:
            return "this caller is on the way out of the queue already; the journal tells where to"
        if not link.linked:
            return f"the link to {caller.pabx} is down"
        if not link.can_withdraw:
            return f"{caller.pabx} can't take callers out of a queue: it wants Asterisk 16.25, 18.11, 19.3 or newer"
        if not link.on_duty:
            return (
                f"this is router {self.rank}, and router {3 - self.rank} is on duty for {caller.pabx}: it alone takes "
                "callers out of queues there; ask it"
            )
        return ""

    async def _noted(self, order: SendOrder, found: WithdrawCaller) -> None:
        at, decision = self.clock.now(), found.decision
        subject = f"{order.uniqueid} to {', '.join(order.to)}"
        line = self.log.bind(decision=decision.id, uniqueid=order.uniqueid, author=order.author)
        line.info("a person has a caller withdrawn", to=order.to, reason=order.reason)
        await self.note(Deed(at, order.author, DEED, subject, order.reason))

    async def _moved(self, order: WithdrawCaller) -> bool:
        """Wait for a moment, and tell whether the caller has left the queue for the new plan.

        Raises:
            RefusedError: a position answered, or the caller hung up, in this moment.

        """
        until = self.clock.steady() + MOVED_WITHIN_S
        while True:
            call = self.state.call(order.caller.pabx, order.caller.uniqueid)
            if call is None:
                raise RefusedError("the caller hung up in this moment")
            if call.decision == order.decision.id:
                return True
            if call.phase is Phase.TALKING:
                raise RefusedError("a position answered in this moment, and keeps the call")
            if self.clock.steady() >= until:
                return False
            await asyncio.sleep(LOOK_AGAIN_S)

    def _shown(self, caller: WaitingCaller, rules: Rules, at: float) -> WaitingStatus:
        number, label = rules.written(caller.number)
        known = masked(caller.caller)
        return WaitingStatus(
            pabx=caller.pabx,
            queue=caller.queue,
            uniqueid=caller.uniqueid,
            number=number,
            label=label,
            service=caller.service,
            caller=None if known is None else str(known),
            language=caller.language,
            position=caller.position,
            joined_at=caller.joined_at,
            waited_s=max(0.0, at - caller.joined_at) + caller.waited_before_s,
            decision=caller.decision,
            leaving=caller.withdrawing,
            sendable=not self._stays(caller),
        )


def _nobody_takes(stay: Stay, caller: WaitingCaller, rules: Rules) -> str:
    """Return in words why none of the destinations would take a caller now."""
    if not stay.considered:
        return f"{caller.pabx} is silent, and nobody can be moved there"
    own = {site.name for site in rules.sites.values() if isinstance(site, InHouse) and site.queue == caller.queue}
    told = [
        f"{each.destination} is {each.state}{f' ({each.seen})' if each.seen else ''}"
        for each in stay.considered
        if each.state
    ]
    told += [f"{each.destination} is where they wait" for each in stay.considered[:1] if each.destination in own]
    return f"the caller stays in the queue: {'; '.join(told) or 'nobody there takes calls now'}"
