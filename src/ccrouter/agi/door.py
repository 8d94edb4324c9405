"""The listening socket: lets in what can be served in time, and turns the others away before anything is made for them.

A connection that is turned away here costs some ten microseconds, one for which a transport was made twenty times that:
under a flood this is what leaves time for decisions.
"""

import socket
from collections.abc import Callable
from typing import Any, Final

AT_ONCE: Final = 64
"""Connections let in at one turn of the event loop: decisions, events and heartbeats come between."""

TURNED_AWAY_AT_ONCE: Final = 512


class Door(socket.socket):
    """A listening socket for asyncio, which accepts until it would block.

    Attributes:
        refuses: tells whether a new connection is to be closed at once, and has counted it then.

    """

    refuses: Callable[[socket.socket], bool]
    _let_in = 0

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection that is let in.

        Raises:
            BlockingIOError: there is none, or it is time for something else.

        """
        away = 0
        try:
            while self._let_in < AT_ONCE and away < TURNED_AWAY_AT_ONCE:
                connection, address = super().accept()
                if not self.refuses(connection):
                    self._let_in += 1
                    return connection, address
                connection.close()
                away += 1
        except BlockingIOError:
            self._let_in = 0
            raise
        self._let_in = 0
        raise BlockingIOError


def door(host: str, port: int, refuses: Callable[[socket.socket], bool]) -> Door:
    """Return a bound socket that does not listen yet.

    Raises:
        OSError: the address can't be had.

    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = Door(family, kind, protocol)
    try:
        made.refuses = refuses
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
