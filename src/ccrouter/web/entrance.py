"""The listening socket of HTTP over TCP: so many connections at once, and of more the oldest is let go.

Whoever opens connections and says nothing would else take all memory, or the descriptors that calls need. Who comes
last is served: a request takes milliseconds, and the oldest connections are those that idle.
"""

import socket
from collections import deque
from contextlib import suppress
from typing import Any, Final

MOST: Final = 256


class Entrance(socket.socket):
    """A listening socket for asyncio; `most` is how many connections it has open at once."""

    most: int = MOST

    def __init__(self, family: int, kind: int, protocol: int) -> None:
        super().__init__(family, kind, protocol)
        self._inside: deque[socket.socket] = deque()

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection.

        Raises:
            BlockingIOError: there is none.

        """
        connection, address = super().accept()
        if len(self._inside) >= self.most:
            self._inside = deque(inside for inside in self._inside if inside.fileno() >= 0)  # not closed meanwhile
        while len(self._inside) >= self.most:
            # Its transport sees an end of file, and closes it.
            with suppress(OSError):
                self._inside.popleft().shutdown(socket.SHUT_RDWR)
        self._inside.append(connection)
        return connection, address


def entrances(host: str, port: int) -> list[Entrance]:
    """Return a bound socket that does not listen yet for each address of a name: `localhost` mostly has two.

    Raises:
        OSError: one of them can't be had.

    """
    made: list[Entrance] = []
    try:
        for found in dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)):
            family, kind, protocol, _, address = found
            made.append(Entrance(family, kind, protocol))
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
