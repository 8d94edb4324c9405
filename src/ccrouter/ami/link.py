"""The link to one PABX, for the life of the daemon: up again after every loss, and never twice the same order."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.ami.backoff import Backoff
from ccrouter.ami.connection import Address, Connection
from ccrouter.ami.globals import exchange
from ccrouter.ami.hearing import WANTED, Hearing
from ccrouter.ami.lamps import Lamps
from ccrouter.ami.login import RefusedError, Welcome, log_in
from ccrouter.ami.members import MemberOrder, Members
from ccrouter.ami.orders import Answer, Orders, Outcome
from ccrouter.ami.pulse import Pulse
from ccrouter.ami.resync import Paces, Resync
from ccrouter.ami.watches import Fault, LinkState, Watches
from ccrouter.clock import Clock
from ccrouter.errors import LinkError
from ccrouter.live.events import Heard, LinkLost, LinkUp, Listing, PabxEvent, PabxRestarted
from ccrouter.routing.lending import Order

CONNECTED_WITHIN_S: Final = 5.0
ORDER_WITHIN_S: Final = 2.0
WITHDRAW_WITHIN_S: Final = 5.0
"""A PABX that dials hundreds of withdrawn callers was seen to take over 2 s to answer the order for the next one."""

RETRY_S: Final = (0.2, 1.0)
"""Least and longest wait before the next try: 2 s after a PABX came back, what is known of it should be true again."""

RETRY_REFUSED_S: Final = (30.0, 60.0)
"""The same when a person must mend something: each try is a line in the PABX's security log."""

STEADY_S: Final = 5.0
"""A link that was up for so long starts again from the shortest wait."""

LOG_AGAIN_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Session:
    """What works while the link is up."""

    connection: Connection
    pulse: Pulse
    orders: Orders
    members: Members
    resync: Resync
    lamps: Lamps


