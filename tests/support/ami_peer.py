"""A PABX's AMI on the loopback that does what the test says, and the link's side of a test."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Generic, Self, TypeVar

import structlog
from structlog.testing import LogCapture

from ccrouter.ami.connection import Address
from ccrouter.ami.link import PabxLink
from ccrouter.ami.resync import Paces
from ccrouter.clock import Clock, SystemClock
from ccrouter.live.events import Heard, ListBegan, ListDone, Listing, PabxEvent
from support.agi import KEY
from support.ami import sample, written

PATIENCE_S = 30.0
"""For what must happen at some time."""

SECRET = "s3cr3t-of-the-link"  # noqa: S105 - of nothing but this file
COMMANDS = (
    "CoreSettings",
    "CoreStatus",
    "Getvar",
    "ListCommands",
    "Login",
    "Ping",
    "QueueStatus",
    "QueueWithdrawCaller",
    "Setvar",
    "Status",
)
ENDS = {"QueueStatus": "QueueStatusComplete", "Status": "StatusComplete"}

T = TypeVar("T")
Order = Mapping[str, str]
Reply = Callable[["Caller", Order], None]


class Caller:
    """The PABX's end of one connection; `orders` are those that came, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.orders: list[Order] = []
        self.unread = b""
        self.closed = False
        self.reader = reader
        self.writer = writer
        self._changed = asyncio.Event()

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)

    def answer(self, order: Order, response: str = "Success", /, **fields: str) -> None:
        """Answer an order."""
        self.say(written({"Response": response, "ActionID": order["ActionID"], **fields}))

    def listing(self, order: Order, rows: Sequence[Mapping[str, str]], told: int | None = None) -> None:
        """Answer an order with a listing, whose end tells `told` rows."""
        self.begin_list(order)
        self.rows(order, rows)
        self.end_list(order, len(rows) if told is None else told)

    def begin_list(self, order: Order) -> None:
        """Answer that a listing follows."""
        self.answer(order, EventList="start", Message="will follow")

    def rows(self, order: Order, rows: Sequence[Mapping[str, str]]) -> None:
        """Send rows of a listing."""
        for row in rows:
            self.say(written({**row, "ActionID": order["ActionID"]}))

    def end_list(self, order: Order, told: int) -> None:
        """Send the end of a listing."""
        end = {"Event": ENDS[order["Action"]], "ActionID": order["ActionID"]}
        self.say(written({**end, "EventList": "Complete", "ListItems": str(told)}))

    def cut(self) -> None:
        """Break the connection off with an RST, as a killed process does."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def named(self, action: str) -> list[Order]:
        """Return the orders of this name that came so far."""
        return [order for order in self.orders if order["Action"] == action]

    async def ordered(self, action: str, count: int = 1) -> Order:
        """Return the `count`th order of this name, waiting for it."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.named(action)) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.named(action)[count - 1]

    @property
    def beats(self) -> list[Order]:
        """Return the heartbeats that came so far."""
        return [order for order in self.named("Setvar") if order["Variable"].startswith("CCROUTER_BEAT")]

    async def beaten(self, count: int = 1) -> Order:
        """Return the `count`th heartbeat, waiting for it."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.beats) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.beats[count - 1]

    async def gone(self) -> None:
        """Wait until the link closed the connection."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.closed:
                self._changed.clear()
                await self._changed.wait()

    def note(self, order: Order | None) -> None:
        """Keep an order; None for the end of the connection."""
        if order is None:
            self.closed = True
        else:
            self.orders.append(order)
        self._changed.set()


@dataclass
class AmiPeer:
    """A PABX. It answers as a real one does, unless `replies` has another way for an action.

    Attributes:
        replies: by action; `silent` never answers.
        rows: of each listing.
        values: of the expressions that Getvar knows.
        greeting: sent first.
        booted: whether FullyBooted follows the log-in.
        calls: the connections that came, in order.

    """

    replies: dict[str, Reply] = field(default_factory=dict)
    rows: dict[str, list[dict[str, str]]] = field(default_factory=lambda: {action: [] for action in ENDS})
    values: dict[str, str] = field(default_factory=dict)
    greeting: bytes = b"Asterisk Call Manager/11.0.0\r\n"
    booted: bool = True
    version: str = "22.10.1"
    started: str = "21:39:57"
    commands: tuple[str, ...] = COMMANDS
    clock_ahead_s: float = 0.0
    tls: ssl.SSLContext | None = None
    calls: list[Caller] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Take connections, on the port that was used before, if any."""
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    def deafen(self) -> None:
        """Take no connection any more; those that are there stay."""
        assert self._server is not None
        self._server.close()

    async def called(self, count: int = 1) -> Caller:
        """Return the `count`th connection, waiting for it."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.calls) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.calls[count - 1]

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.deafen()
        for call in self.calls:
            call.writer.transport.abort()
        await asyncio.sleep(0)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = Caller(reader, writer)
        self.calls.append(call)
        self._changed.set()
        call.say(self.greeting)
        try:
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                order = dict(line.partition(": ")[::2] for line in block.decode().split("\r\n") if line)
                self.replies.get(order["Action"], self.reply)(call, order)
                call.note(order)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            call.unread = error.partial if isinstance(error, asyncio.IncompleteReadError) else b""
        finally:
            call.note(None)
            writer.close()

    def reply(self, call: Caller, order: Order) -> None:
        """Answer as a real PABX does."""
        action = order["Action"]
        if action == "Login":
            self._log_in(call, order)
        elif action == "Getvar":
            call.answer(order, Variable=order["Variable"], Value=self.values.get(order["Variable"], ""))
        elif action not in self.commands:
            call.answer(order, "Error", Message="Invalid/unknown command")
        elif action in ENDS:
            call.listing(order, self.rows[action])
        else:
            call.answer(order, **self._told(action))

    def _log_in(self, call: Caller, order: Order) -> None:
        if order["Secret"] != SECRET:
            call.answer(order, "Error", Message="Authentication failed")
            call.writer.close()
            return
        call.answer(order, Message="Authentication accepted")
        if self.booted:
            call.say(written(sample(22, "FullyBooted")))

    def _told(self, action: str) -> dict[str, str]:
        now = SystemClock().now() + self.clock_ahead_s
        return {
            "Ping": {"Ping": "Pong", "Timestamp": f"{now:.6f}"},
            "CoreSettings": {"AMIversion": "11.0.0", "AsteriskVersion": self.version},
            "CoreStatus": {"CoreStartupDate": "2026-11-21", "CoreStartupTime": self.started},
            "ListCommands": dict.fromkeys(self.commands, "what it does  (Priv: <none>)"),
            "Setvar": {"Message": "Variable Set"},
            "QueueWithdrawCaller": {"Message": "Withdraw requested successfully"},
        }[action]


