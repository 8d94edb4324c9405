"""A client of streams of server-sent events, as it should be written: it merges what it is told, and can come back."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from ccrouter.clock import SystemClock
from ccrouter.web.stream import Streams

PATIENCE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """One event; `number` is None where it has no id, `at` when it was read, on a steady clock."""

    event: str
    data: Any
    event_id: str
    at: float = 0.0

    @property
    def number(self) -> int | None:
        """Return the number in its id."""
        return int(self.event_id.partition("-")[2]) if self.event_id else None


def events_in(text: bytes) -> Iterator[Told]:
    """Yield the events in a text of whole ones."""
    for block in text.decode().split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.splitlines())
        if "event" in fields:
            yield Told(fields["event"], json.loads(fields["data"]), fields.get("id", ""), SystemClock().steady())


@dataclass
class Merged:
    """What a client knows: the board, put together of what it was told, in order."""

    board: dict[str, Any] = field(default_factory=dict)
    last_id: str = ""
    happened: list[Any] = field(default_factory=list)
    boards: int = 0

    def take(self, told: Told) -> None:
        """Take in an event."""
        if told.event_id:
            self.last_id = told.event_id
        if told.event == "board":
            self.board = dict(told.data)
            self.boards += 1
        elif told.event == "change":
            self.board |= told.data
        elif told.event == "happened":
            self.happened.append(told.data)

    @property
    def sections(self) -> dict[str, Any]:
        """Return the board without its instant."""
        return {name: value for name, value in self.board.items() if name != "at"}


class Follower:
    """One stream, read as fast as it comes.

    Attributes:
        merged: what it knows; handed on to the next stream by who comes back.
        told: the events in order.
        over: whether the stream has ended.

    """

    def __init__(self, answer: aiohttp.ClientResponse, merged: Merged | None = None) -> None:
        self.merged = merged or Merged()
        self.told: list[Told] = []
        self.over = False
        self._answer = answer
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._answer.close()

    async def until(self, holds: Callable[[Self], object], within_s: float = PATIENCE_S) -> None:
        """Wait until something is true that an event, or the end, makes true."""
        try:
            async with asyncio.timeout(within_s):
                while not holds(self):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"not told within {within_s} s; the last: {self.told[-3:]}") from None

    async def until_value(self, name: str, value: object, within_s: float = PATIENCE_S) -> None:
        """Wait until a section is this."""
        await self.until(lambda told: told.merged.board.get(name) == value, within_s)

    async def until_section(self, name: str, holds: Callable[[Any], object], within_s: float = PATIENCE_S) -> None:
        """Wait until a section is as wanted."""
        await self.until(lambda told: holds(told.merged.board.get(name)), within_s)

    def named(self, event: str) -> list[Told]:
        """Return the events of this name."""
        return [told for told in self.told if told.event == event]

    async def _read(self) -> None:
        block = b""
        try:
            async for piece in self._answer.content.iter_any():
                block += piece
                whole, end, block = block.rpartition(b"\n\n")
                for told in events_in(whole):
                    self.told.append(told)
                    self.merged.take(told)
                if end:
                    self._changed.set()
        except aiohttp.ClientError:
            pass
        finally:
            self.over = True
            self._changed.set()


@asynccontextmanager
async def following(
    session: aiohttp.ClientSession, url: str, token: str = "", merged: Merged | None = None
) -> AsyncIterator[Follower]:
    """Follow a stream; with what was known before, from there on."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if merged is not None:
        headers["Last-Event-ID"] = merged.last_id
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE_S)
    async with session.get(url, headers=headers, timeout=timeout) as answer:
        assert answer.status == 200, await answer.text()
        async with Follower(answer, merged) as follower:
            yield follower


@asynccontextmanager
async def running(streams: Streams) -> AsyncIterator[asyncio.Task[None]]:
    """Let streams be told what happens while the context lasts, and give the task that does."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(streams.run())
        try:
            await asyncio.sleep(0)
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
