"""The bench `ami`: what events of a PABX cost, from the bytes of its stream to a snapshot, beside panoramisk's."""

import asyncio
import gc
import gzip
import logging
import lzma
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any, Final

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message as PanoramiskMessage

from bench_run.bench import Bench, Figure, Options, Promise, Subject, Taken
from ccrouter.ami.connection import Connection
from ccrouter.ami.hearing import WANTED, Hearing
from ccrouter.ami.resync import Paces, Resync
from ccrouter.ami.shapes import COMPLETES, ROWS
from ccrouter.ami.watches import Fault
from ccrouter.ami.wire import END, Framer, Kind, Message
from ccrouter.app.happenings import Happenings
from ccrouter.app.sites import limits_of
from ccrouter.app.writer import Writer
from ccrouter.clock import SystemClock
from ccrouter.config.load import compile_text
from ccrouter.live.effects import CallFinished
from ccrouter.live.events import LinkUp, Ticked
from ccrouter.live.figures import DayBook
from ccrouter.live.state import State
from ccrouter.telemetry.logs import Logs
from ccrouter.telemetry.metrics import Metrics, new_registry

DATA: Final = Path(__file__).resolve().parents[2] / "tests" / "replay" / "data"
PABX: Final = "pbx"
GREETING: Final = b"Asterisk Call Manager/11.0.0\r\n"

PIECE: Final = 16 * 1024
"""Bytes of one read: what the PABX of `busy_house` sent in 50 ms."""

PIECE_S: Final = 0.05
PIECES_A_TICK: Final = 10
"""The daemon looks at the passing of time each half second."""

NAMES: Final = WANTED - ROWS.keys() - COMPLETES.keys()
"""The events that come by themselves: rows of listings come only when asked for, which nobody did here."""

OURS: Final = "ccrouter, to the snapshot"
READ: Final = "ccrouter, to messages"
SPLIT: Final = "splitter that counts by name"
FIELDS: Final = "splitter with the wanted events' fields"
NAMED: Final = "panoramisk, a callback for each name"
EACH: Final = "panoramisk, one callback for all"

RULES: Final = """\
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 25s}}
  lille: {in_house: {queue: sales, max_wait: 12s}}
  tunis: {external: {dial: PJSIP/21671000000@trunk-tunis, answer_within: 6s, max_calls: 10}}
  lyon: {external: {dial: PJSIP/33472000000@trunk-lyon, answer_within: 4s, max_calls: 20}}
  backup: {external: {dial: PJSIP/33155000000@trunk-backup, answer_within: 6s, max_calls: 30}}
messages:
  closed: {play: please-try-call-later}
numbers:
  "0800100001": {service: after-sales}
  "0800100002": {service: orders}
  "0800100003": {service: outsourced}
  "0800100004": {service: sales}
  "0800100005": {service: closed agency}
services:
  after-sales: {otherwise: [paris, backup, closed]}
  orders: {otherwise: [{share: {paris: 60, backup: 40}}, closed]}
  outsourced: {otherwise: [lyon, tunis, backup, closed]}
  sales: {otherwise: [lille, backup, closed]}
  closed agency: {otherwise: [closed]}
"""
"""Names the services and sites of the recorded calls: reports are counted by these names."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A stream: its name is the key of its figure.

    Attributes:
        repeats: how often it is read, full and quick.
        era: the begin of all its uniqueids and instants, which each repetition writes anew.
        promised: whether what is promised is promised for it.

    """

    name: str
    file: str
    title: str
    repeats: tuple[int, int]
    era: bytes = b""
    promised: bool = True

    def pieces(self, options: Options) -> list[bytes]:
        """Return the stream as a socket gives it."""
        path = DATA / self.file
        data = (lzma if path.suffix == ".xz" else gzip).open(path).read()
        if data.startswith(GREETING[:22]):
            data = data.partition(b"\r\n")[2]
        era = self.era
        parts = [
            data.replace(era, b"%0*d" % (len(era), int(era) + n) if era else era)
            for n in range(options.of(*self.repeats))
        ]
        stream = GREETING + b"".join(parts)
        return [stream[at : at + PIECE] for at in range(0, len(stream), PIECE)]


