"""The journal off the way of calls: whatever the disk does, no call waits, no memory grows, and it heals."""

import asyncio
import itertools
import os
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from ccrouter.app import journal as module
from ccrouter.app.journal import Recorder
from ccrouter.clock import SystemClock
from ccrouter.errors import StoreError
from ccrouter.store.decisions import Decisions, Entry, Row, Wanted
from ccrouter.store.schema import JOURNAL_FILE, journal_database
from ccrouter.telemetry.journal import JournalCounts
from support.full_disk import full_disk
from support.hand_clock import HandClock
from support.made_decisions import ended, keep, made
from support.world import NOON

DAY_S = 86400
WITHIN_S = 20
LOOK_AGAIN_S = 0.02


class Desk:
    """A recorder with a journal that can be held up; the test is woken after each attempt to write or tidy."""

    def __init__(self, folder: Path, *, keep_s: float = 30 * DAY_S, spared_bytes: int = 0) -> None:
        clock = HandClock(NOON)
        self.kept = Decisions(journal_database(folder, clock), mask_callers=True, spared_bytes=spared_bytes)
        self.registry = CollectorRegistry()
        self.may_write = threading.Event()
        self.may_write.set()
        self.fault: Exception | None = None
        self.sure = True
        self.turns = 0
        self.made_at: list[int] = []
        self._tried = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.recorder = Recorder(
            self,
            keep_s=keep_s,
            clock=clock,
            counts=JournalCounts(self.registry),
            log=structlog.get_logger(),
            sure=lambda: self.sure,
        )

    def row(self, entry: Entry) -> Row:
        """Return it as it is written."""
        self.made_at.append(self.turns)
        return self.kept.row(entry)

    async def turn(self) -> NoReturn:
        """Count the turns of the event loop."""
        while True:
            self.turns += 1
            await asyncio.sleep(0)

    def write(self, rows: Iterable[Row]) -> None:
        """Write, when it may."""
        try:
            self.may_write.wait(WITHIN_S)
            if self.fault:
                raise self.fault
            self.kept.write(rows)
        finally:
            self._loop.call_soon_threadsafe(self._tried.set)

    def tidy(self, before: float, most: int) -> int:
        """Delete."""
        try:
            return self.kept.tidy(before, most)
        finally:
            self._loop.call_soon_threadsafe(self._tried.set)

    def figure(self, name: str) -> float | None:
        """Return a figure of the metrics."""
        return self.registry.get_sample_value(f"ccrouter_journal_{name}")

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it is so; it is looked after each attempt, and once more, for the recorder hears of it later."""
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        await self._tried.wait()
                self._tried.clear()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let it run while the context lasts."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.recorder.run())
            try:
                yield
            finally:
                self.may_write.set()
                task.cancel()

    def decisions(self) -> list[str]:
        """Return the ids in the journal, oldest first."""
        return [line.decision for line in reversed(self.kept.search(Wanted(), 100_000))]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    monkeypatch.setattr(module, "PAUSE_S", 0.001)


def ids(*numbers: int) -> list[str]:
    """Return ids from the first to before the second number."""
    return [f"d{n}" for n in range(*numbers)]


async def test_decisions_and_ends_are_written_in_order(tmp_path: Path) -> None:
    """Many in one transaction, and counted."""
    desk = Desk(tmp_path)
    async with desk.running():
        for n in range(500):
            desk.recorder.note(made(n))
            desk.recorder.note(ended(n))
        await desk.until(lambda: desk.figure("written_total") == 1000)
        assert desk.decisions() == ids(500)
        assert all(line.end for line in desk.kept.search(Wanted(), 1000))
    assert (desk.figure("healthy"), desk.figure("dropped_total"), desk.figure("queue_length")) == (1, 0, 0)


async def test_calls_have_their_turn_while_many_rows_are_made(tmp_path: Path) -> None:
    """However many notes wait, only some rows are made at once."""
    desk = Desk(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        calls = tasks.create_task(desk.turn())
        async with desk.running():
            for n in range(300):
                desk.recorder.note(made(n))
            await desk.until(lambda: desk.figure("written_total") == 300)
        calls.cancel()
    assert len(desk.made_at) == 300
    assert max(Counter(desk.made_at).values()) <= module.AT_ONCE


async def test_what_waits_is_written_at_the_end(tmp_path: Path) -> None:
    """A daemon that is stopped in the middle of a write loses nothing, and writes nothing twice."""
    desk = Desk(tmp_path)
    desk.may_write.clear()
    async with desk.running():
        desk.recorder.note(made(0))
        await asyncio.sleep(0.01)  # now a thread hangs in it
        desk.recorder.note(made(1))
    assert desk.decisions() == ids(2)


async def test_a_disk_that_hangs_costs_no_call_and_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes are left at once; beyond the bound they are dropped, counted, and told once; then it goes on."""
    monkeypatch.setattr(module, "MOST", 300)
    desk = Desk(tmp_path)
    desk.may_write.clear()
    with capture_logs() as log:
        async with desk.running():
            for n in range(1000):
                desk.recorder.note(made(n))
            await asyncio.sleep(0.02)
            assert (desk.figure("queue_length"), desk.figure("dropped_total")) == (300, 700)
            desk.may_write.set()
            await desk.until(lambda: desk.figure("written_total") == 300)
            desk.recorder.note(made(1000))
            await desk.until(lambda: desk.figure("written_total") == 301)
        assert desk.decisions() == [*ids(300), "d1000"]
    assert [line["event"] for line in log] == [
        "the journal falls behind, decisions will be missing in it",
        "the journal has caught up",
    ]
    assert log[1]["missing"] == 700


