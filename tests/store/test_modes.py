"""Modes over restarts, ends, crashes and full disks."""

import asyncio
import errno
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccrouter.errors import StoreError
from ccrouter.store.journal import Deed, Journal
from ccrouter.store.mode_files import AUDIT, FILE, ModeFiles
from ccrouter.store.modes import ModeOn, Modes
from support.hand_clock import HandClock

NOW = 1_795_289_835.0
CRISIS = ModeOn("crisis", "alice (root)", "flooded in Paris", NOW, NOW + 7200)
OUTSIDE = ModeOn("all_outside", "bob", "assembly: « à midi »", NOW)


@pytest.fixture
def clock() -> HandClock:
    """Give a clock that stands still."""
    return HandClock()


@pytest.fixture
def files(tmp_path: Path, clock: HandClock) -> ModeFiles:
    """Give a keeper in an empty folder."""
    return ModeFiles(tmp_path, clock)


def restarted(tmp_path: Path, clock: HandClock) -> Modes:
    """Return what the next start finds."""
    modes = Modes(ModeFiles(tmp_path, clock))
    modes.load()
    return modes


def deeds(tmp_path: Path) -> list[dict[str, object]]:
    """Return the audit journal."""
    path = tmp_path / AUDIT
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def contents(tmp_path: Path) -> dict[str, bytes]:
    """Return all that is in the folder."""
    return {path.name: path.read_bytes() if path.is_file() else b"" for path in tmp_path.iterdir()}


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Let no file grow beyond `limit` bytes: the kernel refuses the write half-way, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


# --- what survives ----------------------------------------------------------------------------------------------------


async def test_modes_that_are_on_are_on_after_a_restart(tmp_path: Path, clock: HandClock, files: ModeFiles) -> None:
    """With author, reason, begin and end, whatever letters these hold."""
    modes = Modes(files)
    await modes.switch_on(CRISIS)
    await modes.switch_on(OUTSIDE)
    again = restarted(tmp_path, clock)
    assert again.all(NOW) == (OUTSIDE, CRISIS)
    assert again.on(NOW) == {"crisis", "all_outside"}


async def test_a_mode_switched_off_stays_off(tmp_path: Path, clock: HandClock, files: ModeFiles) -> None:
    """And the journal tells who did what, when, why, and until when."""
    modes = Modes(files)
    await modes.switch_on(CRISIS)
    await modes.switch_off("crisis", "bob", "dry again", NOW + 60)
    assert restarted(tmp_path, clock).all(NOW + 60) == ()
    assert deeds(tmp_path) == [
        {
            "at": "2026-11-21T19:37:15.000+00:00",
            "who": "alice (root)",
            "what": "mode on",
            "subject": "crisis",
            "why": "flooded in Paris",
            "until": "2026-11-21T21:37:15.000+00:00",
        },
        {
            "at": "2026-11-21T19:38:15.000+00:00",
            "who": "bob",
            "what": "mode off",
            "subject": "crisis",
            "why": "dry again",
            "until": None,
        },
    ]


async def test_a_mode_ends_when_it_said(tmp_path: Path, clock: HandClock, files: ModeFiles) -> None:
    """At its end it is off for the very next decision, and a little later also in the file and the journal."""
    modes = Modes(files)
    await modes.switch_on(CRISIS)
    await modes.switch_on(OUTSIDE)
    assert modes.on(NOW + 7199.9) == {"crisis", "all_outside"}
    assert modes.on(NOW + 7200) == {"all_outside"}
    assert modes.on(NOW + 7199.9) == {"crisis", "all_outside"}
    assert await modes.end_due(NOW + 7199) == ()
    assert await modes.end_due(NOW + 7205) == (CRISIS,)
    assert await modes.end_due(NOW + 7206) == ()
    assert modes.all(NOW) == (OUTSIDE,)
    assert restarted(tmp_path, clock).all(NOW) == (OUTSIDE,)
    assert (deeds(tmp_path)[-1]["what"], deeds(tmp_path)[-1]["at"]) == ("mode ended", "2026-11-21T21:37:15.000+00:00")


