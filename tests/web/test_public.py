"""/metrics, /healthz and /readyz over real TCP."""

import asyncio
import errno
import json
import os
import socket
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn, cast

import aiohttp
import pytest
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from ccrouter.web import entrance
from ccrouter.web.attempts import Attempts
from ccrouter.web.doors import Doors, guarded
from ccrouter.web.entrance import MOST
from ccrouter.web.public import Readiness, Scrapes, pages
from ccrouter.web.serve import ListenError, serve_tcp, tls_of

CERTIFICATE = Path(__file__).parent.parent / "support" / "tls" / "pbx.example.pem"
UNFOLDED_S = 0.4
"""Less processor time than a gigabyte takes to unfold, more than a megabyte takes to read."""

READY = Readiness(rules_loaded=True, agi_listening=True, pabxs_in_sync={"main": True, "second": False})


def public(registry: CollectorRegistry, readiness: Callable[[], Readiness]) -> web.Application:
    """Return the pages as they are without a file of tokens."""
    return guarded(pages(registry, readiness), Doors(None, Attempts(lambda: 0.0)), structlog.get_logger())


class Served:
    """The public pages on a port of their own; `state` is what /readyz is told."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.state = READY
        self.port = 0

    async def ask(self, path: str, method: str = "GET", **options: object) -> tuple[int, str, str]:
        """Return status, content type and body of a page."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, **options) as response:  # type: ignore[arg-type] # a test's shorthand
            return response.status, response.headers["Content-Type"], await response.text()

    async def send(self, raw: bytes) -> bytes:
        """Send bytes as they are and return what comes back until the server closes or is silent for a second."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        got = b""
        try:
            async with asyncio.timeout(1):
                while chunk := await reader.read(65536):
                    got += chunk
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()
        return got


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """Serve on loopback."""
    made = Served()
    async with serve_tcp(public(made.registry, lambda: made.state), "127.0.0.1", 0) as made.port:
        yield made


async def test_metrics_come_in_the_text_format(served: Served) -> None:
    """Prometheus' own parser reads them, whatever kind of answer was asked for."""
    Counter("ccrouter_tests", "Tests.", registry=served.registry).inc(3)
    for accept in ("", "*/*", "application/openmetrics-text; version=garbage", "text/plain; version=1.0.0"):
        status, kind, body = await served.ask("/metrics", headers={"Accept": accept})
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        names = {sample.name for family in text_string_to_metric_families(body) for sample in family.samples}
        assert "ccrouter_tests_total" in names


async def test_healthz_answers_while_the_event_loop_runs(served: Served) -> None:
    """Alive and ready are two things."""
    served.state = Readiness(rules_loaded=False, agi_listening=False)
    assert (await served.ask("/healthz"))[::2] == (200, '{"status": "alive"}')


@pytest.mark.parametrize(
    ("state", "reasons"),
    [
        (READY, []),
        (Readiness(rules_loaded=False, agi_listening=True, pabxs_in_sync={"a": True}), ["no routing file is in force"]),
        (
            Readiness(rules_loaded=True, agi_listening=False, pabxs_in_sync={"a": True}),
            ["the FastAGI server does not listen"],
        ),
        (
            Readiness(rules_loaded=True, agi_listening=True, pabxs_in_sync={"b": False, "a": False}),
            ["no PABX is in sync (a, b)"],
        ),
        (Readiness(rules_loaded=True, agi_listening=True), ["no PABX is in sync (none is configured)"]),
    ],
)
async def test_readyz_tells_what_is_missing(served: Served, state: Readiness, reasons: list[str]) -> None:
    """One PABX in sync is enough; each thing that is missing has its sentence."""
    served.state = state
    url = f"http://127.0.0.1:{served.port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        told = await response.json()
        assert response.status == (503 if reasons else 200)
    assert (told["ready"], told["reasons"]) == (not reasons, reasons)
    assert told["pabxs_in_sync"] == state.pabxs_in_sync