async def test_a_full_disk_is_told_once_and_heals_by_itself(tmp_path: Path) -> None:
    """Nothing is lost that still fits into the queue."""
    desk = Desk(tmp_path)
    with capture_logs() as log:
        async with desk.running():
            desk.recorder.note(made(0))
            await desk.until(lambda: desk.figure("written_total") == 1)
            with full_disk(80_000):
                for n in range(1, 400):
                    desk.recorder.note(made(n))
                await desk.until(lambda: (desk.figure("errors_total") or 0) >= 5)
                assert desk.figure("healthy") == 0
            await desk.until(lambda: desk.figure("written_total") == 400)
            assert desk.figure("healthy") == 1
        assert desk.decisions() == ids(400)
    assert [line["event"] for line in log] == [
        "the journal can't be written; calls go on",
        "the journal is written again",
    ]
    assert "is the disk full" in log[0]["error"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of 2 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() or mount is None:
        pytest.skip("only root may mount a file system")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False).returncode:  # noqa: S603 - our own folder
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607 - what was mounted above


async def test_a_real_disk_without_room(small_disk: Path) -> None:
    """Filled to the last byte by somebody else, and emptied again."""
    desk = Desk(small_disk)
    filler = small_disk / "filler"
    async with desk.running():
        desk.recorder.note(made(0))
        await desk.until(lambda: desk.figure("written_total") == 1)
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            file.writelines(itertools.repeat(b"x" * 4096))
        for n in range(1, 400):
            desk.recorder.note(made(n))
        await desk.until(lambda: (desk.figure("errors_total") or 0) >= 3)
        assert (desk.figure("healthy"), desk.figure("queue_length")) == (0, 399)
        filler.unlink()
        await desk.until(lambda: desk.figure("written_total") == 400)
    assert desk.decisions() == ids(400)
    desk.kept._database.close()


async def test_the_journal_leaves_room_for_what_matters_more(small_disk: Path) -> None:
    """It stops growing before the disk is full."""
    desk = Desk(small_disk, spared_bytes=1024 * 1024)
    async with desk.running():
        for n in range(2000):
            desk.recorder.note(made(n))
        await desk.until(lambda: desk.figure("healthy") == 0)
        disk = os.statvfs(small_disk)
        assert disk.f_bavail * disk.f_frsize > 512 * 1024
    desk.kept._database.close()


async def test_a_damaged_journal_is_moved_aside_and_begins_anew(tmp_path: Path) -> None:
    """What was in it is kept beside it, and what waited is in the new one."""
    (tmp_path / JOURNAL_FILE).write_bytes(b"no database" * 1000)
    desk = Desk(tmp_path)
    with capture_logs() as log:
        async with desk.running():
            desk.recorder.note(made(0))
            await desk.until(lambda: desk.figure("written_total") == 1)
        assert desk.decisions() == ids(1)
    assert "it was moved to journal.db.broken-" in log[0]["error"]