class PabxLink:
    """Keeps the link to one PABX, tells what is heard, and takes orders.

    Args:
        address: where the PABX is.
        sink: takes each event, in the order of the stream.
        trunks: the endpoints to watch, such as `PJSIP/trunk-tunis`; asked for each time they are looked at.
        lamps: by the code of a mode, whether its lamp is on; None for one that stands for nothing any more.
        clock: tells the instant of events.
        log: logger.
        watches: counts.
        key: what the PABX's dialplan must bring along when it asks this router.
        rank: of this router among those of the PABX, from 1.
        able: tells whether calls are decided in time; while they are not, no heartbeat says that this router lives.
        paces: of the listings.

    Attributes:
        state: of the link.
        reason: why the link is not up; empty while it is.
        version: Asterisk's, as it last told; empty before.
        can_withdraw: whether waiting callers can be withdrawn now.
        sessions: how many times the link has come up.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        address: Address,
        *,
        sink: Callable[[PabxEvent], None],
        trunks: Callable[[], Collection[str]],
        lamps: Callable[[], Mapping[str, bool | None]],
        clock: Clock,
        log: FilteringBoundLogger,
        watches: Watches,
        key: str,
        rank: int = 1,
        able: Callable[[], bool] = lambda: True,
        paces: Paces | None = None,
    ) -> None:
        self.state = LinkState.DOWN
        self.reason = "not yet connected"
        self.version = ""
        self.can_withdraw = False
        self.sessions = 0
        self._address = address
        self._sink = sink
        self._trunks = trunks
        self._lamps = lamps
        self._clock = clock
        self._log = log.bind(pabx=address.name)
        self._watches = watches
        self._key = key
        self._rank = rank
        self._able = able
        self._paces = paces or Paces()
        self._session: Session | None = None
        self._leaving = False
        self._started = ""
        self._told_duty = False
        self._told_unable: str | None = None
        self._told_reason = ("", 0.0)

    @property
    def on_duty(self) -> bool:
        """Tell whether it is ours to do for this PABX what only one of its routers must do."""
        return self._session is not None and self._session.pulse.duty.held

    @property
    def rival(self) -> bool:
        """Tell whether another router of the same rank serves this PABX, with a key of its own."""
        return self._session is not None and self._session.pulse.rival

    @property
    def linked(self) -> bool:
        """Tell whether the link is up."""
        return self._session is not None

    @property
    def pending(self) -> int:
        """Return how many orders have no answer yet; 0 without a link."""
        return 0 if self._session is None else self._session.connection.pending

    async def run(self) -> None:
        """Keep the link up, until cancelled."""
        short, long = Backoff(*RETRY_S), Backoff(*RETRY_REFUSED_S)
        while True:
            wait = short
            began = self._clock.steady()
            try:
                self.reason = await self._once()
            except RefusedError as error:
                wait = long
                self._failed(Fault.REFUSED)
                self._become(LinkState.REFUSED)
                self._explain(str(error), "PABX refuses the link", self._log.error)
            except LinkError as error:
                self._failed(Fault.UNREACHABLE)
                self._become(LinkState.DOWN)
                self._explain(str(error), "PABX not linked", self._log.warning)
            else:
                self._failed(Fault.LOST)
                self._become(LinkState.DOWN)
                if self._clock.steady() - began >= STEADY_S:
                    short.reset()
                    long.reset()
            await asyncio.sleep(wait.next_s())

    async def withdraw(self, queue: str, channel: str, plan: str) -> Outcome:
        """Take a caller out of a queue, with the text of a new plan; never raises, and is never sent twice."""
        session = self._session
        if session is None:
            return Outcome(Answer.REFUSED, "not sent: the link to the PABX is down")
        if not self.can_withdraw:
            return Outcome(Answer.REFUSED, "not sent: this PABX can't withdraw callers")
        outcome = await session.orders.withdraw(queue, channel, plan)
        if outcome.result is Answer.UNKNOWN:
            self._failed(Fault.ORDER_UNCONFIRMED)
        return outcome

    async def member(self, order: MemberOrder) -> Outcome:
        """Have a position logged in, out, or paused; never raises, and is never sent twice."""
        session = self._session
        if session is None:
            return Outcome(Answer.REFUSED, "not sent: the link to the PABX is down")
        outcome = await session.members.carry_out(order)
        if outcome.result is Answer.UNKNOWN:
            self._failed(Fault.ORDER_UNCONFIRMED)
        return outcome

    async def variable(self, channel: str, name: str) -> str | None:
        """Return the value of a channel's variable, empty where it is unset; None where there is no such channel.

        An empty channel stands for the PABX itself: a global variable is read.

        Raises:
            LinkError: no answer in time, or the link is down.

        """
        session = self._session
        if session is None:
            raise LinkError("the link to the PABX is down")
        return await session.orders.variable(channel, name)

    async def exchange(self, orders: Sequence[Order]) -> list[str | None]:
        """Send orders in one go, to be carried out in this order, and return their answers.

        Returns:
            The value of each that reads, an empty text for each that writes; None for what was refused or had no
            answer in time.

        Raises:
            LinkError: the link is down.

        """
        session = self._session
        if session is None:
            raise LinkError("the link to the PABX is down")
        return await exchange(session.connection, orders, ORDER_WITHIN_S)

    def light(self) -> None:
        """Have the lamps looked at now; without a link nothing needs to be done, for all are set when it is up."""
        if self._session is not None:
            self._session.lamps.look()

    def relist(self, listing: Listing, queue: str = "") -> None:
        """Have a listing read again; without a link nothing needs to be done, for all is read when it is up."""
        if self._session is not None:
            self._session.resync.request(listing, queue)

    def clock_set(self) -> None:
        """Look at the PABX's clock at once, for ours was set; without a link nothing needs to be done."""
        if self._session is not None:
            self._session.pulse.clock_set()

    async def farewell(self) -> None:
        """Tell the PABX's dialplan that the router goes away; takes half a second at most and never raises.

        No heartbeat follows, not over another connection either.
        """
        self._leaving = True
        if self._session is not None:
            await self._session.pulse.end()

    async def _once(self) -> str:
        """Connect, log in, serve; return why the link was lost after it had been up."""
        self._become(LinkState.CONNECTING)
        hearing = Hearing(self._address.name, self._sink, self._failed, self._clock, self._log)
        connection = await Connection.open(self._address, WANTED, hearing.hear, CONNECTED_WITHIN_S)
        try:
            welcome = await log_in(connection, self._address, hearing.booted)
            self._greet(welcome, hearing)
            return await self._serve(connection, hearing)
        finally:
            connection.close("closed by ccrouter")

    def _greet(self, welcome: Welcome, hearing: Hearing) -> None:
        self.version, self.can_withdraw, self.reason = welcome.version, welcome.can_withdraw, ""
        now = self._clock.now()
        if self._started not in {"", welcome.started}:
            hearing.tell(PabxRestarted(pabx=self._address.name, at=now))
        self._started = welcome.started
        if not welcome.can_withdraw and self._told_unable != welcome.version:
            self._told_unable = welcome.version
            self._log.warning(
                "PABX can't withdraw waiting callers: nobody overflows while waiting",
                asterisk=welcome.version,
                needed="16.25, 18.11, 19.3 or newer",
            )
        self._become(LinkState.SYNCING)
        hearing.tell(LinkUp(pabx=self._address.name, at=now, version=welcome.version))

    async def _serve(self, connection: Connection, hearing: Hearing) -> str:
        name, clock = self._address.name, self._clock

        def answered(took_s: float) -> None:
            self._watches.link_answered(name, took_s)
            hearing.tell(Heard(pabx=name, at=clock.now()))

        resync = hearing.resync = Resync(
            name,
            connection,
            trunks=self._trunks,
            tell=hearing.tell,
            synced=lambda: self._become(LinkState.IN_SYNC),
            failed=self._failed,
            clock=clock,
            log=self._log,
            paces=self._paces,
        )
        pulse = Pulse(
            *(connection, clock, answered, self._failed),
            rank=self._rank,
            key=self._key,
            leaving=self._leaving,
            able=self._able,
            relieved=self._tell_duty,
            ready=lambda: self.state is LinkState.IN_SYNC,
        )
        lamps = Lamps(connection, self._lamps, self._failed, self._log)
        self.sessions += 1
        members = Members(connection, ORDER_WITHIN_S)
        self._session = Session(
            connection, pulse, Orders(connection, ORDER_WITHIN_S, WITHDRAW_WITHIN_S), members, resync, lamps
        )
        reason = "ccrouter stops"
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(_closing(connection, work), name=f"{title} {name}")
                    for title, work in (
                        ("pings", pulse.watch()),
                        ("beats", pulse.beat()),
                        ("listings", resync.run()),
                        ("lamps", lamps.run()),
                    )
                ]
                reason = await connection.lost()
                for task in running:
                    task.cancel()
        finally:
            self._session = None
            self._tell_duty()
            self.can_withdraw = False
            hearing.tell(LinkLost(pabx=name, at=clock.now(), reason=reason))
        return reason

    def _failed(self, fault: Fault) -> None:
        self._watches.link_failed(self._address.name, fault)

    def _tell_duty(self) -> None:
        held = self.on_duty
        if held != self._told_duty:
            self._told_duty = held
            self._log.info("on duty for this PABX" if held else "off duty for this PABX", router=self._rank)

    def _become(self, state: LinkState) -> None:
        self.state = state
        self._watches.link_changed(self._address.name, state)

    def _explain(self, reason: str, what: str, log: Callable[..., object]) -> None:
        self.reason = reason
        told, told_at = self._told_reason
        now = self._clock.steady()
        if reason != told or now - told_at >= LOG_AGAIN_S:
            self._told_reason = (reason, now)
            log(what, reason=reason)


async def _closing(connection: Connection, work: Awaitable[None]) -> None:
    """Do a part of the work; when it finds the link broken, cut it, so that all parts end."""
    try:
        await work
    except LinkError as error:
        connection.close(str(error))
