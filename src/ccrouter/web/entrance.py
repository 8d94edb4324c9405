"""The listening socket of HTTP over TCP: so many connections at once, and of more the oldest is let go.

Whoever opens connections and says nothing would else take all memory, or the descriptors that calls need. Who comes
last is served: a request takes milliseconds, and the oldest connections are those that idle. Streams of events last:
they have a bound of their own, and are not among these.
"""

import socket
from collections import deque
from contextlib import suppress
from typing import Any, Final

from aiohttp import web

MOST: Final = 256

Staying = dict[int, object]
"""Connections that are to last, by their descriptor, each with whom it serves."""

STAYING: Final = web.AppKey("ccrouter.staying", Staying)
"""Where an application that is served over TCP notes them."""


class Entrance(socket.socket):
    """A listening socket for asyncio; `most` is how many connections it has open at once, beside those that stay."""

    most: int = MOST
    staying: Staying

    def __init__(self, family: int, kind: int, protocol: int) -> None:
        super().__init__(family, kind, protocol)
        self._inside: deque[socket.socket] = deque()
        self.staying = {}

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection.

        Raises:
            BlockingIOError: there is none.

        """
        connection, address = super().accept()
        self.staying.pop(connection.fileno(), None)  # of a connection that is closed, and had the same descriptor
        if len(self._inside) >= self.most:
            others = {-1, *self.staying}  # closed meanwhile; or with a bound of their own
            self._inside = deque(each for each in self._inside if each.fileno() not in others)
        while len(self._inside) >= self.most:
            # Its transport sees an end of file, and closes it.
            with suppress(OSError):
                self._inside.popleft().shutdown(socket.SHUT_RDWR)
        self._inside.append(connection)
        return connection, address


def entrances(host: str, port: int, staying: Staying) -> list[Entrance]:
    """Return a bound socket that does not listen yet for each address of a name: `localhost` mostly has two.

    Connections in `staying` are not let go.

    Raises:
        OSError: one of them can't be had.

    """
    made: list[Entrance] = []
    try:
        for found in dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)):
            family, kind, protocol, _, address = found
            made.append(Entrance(family, kind, protocol))
            made[-1].staying = staying
            made[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made[-1].setblocking(False)  # noqa: FBT003 - the standard library's own signature
            made[-1].bind(address)
    except OSError:
        for each in made:
            each.close()
        raise
    return made