async def test_a_mode_whose_end_came_while_nothing_ran_is_off(
    tmp_path: Path, clock: HandClock, files: ModeFiles
) -> None:
    """A restart after the end does not bring it back."""
    await Modes(files).switch_on(CRISIS)
    assert restarted(tmp_path, clock).on(NOW + 8000) == frozenset()


async def test_switches_at_the_same_time_are_all_kept(tmp_path: Path, clock: HandClock, files: ModeFiles) -> None:
    """Two admins at once do not undo each other."""
    modes = Modes(files)
    names = [f"mode{i}" for i in range(12)]
    await asyncio.gather(*(modes.switch_on(ModeOn(name, "a", "b", NOW)) for name in names))
    assert restarted(tmp_path, clock).on(NOW) == set(names)
    assert len(deeds(tmp_path)) == 12


def test_files_are_for_the_daemon_alone(tmp_path: Path, files: ModeFiles) -> None:
    """Reasons and authors are nobody else's business, whatever the umask."""
    before = os.umask(0)
    try:
        files.save([CRISIS], Deed(NOW, "a", "mode on"))
    finally:
        os.umask(before)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in (FILE, AUDIT)} == {0o600}
    assert set(contents(tmp_path)) == {FILE, AUDIT}


# --- what is broken ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 512,
        b'{"format": 1, "modes": [{"name": "crisis"',
        b'{"format": 2, "modes": []}',
        b'{"format": 1, "modes": [{"name": "crisis", "author": "a", "reason": "b", "since": "soon"}]}',
        b"[]",
        b'\xff\xfe{"format": 1}',
    ],
)
def test_a_broken_file_is_told_and_moved_aside(tmp_path: Path, clock: HandClock, content: bytes) -> None:
    """No mode is on, the file is kept for whoever wants to look, and the next switch works."""
    (tmp_path / FILE).write_bytes(content)
    modes = Modes(ModeFiles(tmp_path, clock))
    with pytest.raises(StoreError, match=r"modes\.json is broken .*moved to .*; no mode is on, switch on again"):
        modes.load()
    assert modes.on(NOW) == frozenset()
    aside = tmp_path / "modes.json.broken-20261121T193715Z"
    assert aside.read_bytes() == content
    asyncio.run(modes.switch_on(CRISIS))
    assert restarted(tmp_path, clock).on(NOW) == {"crisis"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(content=st.binary(max_size=300))
def test_no_content_at_all_keeps_the_daemon_from_starting(tmp_path: Path, clock: HandClock, content: bytes) -> None:
    """A file is read or it is refused; nothing else comes out."""
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreError):
        ModeFiles(tmp_path, clock).load()


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, clock: HandClock) -> None:
    """A folder in its place, for instance."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreError, match="can't be read"):
        ModeFiles(tmp_path, clock).load()


@pytest.mark.parametrize("room", [0, 40, 130])
async def test_a_full_disk_changes_nothing_and_says_so(
    tmp_path: Path, clock: HandClock, files: ModeFiles, room: int
) -> None:
    """The switch was not made: not in memory, not in the file, not in the journal, and no litter is left."""
    modes = Modes(files)
    await modes.switch_on(OUTSIDE)
    before = contents(tmp_path)
    with full_disk(room), pytest.raises(StoreError, match=r"can't be written: (File too large|No space)"):
        await modes.switch_on(CRISIS)
    assert modes.on(NOW) == {"all_outside"}
    assert contents(tmp_path) == before
    assert restarted(tmp_path, clock).on(NOW) == {"all_outside"}
    await modes.switch_on(CRISIS)
    assert restarted(tmp_path, clock).on(NOW) == {"all_outside", "crisis"}


async def test_a_journal_without_room_refuses_the_switch(tmp_path: Path, clock: HandClock, files: ModeFiles) -> None:
    """No switch without its line in the journal: what could not be written whole is taken back."""
    modes = Modes(files)
    for _ in range(20):
        await modes.switch_off("nothing", "bob", "fill the journal " * 10, NOW)
    length = (tmp_path / AUDIT).stat().st_size
    with full_disk(length + 20), pytest.raises(StoreError, match=r"the audit journal .* can't be written"):
        await modes.switch_on(CRISIS)
    assert (tmp_path / AUDIT).stat().st_size == length
    assert modes.on(NOW) == frozenset()
    assert restarted(tmp_path, clock).on(NOW) == frozenset()


async def test_a_state_folder_that_is_gone_refuses_the_switch(tmp_path: Path, clock: HandClock) -> None:
    """The admin is told; nothing else happens."""
    modes = Modes(ModeFiles(tmp_path / "gone", clock))
    modes.load()
    with pytest.raises(StoreError, match=os.strerror(errno.ENOENT)):
        await modes.switch_on(CRISIS)
    assert modes.on(NOW) == frozenset()


async def test_a_switch_that_fails_at_the_last_moment_is_put_right_in_the_journal(
    tmp_path: Path, files: ModeFiles
) -> None:
    """When the new file can't take its place, the journal, already written, says that it was not done."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreError, match="can't be written"):
        await Modes(files).switch_on(CRISIS)
    assert [deed["what"] for deed in deeds(tmp_path)] == ["mode on", "mode on: not done"]
    assert set(contents(tmp_path)) == {FILE, AUDIT}


