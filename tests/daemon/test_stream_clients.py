"""Streams over real connections: who reads slowly harms nobody, nobody pushes anybody out, and a stop is quick."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from ccrouter.clock import SystemClock
from ccrouter.telemetry.stream import StreamCounts
from ccrouter.web import serve, stream, stream_client
from ccrouter.web.attempts import Attempts
from ccrouter.web.board_stream import after_of
from ccrouter.web.control import json_answer
from ccrouter.web.doors import API, Doors, guarded
from ccrouter.web.feed import Feed
from ccrouter.web.holders import Holder, Role
from ccrouter.web.operations import EVENT_STREAM, Operation
from ccrouter.web.serve import serve_tcp
from ccrouter.web.stream import AT_ONCE, MOST, MOST_OF_ONE, Streams
from ccrouter.web.stream_client import Client, Portions
from support.sse import following, running

TOKEN = "ccrouter_of-the-wall"  # noqa: S105 - of nothing but this file
OTHER = "ccrouter_of-a-program"
STEADY = SystemClock().steady


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture with one section."""

    at: float
    text: str


@dataclass
class Desk:
    """Streams of a picture that the test changes, behind the real doors."""

    text: str = ""
    looks: int = 0
    fails: bool = False
    holders: dict[str, Holder] = field(
        default_factory=lambda: {TOKEN: Holder("wall", Role.READ), OTHER: Holder("program", Role.READ)}
    )
    faults: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    port: int = 0
    running: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.streams = Streams(
            self.news,
            clock=SystemClock(),
            counts=StreamCounts(self.registry),
            fault=self.faults.append,
            log=structlog.get_logger(),
        )

    async def holder(self, token: str) -> Holder | None:
        """Return whose token this is."""
        return self.holders.get(token)

    def view(self) -> Shown:
        """Return the picture."""
        self.looks += 1
        if self.fails:
            raise ZeroDivisionError
        return Shown(self.looks, self.text)

    def show(self, text: str) -> None:
        """Change it."""
        self.text = text
        self.news.set()

    @property
    def url(self) -> str:
        """Where the stream is."""
        return f"http://127.0.0.1:{self.port}{API}/stream"

    def dropped(self, reason: str) -> float | None:
        """Return how many streams were ended for a reason."""
        return self.registry.get_sample_value("ccrouter_stream_dropped_total", {"reason": reason})

    @property
    def clients(self) -> float | None:
        """How many streams are open, as the metrics tell."""
        return self.registry.get_sample_value("ccrouter_stream_clients")

    async def emptied(self) -> None:
        """Wait until no stream is open."""
        async with asyncio.timeout(20):
            while self.clients:  # noqa: ASYNC110 - the end of a connection is seen when the next pulse is due
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Serve it while the context lasts, and give a session to ask with."""

        def make() -> Feed[Shown]:
            return Feed(Shown, self.view)

        async def follow(request: web.Request) -> web.StreamResponse:
            return await self.streams.serve(request, "shown", make, after_of(request))

        async def whole(_: web.Request) -> web.Response:
            return json_answer(self.streams.feed("shown", make).whole())

        async def page(_: web.Request) -> web.Response:
            return web.Response(text="a page")

        common = partial(Operation, method="GET", does="", least=Role.READ)
        table = [
            common(path="/stream", name="stream", handler=follow, media=EVENT_STREAM),
            common(path="/whole", name="whole", handler=whole),
        ]
        log = structlog.get_logger()
        app = guarded([web.get("/page", page)], Doors(self, Attempts(STEADY)), log, table)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            serve_tcp(app, "127.0.0.1", 0) as self.port,
            aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session,
            running(self.streams) as self.running,
        ):
            yield session

    async def raw(
        self, version: str = "1.1", keeps: int = 4096, token: str = TOKEN
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a stream by hand, and read nothing; the kernel `keeps` so many bytes for it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**14)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, keeps)
        writer.write(
            f"GET {API}/stream HTTP/{version}\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        return reader, writer


@pytest.fixture
def desk() -> Desk:
    """Give a desk that is not served yet."""
    return Desk()


async def test_between_portions_of_clients_others_have_their_turn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many follow, a call waits for few of them: what is written in one turn goes to the kernel in one go."""
    turns, given = 0, Counter[int]()
    give = Client.give

    def noted(client: Client, portions: Portions, now: float) -> str:
        given[turns] += 1
        return give(client, portions, now)

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with desk.served() as session, asyncio.TaskGroup() as tasks:
        answers = [await session.get(desk.url) for _ in range(4 * AT_ONCE)]
        monkeypatch.setattr(Client, "give", noted)
        neighbour = tasks.create_task(others())
        desk.show("new")
        for answer in answers:
            await answer.content.readuntil(b"event: change")
            answer.close()
        neighbour.cancel()
    assert given.total() >= len(answers)
    assert max(given.values()) <= AT_ONCE