RECORDINGS: Final = (
    Recording("queue_calls", "queue_calls.ami.gz", "37 calls to a plain queue, repeated; read=all", (20, 2), b"17952"),
    Recording("busy_house", "busy_house.ami.xz", "320 routed calls; read=all", (1, 1)),
    Recording(
        "own_filter",
        "routed_calls_22.ami.gz",
        "24 routed calls, repeated; ccrouter's filter",
        (50, 5),
        b"17952",
        promised=False,
    ),
)


class PassingClock(SystemClock):
    """The machine's clock, put forward as the recording goes on."""

    def put_forward(self, by_s: float) -> None:
        """Let so much time pass."""
        self._ahead += by_s


# --- readers: each is made ready, and then takes the pieces of a stream -----------------------------------------------


class Splitter:
    """Splits, looks at the names, counts: the least that a reader of each message does."""

    def __init__(self) -> None:
        self.found = 0
        self._names = frozenset(name.encode() for name in NAMES)
        self._rest = b""

    def take(self, piece: bytes) -> None:
        """Take in bytes as they come."""
        names, found = self._names, 0
        *frames, self._rest = (self._rest + piece).split(END)
        for frame in frames:
            if frame.startswith(b"Event: ") and frame[7 : frame.find(b"\r\n")] in names:
                found += 1
        self.found += found


class FieldSplitter(Splitter):
    """Makes a dictionary of the fields of what is wanted, too."""

    def take(self, piece: bytes) -> None:
        """Take in bytes as they come."""
        names, found = self._names, 0
        *frames, self._rest = (self._rest + piece).split(END)
        for frame in frames:
            if frame.startswith(b"Event: ") and frame[7 : frame.find(b"\r\n")] in names:
                told = dict([line.partition(": ")[::2] for line in frame.decode().split("\r\n")])
                found += told["Event"] in NAMES
        self.found += found


class Stock:
    """Panoramisk as it comes, with a plain callback for each pattern."""

    def __init__(self, *patterns: str) -> None:
        self.found = 0
        manager = Manager(loop=asyncio.get_running_loop(), log=logging.getLogger("stock"))
        for pattern in patterns:
            manager.register_event(pattern, self._called)
        manager.patterns = [each for each in manager.patterns if each[0] in patterns]
        protocol = AMIProtocol()
        protocol.connection_made(None)
        protocol.factory, protocol.encoding = manager, "utf8"
        self.take = protocol.data_received

    def _called(self, _manager: Manager, message: PanoramiskMessage) -> None:
        self.found += message["event"] in NAMES


class Messages:
    """Ours, as far as the messages that are wanted."""

    def __init__(self) -> None:
        self.found = 0
        self._framer = Framer(NAMES)

    def take(self, piece: bytes) -> None:
        """Take in bytes as they come."""
        for message in self._framer.feed(piece):
            self.found += message.kind is Kind.EVENT


class House:
    """Ours, put together as the daemon does, without a PABX, a journal and HTTP."""

    def __init__(self, logs: Logs, *, counting: bool = False) -> None:
        self.found = 0
        rules = compile_text(RULES.encode(), "routing.yaml")
        self._clock = clock = PassingClock()
        self._pieces = 0
        metrics = Metrics(new_registry(), [PABX])
        metrics.rules_in_force(rules, clock.now())
        self._state = State(limits_of(rules), [PABX])
        notes: deque[CallFinished] = deque(maxlen=10_000)
        self._writer = Writer(self._state, metrics, logs.logger, relist=_ignore, note=notes.append, steady=clock.steady)
        happenings = Happenings(lambda: rules, lambda _: None, metrics.fault, logs.logger)
        happenings.follow(_ignore, "overflowed".__eq__)
        self._writer.listeners += [happenings.effect, DayBook(rules, clock.now()).take]
        self._changed = self._writer.changed.follow()
        self._hearing = Hearing(PABX, self._writer.apply, _failed, clock, logs.logger)
        self._connection = Connection(NAMES, self._counted if counting else self._hearing.hear)
        self._hearing.resync = Resync(
            PABX,
            self._connection,
            trunks=set,
            tell=self._writer.apply,
            synced=_nothing,
            failed=_failed,
            clock=clock,
            log=logs.logger,
            paces=Paces(),
        )
        self._writer.apply(LinkUp(pabx=PABX, at=clock.now(), version="22"))

    def take(self, piece: bytes) -> None:
        """Take in bytes as they come, and look at the state as often as the daemon does."""
        self._connection.take(piece)
        clock = self._clock
        clock.put_forward(PIECE_S)
        self._pieces += 1
        if self._pieces % PIECES_A_TICK == 0:
            self._writer.apply(Ticked(at=clock.now()))
        if self._changed.is_set():
            self._changed.clear()
            self._state.snapshot(clock.now())
            deque(self._state.waiting(), maxlen=0)

    def _counted(self, message: Message) -> None:
        self.found += message.kind is Kind.EVENT
        self._hearing.hear(message)


