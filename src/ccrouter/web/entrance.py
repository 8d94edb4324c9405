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


def entrance(host: str, port: int) -> Entrance:
    """Return a bound socket that does not listen yet.

    Raises:
        OSError: the address can't be had.

    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = Entrance(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
