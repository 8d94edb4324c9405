"""What it costs to keep a journal of all decisions, beside the same rows committed call by call on the calls' way."""

import asyncio
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import structlog
from prometheus_client import CollectorRegistry
from pydantic_core import to_json

from bench_run.bench import Bench, Figure, Options, Promise, Subject
from ccrouter.app.journal import BATCH, MOST, Recorder
from ccrouter.app.run import SWITCH_S
from ccrouter.clock import SystemClock
from ccrouter.config.load import compile_text
from ccrouter.live.effects import CallFinished, Outcome
from ccrouter.outlook.loads import QUIET, facts_under
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.decision import Decision
from ccrouter.routing.records import record_of
from ccrouter.store.decisions import Decisions, Wanted
from ccrouter.store.schema import JOURNAL_FILE, JOURNAL_STEPS, journal_database
from ccrouter.telemetry.journal import JournalCounts

EXAMPLE: Final = Path(__file__).parents[2] / "configs" / "example.yaml"
NOON: Final = 1_795_255_200.0
LOOK_S: Final = 0.001
REST_S: Final = 0.1
WRITTEN_WITHIN_S: Final = 60.0
OURS: Final = "ccrouter"
DIRECT: Final = "sqlite3, committed call by call"

ThingT = TypeVar("ThingT")


def decisions(number: int) -> list[Decision]:
    """Return so many decisions by the example's rules, a second apart, each with its trace."""
    rules = compile_text(EXAMPLE.read_bytes(), str(EXAMPLE))
    dialled = next(iter(rules.numbers))
    made = []
    for n in range(number):
        call = Call("main", f"{n}.0", dialled, "0612345678")
        made.append(decide(rules, facts_under(QUIET, rules, NOON + n), call, f"abcdef-{n:x}"))
    return made


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


def took_s(work: Callable[[ThingT], object], things: Iterable[ThingT]) -> float:
    """Return how long it took to do some work with each of these things."""
    began = time.perf_counter()
    for thing in things:
        work(thing)
    return time.perf_counter() - began


