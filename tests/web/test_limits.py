"""How much one may ask over HTTP, and what is told of what was asked."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
import pytest
import structlog
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDictProxy
from prometheus_client import CollectorRegistry

from ccrouter.telemetry.http import HttpCounts
from ccrouter.web.attempts import Attempts
from ccrouter.web.doors import API, Doors, guarded
from ccrouter.web.holders import Holder, Role
from ccrouter.web.limits import MOST_KEYS, InHand, Limits, Pace, source_of
from ccrouter.web.operations import EVENT_STREAM, Operation
from ccrouter.web.orders import BusyError
from ccrouter.web.serve import serve_tcp
from support.hand_clock import HandClock

WALL: Final = "https://wall.example.org"


class Keys:
    """Each token is the name of its holder, and may read."""

    async def holder(self, token: str) -> Holder | None:
        """Return whose it is."""
        return Holder(token, Role.READ) if token else None


class Served:
    """Operations and a page: some answer at once, one when it is told to, one is a stream that never ends."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.registry = CollectorRegistry()
        self.answer = asyncio.Event()
        self.begun = asyncio.Semaphore(0)
        self.port = 0

    def app(self, origins: frozenset[str] = frozenset()) -> web.Application:
        """Return the application, with bounds that a test can reach."""

        async def at_once(_: web.Request) -> web.Response:
            return web.json_response({})

        async def slow(_: web.Request) -> web.Response:
            self.begun.release()
            await self.answer.wait()
            return web.json_response({})

        async def stream(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            self.begun.release()
            await self.answer.wait()
            return response

        async def busy(_: web.Request) -> web.Response:
            raise BusyError("16 questions wait for the disk already; ask again in a moment")

        def operation(path: str, handler: Any, media: str = "application/json") -> Operation:  # noqa: ANN401 - a handler
            return Operation(
                method="GET", path=path, name=path, does="x", handler=handler, least=Role.READ, media=media
            )

        doors = Doors(
            Keys(),
            Attempts(self.clock.steady),
            origins=origins,
            limits=Limits(Pace(self.clock.steady, 2.0, 5), Pace(self.clock.steady, 1.0, 3), InHand(2, 3)),
            answered=HttpCounts(self.registry).answered,
        )
        pages = [web.get(path, at_once) for path in ("/page", "/healthz")]
        operations = [
            operation("/things/{name}", at_once),
            operation(r"/numbers/{number:\d+}", at_once),
            operation("/busy", busy),
            operation("/slow", slow),
            operation("/stream", stream, EVENT_STREAM),
        ]
        return guarded(pages, doors, structlog.get_logger(), operations)

    async def ask(
        self, path: str, token: str = "", method: str = "GET", **headers: str
    ) -> tuple[int, CIMultiDictProxy[str]]:
        """Return status and headers of an answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, headers=sent) as got:
            return got.status, got.headers

    def counted(self) -> dict[tuple[str, str, str], float]:
        """Return what was counted, by route, method and status."""
        return {
            (sample.labels["route"], sample.labels["method"], sample.labels["code"]): sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == "ccrouter_http_requests_total"
        }


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """Give it served on the loopback."""
    made = Served()
    async with serve_tcp(made.app(), "127.0.0.1", 0) as made.port:
        yield made
        made.answer.set()


# --- pace -------------------------------------------------------------------------------------------------------------


async def test_a_token_that_asks_too_much_waits_and_no_other_does(served: Served) -> None:
    """429 with the seconds after which it is served again; who shares its address is not concerned."""
    got = [await served.ask(f"{API}/things/x", "wild") for _ in range(7)]
    assert [status for status, _ in got] == [200] * 5 + [429] * 2
    assert got[-1][1]["Retry-After"] == "1"
    assert (await served.ask(f"{API}/things/x", "calm"))[0] == 200
    served.clock.at += 1
    assert [(await served.ask(f"{API}/things/x", "wild"))[0] for _ in range(3)] == [200, 200, 429]


async def test_an_address_without_a_token_waits_too(served: Served) -> None:
    """Pages and requests without a token count together; whether the daemon lives is told always."""
    got = [(await served.ask(path))[0] for path in ("/page", f"{API}/things/x", "/page", "/page", f"{API}/things/x")]
    assert got == [200, 401, 200, 429, 429]
    assert [(await served.ask("/healthz"))[0] for _ in range(5)] == [200] * 5
    assert (await served.ask(f"{API}/things/x", "calm"))[0] == 200


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 10)), max_size=60))
def test_no_more_pass_than_the_burst_and_the_rate(asked: list[tuple[str, float]]) -> None:
    """Of each key: whatever the times between; and one who waits as told is served."""
    clock = HandClock()
    pace, rate, burst, began = Pace(clock.steady, 2.0, 5), 2.0, 5, clock.steady()
    passed = dict.fromkeys("abc", 0)
    for key, later_s in asked:
        clock.at += later_s
        wait_s = pace.wait_s(key)
        passed[key] += not wait_s
        assert passed[key] <= burst + rate * (clock.steady() - began) + 1e-6
    wait_s = pace.wait_s("a")
    if wait_s:
        clock.at += wait_s + 1e-6
        assert pace.wait_s("a") == 0


def test_keys_are_remembered_within_bounds() -> None:
    """Who comes from a million addresses fills no memory."""
    pace = Pace(lambda: 0.0, 1.0, 5)
    for number in range(3 * MOST_KEYS):
        pace.wait_s(str(number))
    assert len(pace._buckets) == MOST_KEYS


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "", True),
    ],
)
def test_an_ipv6_address_is_as_good_as_its_network(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a column
    """Whoever has one has 2^64 of them."""

    class Asked:
        def __init__(self, remote: str) -> None:
            self.remote = remote

    found: list[Any] = [Asked(one), Asked(other)]
    assert (source_of(found[0]) == source_of(found[1])) is same


# --- in hand ----------------------------------------------------------------------------------------------------------


async def test_what_is_in_hand_is_bounded_by_token_and_in_all(served: Served) -> None:
    """A token's third slow request is refused (429), and what is too much for all (503); a stream is not among them."""
    async with asyncio.TaskGroup() as tasks:
        streams = [tasks.create_task(served.ask(f"{API}/stream", "one")) for _ in range(3)]
        slow = [tasks.create_task(served.ask(f"{API}/slow", token)) for token in ("one", "one", "two")]
        for _ in (*streams, *slow):
            await served.begun.acquire()
        status, headers = await served.ask(f"{API}/things/x", "two")
        assert (status, headers["Retry-After"]) == (503, "1")
        served.clock.at += 10
        assert (await served.ask(f"{API}/things/x", "one"))[0] == 429
        served.answer.set()
    assert [task.result()[0] for task in (*streams, *slow)] == [200] * 6
    assert (await served.ask(f"{API}/things/x", "one"))[0] == 200


async def test_what_there_is_no_time_for_is_told_with_when_to_come_back(served: Served) -> None:
    """It is neither a fault nor the disk's."""
    status, headers = await served.ask(f"{API}/busy", "a")
    assert (status, headers["Retry-After"]) == (503, "1")


# --- counts -----------------------------------------------------------------------------------------------------------


async def test_answers_are_counted_by_the_template_of_their_route(served: Served) -> None:
    """Never by what a client wrote: neither a path nor a method of its own makes a series of its own."""
    for name in ("x", "y", "%2F..%2F"):
        await served.ask(f"{API}/things/{name}", "a")
    await served.ask(f"{API}/numbers/41", "a")
    await served.ask(f"{API}/things/x", "a", "PATCH")
    await served.ask(f"{API}/none", "b")
    await served.ask("/page/none")
    await served.ask("/page")
    await served.ask(f"{API}/things/x")
    assert served.counted() == {
        (f"{API}/things/{{name}}", "GET", "200"): 3,
        (f"{API}/numbers/{{number}}", "GET", "200"): 1,
        ("other", "other", "405"): 1,
        ("other", "GET", "404"): 2,
        ("/page", "GET", "200"): 1,
        (f"{API}/things/{{name}}", "GET", "401"): 1,
    }


async def test_a_stream_is_counted_when_it_begins(served: Served) -> None:
    """And once."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(served.ask(f"{API}/stream", "a"))
        await served.begun.acquire()
        assert served.counted() == {(f"{API}/stream", "GET", "200"): 1}
        served.answer.set()
    assert served.counted() == {(f"{API}/stream", "GET", "200"): 1}


# --- tokens and pages elsewhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["token=abc", "x=1&access_token=abc", "after=ccrouter_" + "a" * 43])
async def test_a_token_in_an_address_is_refused(served: Served, query: str) -> None:
    """Also beside one in the header: proxies and browsers would have kept it by now, and must not learn to."""
    for token in ("", "good"):
        assert (await served.ask(f"{API}/things/x?{query}", token))[0] == 400


async def test_a_query_that_nothing_asks_for_is_refused(served: Served) -> None:
    """Who misspells a parameter is told."""
    assert (await served.ask(f"{API}/things/x?limit=1", "a"))[0] == 400


async def test_pages_of_an_origin_that_is_named_may_ask() -> None:
    """The API, with a token, without cookies, and that origin alone; caches are told that another gets another."""
    made = Served()
    async with serve_tcp(made.app(frozenset({WALL})), "127.0.0.1", 0) as made.port:
        path = f"{API}/things/x"
        status, headers = await made.ask(path, "", "OPTIONS", Origin=WALL, Access_Control_Request_Method="GET")
        assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (204, WALL, "Origin")
        assert "Authorization" in headers["Access-Control-Allow-Headers"]
        status, headers = await made.ask(path, "a", Origin=WALL)
        assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (200, WALL, "Origin")
        assert "Access-Control-Allow-Credentials" not in headers
        status, headers = await made.ask(path, Origin=WALL)
        assert (status, headers["Access-Control-Allow-Origin"]) == (401, WALL)
        status, headers = await made.ask(path, "a")
        assert (status, "Access-Control-Allow-Origin" in headers, headers["Vary"]) == (200, False, "Origin")


@pytest.mark.parametrize(
    "origin",
    [
        "https://wall.example.org.evil.example",
        "https://evil.example",
        "http://wall.example.org",
        "https://wall.example.org:8443",
        "https://WALL.example.org",
        "null",
        "http://[",
        "",
        "*",
    ],
)
@pytest.mark.parametrize("path", [f"{API}/things/x", "/page"])
async def test_no_other_origin_may(origin: str, path: str) -> None:
    """However near its name is; and of the pages that are not the API's, none may."""
    made = Served()
    async with serve_tcp(made.app(frozenset({WALL})), "127.0.0.1", 0) as made.port:
        for method in ("GET", "OPTIONS"):
            status, headers = await made.ask(path, "a", method, Origin=origin, Access_Control_Request_Method="GET")
            assert (status, "Access-Control-Allow-Origin" in headers) == (403, False)
        assert (await made.ask("/page", Origin=WALL))[0] == 403
