"""Keeps the journal of decisions, off the way of calls: these only leave a note, and many are written at once.

Rows are made in the event loop, some at a time, and a thread has the database write them, which does not need the
interpreter. A thread that makes them keeps each call that comes meanwhile waiting for the interpreter again and again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Final, Protocol, TypeVar

from structlog.typing import FilteringBoundLogger

from ccrouter.app.ending import last_moments
from ccrouter.clock import Clock
from ccrouter.errors import StoreError
from ccrouter.routing.decision import Decision
from ccrouter.store.decisions import Entry, Row
from ccrouter.telemetry.journal import JournalCounts

ResultT = TypeVar("ResultT")

MOST: Final = 10_000
"""Notes that wait while the disk takes none; those that come on top are dropped and counted."""

BATCH: Final = 200
"""Notes in one transaction: many, for each costs a wait; not all, for the thread shares the processor with calls."""

AT_ONCE: Final = 4
"""Rows made, and decisions let go of, without a look at calls: about a tenth of a millisecond."""

PAUSE_S: Final = 0.25
"""How long a note may wait for others: to hand a batch to the thread costs more than to write it. One that comes alone
is written at once. Also the longest pause between two batches of a backlog."""

AGAIN_S: Final = 5.0
"""How long to wait after a disk refused."""

TIDY_EVERY_S: Final = 10.0
TIDY_ROWS: Final = 500
"""Old decisions deleted in one step; a step takes milliseconds."""

CLOSE_WITHIN_S: Final = 2.0

SLOW_S: Final = 2.0
"""A write that takes longer hangs, as far as anybody can tell."""


class Writes(Protocol):
    """Where notes are kept. All methods but the first block, for as long as the disk takes."""

    def row(self, entry: Entry) -> Row:
        """Return a note as it is written; never waits."""
        ...

    def write(self, rows: Iterable[Row]) -> None:
        """Write all, or raise StoreError; what is there already is not written twice."""
        ...

    def tidy(self, before: float, most: int) -> int:
        """Delete the oldest decisions made before an instant and return how many, or raise StoreError."""
        ...


class Recorder:
    """Takes notes of decisions and ends of calls, and has them written.

    Args:
        keep_s: age at which a decision is deleted; 0 keeps no journal.
        sure: whether the hour may be believed; while it may not, nothing is deleted.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        journal: Writes,
        *,
        keep_s: float,
        clock: Clock,
        counts: JournalCounts,
        log: FilteringBoundLogger,
        sure: Callable[[], bool] = lambda: True,
    ) -> None:
        self._journal = journal
        self._keep_s = keep_s
        self._clock = clock
        self._counts = counts
        self._log = log
        self._waiting: deque[Entry] = deque()
        self._rows: list[Row] = []
        self._news = asyncio.Event()
        self._sure = sure
        self._fault = ""
        self._busy_since: float | None = None
        self._lost = 0
        self._tidied_at = -TIDY_EVERY_S
        counts.follow(lambda: self._unwritten)

    def note(self, entry: Entry) -> None:
        """Leave a note; never waits and never raises."""
        if not self._keep_s:
            return
        if self._unwritten >= MOST:
            if not self._lost:
                self._log.warning("the journal falls behind, decisions will be missing in it", waiting=MOST)
            self._lost += 1
            self._counts.dropped(1)
            return
        if len(self._waiting) >= BATCH and isinstance(entry, Decision):
            tuple(entry.trace)  # made now: thousands that wait for the disk must not keep the facts of their instants
        self._waiting.append(entry)
        self._news.set()

    @property
    def why(self) -> str:
        """Return why the journal is not kept as it should be; empty where it is."""
        told = self._fault
        if not told and self._busy_since is not None:
            took_s = self._clock.steady() - self._busy_since
            told = f"its disk has not answered for {took_s:.0f} s; look at the disk" if took_s > SLOW_S else ""
        missing = f"{self._lost} entries are missing" if self._lost else ""
        return "; ".join(filter(None, (told, missing)))

    @property
    def left(self) -> str:
        """Return what would be lost with the process now; empty for nothing."""
        return f"{self._unwritten} entries of the journal" if self._unwritten else ""

    @property
    def _unwritten(self) -> int:
        return len(self._waiting) + len(self._rows)

    async def run(self) -> None:
        """Write notes and delete what is old, until cancelled; then write what waits, within CLOSE_WITHIN_S."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TIDY_EVERY_S):
                        await self._news.wait()
                self._news.clear()
                wrote = await self._write_waiting()
                tidied = await self._tidy()  # in any case: what is old may be what takes the room
                await asyncio.sleep(PAUSE_S if wrote and tidied else AGAIN_S)
                if self._unwritten:
                    self._news.set()
        finally:
            async with last_moments(CLOSE_WITHIN_S):
                # What a thread is writing at this moment is among them; it is not written twice.
                while self._unwritten and await self._write_waiting():
                    pass  # a few came meanwhile

    async def _write_waiting(self) -> bool:
        """Write what waits, and return whether that went well; the few that come meanwhile wait for others."""
        while self._unwritten:
            began = self._clock.steady()
            await self._make_rows()
            batch = self._rows[:]
            try:
                await self._in_thread(partial(self._journal.write, batch))
            except StoreError as error:
                self._failed(error)
                return False
            except Exception:  # noqa: BLE001 - it is told, with its traceback
                # A fault of ours in one of them must not stop the journal for good.
                self._lose(len(batch))
            else:
                self._written(len(batch))
            del self._rows[: len(batch)]
            if self._unwritten < BATCH:
                break
            await asyncio.sleep(self._pause_s(self._clock.steady() - began))
        return True

    async def _make_rows(self) -> None:
        """Make rows of notes until there is a batch."""
        while self._waiting and len(self._rows) < BATCH:
            for _ in range(min(AT_ONCE, len(self._waiting))):
                try:
                    self._rows.append(self._journal.row(self._waiting.popleft()))
                except Exception:  # noqa: BLE001 - it is told, with its traceback
                    self._lose(1)
            await asyncio.sleep(0)

    def _lose(self, count: int) -> None:
        self._log.exception("entries of the journal are lost", count=count)
        self._counts.failed()
        self._counts.dropped(count)

    def _pause_s(self, took_s: float) -> float:
        """Return how long to leave the processor to calls: as long as the batch took, and less the more wait."""
        room = max(0.0, 1 - self._unwritten / MOST)
        return min(PAUSE_S, took_s) * room

    async def _tidy(self) -> bool:
        """Delete what is too old, step by step, and return whether that went well."""
        if self._clock.steady() - self._tidied_at < TIDY_EVERY_S:
            return True
        if not self._sure():
            return True
        before = self._clock.now() - self._keep_s
        try:
            more = await self._in_thread(partial(self._journal.tidy, before, TIDY_ROWS)) == TIDY_ROWS
        except StoreError as error:
            self._failed(error)
            return False
        if not self._unwritten:
            self._written(0)
        if more:
            self._news.set()
        else:
            self._tidied_at = self._clock.steady()
        return True

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        self._busy_since = self._clock.steady()
        try:
            return await asyncio.to_thread(work)
        finally:
            self._busy_since = None

    def _failed(self, error: StoreError) -> None:
        self._counts.failed()
        if not self._fault:
            self._log.error("the journal can't be written; calls go on", error=str(error))
        self._fault = str(error)

    def _written(self, count: int) -> None:
        self._counts.written(count)
        if self._fault:
            self._fault = ""
            self._log.warning("the journal is written again")
        if self._lost and self._unwritten < MOST // 2:
            self._log.warning("the journal has caught up", missing=self._lost)
            self._lost = 0