async def test_one_that_never_reads_is_let_go_and_delays_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are told each change at once all the while; what lies for the one is bounded, its end is counted."""
    monkeypatch.setattr(stream_client, "SLOW_S", 2.0)
    async with desk.served() as session, following(session, desk.url) as reads:
        _, writer = await desk.raw()
        late = []
        async with asyncio.timeout(20):
            for number in range(1000):
                before = STEADY()
                desk.show(f"{number} " + "x" * 100_000)
                await reads.until_value("text", desk.text)
                late.append(STEADY() - before)
                if desk.dropped("slow"):
                    break
        assert desk.dropped("slow") == 1
        assert desk.clients == 1
        assert max(late) < stream_client.SLOW_S
        writer.close()


async def test_one_that_lost_touch_is_let_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads a little now and then, but what it would get next is not kept any more: it may come back for a whole."""
    monkeypatch.setattr(stream, "PAUSE_S", stream.GATHER_S)
    async with desk.served() as session, following(session, desk.url) as reads:
        _, writer = await desk.raw()
        async with asyncio.timeout(20):
            for number in range(1000):
                desk.show(f"{number} " + "x" * 1_000_000)
                await reads.until_value("text", desk.text)
                if desk.dropped("behind"):
                    break
        assert desk.dropped("behind") == 1
        writer.close()


async def test_one_that_reads_slowly_gets_all_of_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes what comes, in pieces, is told everything in order, however much that is."""
    monkeypatch.setattr(stream, "PAUSE_S", stream.GATHER_S)
    async with desk.served() as session, following(session, desk.url) as reads:
        reader, writer = await desk.raw(keeps=32_768)
        for number in range(6):
            desk.show(f"{number} " + "x" * 100_000)
            await reads.until_value("text", desk.text)
        got = b""
        async with asyncio.timeout(20):
            while b'"5 x' not in got or not got.endswith(b"}\n\n\r\n"):
                got += await reader.read(10_000)
                await asyncio.sleep(0.001)
        numbers = [int(part.partition(b" ")[0]) for part in got.split(b'"text":"')[1:] if part[:1] != b'"']
        assert list(range(6)) == numbers
        writer.close()


async def test_streams_and_pages_do_not_push_each_other_out(desk: Desk) -> None:
    """250 streams, and a flood of connections: pages are served, no stream ends; one more is told to come later.

    One token does not take all of them.
    """
    async with desk.served() as session:
        opened = []
        for token, most, told in ((TOKEN, MOST_OF_ONE, "with this token"), (OTHER, MOST - MOST_OF_ONE, "250 streams")):
            opened += [await desk.raw(token=token) for _ in range(most)]
            for reader, _ in opened[-most:]:
                await reader.readuntil(b"event: board")
            async with session.get(desk.url) as refused:
                assert refused.status == 503
                assert refused.headers["Retry-After"] == "10"
                assert told in (await refused.json())["detail"]
        assert desk.clients == MOST
        assert desk.dropped("full") == 2
        flood = [await asyncio.open_connection("127.0.0.1", desk.port) for _ in range(300)]
        async with session.get(f"http://127.0.0.1:{desk.port}/page") as page:
            assert await page.text() == "a page"
        desk.show("after the flood")
        for reader, _ in opened:
            await reader.readuntil(b"after the flood")
        for _, writer in (*opened, *flood):
            writer.close()
        await desk.emptied()
        async with following(session, desk.url) as late:
            await late.until_value("text", "after the flood")


@pytest.mark.parametrize("reads", [True, False])
async def test_a_stop_ends_streams_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, reads: bool) -> None:
    """One that is read ends as an answer should, one that is not is cut off: neither holds up the stop."""
    monkeypatch.setattr(stream, "PAUSE_S", stream.GATHER_S)
    monkeypatch.setattr(serve, "STOP_WITHIN_S", 10.0)
    async with desk.served() as session:
        async with following(session, desk.url) as follower:
            await follower.until(lambda told: told.named("board"))
            opened = [] if reads else [await desk.raw()]
            if not reads:
                for number in range(20):
                    desk.show(f"{number} " + "x" * 200_000)
                    await follower.until_value("text", desk.text)
            assert desk.running is not None
            desk.running.cancel()
            await follower.until(lambda told: told.over)
            await desk.emptied()
            async with session.get(desk.url) as refused:
                assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
            for _, writer in opened:
                writer.close()
        before = STEADY()
    assert STEADY() - before < serve.STOP_WITHIN_S / 2


async def test_the_stream_of_a_revoked_token_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of one that has another role by now; that of another token goes on."""
    monkeypatch.setattr(stream, "CHECK_S", 0.05)
    desk.holders["ccrouter_other"] = Holder("other", Role.READ)
    desk.holders["ccrouter_less"] = Holder("less", Role.READ)
    async with (
        desk.served() as session,
        following(session, desk.url, TOKEN) as first,
        following(session, desk.url, "ccrouter_other") as other,
        following(session, desk.url, "ccrouter_less") as less,
    ):
        await other.until(lambda told: told.named("board"))
        del desk.holders[TOKEN]
        desk.holders["ccrouter_less"] = Holder("less", Role.SITE, "tunis")
        await first.until(lambda told: told.over)
        await less.until(lambda told: told.over)
        desk.show("goes on")
        await other.until_value("text", "goes on")
        assert desk.dropped("revoked") == 2