@pytest.mark.parametrize("path", ["/", "/status", "/modes/crisis", "/reload", "/metrics/", "/x/../metrics/..", "/%00"])
async def test_there_is_nothing_else(served: Served, path: str) -> None:
    """No page of the control API, and no listing, is to be had over TCP."""
    assert (await served.ask(path))[0] in {400, 404}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_written(served: Served, method: str) -> None:
    """The pages are read only."""
    assert (await served.ask("/metrics", method, data=b"x" * 100_000))[0] == 405


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="long line"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", id="long header"),
        pytest.param(b"\x00\xff\x13garbage\r\n\r\n", id="garbage"),
        pytest.param(b"GET /healthz HTTP/1.1\r\n\xff\xfe: \x00\r\n\r\n", id="bad header"),
    ],
)
async def test_a_request_out_of_bounds_is_refused(served: Served, raw: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """It is answered with problem details that repeat nothing of it, and nobody fills our log that way."""
    head, _, body = (await served.send(raw)).partition(b"\r\n\r\n")
    first, *headers = head.decode().splitlines()
    assert first.endswith(" 400 Bad Request")
    assert {"Server: ccrouter", "Content-Type: application/problem+json; charset=utf-8", "Cache-Control: no-store"} <= {
        *headers
    }
    assert json.loads(body)["detail"] == "this can't be read as a request"
    assert (await served.ask("/healthz"))[0] == 200
    assert not caplog.records


async def test_connections_that_say_nothing_harm_nobody(served: Served) -> None:
    """A hundred silent connections, and one that closes at once, do not keep others from an answer."""
    writers = [(await asyncio.open_connection("127.0.0.1", served.port))[1] for _ in range(100)]
    (await asyncio.open_connection("127.0.0.1", served.port))[1].close()
    assert (await served.ask("/healthz"))[0] == 200
    for writer in writers:
        writer.close()


async def test_many_who_ask_for_metrics_leave_the_time_to_calls(served: Served) -> None:
    """They get one text together, which is never older than their question."""
    counter = Counter("ccrouter_tests", "Tests.", registry=served.registry)
    made = 0

    class Slow(Collector):
        def collect(self) -> Iterator[Metric]:
            nonlocal made
            made += 1
            time.sleep(0.01)
            yield from ()

    served.registry.register(Slow())
    made = 0
    for asked in range(1, 4):
        counter.inc()
        answers = await asyncio.gather(*(served.ask("/metrics") for _ in range(20)))
        assert all(f"ccrouter_tests_total {asked}.0" in text for _, _, text in answers)
    assert made <= 3 * 4


async def test_of_too_many_connections_the_oldest_is_let_go(served: Served) -> None:
    """Whoever opens more than there are places loses the first of them, and who comes last is answered."""
    inside = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(MOST)]
    assert (await served.ask("/healthz"))[0] == 200
    reader, _ = inside[0]
    async with asyncio.timeout(5):
        assert await reader.read(1) == b""
    reader, writer = inside[-1]
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(5):
        assert (await reader.readline()).endswith(b" 200 OK\r\n")
    for _, writer in inside:
        writer.close()


async def test_who_never_greets_over_tls_takes_no_place_for_long() -> None:
    """They count too: else whoever opens connections to the encrypted port and says nothing had all descriptors."""
    registry = CollectorRegistry()
    context = tls_of(CERTIFICATE, CERTIFICATE)
    async with serve_tcp(public(registry, lambda: READY), "127.0.0.1", 0, context) as port:
        inside = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST)]
        url = f"https://127.0.0.1:{port}/healthz"
        async with aiohttp.ClientSession() as session, session.get(url, ssl=False) as response:
            assert response.status == 200
        reader, _ = inside[0]
        async with asyncio.timeout(5):
            assert await reader.read(1) == b""
        for _, writer in inside:
            writer.close()


async def test_connections_that_were_closed_keep_no_place(served: Served) -> None:
    """Many that come and go one after the other cost one that stays nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for _ in range(2 * MOST):
        (await asyncio.open_connection("127.0.0.1", served.port))[1].close()
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(5):
        assert (await reader.readline()).endswith(b" 200 OK\r\n")
    writer.close()


class Exhausted(socket.socket):
    """Listens, and can't take another connection."""

    __slots__ = ()

    def accept(self) -> NoReturn:
        """Fail as where all descriptors are used up."""
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