def _ignore(_: object) -> None:
    """Read nothing again, and tell nobody."""


def _nothing() -> None:
    """Do nothing."""


def _failed(fault: Fault) -> None:
    """Let the recorder's answers pass, for which nobody waits here."""
    if fault is not Fault.LATE_ANSWER:
        raise ValueError(f"a fault in a recording: {fault}")


# --- the bench --------------------------------------------------------------------------------------------------------


@contextmanager
def subjects(options: Options) -> Iterator[Sequence[Subject]]:
    """Read the recordings, and see that every reader finds the same events in them."""
    with ExitStack() as stack:
        stream = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123 - a device
        logs = stack.enter_context(Logs(SystemClock(), stream))
        streams = {each.name: each.pieces(options) for each in RECORDINGS}
        readers: dict[str, Callable[[], Any]] = {
            OURS: partial(House, logs),
            READ: Messages,
            SPLIT: Splitter,
            FIELDS: FieldSplitter,
            NAMED: partial(Stock, *sorted(NAMES)),
            EACH: partial(Stock, "*"),
        }
        for name, pieces in streams.items():
            found = {title: asyncio.run(_found(make, pieces)) for title, make in readers.items() if title != OURS}
            found[OURS] = asyncio.run(_found(partial(House, logs, counting=True), pieces))
            if len(set(found.values())) > 1:
                raise ValueError(f"the readers do not find the same events in {name}: {found}")
        yield [Subject(title, partial(_measured, make, streams)) for title, make in readers.items()]


async def _found(make: Callable[[], Any], pieces: Sequence[bytes]) -> int:
    reader = make()
    for piece in pieces:
        reader.take(piece)
    return int(reader.found)


def _measured(make: Callable[[], Any], streams: Mapping[str, Sequence[bytes]]) -> dict[str, float]:
    return {name: asyncio.run(_rate(make, pieces)) for name, pieces in streams.items()}


async def _rate(make: Callable[[], Any], pieces: Sequence[bytes]) -> float:
    """Return the events, wanted and not, that are read in a second of processor time."""
    count = sum(piece.count(END) for piece in pieces)
    take = make().take
    gc.collect()
    began = process_time()
    for piece in pieces:
        take(piece)
    return count / (process_time() - began)


BENCH: Final = Bench(
    name="ami",
    title="Events of a PABX",
    about=(
        "Recorded AMI of real calls, read as it would come from the socket, in events per second of processor time, "
        "those that nobody wants included. ccrouter goes the whole way: it frames, drops what is not wanted, checks "
        "and types the rest, applies it to the live state, counts, logs (at the default level, to /dev/null), and "
        "reports calls to the day's figures; after every 16 KB that changed something (50 ms of a house with 2.4 calls "
        "a second) a snapshot and all waiting callers are read, as the overflow does, and time passes twice a second. "
        "Beside it: panoramisk 1.4 as it comes with plain callbacks for the same events, which do nothing but count; "
        "and a splitter that looks at the name of each message and counts, the limit of what Python can do."
    ),
    figures=tuple(Figure(each.name, each.title, "events/s", log=True) for each in RECORDINGS),
    promises=tuple(
        promise
        for each in RECORDINGS
        if each.promised
        for promise in (
            Promise(
                f"{each.name}: the whole way, against panoramisk with a callback for each name",
                partial(Taken.ratio, figure=each.name, of=OURS, to=NAMED),
                "at least",
                4,
            ),
            Promise(
                f"{each.name}: the whole way, against panoramisk with one callback for all",
                partial(Taken.ratio, figure=each.name, of=OURS, to=EACH),
                "at least",
                4,
            ),
            Promise(
                f"{each.name}: the whole way, against the splitter that counts by name",
                partial(Taken.ratio, figure=each.name, of=OURS, to=SPLIT),
                "at least",
                0.4,
            ),
        )
    ),
    subjects=subjects,
    rounds=7,
)
