"""The listening sockets of HTTP over TCP: so many connections at once, and of more the oldest is let go.

Whoever opens connections and says nothing would else take all memory, or the descriptors that calls need. Who comes
last is served: a request takes milliseconds, and the oldest connections are those that idle. Streams of events last:
they have a bound of their own, and are not among these.

The event loop's own server would accept out of sight, and tells of a connection over TLS only when that has greeted.
"""

import asyncio
import logging
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import web

from ccrouter.listening import bound

MOST: Final = 256
BACKLOG: Final = 128

AT_ONCE: Final = 16
"""Connections let in at one turn of the event loop: calls come between."""

EXHAUSTED_S: Final = 1.0
"""How long nobody is let in after the machine had no room for one more connection."""

Staying = dict[int, object]
"""Connections that are to last, by their descriptor, each with whom it serves."""

STAYING: Final = web.AppKey("ccrouter.staying", Staying)
"""Where an application that is served over TCP notes them."""

_LOGGER: Final = logging.getLogger("ccrouter.web")


class Entrance:
    """One listening socket.

    Args:
        listening: bound, and not listening yet.
        staying: connections that are not let go, however many there are.
        most: how many connections it has open at once, beside those.

    """

    def __init__(self, listening: socket.socket, staying: Staying, most: int = MOST) -> None:
        self.port: int = listening.getsockname()[1]
        self._listening = listening
        self._staying = staying
        self._most = most
        self._inside: deque[socket.socket] = deque()
        self._greeted: set[asyncio.Task[None]] = set()
        self._opens_again: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def open(self, made: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None) -> None:
        """Let connections in from now on, each to a protocol that is made for it.

        Raises:
            OSError: the address can't be had.

        """
        self._listening.listen(BACKLOG)
        self._made = made
        self._tls = tls
        self._watch()

    def close(self) -> None:
        """Let nobody in any more, and let those go who have not greeted yet."""
        if self._opens_again is not None:
            self._opens_again.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()
        for task in self._greeted:
            task.cancel()

    def _watch(self) -> None:
        self._loop.add_reader(self._listening, self._let_in)

    def _let_in(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _ = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                _LOGGER.error("http can take no connection: %s", error.strerror)  # noqa: TRY400 - no traceback is wanted
                self._loop.remove_reader(self._listening)
                self._opens_again = self._loop.call_later(EXHAUSTED_S, self._watch)
                return
            self._make_room(connection)
            task = self._loop.create_task(self._greet(connection), name="http connection")
            self._greeted.add(task)
            task.add_done_callback(self._greeted.discard)

    def _make_room(self, connection: socket.socket) -> None:
        self._staying.pop(connection.fileno(), None)  # of a connection that is closed, and had the same descriptor
        if len(self._inside) >= self._most:
            others = {-1, *self._staying}  # closed meanwhile; or with a bound of their own
            self._inside = deque(each for each in self._inside if each.fileno() not in others)
        while len(self._inside) >= self._most:
            # Its transport sees an end of file, and closes it.
            with suppress(OSError):
                self._inside.popleft().shutdown(socket.SHUT_RDWR)
        self._inside.append(connection)

    async def _greet(self, connection: socket.socket) -> None:
        """Hand a connection to a protocol of its own, over TLS where that is wanted."""
        try:
            connection.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            await self._loop.connect_accepted_socket(self._made, connection, ssl=self._tls)
        except (OSError, asyncio.CancelledError):  # gone again, no TLS, or not in time; or we stop
            connection.close()
        except Exception:
            connection.close()
            _LOGGER.exception("a connection could not be served")


def entrances(host: str, port: int, staying: Staying) -> list[Entrance]:
    """Return one for each address of a name, bound and not open yet: `localhost` mostly has two.

    Connections in `staying` are not let go.

    Raises:
        OSError: one of them can't be had.

    """
    return [Entrance(each, staying) for each in bound(host, port)]
