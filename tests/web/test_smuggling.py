"""Requests that a proxy and this server could read in two ways, and parts of requests that never end."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import pytest
import structlog
from aiohttp import web
from pydantic import BaseModel

from ccrouter.web import control
from ccrouter.web.attempts import Attempts
from ccrouter.web.control import body_of
from ccrouter.web.doors import API, Doors, guarded
from ccrouter.web.holders import Holder, Role
from ccrouter.web.operations import Operation
from ccrouter.web.serve import serve_tcp

STATUS: Final = re.compile(rb"(?:^|(?<=[\n}]))HTTP/[01]\.\d (\d{3}) ")
GOOD: Final = "good"
SHOWN: Final = f"Authorization: Bearer {GOOD}\r\n"
GET: Final = f"GET {API}/seen HTTP/1.1\r\nHost: localhost\r\n{SHOWN}"
PUT: Final = f"PUT {API}/things/x HTTP/1.1\r\nHost: localhost\r\n{SHOWN}"
INNER: Final = f"PUT {API}/things/smuggled HTTP/1.1\r\nHost: localhost\r\n{SHOWN}Content-Length: 2\r\n\r\n{{}}"


class Body(BaseModel):
    """Nothing."""


class Keys:
    """One token is good."""

    async def holder(self, token: str) -> Holder | None:
        """Return whose it is."""
        return Holder("good", Role.ADMINISTER) if token == GOOD else None


@dataclass
class Served:
    """Two operations; `done` notes what was changed."""

    done: list[str] = field(default_factory=list)
    port: int = 0

    def app(self) -> web.Application:
        """Return the application."""

        async def put(request: web.Request) -> web.Response:
            await body_of(request, Body)
            self.done.append(request.match_info["name"])
            return web.json_response({})

        async def seen(_: web.Request) -> web.Response:
            return web.json_response({})

        operations = [
            Operation(
                method="PUT", path="/things/{name}", name="put", does="x", handler=put, least=Role.SWITCH, body=Body
            ),
            Operation(method="GET", path="/seen", name="seen", does="x", handler=seen, least=Role.READ),
        ]
        return guarded([], Doors(Keys(), Attempts(lambda: 0.0)), structlog.get_logger(), operations)

    async def told(self, sent: str) -> list[int]:
        """Send this and no more, and return the statuses of what comes back until the server closes or is silent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent.encode("latin-1"))
        found = b""
        try:
            async with asyncio.timeout(0.5):
                while piece := await reader.read(65536):
                    found += piece
        except (TimeoutError, ConnectionError):
            pass
        writer.close()
        return [int(status) for status in STATUS.findall(found)]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """Give it served on the loopback."""
    made = Served()
    async with serve_tcp(made.app(), "127.0.0.1", 0) as made.port:
        yield made


TWO_WAYS: Final = {
    "two lengths": f"{PUT}Content-Length: 2\r\nContent-Length: {len(INNER)}\r\n\r\n{{}}{INNER}",
    "two lengths in one": f"{PUT}Content-Length: 2, {len(INNER)}\r\n\r\n{{}}{INNER}",
    "a length and chunks": f"{PUT}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
    "chunks and a length": f"{PUT}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n{INNER}",
    "chunks twice": f"{PUT}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{INNER}",
    "chunks that are none": f"{PUT}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{INNER}",
    "chunks behind a tab": f"{PUT}Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{INNER}",
    "a space before the colon": f"{PUT}Transfer-Encoding : chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n{INNER}",
    "a folded header": f"{PUT}Transfer-Encoding:\r\n chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n{INNER}",
    "a line feed alone": f"{PUT}Content-Length: 0\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
    "a length with a sign": f"{PUT}Content-Length: +2\r\n\r\n{{}}{INNER}",
    "a length in another base": f"{PUT}Content-Length: 0x2\r\n\r\n{{}}{INNER}",
    "a length of many digits": f"{PUT}Content-Length: 18446744073709551618\r\n\r\n{{}}{INNER}",
    "a chunk of many digits": f"{PUT}Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{{}}\r\n0\r\n\r\n{INNER}",
    "a chunk with a sign": f"{PUT}Transfer-Encoding: chunked\r\n\r\n+2\r\n{{}}\r\n0\r\n\r\n{INNER}",
    "two hosts": f"{GET}Host: evil.example\r\n\r\n",
    "no version": f"GET {API}/seen\r\n\r\n",
    "a null in a header": f"{GET}X: a\x00b\r\n\r\n",
}


@pytest.mark.parametrize("case", TWO_WAYS)
async def test_what_can_be_read_in_two_ways_is_refused(served: Served, case: str) -> None:
    """Nothing that stands behind it on the connection is taken for a request, and nothing was done."""
    statuses = await served.told(TWO_WAYS[case])
    assert statuses
    assert set(statuses) <= {400, 421}, statuses
    assert "smuggled" not in served.done


async def test_a_body_that_a_get_brings_is_no_request(served: Served) -> None:
    """It is read and thrown away, as its length says."""
    statuses = await served.told(f"{GET}Content-Length: {len(INNER)}\r\n\r\n{INNER}{GET}Connection: close\r\n\r\n")
    assert (statuses, served.done) == ([200, 200], [])


async def test_requests_in_a_row_are_each_asked_for_their_token(served: Served) -> None:
    """A right on a connection is one of a request."""
    bare = f"PUT {API}/things/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}"
    statuses = await served.told(f"{INNER}{bare}{GET}Connection: close\r\n\r\n")
    assert (statuses, served.done) == ([200, 401, 200], ["smuggled"])


@pytest.mark.parametrize(
    "path",
    [
        "/things/../seen",
        "/things/%2e%2e/seen",
        "//api/v1/seen",
        f"/./{API}/seen",
        f"{API}/seen/",
        f"{API}/seen;x=1",
        f"{API}/seen%00",
        f"{API}/seen%2f",
        f"{API}%2Fseen",
        f"http://evil.example{API}/things/x",
        "*",
        "\\api\\v1\\seen",
        f"{API}/SEEN",
        f"{API}/seen%20",
    ],
)
@pytest.mark.parametrize("token", [SHOWN, ""])
async def test_no_other_spelling_of_a_path_leads_anywhere(served: Served, path: str, token: str) -> None:
    """What a proxy may have let pass as something else is not there."""
    statuses = await served.told(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{token}Connection: close\r\n\r\n")
    assert len(statuses) == 1
    assert statuses[0] in {400, 401, 404, 405}


@pytest.mark.parametrize(
    ("header", "expected"),
    [("X: " + "y" * 3000, 200), ("X: " + "y" * 5000, 400), ("\r\n".join(f"X-{n}: y" for n in range(100)), 400)],
)
async def test_heads_are_bounded(served: Served, header: str, expected: int) -> None:
    """By the length of a line, and by their number."""
    assert await served.told(f"{GET}{header}\r\nConnection: close\r\n\r\n") == [expected]


async def test_a_body_that_comes_slowly_holds_up_its_own_connection_alone(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is given up after a while; meanwhile others are answered."""
    monkeypatch.setattr(control, "BODY_WITHIN_S", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(f"{PUT}Content-Length: 100\r\n\r\n{{".encode())
    assert await served.told(f"{GET}Connection: close\r\n\r\n") == [200]
    async with asyncio.timeout(5):
        assert b" 400 " in await reader.readline()
    writer.close()
    assert served.done == []
