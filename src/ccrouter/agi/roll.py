"""The sessions under way: how many, in which order they are decided, and which are let go when there are too many.

Calls that ask queue in three places: in the kernel, until the event loop accepts and reads them; here, from their whole
request to their decision; and then no more. All that has come is read before it is decided, a decision at a time, and
no longer in one go than TURN_S: events, heartbeats and new calls come between. Where they pile up, the oldest go first:
theirs would be the answer that comes too late. The rest is decided the newest first: that leaves each its time.
"""

import asyncio
import socket
import struct
import termios
from collections import deque
from collections.abc import Sequence
from fcntl import ioctl
from typing import Final, Protocol

from structlog.typing import FilteringBoundLogger

from ccrouter.agi.desk import Made
from ccrouter.clock import Clock

SWEEP_S: Final = 0.05
"""How often deadlines are looked at: they may be so much late."""

TURN_S: Final = 0.02
"""How long decisions may hold up all else."""

ANSWER_S: Final = 0.1
"""Calls for which the dialplan waits no longer than that are not decided any more: an answer takes its time too."""

LAST_DATA_RECEIVED: Final = struct.Struct("=52xI")
"""The begin of struct tcp_info up to `tcpi_last_data_recv`: milliseconds since the peer last sent something."""


def has_sent(descriptor: int) -> bool:
    """Tell whether bytes of the peer wait to be read."""
    try:
        waiting = ioctl(descriptor, termios.FIONREAD, b"\0" * 4)
    except OSError:
        return False
    return any(waiting)


class Connection(Protocol):
    """A socket, as far as it can be asked about."""

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        """Return an option of it."""
        ...


class Asks(Protocol):
    """A session, as far as its place among others is concerned.

    Attributes:
        descriptor: of its connection.
        due: when the peer's time for its next step is over, by the steady clock.

    """

    descriptor: int
    due: float

    @property
    def late(self) -> bool:
        """Tell whether it has waited for too long for a decision."""
        ...

    def read(self) -> None:
        """Read what the peer has sent, and act on it."""
        ...

    def expire(self) -> None:
        """End, for the peer let the time in `due` pass."""
        ...

    def cut(self) -> None:
        """End now, for the server stops."""
        ...

    def decide(self) -> None:
        """Get the decision, unless the session is over or has waited for too long."""
        ...

    def push_out(self) -> None:
        """End without a decision, for the sake of calls that came later."""
        ...

    def give_way(self) -> None:
        """End, for the peer has sent nothing and others find no place."""
        ...

    @property
    def speaks(self) -> bool:
        """Tell whether the peer has sent something, even if it was not read yet."""
        ...


