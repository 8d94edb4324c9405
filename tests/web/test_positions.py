"""Positions and waiting callers over HTTP: each token does what is its own, and orders say what they must."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import pytest
import pytest_asyncio
import structlog
from prometheus_client import CollectorRegistry
from yarl import URL

from ccrouter.clock import SystemClock
from ccrouter.live.desks import PositionOnBoard
from ccrouter.telemetry.stream import StreamCounts
from ccrouter.web.attempts import Attempts
from ccrouter.web.doors import API, Doors, guarded
from ccrouter.web.holders import Holder, Role
from ccrouter.web.orders import RefusedError, UnconfirmedError, UnknownNameError
from ccrouter.web.positions import KEPT_BYTES, Asker, PauseOrder, PositionView, QueueOrder, positions
from ccrouter.web.serve import serve_tcp
from ccrouter.web.stream import MOST_OF_OWN, Streams
from ccrouter.web.waiting import SendOrder, SentStatus, WaitingStatus, waiting
from support.sse import running

HOLDERS: Final = {
    "t-alice": Holder("alice", Role.POSITION, "PJSIP/101", frozenset({"support"})),
    "t-local": Holder("loc", Role.POSITION, "Local/101@from-queue/n"),
    "t-tunis": Holder("tunis", Role.SITE, "tunis"),
    "t-wall": Holder("wall", Role.READ),
    "t-boss": Holder("boss", Role.SWITCH),
}
OWN: Final = "/positions/PJSIP/101"
OTHER: Final = "/positions/PJSIP/102"
PAUSE: Final = {"on": True, "reason": "lunch"}


class Keys:
    """The tokens of HOLDERS."""

    async def holder(self, token: str) -> Holder | None:
        """Return whose token this is."""
        return HOLDERS.get(token)


@dataclass
class Desk:
    """Keeps what it is asked; `refuses` is raised by all orders."""

    asked: list[object] = field(default_factory=list)
    refuses: Exception | None = None
    port: int = 0
    streams: Streams | None = None

    def positions(self) -> tuple[PositionOnBoard, ...]:
        """Return one position."""
        return (PositionOnBoard("pbx", "PJSIP/101", "Alice", "ready", None, ("support",)),)

    def pabx_of(self, interface: str, pabx: str, asker: Asker) -> str:
        """Return the one PABX."""
        self.asked.append((interface, pabx, asker))
        if pabx not in {"", "pbx"}:
            raise UnknownNameError(f"there is no PABX {pabx}")
        return "pbx"

    def view(self, pabx: str, interface: str, asker: Asker) -> PositionView:
        """Return a view."""
        self.asked.append((pabx, asker))
        return PositionView(1.0, PositionOnBoard(pabx, interface, "", "ready", None, ()), True, (), None, ())  # noqa: FBT003 - fresh

    async def log_position(self, order: QueueOrder) -> None:
        """Keep an order."""
        self._keep(order)

    async def pause_position(self, order: PauseOrder) -> None:
        """Keep an order."""
        self._keep(order)

    def waiting(self) -> tuple[WaitingStatus, ...]:
        """Return nobody."""
        return ()

    async def send(self, order: SendOrder) -> SentStatus:
        """Keep an order."""
        self._keep(order)
        return SentStatus("pbx", order.uniqueid, "d1", order.to[0], moved=True)

    def _keep(self, order: object) -> None:
        self.asked.append(order)
        if self.refuses is not None:
            raise self.refuses

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Serve it while the context lasts."""
        log, clock = structlog.get_logger(), SystemClock()
        self.streams = streams = Streams(
            asyncio.Event(), clock=clock, counts=StreamCounts(CollectorRegistry()), fault=lambda _: None, log=log
        )
        doors = Doors(Keys(), Attempts(clock.steady))
        app = guarded([], doors, log, positions(self, streams), waiting(self))
        async with serve_tcp(app, "127.0.0.1", 0) as self.port, running(streams):
            yield

    async def ask(self, token: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return status and JSON of an answer; of a stream its first bytes."""
        url = f"http://127.0.0.1:{self.port}{API}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, URL(url, encoded=True), json=body, headers=headers) as got,
        ):
            if got.content_type == "text/event-stream":
                return got.status, await got.content.readuntil(b"\n\n")
            return got.status, await got.json(content_type=None)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    """Give a desk that is served."""
    made = Desk()
    async with made.served():
        yield made


ASKED: Final = [
    ("GET", "", None),
    ("GET", "/stream", None),
    ("PUT", "/queues/support", {"on": True}),
    ("PUT", "/pause", PAUSE),
]


@pytest.mark.parametrize(("method", "tail", "body"), ASKED)
async def test_a_position_does_what_is_its_own_and_nothing_else(
    desk: Desk, method: str, tail: str, body: object
) -> None:
    """Neither of another position, nor under another spelling of its own; a site may do none of it."""
    assert (await desk.ask("t-alice", method, OWN + tail, body))[0] == 200
    asked = len(desk.asked)
    for path in (OTHER, "/positions/pjsip/101", "/positions/PJSIP/1%301", "/positions/PJSIP/101%2F"):
        expected = 200 if path.endswith("1%301") else 403  # the same name, written another way
        status, told = await desk.ask("t-alice", method, path + tail, body)
        assert (path, status) == (path, expected), told
    assert all("102" not in str(each) for each in desk.asked)
    assert len(desk.asked) > asked
    assert (await desk.ask("t-tunis", method, OWN + tail, body))[0] == 403
    status, told = await desk.ask("t-local", method, f"/positions/Local/101%40from-queue%2Fn{tail}", body)
    assert status == 200, told


@pytest.mark.parametrize(
    ("token", "method", "path", "body", "status"),
    [
        ("t-wall", "GET", "/positions", None, 200),
        ("t-alice", "GET", "/positions", None, 403),
        ("t-wall", "GET", OTHER, None, 200),
        ("t-wall", "PUT", f"{OTHER}/pause", PAUSE, 403),
        ("t-wall", "PUT", f"{OTHER}/queues/support", PAUSE, 403),
        ("t-boss", "PUT", f"{OTHER}/pause", PAUSE, 200),
        ("t-boss", "PUT", f"{OTHER}/pause", {"on": True}, 400),
        ("t-alice", "GET", "/waiting", None, 403),
        ("t-wall", "GET", "/waiting", None, 200),
        ("t-alice", "POST", "/waiting/7.1/send", {"to": ["tunis"], "reason": "x"}, 403),
        ("t-tunis", "POST", "/waiting/7.1/send", {"to": ["tunis"], "reason": "x"}, 403),
        ("t-wall", "POST", "/waiting/7.1/send", {"to": ["tunis"], "reason": "x"}, 403),
        ("t-boss", "POST", "/waiting/7.1/send", {"to": ["tunis"], "reason": "x"}, 200),
        ("t-boss", "POST", "/waiting/7.1/send", {"to": ["tunis"]}, 400),
        ("t-boss", "POST", "/waiting/7.1/send", {"to": [], "reason": "x"}, 400),
        ("t-boss", "POST", "/waiting/7.1/send", {"to": ["tunis"], "reason": "x", "author": "eve"}, 400),
        ("t-alice", "PUT", f"{OWN}/pause", {"on": "yes"}, 400),
        ("t-alice", "PUT", f"{OWN}/pause", {"on": True, "reason": "a\r\nb"}, 400),
        ("t-alice", "PUT", f"{OWN}/pause", {"on": True, "reason": "x" * 81}, 400),
        ("t-alice", "GET", f"{OWN}?pabx=north", None, 404),
        ("t-alice", "GET", f"{OWN}?other=1", None, 400),
    ],
)
async def test_who_may_what(desk: Desk, token: str, method: str, path: str, body: object, status: int) -> None:
    """By role, and only as it is described."""
    assert (await desk.ask(token, method, path, body))[0] == status


async def test_an_order_names_who_gave_it_and_what_their_token_is_for(desk: Desk) -> None:
    """The token's name and its queues; the queue of the path as people write it."""
    await desk.ask("t-alice", "PUT", f"{OWN}/queues/apr%C3%A8s%20vente", {"on": True})
    await desk.ask("t-boss", "PUT", f"{OTHER}/pause?pabx=pbx", PAUSE)
    await desk.ask("t-boss", "POST", "/waiting/7.1/send?pabx=pbx", {"to": ["tunis", "backup"], "reason": "x"})
    asker = Asker("alice (token)", own=True, queues=frozenset({"support"}))
    boss = Asker("boss (token)")
    assert [each for each in desk.asked if not isinstance(each, tuple)] == [
        QueueOrder("pbx", "PJSIP/101", "après vente", on=True, reason="", asker=asker),
        PauseOrder("pbx", "PJSIP/102", on=True, reason="lunch", asker=boss),
        SendOrder("7.1", ("tunis", "backup"), "boss (token)", "x", "pbx"),
    ]


@pytest.mark.parametrize(
    ("error", "status"),
    [(RefusedError("as it is"), 409), (UnconfirmedError("perhaps"), 504), (UnknownNameError("nobody"), 404)],
)
async def test_what_became_of_an_order_is_a_status(desk: Desk, error: Exception, status: int) -> None:
    """With the sentence for people, in problem details."""
    desk.refuses = error
    for token, method, path, body in (
        ("t-alice", "PUT", f"{OWN}/pause", PAUSE),
        ("t-alice", "PUT", f"{OWN}/queues/support", {"on": False}),
        ("t-boss", "POST", "/waiting/7.1/send", {"to": ["tunis"], "reason": "x"}),
    ):
        got, told = await desk.ask(token, method, path, body)
        assert (got, told["detail"]) == (status, str(error))


async def test_little_is_kept_of_each_position(desk: Desk) -> None:
    """Hundreds are followed at once: who missed more than a little is told all anew, which is little too."""
    await desk.ask("t-wall", "GET", f"{OWN}/stream")
    assert desk.streams is not None
    feed = desk.streams.known(("position", "pbx", "PJSIP/101", Asker("")))
    assert feed is not None
    for _ in range(1000):
        feed.say("change", b"0" * 1000)
    assert not feed.ring.holds_all_after(feed.ring.last - KEPT_BYTES // 1000)
    assert feed.ring.holds_all_after(feed.ring.last - 100)


async def test_one_token_does_not_take_all_streams(desk: Desk) -> None:
    """A position's token has a few; one that is closed gives way to the next, and others have theirs."""
    url = URL(f"http://127.0.0.1:{desk.port}{API}{OWN}/stream", encoded=True)
    headers = {"Authorization": "Bearer t-alice"}
    async with aiohttp.ClientSession() as session, AsyncExitStack() as stack:
        held = [await stack.enter_async_context(session.get(url, headers=headers)) for _ in range(MOST_OF_OWN)]
        assert {each.status for each in held} == {200}
        async with session.get(url, headers=headers) as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (503, "10")
        assert (await desk.ask("t-wall", "GET", f"{OWN}/stream"))[0] == 200
        held[0].close()
        async with asyncio.timeout(20):
            while True:
                async with session.get(url, headers=headers) as again:
                    if again.status == 200:
                        return
                await asyncio.sleep(0.05)
