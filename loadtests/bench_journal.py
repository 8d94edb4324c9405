#!/usr/bin/env python3
"""Measures the journal: what a note costs a call, how fast the disk takes them, and what a backlog does to calls.

Decisions are those of a routing file for its first number, each with its trace; a folder on the disk to be measured can
be named.
"""

import argparse
import asyncio
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import structlog
from prometheus_client import CollectorRegistry

from ccrouter.app.journal import BATCH, MOST, Recorder
from ccrouter.clock import SystemClock
from ccrouter.config.load import compile_text
from ccrouter.live.effects import CallFinished, Outcome
from ccrouter.outlook.loads import QUIET, facts_under
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.decision import Decision
from ccrouter.store.decisions import Decisions, Wanted
from ccrouter.store.schema import JOURNAL_FILE, journal_database
from ccrouter.telemetry.journal import JournalCounts

T = TypeVar("T")

EXAMPLE = Path(__file__).parents[1] / "configs" / "example.yaml"
NOON = 1_795_255_200.0
LOOK_S = 0.001


def say(line: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{line}\n")


def took_s(work: Callable[[T], object], things: Iterable[T]) -> float:
    """Return how long it took to do some work with each of these things."""
    begin = time.perf_counter()
    for thing in things:
        work(thing)
    return time.perf_counter() - begin


def decisions(routing: Path, count: int) -> list[Decision]:
    """Return so many decisions, a second apart."""
    rules = compile_text(routing.read_bytes(), str(routing))
    number = next(iter(rules.numbers))
    instants = ((n, NOON + n) for n in range(count))
    return [
        decide(rules, facts_under(QUIET, rules, at), Call("main", f"{n}.0", number, "0612345678"), f"abcdef-{n:x}")
        for n, at in instants
    ]


def end_of(decision: Decision) -> CallFinished:
    """Return the end of its call."""
    return CallFinished(
        pabx="main",
        uniqueid=decision.call.uniqueid,
        number=decision.number,
        service=decision.service,
        rule=decision.rule,
        decision=decision.id,
        outcome=Outcome.ANSWERED,
        target=decision.destination,
        waited_s=12.0,
        talked_s=60.0,
        at=decision.at + 72,
    )


def journal_in(folder: Path) -> Decisions:
    """Return an empty journal."""
    folder.mkdir()
    return Decisions(journal_database(folder, SystemClock()), mask_callers=True)


def recorder_of(journal: Decisions) -> Recorder:
    """Return a recorder that keeps for ever, and is silent."""
    log = structlog.wrap_logger(structlog.PrintLogger(file=sys.stderr), processors=[_silent])
    return Recorder(journal, keep_s=1e9, clock=SystemClock(), counts=JournalCounts(CollectorRegistry()), log=log)


def _silent(*_: object) -> str:
    raise structlog.DropEvent


def measure_notes(journal: Decisions, made: list[Decision]) -> None:
    """Print what a note costs, while there is room and when there is none; nobody writes meanwhile."""
    recorder = recorder_of(journal)
    some = made[:MOST]
    room, full = (took_s(recorder.note, some) / len(some) for _ in range(2))
    say(f"a note: {room * 1e6:.2f} microseconds, {full * 1e6:.2f} when too many wait")


def measure_disk(journal: Decisions, folder: Path, made: list[Decision]) -> float:
    """Print how fast decisions and ends of calls are written and read, and return decisions a second."""
    batches = [made[n : n + BATCH] for n in range(0, len(made), BATCH)]
    rate = len(made) / took_s(journal.write, batches)
    ends = len(made) / took_s(journal.write, [[end_of(each) for each in batch] for batch in batches])
    size = sum((folder / f"{JOURNAL_FILE}{suffix}").stat().st_size for suffix in ("", "-wal"))
    say(f"written: {rate:,.0f} decisions/s, {ends:,.0f} ends of calls/s, {size / len(made):,.0f} bytes a decision")
    scan = took_s(lambda rule: journal.search(Wanted(rule=rule), 20), ["no such rule"])
    say(f"a search through {len(made):,}: {scan * 1e3:.1f} ms")
    tidy = took_s(lambda before: journal.tidy(before, 500), [NOON + len(made)])
    say(f"500 old ones deleted, their room given back: {tidy * 1e3:.1f} ms")
    return rate


async def measure_backlog(journal: Decisions, made: list[Decision]) -> None:
    """Print how late the event loop runs while a full queue is written."""
    recorder = recorder_of(journal)
    some = made[:MOST]
    for each in some:
        recorder.note(each)
    late: list[float] = []
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(recorder.run())
        begin = time.perf_counter()
        while len(journal.search(Wanted(since=some[-1].at), 1)) == 0:
            for _ in range(100):
                looked = time.perf_counter()
                await asyncio.sleep(LOOK_S)
                late.append(time.perf_counter() - looked - LOOK_S)
        say(f"{len(some):,} that waited are written in {time.perf_counter() - begin:.1f} s; the loop is late by")
        task.cancel()
    cuts = statistics.quantiles(late, n=100)
    say(f"  p50 {cuts[49] * 1e3:.2f} ms, p99 {cuts[98] * 1e3:.2f} ms, at most {max(late) * 1e3:.2f} ms")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--routing", type=Path, default=EXAMPLE)
    parser.add_argument("--decisions", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, help="where to write; a temporary folder by default")
    parser.add_argument("--at-least", type=int, default=0, help="decisions a second below which the run fails")
    args = parser.parse_args()
    tracemalloc.start()
    made = decisions(args.routing, args.decisions)
    memory = tracemalloc.get_traced_memory()[0] / len(made)
    tracemalloc.stop()
    say(f"a queue that is full, {MOST:,} decisions: {memory * MOST / 1e6:.0f} MB")
    with TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        measure_notes(journal_in(folder / "notes"), made)
        rate = measure_disk(journal_in(folder / "disk"), folder / "disk", made)
        asyncio.run(measure_backlog(journal_in(folder / "backlog"), made))
    return 0 if rate >= args.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