def test_a_line_that_a_crash_left_unfinished_does_not_spoil_the_next(tmp_path: Path) -> None:
    """The journal goes on with a line of its own."""
    path = tmp_path / AUDIT
    path.write_bytes(b'{"at": "2026-11-')
    Journal(path).append(Deed(NOW, "alice", "reload"))
    lines = path.read_text().splitlines()
    assert lines[0] == '{"at": "2026-11-'
    assert json.loads(lines[1])["who"] == "alice"


def test_a_reason_with_line_ends_stays_one_line(tmp_path: Path) -> None:
    """Nobody writes a second deed into the journal by way of a reason."""
    journal = Journal(tmp_path / AUDIT)
    journal.append(Deed(NOW, "alice", "mode on", "crisis", 'x\n{"who": "bob"}\r\n\u2028'))
    assert len((tmp_path / AUDIT).read_bytes().splitlines()) == 1


def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path, clock: HandClock) -> None:
    """A process that switches without pause is killed again and again: what is found is one of the states it kept.

    What the killed process left half-written does not pile up.
    """
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from ccrouter.clock import SystemClock
        from ccrouter.store.journal import Deed
        from ccrouter.store.mode_files import ModeFiles
        from ccrouter.store.modes import ModeOn

        files = ModeFiles(Path(sys.argv[1]), SystemClock())
        many = [ModeOn(f"mode{i}", "a", "b" * 200, 0.0) for i in range(50)]
        print("ready", flush=True)
        while True:
            files.save(many, Deed(0.0, "a", "many"))
            files.save(many[:1], Deed(0.0, "a", "one"))
        """
    )
    for round_ in range(5):
        with subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            while len(deeds_seen(tmp_path)) < 7 * (round_ + 1):
                pass
            child.kill()
        assert len(ModeFiles(tmp_path, clock).load()) in {1, 50}
    asyncio.run(Modes(ModeFiles(tmp_path, clock)).switch_on(CRISIS))
    assert set(contents(tmp_path)) == {FILE, AUDIT}


def deeds_seen(tmp_path: Path) -> list[bytes]:
    """Return the lines of the journal, finished or not."""
    path = tmp_path / AUDIT
    return path.read_bytes().splitlines() if path.exists() else []
