#!/usr/bin/env python3
"""Measures how fast AMI events are read: ours, stock panoramisk, and a bare splitter, in the same run.

The events are recorded ones (tests/replay/data), repeated, in pieces of 64 KB as a socket gives them. `queue_calls` was
recorded with read=all, so most of its events are nothing to us; `routed_calls_22` came through ccrouter's own filter.
Processor time is measured, the best of several rounds, and every reader must find the same events.
"""

import argparse
import asyncio
import gzip
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message as PanoramiskMessage

from ccrouter.ami.hearing import WANTED, Hearing
from ccrouter.ami.watches import Fault
from ccrouter.ami.wire import Framer, Kind
from ccrouter.clock import SystemClock
from ccrouter.live.events import Listing, PabxEvent
from ccrouter.telemetry.logs import Logs

DATA: Final = Path(__file__).resolve().parent.parent / "tests" / "replay" / "data"
RECORDINGS: Final = ("queue_calls", "routed_calls_22")
GREETING: Final = b"Asterisk Call Manager/11.0.0\r\n"
PIECE: Final = 64 * 1024
LISTED: Final = frozenset(
    {"QueueParams", "QueueMember", "QueueEntry", "QueueStatusComplete", "Status", "StatusComplete"}
)
NAMES: Final = WANTED - LISTED
"""Rows come only when asked for: all readers look for the events that come by themselves."""

Reader = Callable[[Sequence[bytes]], int]
"""Reads the pieces of a stream, and returns how many wanted events it found."""


def bare(pieces: Sequence[bytes]) -> int:
    """Split, look at the names, count: the least that any reader can do."""
    names = frozenset(name.encode() for name in NAMES)
    found, rest = 0, b""
    for piece in pieces:
        *frames, rest = (rest + piece).split(b"\r\n\r\n")
        for frame in frames:
            if frame.startswith(b"Event: ") and frame[7 : frame.find(b"\r\n")] in names:
                found += 1
    return found


def wire(pieces: Sequence[bytes]) -> int:
    """Ours, up to messages with their fields."""
    framer = Framer(NAMES)
    return sum(1 for piece in pieces for message in framer.feed(piece) if message.kind is Kind.EVENT)


class Heard:
    """Counts events, as a sink."""

    def __init__(self) -> None:
        self.found = 0

    def take(self, _event: PabxEvent) -> None:
        """Count."""
        self.found += 1


class Deaf:
    """Stands for the listings, so that events are told."""

    def take(self, message: object) -> bool:
        """Leave every message to the others."""
        return message is None

    def request(self, listing: Listing) -> None:
        """Read nothing."""

    def contact_changed(self, endpoint: str) -> None:
        """Look at no trunk."""


def events(pieces: Sequence[bytes]) -> int:
    """Ours, the whole way: to typed and checked events at the sink."""
    sink = Heard()
    with Logs(SystemClock(), sys.stderr, level="error", form="console", mask_callers=True) as logs:
        hearing = Hearing("pbx", sink.take, _failed, SystemClock(), logs.logger)
        hearing.resync = Deaf()  # type: ignore[assignment] # it does all that is asked of it here
        framer = Framer(NAMES)
        found = 0
        for piece in pieces:
            for message in framer.feed(piece):
                found += message.kind is Kind.EVENT
                hearing.hear(message)
    return found if sink.found else 0


def _failed(fault: Fault) -> None:
    """Let the recorder's answers pass, for which nobody waits here."""
    if fault is not Fault.LATE_ANSWER:
        sys.exit(f"a fault in a recording: {fault}")


def panoramisk(*patterns: str) -> Reader:
    """Return a reader that is stock panoramisk with a plain callback for each pattern."""

    def read(pieces: Sequence[bytes]) -> int:
        found = 0

        def callback(_manager: Manager, message: PanoramiskMessage) -> None:
            nonlocal found
            found += message["event"] in NAMES

        manager = Manager(loop=asyncio.get_running_loop(), log=logging.getLogger("stock"))
        for pattern in patterns:
            manager.register_event(pattern, callback)
        manager.patterns = [each for each in manager.patterns if each[0] in patterns]
        protocol = AMIProtocol()
        protocol.connection_made(None)
        protocol.factory, protocol.encoding = manager, "utf8"
        for piece in pieces:
            protocol.data_received(piece)
        return found

    return read


READERS: Final[dict[str, Reader]] = {
    "bare splitter, names only": bare,
    "ccrouter, to messages": wire,
    "ccrouter, to typed events at the sink": events,
    "panoramisk, a callback for each name": panoramisk(*sorted(NAMES)),
    "panoramisk, one callback for `*`": panoramisk("*"),
}


async def main() -> int:
    """Measure and print a table for each recording."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=60_000, help="events a round (default: %(default)s)")
    arguments.add_argument("--rounds", type=int, default=5, help="rounds, of which the best counts (%(default)s)")
    chosen = arguments.parse_args()
    failed = False
    for name in RECORDINGS:
        data = gzip.decompress((DATA / f"{name}.ami.gz").read_bytes()).removeprefix(GREETING)
        count = data.count(b"\r\n\r\n")
        repeats = max(1, chosen.events // count)
        stream = GREETING + data * repeats
        pieces = [stream[at : at + PIECE] for at in range(0, len(stream), PIECE)]
        found = {title: read(pieces) for title, read in READERS.items()}
        wanted = found["ccrouter, to messages"]
        sys.stdout.write(f"{name}: {count * repeats} messages, {len(stream) / 1e6:.0f} MB, {wanted} wanted\n")
        best = {title: min(_seconds(read, pieces) for _ in range(chosen.rounds)) for title, read in READERS.items()}
        ours = best["ccrouter, to typed events at the sink"]
        for title, took_s in best.items():
            rate = count * repeats / took_s
            sys.stdout.write(f"  {title:38} {rate:10,.0f} messages/s {took_s / ours:6.2f} times the time of ours\n")
        if len(set(found.values())) != 1:
            sys.stdout.write(f"  the readers do not agree: {found}\n")
            failed = True
    return int(failed)


def _seconds(read: Reader, pieces: Sequence[bytes]) -> float:
    began = time.process_time()
    read(pieces)
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
