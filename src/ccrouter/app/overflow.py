"""Overflow while waiting: follows the load and has callers withdrawn whom a rule sends elsewhere."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.ami.link import PabxLink
from ccrouter.ami.orders import Answer, Outcome
from ccrouter.app.entry import Entry
from ccrouter.app.writer import Writer
from ccrouter.clock import Clock
from ccrouter.live.events import WithdrawAccepted, WithdrawRefused
from ccrouter.live.queues import WaitingCaller
from ccrouter.router import Router, WithdrawCaller
from ccrouter.telemetry.metrics import Metrics

PAUSE_S: Final = 0.05
"""Least time between two looks: events come in bursts, and one look serves a whole burst."""

RESTS: Final = 4
"""A look at hundreds of callers is followed by a pause of so many times what it took."""

TURN_S: Final = 0.002
"""After so long in a look, calls that have arrived meanwhile come first."""

MOST_UNDER_WAY: Final = 250
"""Orders without an answer, of all PABXs: a few less than one link takes (ami.orders), for those of people. Nothing
else slows them down: who is asked for leaves on a second of their own, so that these spread by themselves, while a PABX
that dials hundreds takes long to answer the orders that come later.
"""

ASK_AGAIN_S: Final = 5.0
"""After a refusal: its cause may last, and each order counts a turn of a share and a decision."""

SETTLED_WITHIN_S: Final = 2.0
"""For orders under way when the daemon stops; a PABX that is not overloaded has answered them by then."""


@dataclass(slots=True)
class Overflow:
    """Looks at the callers who wait whenever the live state changed, and at each tick."""

    router: Router
    links: Mapping[str, PabxLink]
    entry: Entry
    writer: Writer
    clock: Clock
    metrics: Metrics
    log: FilteringBoundLogger
    _again_at: float = 0.0
    _under_way: set[asyncio.Task[Outcome]] = field(default_factory=set)
    _changed: asyncio.Event = field(init=False)

    def __post_init__(self) -> None:
        self._changed = self.writer.changed.follow()

    async def run(self) -> None:
        """Follow the load until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._changed.wait()
                self._changed.clear()
                took_s = 0.0
                try:
                    took_s = await self._look(tasks)
                except Exception as error:  # noqa: BLE001 - a daemon that ends over it would leave all callers alone
                    self._stumbled("callers who wait could not be looked at", error)
                await asyncio.sleep(max(PAUSE_S, RESTS * took_s))

    async def settle(self) -> None:
        """Return when the orders under way are answered; after the farewell to the PABXs no new one begins."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=SETTLED_WITHIN_S)

    async def _look(self, tasks: asyncio.TaskGroup) -> float:
        """Look at all who wait, and have those withdrawn whom a rule sends elsewhere; return the seconds of work."""
        able = self._able()
        turn = started = self.clock.steady()
        if not able or started < self._again_at:
            return 0.0
        took_s = 0.0
        for order in self.router.drain(able, self._failed):
            if order is not None:
                self.entry.made("caller to be withdrawn", order.decision, self.clock.steady() - started)
                task = tasks.create_task(self.carry_out(order), name=f"withdraw {order.decision.id}")
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            started = self.clock.steady()
            if started - turn >= TURN_S or len(self._under_way) >= MOST_UNDER_WAY:
                took_s += started - turn
                await asyncio.sleep(0)
                while len(self._under_way) >= MOST_UNDER_WAY:
                    await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
                if self._able() != able:
                    return took_s  # a link was lost, or the other router has the duty: the next look begins with that
                turn = started = self.clock.steady()
        return took_s + started - turn

    def _able(self) -> set[str]:
        """Return the PABXs that take orders to withdraw now, and from this router."""
        return {name for name, link in self.links.items() if link.can_withdraw and link.on_duty}

    def _failed(self, caller: WaitingCaller, error: Exception) -> None:
        self.metrics.decisions.failed(caller.pabx)
        self._stumbled("a caller who waits could not be decided about", error, uniqueid=caller.uniqueid)

    def _stumbled(self, what: str, error: Exception, **about: str) -> None:
        self._again_at = self.clock.steady() + ASK_AGAIN_S
        self.metrics.fault("overflow")
        self.log.error(what, exc_info=error, **about)

    async def carry_out(self, order: WithdrawCaller) -> Outcome:
        """Have the PABX take a caller out, and return what became of it; the live state is told."""
        caller, decision = order.caller, order.decision
        answer = await self.links[caller.pabx].withdraw(caller.queue, caller.channel, order.plan)
        self.metrics.decisions.withdraw_answered(caller.pabx, answer.result)
        at = self.clock.now()
        if answer.result is Answer.ACCEPTED:
            told = WithdrawAccepted(pabx=caller.pabx, at=at, uniqueid=caller.uniqueid, decision=decision.id)
            self.writer.apply(told)
        if answer.result is not Answer.REFUSED:
            return answer  # what was never confirmed may have been done: the reservation stands until it expires
        self.log.info(
            "caller stays", decision=decision.id, pabx=caller.pabx, uniqueid=caller.uniqueid, reason=answer.reason
        )
        self.writer.apply(
            WithdrawRefused(
                pabx=caller.pabx,
                at=at,
                uniqueid=caller.uniqueid,
                decision=decision.id,
                reason=answer.reason,
                stays_until=at + ASK_AGAIN_S,
            )
        )
        return answer
