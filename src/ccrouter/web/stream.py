"""Streams of server-sent events: each event is encoded once for all clients, and no client waits for another.

A client has no queue of its own, but a place in the ring of its feed: what it gets next is what comes after that place.
So one that reads slowly costs what lies in its socket, and no more; one that does not read at all is let go.
"""

import asyncio
import socket
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from aiohttp import HttpVersion11, hdrs, web
from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock
from ccrouter.telemetry.stream import StreamCounts
from ccrouter.web.control import problem
from ccrouter.web.entrance import STAYING
from ccrouter.web.feed import WHOLE, Feed
from ccrouter.web.holders import HOLDER, SHOWN, Holder, Shown
from ccrouter.web.operations import EVENT_STREAM
from ccrouter.web.ring import frame

MOST: Final = 250
"""Streams at once, of all kinds."""

PAUSE_S: Final = 0.25
"""Least time between two looks at what is shown."""

GATHER_S: Final = 0.02
"""After the first event of a burst: the others follow within milliseconds, and one look serves them all."""

RESTS: Final = 9
"""For how many times as long as a look took nobody looks: calls are decided in the same thread."""

PULSE_S: Final = 1.0
LINGER_S: Final = 30.0
"""How long a feed goes on without a client, so that who comes back misses nothing."""

SLOW_S: Final = 10.0
"""A client that takes nothing for so long is let go."""

SENT_BYTES: Final = 64 * 1024
"""What is handed to a client's socket at once, and what the kernel keeps for it, as far as that can be said."""

GONE_MS: Final = 20_000
"""A peer that confirms nothing for so long is taken for dead by the kernel."""

SLICE: Final = 16
"""Clients served in one go; between two of them calls have their turn."""

SLICE_S: Final = 0.002
"""Looks at several feeds in one go, likewise."""

CHECK_S: Final = 5.0
"""Between two looks whether the tokens of those who follow are still good."""

RETRY: Final = b"retry: 1000\n\n"
BEHIND, SLOW, REVOKED, FULL = "behind", "slow", "revoked", "full"

AnyFeed = Feed[Any]


@dataclass(slots=True, eq=False)
class _Client:
    """One stream; `number` is that of the last event that it was given, `unsent` what it had not taken at `since`."""

    transport: asyncio.Transport
    chunked: bool
    holder: Holder | None
    shown: Shown | None
    feed: AnyFeed | None = None
    number: int = 0
    unsent: int = 0
    since: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, data: bytes) -> None:
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)


