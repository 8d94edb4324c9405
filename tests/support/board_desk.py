"""The wallboard with a board that a test makes up, behind the real pages, doors and streams."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from ccrouter.clock import Clock, SystemClock
from ccrouter.telemetry.stream import StreamCounts
from ccrouter.web.attempts import Attempts
from ccrouter.web.board import Board
from ccrouter.web.board_stream import board_stream
from ccrouter.web.doors import Doors, guarded
from ccrouter.web.foresight import (
    Course,
    ExplainBody,
    Explained,
    ModePreview,
    PreviewChange,
    PreviewMove,
    foresight,
)
from ccrouter.web.holders import Holder, Role
from ccrouter.web.me import me
from ccrouter.web.orders import OrderError
from ccrouter.web.pages import screens
from ccrouter.web.serve import serve_tcp
from ccrouter.web.steering import steering
from ccrouter.web.stream import Streams
from support.scripted_daemon import ScriptedDaemon
from support.sse import running

READ: Final = "ccrouter_read"
SWITCH: Final = "ccrouter_switch"
POSITION: Final = "ccrouter_position"
HOLDERS: Final[Mapping[str, Holder]] = {
    READ: Holder("wall", Role.READ),
    SWITCH: Holder("night-desk", Role.SWITCH),
    POSITION: Holder("paul", Role.POSITION, "PJSIP/101"),
}


class Tokens:
    """The tokens of HOLDERS, of which some may be `revoked`."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    async def holder(self, token: str) -> Holder | None:
        """Return whose token this is."""
        return None if token in self.revoked else HOLDERS.get(token)


class Seer:
    """Tells of any mode that it would send after-sales to the backup site."""

    async def explain(self, asked: ExplainBody) -> Explained:
        """Explain nothing."""
        raise OrderError(f"{asked.number}: nothing can be told of it here")

    async def preview(self, name: str, *, on: bool | None) -> ModePreview:
        """Return what is always the same."""
        at = SystemClock().now()
        before, after = Course("otherwise", ("paris", "tunis")), Course(name, ("backup", "tunis"))
        words = "after-sales: backup, instead of paris"
        return ModePreview(
            mode=name,
            on=bool(on),
            changed=True,
            at=at,
            until=at + 3600,
            zone="Europe/Paris",
            ends=None,
            changes=(
                PreviewChange(("0800 123 456",), "Numéro Vert SAV", "after-sales", before, after, at, None, words),
            ),
            waiting=(PreviewMove("support", "after-sales", 3, after, words),),
            later=(),
            same=11,
            unexplored=(),
        )


@dataclass
class BoardDesk:
    """Serves `board`; after a change of it, `tell` does."""

    board: Board
    tokens: Tokens = field(default_factory=Tokens)
    clock: Clock = field(default_factory=SystemClock)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    def tell(self, board: Board) -> None:
        """Show another board."""
        self.board = board
        self.news.set()

    def address(self, token: str = "", path: str = "/") -> str:
        """Return the address of a page, with a token in it."""
        return f"http://127.0.0.1:{self.port}{path}" + (f"#token={token}" if token else "")

    @asynccontextmanager
    async def served(self, port: int = 0) -> AsyncIterator[None]:
        """Serve it while the context lasts."""
        log = structlog.get_logger()
        streams = Streams(
            self.news, clock=self.clock, counts=StreamCounts(CollectorRegistry()), fault=lambda _: None, log=log
        )
        daemon = ScriptedDaemon()
        tables = (me(), steering(daemon), foresight(Seer()), board_stream(streams, lambda: self.board))
        app = guarded(screens(served=True), Doors(self.tokens, Attempts(self.clock.steady)), log, *tables)
        async with serve_tcp(app, "127.0.0.1", port) as self.port, running(streams):
            yield
