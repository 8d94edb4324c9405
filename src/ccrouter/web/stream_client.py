"""A client of a stream: how far it is, and whether it keeps up."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from aiohttp import HttpVersion11, hdrs, web

from ccrouter.web.feed import Feed
from ccrouter.web.holders import HOLDER, SHOWN
from ccrouter.web.packing import HEAD, packed, takes_gzip

MOST_BYTES: Final = 256 * 1024
"""What is handed to a client at once: so much it may cost that reads slowly."""

KERNEL_BYTES: Final = 64 * 1024
"""What the kernel keeps for a client that reads slowly, in place of megabytes: what comes late is of no use."""

GONE_MS: Final = 20_000
"""A peer that confirms nothing for so long is taken for dead by the kernel."""

SLOW_S: Final = 10.0
"""A client that takes nothing for so long is let go."""

BEHIND, SLOW = "behind", "slow"

AnyFeed = Feed[Any]
Pack = Callable[[bytes], bytes]


class Portions:
    """What clients are given in one round, made once for all that are equally far; a pulse comes last."""

    def __init__(self, pulse: bytes) -> None:
        self._pulse = pulse
        self._made: dict[tuple[AnyFeed, int, Pack], tuple[bytes, int]] = {}

    def after(self, feed: AnyFeed, number: int, pack: Pack) -> tuple[bytes, int]:
        """Return what comes after an event of a feed, packed, and the number of its last event."""
        key = (feed, number, pack)
        if key not in self._made:
            told, last = feed.ring.after(number, MOST_BYTES)
            self._made[key] = pack(told + self._pulse), last
        return self._made[key]


class Client:
    """One stream. It has no queue, but a place in the ring of its feed: what it gets next is what comes after.

    Args:
        request: whose answer, the stream, is prepared later.
        transport: of the request.

    Attributes:
        holder, shown: the token, where the client had to show one.
        feed: what it follows; None before it begins.
        over: set when the stream is to end.
        descriptor: of its socket.
        encoding: of what it is sent, by its own wish: gzip, or empty.

    """

    def __init__(self, request: web.Request, transport: asyncio.Transport) -> None:
        self.holder = request.get(HOLDER)
        self.shown = request.get(SHOWN)
        self.feed: AnyFeed | None = None
        self.over = asyncio.Event()
        self.descriptor = _keep_small(transport)
        self._transport = transport
        self._chunked = request.version >= HttpVersion11
        self.encoding = "gzip" if takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")) else ""
        self._pack: Pack = packed if self.encoding else bytes
        self._number = 0
        self._unsent = 0
        self._since = 0.0

    def begin(self, feed: AnyFeed, after: str, greeting: bytes) -> None:
        """Follow a feed from now on, or from the event with the id `after` on."""
        self.feed = feed
        feed.clients += 1
        told, self._number = feed.first(after, self._pack)
        self._write((HEAD if self.encoding else b"") + self._pack(greeting) + told)

    def give(self, portions: Portions, now: float) -> str:
        """Give what came since the last time, where it has taken that; return why it should be let go, or nothing.

        Never waits. `now` is in seconds of a steady clock.
        """
        feed, transport = self.feed, self._transport
        if feed is None or self.over.is_set():
            return ""
        if transport.is_closing():
            self.over.set()
            return ""
        if not feed.ring.holds_all_after(self._number):
            return BEHIND
        unsent = transport.get_write_buffer_size()
        if unsent:
            if not self._unsent or unsent < self._unsent:
                self._unsent, self._since = unsent, now
            return SLOW if now - self._since > SLOW_S else ""
        self._unsent = 0
        told, self._number = portions.after(feed, self._number, self._pack)
        if told:
            self._write(told)
        return ""

    def drop(self) -> None:
        """End the stream at once; what was not taken yet is lost."""
        self._transport.abort()
        self.over.set()

    def end(self) -> None:
        """End the stream as it should be; a client that does not read would hold up whoever waits for that."""
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        self.over.set()

    def _write(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)


def _keep_small(transport: asyncio.Transport) -> int:
    """Have the kernel keep little for a peer that does not read, and notice one that is dead; return the descriptor."""
    connection = transport.get_extra_info("socket")
    if connection is None:
        return -1
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)
    return int(connection.fileno())