class Roll:
    """The sessions under way and their deadlines: one timer for all costs next to nothing.

    Args:
        limit: sessions at once.
        undecided: requests that may wait for their decision; of more, the oldest are let go.

    Attributes:
        sessions: those under way, by the descriptor of their connection, the oldest first.
        turned_away: how many found no place since it was last half empty.
        closed: nobody is let in any more.
        shed: how many got no decision because of too many others, since the start.
        patience_s: how long the dialplan of the latest request waits.
        busy: whether requests of the turns before still wait for their decision.

    """

    def __init__(self, limit: int, undecided: int, clock: Clock) -> None:
        self.limit = limit
        self.sessions: dict[int, Asks] = {}
        self.turned_away = 0
        self.closed = False
        self.shed = 0
        self.patience_s = 0.0
        self.busy = False
        self._undecided = undecided
        self._clock = clock
        self._silent: dict[int, Asks] = {}
        self._asking: deque[Asks] = deque()
        self._made: list[Made] = []
        self._alone = True
        self._empty = asyncio.Event()
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def crowded(self) -> bool:
        """Tell whether there is no place, not even one of somebody who is silent."""
        return len(self.sessions) >= self.limit and not self._silent

    @property
    def waiting(self) -> int:
        """Return how many requests wait for their decision."""
        return len(self._asking)

    def turn_away(self, log: FilteringBoundLogger) -> None:
        """Count a connection that found no place; the first of many is told."""
        self.turned_away += 1
        if self.turned_away == 1:
            log.error("FastAGI is crowded: calls get no plan from here", sessions=self.limit)

    def enter(self, session: Asks) -> bool:
        """Note a session; False where there is no place for it.

        Where all are taken, the oldest session that has not sent a byte gives way: a PABX asks as soon as it connects.
        """
        if self.closed or (len(self.sessions) >= self.limit and not self._made_room()):
            return False
        self.sessions[session.descriptor] = session
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(SWEEP_S, self._expire)
        return True

    def silent(self, session: Asks) -> None:
        """Note that a session's peer has sent nothing yet."""
        self._silent[session.descriptor] = session

    def heard(self, session: Asks) -> None:
        """Note that a session's peer has sent something."""
        if self._silent:
            self._silent.pop(session.descriptor, None)

    def _made_room(self) -> bool:
        for session in tuple(self._silent.values()):
            if session.speaks:
                self.heard(session)
                continue
            session.give_way()
            return True
        return False

    def turn(self) -> None:
        """Begin a turn of the event loop: what has come is read next."""
        self.busy = bool(self._asking)
        self._alone = not self.busy

    def ask(self, session: Asks, patience_s: float) -> None:
        """Have a session decided: at once where it is the first in this turn of the event loop, else in its turn."""
        self.patience_s = patience_s
        if self._alone:
            self._alone = False
            session.decide()
            return
        self._asking.append(session)
        if len(self._asking) > self._undecided:
            self._asking.popleft().push_out()

    def decide(self) -> None:
        """Have those decided who wait, for TURN_S."""
        if not self._asking:
            return
        until = self._clock.steady() + TURN_S
        while self._asking and self._asking[0].late:
            self._asking.popleft().push_out()
        # The newest first: in the order in which they came, a flood would leave each of them too little time.
        while self._asking and self._clock.steady() < until:
            self._asking.pop().decide()

    def decided(self, made: Made) -> None:
        """Note a decision whose plan is on its way, and which is not taken down yet."""
        self._made.append(made)

    def made(self) -> Sequence[Made]:
        """Return the decisions of this turn, to be taken down after the last of them: no call waits for that."""
        made, self._made = self._made, []
        return made

    def leave(self, session: Asks) -> None:
        """Forget a session; before its connection is closed, for the next one may get the same descriptor."""
        self.sessions.pop(session.descriptor, None)
        if self._silent:
            self._silent.pop(session.descriptor, None)
        if self.turned_away and len(self.sessions) <= self.limit // 2:
            self.turned_away = 0
        if self.closed and not self.sessions:
            self._empty.set()

    async def finish(self, within_s: float) -> None:
        """Let nobody in any more, wait for those inside, and cut those that take longer."""
        self.closed = True
        try:
            async with asyncio.timeout(within_s):
                if self.sessions:
                    await self._empty.wait()
        except TimeoutError:
            for session in tuple(self.sessions.values()):
                session.cut()
        if self._sweep is not None:
            self._sweep.cancel()

    def _expire(self) -> None:
        self._sweep = asyncio.get_running_loop().call_later(SWEEP_S, self._expire) if self.sessions else None
        now = self._clock.steady()
        for session in tuple(self.sessions.values()):
            if session.due <= now:
                session.expire()


def silent_s(connection: Connection) -> float:
    """Return how long ago a peer sent its last bytes, by the kernel that took them: 0 where it can't say.

    The kernel's word needs no clock of the PABX's, and nothing that is sent can change it but by being sent.
    """
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, LAST_DATA_RECEIVED.size)
        (silent_ms,) = LAST_DATA_RECEIVED.unpack(told)
    except (OSError, struct.error):
        return 0.0
    return float(silent_ms) / 1000
