"""Streams of server-sent events: each event is encoded once for all clients, and no client waits for another."""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock
from ccrouter.telemetry.stream import StreamCounts
from ccrouter.web.control import problem
from ccrouter.web.entrance import STAYING
from ccrouter.web.holders import Holder, Role
from ccrouter.web.operations import EVENT_STREAM
from ccrouter.web.ring import frame
from ccrouter.web.stream_client import AnyFeed, Client, Portions

MOST: Final = 250
"""Streams at once, of all kinds."""

MOST_OF_ONE: Final = 225
MOST_OF_OWN: Final = 8
"""Those with one token: of a wall or a program, and of a position or a site, which have a page or two."""

PAUSE_S: Final = 0.25
"""Least time between two looks at what is shown."""

GATHER_S: Final = 0.02
"""After the first event of a burst: the others follow within milliseconds, and one look serves them all."""

RESTS: Final = 9
"""For how many times as long as all this took it rests: calls are decided in the same thread."""

SLICE_S: Final = 0.0005
"""Work in one go; after it calls have their turn."""

AT_ONCE: Final = 10
"""Steps in one go, of looks or from client to client: the event loop hands what clients were told to the kernel when it
is over, at once."""

PULSE_S: Final = 1.0
LINGER_S: Final = 30.0
"""How long a feed goes on without a client, so that who comes back misses nothing."""

CHECK_S: Final = 5.0
"""Between two looks whether the tokens of those who follow are still good."""

