"""The way in: the listening sockets and all connections, which the event loop looks after as one.

They have an epoll of their own. A turn takes in all that has come, with the few system calls that a call needs at
least: transports and streams would cost several times as much. A connection that is turned away costs less still: under
a flood this is what leaves time for decisions.
"""

import asyncio
import select
import socket
from collections.abc import Callable, Collection, Sequence
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.agi.desk import Made
from ccrouter.agi.roll import Roll

AT_ONCE: Final = 64
"""Connections let in at one turn of the event loop: decisions, events and heartbeats come between."""

TURNED_AWAY_AT_ONCE: Final = 512

READ_AT_ONCE: Final = 512
"""Connections looked at in one turn: more than there may be sessions, in the usual bounds."""

EXHAUSTED_S: Final = 1.0
"""How long nobody is let in after the machine had no room for one more connection."""


class Door:
    """Lets connections in, and has their sessions read and decided.

    Args:
        let_in: makes a session for a connection, and returns whether it wants to hear more.
        take_down: takes down the decisions of a turn, when their plans are on their way.

    """

    def __init__(
        self,
        roll: Roll,
        let_in: Callable[[socket.SocketType], bool],
        take_down: Callable[[Sequence[Made]], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._roll = roll
        self._let_in = let_in
        self._take_down = take_down
        self._log = log
        self._listening: dict[int, socket.socket] = {}
        self._families: dict[int, int] = {}
        self._epoll = select.epoll()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._again: asyncio.Handle | None = None
        self._opens_again: asyncio.TimerHandle | None = None

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Return where it listens now."""
        return [listening.getsockname()[:2] for listening in self._listening.values()]

    def listen(self, sockets: Collection[socket.socket], backlog: int) -> None:
        """Have the kernel take connections on bound sockets; nobody is let in yet.

        Raises:
            OSError: an address can't be had.

        """
        self._listening |= {each.fileno(): each for each in sockets}
        self._families |= {each.fileno(): int(each.family) for each in sockets}  # a socket looks for its name each time
        for each in sockets:
            each.listen(backlog)

    def open(self) -> None:
        """Let connections in, from the running loop on."""
        self._watch()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._epoll.fileno(), self._come)

    def shut(self) -> None:
        """Let nobody in any more; the sessions go on."""
        if self._opens_again is not None:
            self._opens_again.cancel()
        for listening in self._listening.values():
            listening.close()
        self._listening.clear()

    def close(self) -> None:
        """Let go of all, when the last session has ended."""
        self.shut()
        if self._again is not None:
            self._again.cancel()
        if self._loop is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._loop = None
        self._epoll.close()

    def _come(self) -> None:
        """Take a turn, for something has come."""
        if self._again is None:  # else one is due that takes it in: all else comes between two turns, in any flood
            self._turn()

    def _turn(self) -> None:
        roll, sessions = self._roll, self._roll.sessions
        self._again = None
        try:
            roll.turn()
            for descriptor, _ in self._epoll.poll(0, READ_AT_ONCE):
                session = sessions.get(descriptor)
                if session is not None:
                    session.read()
                elif descriptor in self._listening:
                    self._accept(self._listening[descriptor])
            roll.decide()
        finally:  # a fault with one of them leaves the others their turn
            if roll.waiting and self._loop is not None:
                self._again = self._loop.call_soon(self._turn)
            if made := roll.made():
                self._take_down(made)

    def _accept(self, listening: socket.socket) -> None:
        let_in = away = 0
        family, register = self._families[listening.fileno()], self._epoll.register
        while let_in < AT_ONCE and away < TURNED_AWAY_AT_ONCE:
            try:
                # Half as dear as accept(), which wraps this, and works out family and time-out anew for each.
                descriptor, _ = listening._accept()  # type: ignore[attr-defined]  # noqa: SLF001
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._exhausted(error)
                return
            connection = socket.SocketType(family, socket.SOCK_STREAM, 0, descriptor)
            if self._let_in(connection):
                register(descriptor, select.EPOLLIN)
                let_in += 1
            else:
                away += 1

    def _exhausted(self, error: OSError) -> None:
        if self._opens_again is not None:  # of two that listen, both may find it so in one turn
            return
        self._log.error("FastAGI can take no connection: calls get no plan from here", reason=error.strerror)
        for descriptor in self._listening:
            self._epoll.unregister(descriptor)
        self._opens_again = asyncio.get_running_loop().call_later(EXHAUSTED_S, self._watch)

    def _watch(self) -> None:
        self._opens_again = None
        for descriptor in self._listening:
            self._epoll.register(descriptor, select.EPOLLIN)