async def test_a_fault_of_ours_costs_a_batch_and_not_the_journal(tmp_path: Path) -> None:
    """What can't be written whatever the disk does is dropped, counted, and told with its traceback."""
    desk = Desk(tmp_path)
    with capture_logs() as log:
        async with desk.running():
            desk.fault = ValueError("a fault of ours")
            desk.recorder.note(made(0))
            await desk.until(lambda: desk.figure("dropped_total") == 1)
            desk.fault = None
            desk.recorder.note(made(1))
            await desk.until(lambda: desk.figure("written_total") == 1)
        assert desk.decisions() == ["d1"]
    assert [(line["event"], line["log_level"]) for line in log] == [("entries of the journal are lost", "error")]


async def test_what_is_too_old_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step by step, when the daemon starts and from time to time."""
    monkeypatch.setattr(module, "TIDY_ROWS", 10)
    desk = Desk(tmp_path, keep_s=30 * DAY_S)
    keep(desk.kept, (made(n, NOON - (55 - n) * DAY_S) for n in range(55)))
    async with desk.running():
        desk.recorder.note(made(55))
        await desk.until(lambda: desk.decisions() == ids(25, 56))


async def test_a_disk_that_heals_while_no_call_comes_is_told_too(tmp_path: Path) -> None:
    """Nobody is woken in the night for what is over."""
    (tmp_path / JOURNAL_FILE).mkdir()
    desk = Desk(tmp_path)
    async with desk.running():
        desk.recorder._news.set()  # as the time to tidy up does
        await desk.until(lambda: desk.figure("healthy") == 0)
        (tmp_path / JOURNAL_FILE).rmdir()
        desk.recorder._news.set()
        await desk.until(lambda: desk.figure("healthy") == 1)


async def test_a_journal_that_is_off_takes_no_notes(tmp_path: Path) -> None:
    """And deletes what was kept before."""
    desk = Desk(tmp_path, keep_s=0)
    keep(desk.kept, [made(0, NOON - 1)])
    async with desk.running():
        desk.recorder.note(made(1))
        desk.recorder._news.set()
        await desk.until(lambda: desk.decisions() == [])
    assert desk.figure("queue_length") == 0


async def test_an_error_at_the_very_end_does_not_keep_the_daemon_from_stopping(tmp_path: Path) -> None:
    """A disk that refuses at that moment costs what waits."""
    desk = Desk(tmp_path)
    async with asyncio.timeout(WITHIN_S):
        async with desk.running():
            desk.fault = StoreError("no")
            desk.recorder.note(made(0))
    assert desk.decisions() == []


async def test_a_note_costs_a_call_next_to_nothing(tmp_path: Path) -> None:
    """Less than a hundredth of a millisecond in the mean, with a disk that hangs and a queue that is full too."""
    desk = Desk(tmp_path)
    desk.may_write.clear()
    decision, clock = made(0), SystemClock()
    async with desk.running():
        for _ in range(3):
            begin = clock.steady()
            for _ in range(20_000):
                desk.recorder.note(decision)
            if (clock.steady() - begin) / 20_000 < 10e-6:
                break
        else:
            pytest.fail("a note takes longer")
        desk.recorder._waiting.clear()


async def test_nothing_is_deleted_while_the_hour_is_not_sure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that jumped ahead by years would else cost the whole journal; entries are written meanwhile."""
    monkeypatch.setattr(module, "TIDY_EVERY_S", 0.0)
    desk = Desk(tmp_path, keep_s=0.001)
    desk.sure = False
    async with desk.running():
        desk.recorder.note(made(0, NOON - 60))
        await desk.until(lambda: desk.figure("written_total") == 1)
        desk.recorder.note(made(1, NOON - 60))
        await desk.until(lambda: desk.figure("written_total") == 2)
        assert len(desk.decisions()) == 2
        desk.sure = True
        await desk.until(lambda: not desk.decisions())