class Hello(asyncio.Protocol):
    """Greets."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say hello, and goodbye."""
        made = cast("asyncio.Transport", transport)
        made.write(b"hello")
        made.close()


async def test_where_no_connection_can_be_taken_that_is_told_once_and_passes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The event loop does not turn in vain meanwhile; a moment later whoever came is served."""
    monkeypatch.setattr(entrance, "EXHAUSTED_S", 0.05)
    [way_in] = entrance.entrances("127.0.0.1", 0, {})
    way_in._listening.__class__ = Exhausted
    way_in.open(Hello, None)
    with closing(socket.create_connection(("127.0.0.1", way_in.port))) as caller:
        for _ in range(10):
            await asyncio.sleep(0)
        way_in._listening.__class__ = socket.socket
        assert await asyncio.to_thread(caller.recv, 10) == b"hello"
    way_in.close()
    assert [record.getMessage() for record in caplog.records] == [
        f"http can take no connection: {os.strerror(errno.EMFILE)}"
    ]


async def test_a_packed_body_is_not_unfolded(served: Served) -> None:
    """A megabyte that would become a gigabyte holds up nobody: the event loop answers others meanwhile."""
    packer = zlib.compressobj(9)
    first, more = (packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    packed = first + 999 * more
    head = f"Host: localhost\r\nContent-Encoding: deflate\r\nContent-Length: {len(packed)}\r\n\r\n"
    used = time.process_time()
    assert b" 405 " in await served.send(b"POST /metrics HTTP/1.1\r\n" + head.encode() + packed)
    assert time.process_time() - used < UNFOLDED_S


async def test_all_addresses_of_a_name_are_listened_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks at the second address of `localhost` is answered too."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr("ccrouter.web.entrance.socket.getaddrinfo", lambda *_, **__: [*found, found[0]])
    async with serve_tcp(public(CollectorRegistry(), lambda: READY), "both", port) as served_port:
        monkeypatch.undo()
        assert served_port == port
        for host in ("127.0.0.1", "127.0.0.2"):
            (await asyncio.open_connection(host, port))[1].close()


async def test_a_taken_port_is_told_with_the_cure() -> None:
    """The daemon does not start half: who asked is told which address, why, and what to do."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{port}: .*; stop who listens there, or set another"):
            async with serve_tcp(public(CollectorRegistry(), lambda: READY), "127.0.0.1", port):
                pass


class InSlices(Collector):
    """Families that take their time; `begun` is set as soon as somebody reads them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.begun = asyncio.Event()
        registry.register(self)
        self.begun.clear()

    def collect(self) -> Iterator[Metric]:
        """Yield them."""
        self.begun.set()
        for n in range(5):
            time.sleep(0.003)
            yield Metric(f"ccrouter_slow_{n}", "Slow.", "gauge")


async def test_who_asks_while_a_text_is_made_gets_the_next_one() -> None:
    """A text is made in slices: what was begun before a question may lack what happened since."""
    registry = CollectorRegistry()
    counter = Counter("ccrouter_tests", "Tests.", registry=registry)
    slices, scrapes = InSlices(registry), Scrapes(registry)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(scrapes.text(), name="first")
        await slices.begun.wait()
        counter.inc()
        second = tasks.create_task(scrapes.text(), name="second")
    assert b"ccrouter_tests_total 0.0" in first.result()
    assert b"ccrouter_tests_total 1.0" in second.result()


async def test_a_text_that_was_given_up_is_made_anew() -> None:
    """Whoever waits beside a client that went away gets the metrics of now, and not those of before."""
    registry = CollectorRegistry()
    counter = Counter("ccrouter_tests", "Tests.", registry=registry)
    scrapes = Scrapes(registry)
    await scrapes.text()
    slices = InSlices(registry)
    counter.inc()
    async with asyncio.TaskGroup() as tasks:
        gone = tasks.create_task(scrapes.text(), name="gone")
        stays = tasks.create_task(scrapes.text(), name="stays")
        await slices.begun.wait()
        gone.cancel()
    assert b"ccrouter_tests_total 1.0" in stays.result()