class Ours:
    """The journal as the daemon keeps it."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folders = (folder / str(number) for number in count())
        self._number = number

    def measure(self) -> Mapping[str, float]:
        """Return all figures, of an empty journal each."""
        folder, journal = self._opened()
        made = decisions(self._number)
        batches = [made[n : n + BATCH] for n in range(0, self._number, BATCH)]
        way_s = sum(took_s(self._recorder(journal).note, batch) for batch in batches)
        cost_s, _ = asyncio.run(self._written(journal, made, REST_S))
        found_s = took_s(lambda rule: journal.search(Wanted(rule=rule), 20), ["no such rule"])
        size = sum((folder / f"{JOURNAL_FILE}{suffix}").stat().st_size for suffix in ("", "-wal"))
        ends = [[end_of(each) for each in batch] for batch in batches]
        before = time.process_time()
        took_s(lambda batch: journal.write(map(journal.row, batch)), ends)
        end_s = time.process_time() - before
        tidy_s = took_s(lambda before: journal.tidy(before, 500), [NOON + self._number])
        _, late_s = asyncio.run(self._written(self._opened()[1], decisions(self._number), LOOK_S))
        late_ms = [each * 1e3 for each in statistics.quantiles(late_s, n=100)]
        return {
            "way": way_s / self._number * 1e6,
            "cost": (way_s + cost_s) / self._number * 1e6,
            "end": end_s / self._number * 1e6,
            "late_p50": late_ms[49],
            "late_p99": late_ms[98],
            "size": size / self._number,
            "search": found_s * 1e3,
            "tidy": tidy_s * 1e3,
        }

    def _opened(self) -> tuple[Path, Decisions]:
        folder = next(self._folders)
        folder.mkdir(parents=True)
        return folder, Decisions(journal_database(folder, SystemClock()), mask_callers=True)

    def _recorder(self, journal: Decisions) -> Recorder:
        counts, log = JournalCounts(CollectorRegistry()), structlog.wrap_logger(None, processors=[_silent])
        return Recorder(journal, keep_s=1e9, clock=SystemClock(), counts=counts, log=log)

    async def _written(self, journal: Decisions, made: Sequence[Decision], look_s: float) -> tuple[float, list[float]]:
        """Have them written, and look so often whether that is done; return the processor's time, and each lateness.

        They come as calls do: so many at once as are written at once.
        """
        recorder, late_s, left = self._recorder(journal), list[float](), list(made)
        before = time.process_time()
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(recorder.run(), name="journal")
            async with asyncio.timeout(WRITTEN_WITHIN_S):
                while left or recorder.left:
                    if not recorder.left:
                        for each in left[-BATCH:]:
                            recorder.note(each)
                        del left[-BATCH:]
                    looked = time.perf_counter()
                    await asyncio.sleep(look_s)
                    late_s.append(time.perf_counter() - looked - look_s)
            task.cancel()
        return time.process_time() - before, late_s


def _silent(*_: object) -> str:
    raise structlog.DropEvent


class Direct:
    """The same columns and texts, written where they arise: what a script of a few lines would do."""

    def __init__(self, folder: Path, number: int) -> None:
        self._files = (folder / f"{number}.db" for number in count())
        self._number = number

    def measure(self) -> Mapping[str, float]:
        """Return what a row costs whoever waits for it."""
        made = decisions(self._number)
        with closing(sqlite3.connect(next(self._files))) as connection:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.executescript(JOURNAL_STEPS[0])
            before = time.process_time()
            way_s = took_s(partial(self._write, connection), made)
            spent_s = time.process_time() - before
        return {"way": way_s / self._number * 1e6, "cost": spent_s / self._number * 1e6}

    def _write(self, connection: sqlite3.Connection, decision: Decision) -> None:
        call = decision.call
        with connection:
            done = connection.execute(
                "insert into decisions"
                " (decision, at, pabx, uniqueid, number, dialled, caller, service, rule, destination, waited_s)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(decision.id, decision.at, call.pabx, call.uniqueid, decision.number, call.number, call.caller),
                    *(decision.service, decision.rule, decision.destination, call.waited_s),
                ),
            )
            text = to_json(record_of(decision)).decode()
            connection.execute("insert into records (id, record) values (?, ?)", (done.lastrowid, text))


@contextmanager
def subjects(options: Options) -> Iterator[Sequence[Subject]]:
    """Give both, in a temporary folder; TMPDIR chooses the disk."""
    number = options.of(MOST, 1000)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)  # as in the daemon
    try:
        with TemporaryDirectory() as folder:
            yield [
                Subject(OURS, Ours(Path(folder) / "ours", number).measure),
                Subject(DIRECT, Direct(Path(folder), number).measure),
            ]
    finally:
        sys.setswitchinterval(before)


BENCH: Final = Bench(
    name="journal",
    title="The journal of decisions",
    about=(
        f"{MOST:,} decisions by configs/example.yaml, each with its whole trace, {BATCH} at a time: noted, and written "
        "by the daemon's recorder while its event loop looks how late it runs. Beside it the same rows and texts, "
        "written by sqlite3 on the calls' way, a transaction for each, not waiting for the disk either."
    ),
    figures=(
        Figure("way", "On the way of a call", "µs", log=True),
        Figure("cost", "Processor for a decision, in all threads", "µs"),
        Figure("end", "Processor for the end of a call", "µs"),
        Figure("late_p50", "How late the event loop runs meanwhile, p50", "ms"),
        Figure("late_p99", "How late the event loop runs meanwhile, p99", "ms"),
        Figure("size", "On disk", "bytes a decision"),
        Figure("search", "A search that finds nothing", "ms"),
        Figure("tidy", "500 old ones deleted, their room given back", "ms"),
    ),
    promises=(
        Promise(
            "on the way of calls a note costs next to nothing",
            lambda taken: taken.ratio("way", OURS, DIRECT),
            "at most",
            0.05,
        ),
        Promise(
            "in all it costs less than rows committed one by one",
            lambda taken: taken.ratio("cost", OURS, DIRECT),
            "at most",
            1.0,
        ),
        Promise("a backlog holds up no call", lambda taken: taken.median("late_p99", OURS), "at most", 5.0, "ms"),
    ),
    subjects=subjects,
)
