"""A FastAGI server that runs on the loopback, with the people around it, and the PABX's end of a connection."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import cast

import structlog
from structlog.testing import LogCapture
from structlog.typing import FilteringBoundLogger

from ccrouter.agi.calls import CodeDialled
from ccrouter.agi.desk import Deadlines, Desk, Made
from ccrouter.agi.lock import Lock
from ccrouter.agi.server import AgiServer, Bounds
from ccrouter.clock import SystemClock
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision
from ccrouter.routing.plan import Plan, PlayStep, Treatment
from support.agi import CALLER, KEY, RECORDED, keyed

REQUEST = keyed(RECORDED["22"])
ORDER = b'SET VARIABLE CCROUTER_PLAN "v1|d1|support|both||position|0|&play|closed|ccrouter/closed"\n'
DONE = b"200 result=1\n"
PATIENCE_S = 30.0
"""For what must happen at some time."""

PATIENT = Deadlines(begin_s=PATIENCE_S, request_s=PATIENCE_S, switch_s=PATIENCE_S, reply_s=PATIENCE_S)
ROOMY = Bounds()


class Oracle:
    """Decides as it is told, and keeps the calls it was asked about."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.routed_ids: list[str] = []
        self.codes: asyncio.Queue[tuple[CodeDialled, Callable[[str], None]]] = asyncio.Queue()
        self.known: str | None = None
        self.error: Exception | None = None
        self.fault: Exception | None = None
        self.file = "ccrouter/closed"

    def dialled(self, code: CodeDialled, answer: Callable[[str], None]) -> None:
        """Answer at once with what is `known`; else keep the code, for the test to answer it."""
        if self.known is not None:
            answer(self.known)
        self.codes.put_nowait((code, answer))

    def routed(self, made: Sequence[Made]) -> None:
        """Keep the decisions, or raise."""
        assert all(each.took_s >= 0 for each in made)
        self.routed_ids += [each.decision.id for each in made]
        if self.fault is not None:
            raise self.fault

    def route(self, call: Call) -> Decision:
        """Give the one decision, or raise."""
        self.calls.append(call)
        if self.error is not None:
            raise self.error
        return Decision(
            id="d1",
            call=call,
            at=0.0,
            number=call.number,
            service="support",
            rule="both",
            plan=Plan((), PlayStep("closed", self.file)),
            treatment=Treatment(),
            trace=(),
            considered=(),
            rules_version="1",
            state_age_s=0.0,
            latches={},
            turns={},
        )


class Tally:
    """Keeps the results in order, and tells when there are enough."""

    def __init__(self) -> None:
        self.results: list[str] = []
        self._changed = asyncio.Event()

    def session_ended(self, result: str, took_s: float) -> None:
        """Note a session."""
        assert 0 <= took_s < PATIENCE_S
        self.results.append(str(result))
        self._changed.set()

    async def until(self, count: int) -> list[str]:
        """Wait for so many sessions, and return their results."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.results) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.results


class Pabx:
    """The PABX's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, data: bytes = REQUEST) -> bytes:
        """Send a request and return the order, or nothing where the server closed."""
        self.say(data)
        return await self.line()

    async def line(self) -> bytes:
        """Return the next line from the server; nothing where it closed."""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionError):
                return await self._reader.readline()
        return b""

    def say(self, data: bytes) -> None:
        """Send something."""
        self._writer.write(data)

    def reset(self) -> None:
        """Break the connection off with an RST."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


@dataclass(frozen=True)
class House:
    """A server that runs, and what it was handed."""

    server: AgiServer
    oracle: Oracle
    tally: Tally
    log: LogCapture

    @property
    def events(self) -> list[str]:
        """Return what was logged, in order, but for the start."""
        return [str(line["event"]) for line in self.log.entries[1:]]

    @asynccontextmanager
    async def pabx(self) -> AsyncIterator[Pabx]:
        """Connect as a PABX does."""
        reader, writer = await asyncio.open_connection(*self.server.addresses[0])
        try:
            yield Pabx(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def running(
    pabxs: Iterable[str] = ("paris",),
    deadlines: Deadlines = PATIENT,
    bounds: Bounds = ROOMY,
    addresses: Sequence[tuple[str, int]] = (("127.0.0.1", 0),),
) -> AsyncIterator[House]:
    """Run a server; in the end no line of its log may show who called."""
    log = LogCapture()
    logger = structlog.wrap_logger(None, processors=[log], wrapper_class=structlog.make_filtering_bound_logger(0))
    oracle, tally = Oracle(), Tally()
    bound, clock = cast("FilteringBoundLogger", logger), SystemClock()
    desk = Desk(frozenset(pabxs), oracle, oracle, tally, clock, bound, Lock(KEY, clock, bound), deadlines)
    server = AgiServer(desk, addresses, bounds)
    await server.start()
    try:
        yield House(server, oracle, tally, log)
    finally:
        await server.stop()
    assert CALLER not in str(log.entries)
    assert KEY not in str(log.entries)
