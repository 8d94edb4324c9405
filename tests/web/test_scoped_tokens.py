"""Tokens of one position, or of one site: they are good for what is its own, and tell of nothing else."""

from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import pytest
import structlog
from aiohttp import web
from structlog.testing import LogCapture
from yarl import URL

from ccrouter.web.attempts import Attempts
from ccrouter.web.doors import API, Doors, guarded
from ccrouter.web.holders import HOLDER, Holder, Role
from ccrouter.web.operations import Operation
from ccrouter.web.serve import serve_tcp

HOLDERS: Final = {
    "anna": Holder("anna", Role.POSITION, "PJSIP/101"),
    "desk": Holder("desk", Role.POSITION, "Local/101@agents/n"),
    "outsourcer": Holder("outsourcer", Role.SITE, "tunis"),
    "reader": Holder("reader", Role.READ),
    "admin": Holder("admin", Role.ADMINISTER),
}


class Keys:
    """Each token is the name of its holder."""

    async def holder(self, token: str) -> Holder | None:
        """Return whose it is."""
        return HOLDERS.get(token)


class Served:
    """Some operations behind the doors; `reached` notes which requests came through to them."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.heard = LogCapture()
        self.port = 0

    def app(self) -> web.Application:
        """Return the application."""
        log = structlog.wrap_logger(None, processors=[self.heard], wrapper_class=structlog.BoundLogger)

        async def answer(request: web.Request) -> web.Response:
            self.reached.append(f"{request[HOLDER].name} {request.method} {request.path}")
            return web.json_response({})

        def operation(path: str, least: Role | None, *scoped: Role, method: str = "GET") -> Operation:
            return Operation(method=method, path=path, name=path, does="x", handler=answer, least=least, scoped=scoped)

        operations = [
            operation("/sites", Role.READ),
            operation("/sites/{name}/calls", Role.READ, Role.SITE),
            operation("/positions/{technology}/{name}", Role.READ, Role.POSITION),
            operation("/positions/{technology}/{name}/pause", Role.SWITCH, Role.POSITION, method="PUT"),
            operation("/own", None, Role.POSITION),
            operation("/me", Role.READ, Role.SITE, Role.POSITION),
        ]
        return guarded([], Doors(Keys(), Attempts(lambda: 0.0)), log, operations)

    async def ask(self, token: str, path: str, method: str = "GET") -> tuple[int, str]:
        """Return status and text of an answer."""
        shown = {"Authorization": f"Bearer {token}"}
        url = URL(f"http://127.0.0.1:{self.port}{API}{path}", encoded=True)
        async with aiohttp.ClientSession() as session, session.request(method, url, headers=shown) as got:
            return got.status, await got.text()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """Give them served on the loopback."""
    made = Served()
    async with serve_tcp(made.app(), "127.0.0.1", 0) as made.port:
        yield made


@pytest.mark.parametrize(
    ("token", "method", "path", "expected"),
    [
        ("anna", "GET", "/positions/PJSIP/101", 200),
        ("anna", "PUT", "/positions/PJSIP/101/pause", 200),
        ("anna", "GET", "/positions/PJSIP%2F101/x", 403),
        ("anna", "GET", "/positions/PJSIP/102", 403),
        ("anna", "PUT", "/positions/PJSIP/102/pause", 403),
        ("anna", "GET", "/positions/pjsip/101", 403),
        ("anna", "GET", "/positions/PJSIP/101%20", 403),
        ("anna", "GET", "/positions/PJSIP/101%2F", 403),
        ("anna", "GET", "/positions/PJSIP/%31%30%31", 200),
        ("anna", "GET", "/positions/PJSIP/102%2F..%2F101", 403),
        ("anna", "GET", "/positions/PJSIP%2F..%2FPJSIP/101", 403),
        ("anna", "GET", "/sites/tunis/calls", 403),
        ("anna", "GET", "/sites", 403),
        ("anna", "GET", "/own", 200),
        ("anna", "GET", "/me", 200),
        ("desk", "GET", "/positions/Local/101@agents%2Fn", 200),
        ("desk", "GET", "/positions/Local%2F101@agents/n", 200),
        ("desk", "GET", "/positions/Local/101@agents", 403),
        ("outsourcer", "GET", "/sites/tunis/calls", 200),
        ("outsourcer", "GET", "/sites/paris/calls", 403),
        ("outsourcer", "GET", "/sites/nowhere/calls", 403),
        ("outsourcer", "GET", "/sites/tunis%2F..%2Fparis/calls", 403),
        ("outsourcer", "GET", "/sites/Tunis/calls", 403),
        ("outsourcer", "GET", "/sites", 403),
        ("outsourcer", "GET", "/positions/PJSIP/101", 403),
        ("outsourcer", "GET", "/own", 403),
        ("reader", "GET", "/positions/PJSIP/102", 200),
        ("reader", "PUT", "/positions/PJSIP/102/pause", 403),
        ("reader", "GET", "/own", 403),
        ("admin", "PUT", "/positions/PJSIP/102/pause", 200),
        ("admin", "GET", "/own", 403),
    ],
)
async def test_a_token_is_good_for_its_own(served: Served, token: str, method: str, path: str, expected: int) -> None:
    """Whatever the path is spelt like: what comes through is the token's own, and else nothing is done."""
    status, told = await served.ask(token, path, method)
    assert status == expected, told
    assert len(served.reached) == (1 if expected == 200 else 0)


async def test_a_refusal_does_not_tell_what_there_is(served: Served) -> None:
    """Of another's, and of what nobody has: word for word the same."""
    for token, paths in {
        "outsourcer": ("/sites/paris/calls", "/sites/nowhere/calls", "/sites/%00/calls"),
        "anna": ("/positions/PJSIP/102", "/positions/SIP/x", "/positions/PJSIP/999999"),
    }.items():
        answers = {await served.ask(token, path) for path in paths}
        assert len(answers) == 1
        [(status, told)] = answers
        assert (status, "alone" in told) == (403, True)


async def test_pages_beyond_the_loopback_are_not_for_them() -> None:
    """Metrics name all sites and queues; of readiness only the status is told."""
    made = Served()

    async def page(_: web.Request) -> web.Response:
        return web.json_response({"pabxs": ["secret"]})

    pages = [web.get("/metrics", page), web.get("/readyz", page), web.get("/healthz", page)]
    doors = Doors(Keys(), Attempts(lambda: 0.0), local=False)
    app = guarded(pages, doors, structlog.get_logger(), [])
    async with serve_tcp(app, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        for path, token, expected in (
            ("/metrics", "anna", 403),
            ("/metrics", "outsourcer", 403),
            ("/readyz", "outsourcer", 403),
            ("/metrics", "reader", 200),
        ):
            shown = {"Authorization": f"Bearer {token}"}
            async with session.get(f"http://127.0.0.1:{port}{path}", headers=shown) as got:
                assert got.status == expected
    assert made.reached == []