def silent(_call: Caller, _order: Order) -> None:
    """Never answer."""


class Kept(Generic[T]):
    """Keeps things in order, and tells when there are enough."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self._changed = asyncio.Event()

    def keep(self, item: T) -> None:
        """Keep one more."""
        self.items.append(item)
        self._changed.set()

    async def until(self, count: int = 1) -> T:
        """Return the `count`th, waiting for it."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.items) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.items[count - 1]


class Held(Kept[tuple[Caller, Order]]):
    """A way to reply: keeps the orders, for the test to answer them."""

    def __call__(self, call: Caller, order: Order) -> None:
        """Keep an order."""
        self.keep((call, order))


class Ear:
    """Keeps the events of a link in order, and tells when what was waited for came."""

    def __init__(self) -> None:
        self.events: list[PabxEvent] = []
        self.states: list[str] = []
        self.faults: list[str] = []
        self.pings = 0
        self.raises: Exception | None = None
        self._changed = asyncio.Event()

    def take(self, event: PabxEvent) -> None:
        """Note an event; raise what the test wants to be raised."""
        self.events.append(event)
        self._changed.set()
        if self.raises is not None:
            raise self.raises

    def link_changed(self, pabx: str, state: str) -> None:
        """Note a state."""
        assert pabx
        self.states.append(state)
        self._changed.set()

    def link_failed(self, pabx: str, fault: str) -> None:
        """Note a fault."""
        assert pabx
        self.faults.append(fault)
        self._changed.set()

    def link_answered(self, pabx: str, took_s: float) -> None:
        """Note a ping that was answered."""
        assert pabx
        assert 0 <= took_s < PATIENCE_S
        self.pings += 1

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is true that events, states or faults make true."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def heard(self, kind: type[PabxEvent], count: int = 1) -> PabxEvent:
        """Return the `count`th event of a type, waiting for it."""
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    def of(self, kind: type[PabxEvent]) -> list[PabxEvent]:
        """Return the events of a type."""
        return [event for event in self.events if isinstance(event, kind)]

    def listings(self, kind: type[ListBegan | ListDone]) -> list[Listing]:
        """Return the listings that began, or that are done."""
        return [event.listing for event in self.events if isinstance(event, kind)]

    def told(self) -> list[PabxEvent]:
        """Return all events but the signs of life."""
        return [event for event in self.events if not isinstance(event, Heard)]


@dataclass
class Linked:
    """A link that runs, and what is around it."""

    link: PabxLink
    ear: Ear
    log: LogCapture
    task: asyncio.Task[None]

    @property
    def lines(self) -> list[str]:
        """Return what was logged."""
        return [str(line["event"]) for line in self.log.entries]


def address(peer: AmiPeer, secret: str = SECRET) -> Address:
    """Return where a peer is."""
    return Address(name="pbx", host="127.0.0.1", port=peer.port, username="ccrouter", secret=secret)


@asynccontextmanager
async def linked(
    peer: AmiPeer,
    *,
    secret: str = SECRET,
    tls: ssl.SSLContext | None = None,
    server_name: str = "",
    trunks: Collection[str] = (),
    lamps: Mapping[str, bool | None] | None = None,
    paces: Paces | None = None,
    rank: int = 1,
    clock: Clock | None = None,
    key: str = KEY,
    able: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Linked]:
    """Run a link to a peer; whatever it raises fails the test."""
    ear, log = Ear(), LogCapture()
    logger = structlog.wrap_logger(None, processors=[log], wrapper_class=structlog.make_filtering_bound_logger(0))
    link = PabxLink(
        replace(address(peer, secret), tls=tls, server_name=server_name),
        sink=ear.take,
        trunks=lambda: trunks,
        lamps=lambda: lamps or {},
        clock=clock or SystemClock(),
        log=logger,
        watches=ear,
        key=key,
        able=able,
        paces=paces,
        rank=rank,
    )
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(link.run())
        try:
            yield Linked(link, ear, log, task)
        finally:
            task.cancel()