async def test_nobody_looks_where_nobody_follows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is made for those who follow it, a while longer for who comes back, and then no more."""
    monkeypatch.setattr(stream, "LINGER_S", 0.3)
    async with desk.served() as session:
        desk.show("nobody sees it")
        await asyncio.sleep(0.05)
        assert desk.looks == 0
        async with following(session, desk.url) as follower:
            await follower.until(lambda told: told.named("board"))
            first = follower.merged
        desk.show("seen by who comes back")
        async with following(session, desk.url, merged=first) as again:
            await again.until_value("text", "seen by who comes back")
            assert again.merged.boards == 1
        await desk.emptied()
        async with asyncio.timeout(20):
            while desk.streams.known("shown") is not None:
                desk.news.set()
                await asyncio.sleep(0.01)
        looks = desk.looks
        desk.news.set()
        await asyncio.sleep(0.3)
        assert looks == desk.looks
        async with following(session, desk.url, merged=first) as late:
            await late.until(lambda told: told.named("board"))
            assert late.merged.boards == 2


async def test_a_view_that_fails_ends_no_stream(desk: Desk) -> None:
    """Pulses go on, the fault is counted, and the next change that can be shown is shown."""
    async with desk.served() as session, following(session, desk.url) as follower:
        await follower.until(lambda told: told.named("board"))
        desk.fails = True
        desk.show("never seen")
        pulses = len(follower.named("pulse"))
        await follower.until(lambda told: len(told.named("pulse")) > pulses + 1)
        assert desk.faults
        assert set(desk.faults) == {"stream"}
        desk.fails = False
        desk.show("seen")
        await follower.until_value("text", "seen")


async def test_a_view_that_fails_beside_others_is_told_once(desk: Desk) -> None:
    """However often it is looked at, and however well the others do; when it was well again, the next fault is told."""

    def faults_of(logs: list[MutableMapping[str, Any]]) -> int:
        return sum(told["log_level"] == "error" for told in logs)

    async def failing(times: int) -> None:
        desk.fails, seen = True, len(desk.faults)
        async with asyncio.timeout(20):
            while len(desk.faults) < seen + times:
                desk.news.set()
                await asyncio.sleep(0.01)
        desk.fails = False

    with capture_logs() as logs:
        async with desk.served():
            desk.streams.feed("shown", lambda: Feed(Shown, desk.view))
            desk.streams.feed("well", lambda: Feed(Shown, lambda: Shown(0.0, "well")))
            await failing(3)
            assert faults_of(logs) == 1
            looks = desk.looks
            async with asyncio.timeout(20):
                while desk.looks < looks + 2:
                    desk.news.set()
                    await asyncio.sleep(0.01)
            await failing(2)
    assert faults_of(logs) == 2


async def test_who_asks_while_a_look_goes_on_sees_what_it_has_seen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole at once is no older than a look that is under way, though that tells nothing before its end."""
    monkeypatch.setattr(stream, "AT_ONCE", 1)
    async with desk.served():
        feed = desk.streams.feed("shown", lambda: Feed(Shown, desk.view))
        desk.show("new")
        looks = desk.looks
        async with asyncio.timeout(20):
            while desk.looks == looks:  # noqa: ASYNC110 - the look takes more than one turn
                await asyncio.sleep(0)
        assert json.loads(feed.whole())["text"] == ""
        assert json.loads(desk.streams.feed("shown", pytest.fail).whole())["text"] == "new"


async def test_the_whole_at_once_is_fresh(desk: Desk) -> None:
    """Who asks for all of it right after a change sees that change, whether or not anybody follows."""
    async with desk.served() as session:
        for number in range(5):
            desk.show(f"{number}")
            await asyncio.sleep(0.02)
            async with session.get(f"http://127.0.0.1:{desk.port}{API}/whole") as answer:
                assert f"{number}" == (await answer.json())["text"]


async def test_an_old_proxy_gets_its_stream_too(desk: Desk) -> None:
    """HTTP/1.0 knows no chunks: the events stand bare, and the end of the connection ends them."""
    async with desk.served():
        reader, writer = await desk.raw("1.0")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"chunked" not in head.lower()
        assert b"text/event-stream" in head
        assert (await reader.readuntil(b"data: ")).startswith(b"retry: 1000\n\nid: ")
        assert json.loads(await reader.readuntil(b"}"))["text"] == ""
        writer.close()


async def test_pulses_come_each_second_and_have_no_id(desk: Desk) -> None:
    """So who comes back after a pulse says the id of the last event."""
    async with desk.served() as session, following(session, desk.url) as follower:
        await follower.until(lambda told: len(told.named("pulse")) == 3)
        pulses = follower.named("pulse")
        assert {told.event_id for told in pulses} == {""}
        assert 1 < pulses[2].at - pulses[0].at < 6
        assert abs(pulses[2].data["at"] - SystemClock().now()) < 5