HEADERS: Final = {
    hdrs.CONTENT_TYPE: EVENT_STREAM,
    hdrs.VARY: hdrs.ACCEPT_ENCODING,
    "X-Accel-Buffering": "no",  # asks nginx to hand on each event as it comes
}
GREETING: Final = b"retry: 1000\n\n"


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
        self._clients: dict[Client, None] = {}
        self._wanted = asyncio.Event()
        self._open = False
        self._due: set[AnyFeed] = set()
        self._blind: set[AnyFeed] = set()
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
                client.end()

    def feed(self, key: Hashable, make: Callable[[], AnyFeed]) -> AnyFeed:
        """Return the feed of this key, made where nobody follows it.

        Its picture is fresh, unless the feed rests: then it is as old as that rest at the most.

        Raises:
            Exception: what its view does, where there was no picture yet.

        """
        now, known = self._clock.steady(), self._feeds.get(key)
        if known is None:
            known = make()
            known.look()
            known.idle_since = now
            self._feeds[key] = known
            self._wanted.set()
        elif (self._news.is_set() or known in self._due) and now >= known.rests_until:
            with self._looking_at(known, _Turns(self._clock)):
                known.look()
        return known

    def known(self, key: Hashable) -> AnyFeed | None:
        """Return the feed of this key, or None where nobody follows it: then nobody needs to be told."""
        return self._feeds.get(key)

    def say(self, feed: AnyFeed, event: str, data: bytes) -> None:
        """Tell all who follow a feed of something; never waits."""
        feed.say(event, data)
        self._news.set()

    async def serve(
        self, request: web.Request, key: Hashable, make: Callable[[], AnyFeed], after: str
    ) -> web.StreamResponse:
        """Stream the feed of this key until its client goes; with an id, only what came after it, if that is kept."""
        if request.transport is None:
            return web.Response()
        if not self._open or len(self._clients) >= MOST:
            return self._refused(
                f"{MOST} streams are open; end some, or try again later" if self._open else "ccrouter starts, or stops"
            )
        client = Client(request, request.transport)
        most = self._most_of(client.holder)
        if most:
            return self._refused(f"{most} streams are open with this token; end some")
        self._clients[client] = None
        response = web.StreamResponse(headers=HEADERS)
        if client.encoding:
            response.headers[hdrs.CONTENT_ENCODING] = client.encoding
        response.force_close()
        staying = request.config_dict.get(STAYING, {})
        staying[client.descriptor] = client
        try:
            feed = self.feed(key, make)
            await response.prepare(request)
            if self._open:
                client.begin(feed, after, GREETING)
                self._news.set()
                await client.over.wait()
        finally:
            if staying.get(client.descriptor) is client:
                del staying[client.descriptor]
            del self._clients[client]
            if client.feed is not None:
                client.feed.clients -= 1
                client.feed.idle_since = self._clock.steady()
        return response

    def _most_of(self, holder: Holder | None) -> int:
        """Return how many streams a token may have, where it has all of them; else 0."""
        if holder is None:
            return 0
        most = MOST_OF_OWN if holder.role < Role.READ else MOST_OF_ONE
        return most if sum(client.holder == holder for client in self._clients) >= most else 0

    def _refused(self, told: str) -> web.Response:
        self._counts.dropped("full")
        answer = problem(told, HTTPStatus.SERVICE_UNAVAILABLE)
        answer.headers[hdrs.RETRY_AFTER] = "10" if self._open else "1"
        return answer

    async def _turn(self) -> None:
        if not self._feeds:
            self._wanted.clear()
            await self._wanted.wait()
            self._pulse_at = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._pulse_at):
                await self._news.wait()
                await asyncio.sleep(GATHER_S)
        took = 0.0
        if self._news.is_set():
            self._news.clear()
            took += await self._look_at_all()
        took += await self._tell_all(self._pulse())
        await asyncio.sleep(max(PAUSE_S - GATHER_S, RESTS * took))

    async def _look_at_all(self) -> float:
        """Look at every feed, and return how long that took."""
        turns = _Turns(self._clock)
        self._due = set(self._feeds.values())
        for key, feed in list(self._feeds.items()):
            if not feed.clients and turns.began - feed.idle_since > LINGER_S:
                del self._feeds[key]
                self._blind.discard(feed)
                continue
            with self._looking_at(feed, turns):
                for _ in feed.looking():
                    await turns.next()
            await turns.next()
        return turns.took

    @contextmanager
    def _looking_at(self, feed: AnyFeed, turns: "_Turns") -> Iterator[None]:
        before = turns.took
        try:
            yield
        except Exception:  # noqa: BLE001 - told below; it must not end the streams
            # The clients keep what they have, and hear pulses; the next change is another try.
            self._fault("stream")
            if not self._blind:
                self._log.exception("what streams show could not be looked at")
            self._blind.add(feed)
        else:
            self._blind.discard(feed)
        self._due.discard(feed)
        feed.rests_until = self._clock.steady() + RESTS * (turns.took - before)

    def _pulse(self) -> bytes:
        now = asyncio.get_running_loop().time()
        if now < self._pulse_at:
            return b""
        self._pulse_at = max(self._pulse_at + PULSE_S, now)
        return frame("pulse", b'{"at":%.3f}' % self._clock.now())

    async def _tell_all(self, pulse: bytes) -> float:
        """Give every client what it does not know yet, and return how long that took."""
        portions = Portions(pulse)
        turns = _Turns(self._clock)
        for client in tuple(self._clients):
            why = client.give(portions, turns.began)
            if why:
                self._log.info("a stream was ended", reason=why, holder=_name_of(client.holder))
                self._counts.dropped(why)
                client.drop()
            await turns.next()
        return turns.took

    async def _check_tokens(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            known: dict[str, Holder | None] = {}
            for client in tuple(self._clients):
                shown = client.shown
                if shown is None or client.over.is_set():
                    continue
                if shown.token not in known:
                    known[shown.token] = await shown.holder(shown.token)
                if known[shown.token] != client.holder:
                    self._log.info("a stream was ended", reason="revoked", holder=_name_of(client.holder))
                    self._counts.dropped("revoked")
                    client.end()


class _Turns:
    """Work that gives way to others now and then; `took` is its own time."""

    def __init__(self, clock: Clock) -> None:
        self._steady = clock.steady
        self.began = self._since = self._steady()
        self._took = 0.0
        self._done = 0

    @property
    def took(self) -> float:
        return self._took + self._steady() - self._since

    async def next(self) -> None:
        """Let others have their turn, where it is time."""
        self._done += 1
        own = self._steady() - self._since
        if own > SLICE_S or self._done == AT_ONCE:
            self._took += own
            await asyncio.sleep(0)
            self._since, self._done = self._steady(), 0


def _name_of(holder: Holder | None) -> str:
    return "" if holder is None else holder.name