class Streams:
    """All streams of a daemon, and the feeds that they follow.

    Args:
        news: set by every change of what any feed shows; nobody else clears it.
        fault: counts a fault of ours, by a word for where.

    """

    def __init__(
        self,
        news: asyncio.Event,
        *,
        clock: Clock,
        counts: StreamCounts,
        fault: Callable[[str], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._news = news
        self._clock = clock
        self._counts = counts
        self._fault = fault
        self._log = log
        self._feeds: dict[Hashable, AnyFeed] = {}
        self._clients: dict[_Client, None] = {}
        self._wanted = asyncio.Event()
        self._open = False
        self._blind = False
        self._pulse_at = 0.0
        counts.follow(lambda: len(self._clients))

    async def run(self) -> None:
        """Tell all clients what happens, until cancelled; then all streams end."""
        self._open = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._check_tokens(), name="tokens of streams")
                while True:
                    await self._turn()
        finally:
            self._open = False
            for client in self._clients:
                _end(client)

    def feed(self, key: Hashable, make: Callable[[], AnyFeed]) -> AnyFeed:
        """Return the feed of this key with a fresh picture, made where nobody follows it.

        Raises:
            Exception: what its view does, where there was no picture yet.

        """
        known = self._feeds.get(key)
        if known is None:
            known = make()
            known.look()
            known.idle_since = asyncio.get_running_loop().time()
            self._feeds[key] = known
            self._wanted.set()
        elif self._news.is_set() and asyncio.get_running_loop().time() >= known.rests_until:
            self._look(known)
        return known

    def known(self, key: Hashable) -> AnyFeed | None:
        """Return the feed of this key, or None where nobody follows it: then nobody needs to be told."""
        return self._feeds.get(key)

    def say(self, feed: AnyFeed, event: str, data: bytes) -> None:
        """Tell all who follow a feed of something; never waits."""
        feed.say(event, data)
        self._news.set()

    # --- one client ---------------------------------------------------------------------------------------------------

    async def serve(
        self, request: web.Request, key: Hashable, make: Callable[[], AnyFeed], after: str
    ) -> web.StreamResponse:
        """Stream the feed of this key until its client goes; with an id, only what came after it, if that is kept."""
        transport = request.transport
        if transport is None:
            return web.Response()
        if not self._open or len(self._clients) >= MOST:
            self._counts.dropped(FULL)
            told = f"{MOST} streams are open; end some, or try again later"
            answer = problem(told if self._open else "ccrouter stops", HTTPStatus.SERVICE_UNAVAILABLE)
            answer.headers[hdrs.RETRY_AFTER] = "10"
            return answer
        chunked = request.version >= HttpVersion11
        client = _Client(transport, chunked, request.get(HOLDER), request.get(SHOWN))
        self._clients[client] = None
        staying, number = request.config_dict.get(STAYING), _keep_small(transport)
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: EVENT_STREAM, "X-Accel-Buffering": "no"})
        response.force_close()
        try:
            feed = self.feed(key, make)
            if staying is not None:
                staying[number] = client
            await response.prepare(request)
            self._begin(client, feed, after)
            await client.over.wait()
        finally:
            self._leave(client)
            if staying is not None and staying.get(number) is client:
                del staying[number]
        return response

    def _begin(self, client: _Client, feed: AnyFeed, after: str) -> None:
        feed.clients += 1
        client.feed = feed
        known = feed.ring.number(after)
        if not self._open or client.transport.is_closing():
            _end(client)
        elif known is not None:
            client.number = known
            client.write(RETRY)
        else:
            client.number = feed.ring.last
            client.write(RETRY + frame(WHOLE, feed.whole(), feed.ring.last_id))
        self._news.set()

    def _leave(self, client: _Client) -> None:
        self._clients.pop(client, None)
        if client.feed is not None:
            client.feed.clients -= 1
            client.feed.idle_since = asyncio.get_running_loop().time()

    # --- all clients --------------------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._feeds:
            self._wanted.clear()
            await self._wanted.wait()
            self._pulse_at = loop.time()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._pulse_at):
                await self._news.wait()
                await asyncio.sleep(GATHER_S)
        took = 0.0
        if self._news.is_set():
            self._news.clear()
            took = await self._look_at_all()
        await self._tell_all(self._pulse())
        await asyncio.sleep(max(PAUSE_S - GATHER_S, RESTS * took))

    async def _look_at_all(self) -> float:
        """Look at every feed, and return how long that took."""
        loop = asyncio.get_running_loop()
        total = took = 0.0
        for key, feed in list(self._feeds.items()):
            if not feed.clients and loop.time() - feed.idle_since > LINGER_S:
                del self._feeds[key]
                continue
            took += self._look(feed)
            if took > SLICE_S:
                total, took = total + took, 0.0
                await asyncio.sleep(0)
        return total + took

    def _look(self, feed: AnyFeed) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            feed.look()
        except Exception:  # noqa: BLE001 - told below; it must not end the streams
            # The clients keep what they have, and hear pulses; the next change is another try.
            self._fault("stream")
            if not self._blind:
                self._log.exception("what streams show could not be looked at")
            self._blind = True
        else:
            self._blind = False
        took = loop.time() - began
        feed.rests_until = began + (1 + RESTS) * took
        return took

    def _pulse(self) -> bytes:
        now = asyncio.get_running_loop().time()
        if now < self._pulse_at:
            return b""
        self._pulse_at = max(self._pulse_at + PULSE_S, now)
        return frame("pulse", b'{"at":%.3f}' % self._clock.now())

    async def _tell_all(self, pulse: bytes) -> None:
        made: dict[tuple[AnyFeed, int], tuple[bytes, int]] = {}
        for count, client in enumerate(tuple(self._clients), start=1):
            if client.feed is not None and not client.over.is_set():
                self._tell(client, client.feed, pulse, made)
            if count % SLICE == 0:
                await asyncio.sleep(0)

    def _tell(
        self, client: _Client, feed: AnyFeed, pulse: bytes, made: dict[tuple[AnyFeed, int], tuple[bytes, int]]
    ) -> None:
        if client.transport.is_closing():
            client.over.set()
            return
        unsent = client.transport.get_write_buffer_size()
        if unsent:
            self._look_after(client, feed, unsent)
            return
        client.unsent = 0
        if not feed.ring.holds_all_after(client.number):
            self._drop(client, BEHIND)
            return
        key = (feed, client.number)
        if key not in made:
            made[key] = feed.ring.after(client.number, SENT_BYTES)
        events, client.number = made[key]
        if events or pulse:
            client.write(events + pulse)

    def _look_after(self, client: _Client, feed: AnyFeed, unsent: int) -> None:
        """Let go of a client that has not taken all that it was given, where it takes nothing at all, or lost touch."""
        now = asyncio.get_running_loop().time()
        if not client.unsent or unsent < client.unsent:
            client.unsent, client.since = unsent, now
        elif now - client.since > SLOW_S:
            self._drop(client, SLOW)
        if not feed.ring.holds_all_after(client.number):
            self._drop(client, BEHIND)

    def _drop(self, client: _Client, reason: str) -> None:
        if client.over.is_set():
            return
        self._counts.dropped(reason)
        self._log.info("a stream was ended", reason=reason, holder=client.holder and client.holder.name)
        client.transport.abort()
        client.over.set()

    async def _check_tokens(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            good: dict[str, Holder | None] = {}
            for client in tuple(self._clients):
                if client.shown is None or client.over.is_set():
                    continue
                token = client.shown.token
                if token not in good:
                    good[token] = await client.shown.holder(token)
                if good[token] != client.holder:
                    self._counts.dropped(REVOKED)
                    _end(client)


def _end(client: _Client) -> None:
    """Let a stream end as it should; one whose client does not read would hold up whoever waits for its end."""
    if client.transport.get_write_buffer_size():
        client.transport.abort()
    client.over.set()


def _keep_small(transport: asyncio.Transport) -> int:
    """Have the kernel keep little for a client that does not read, and notice one that is dead; return the socket."""
    connection = transport.get_extra_info("socket")
    if connection is None:
        return -1
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_BYTES)
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)
    return int(connection.fileno())
