"""Modes over restarts, ends, crashes and full disks."""

import asyncio
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ccrouter.errors import StoreError
from ccrouter.store.audit import Audit, Deed
from ccrouter.store.database import Database
from ccrouter.store.keepers import kept_modes
from ccrouter.store.modes import ModeOn, Modes
from ccrouter.store.schema import STATE_FILE, state_database
from support.full_disk import full_disk
from support.hand_clock import HandClock

NOW = 1_795_289_835.0
CRISIS = ModeOn("crisis", "alice (root)", "flooded in Paris", NOW, NOW + 7200)
OUTSIDE = ModeOn("all_outside", "bob", "assembly: « à midi »\n{}", NOW)


@pytest.fixture
def modes(database: Database) -> Modes:
    """Give modes of which none is on."""
    return Modes(kept_modes(database))


@pytest.fixture
def audit(database: Database) -> Audit:
    """Give the audit journal beside them."""
    return Audit(database)


def restarted(tmp_path: Path, clock: HandClock) -> Modes:
    """Return what the next start finds."""
    database = state_database(tmp_path, clock)
    modes = Modes(kept_modes(database))
    modes.load()
    database.close()
    return modes


def put_aside(folder: Path) -> Path:
    """Put something else in place of the state file, and return where that is."""
    away = (folder / STATE_FILE).rename(folder / "away")
    (folder / STATE_FILE).mkdir()
    return away


def put_back(folder: Path, away: Path) -> None:
    """Undo that."""
    (folder / STATE_FILE).rmdir()
    away.rename(folder / STATE_FILE)


# --- what survives ----------------------------------------------------------------------------------------------------


async def test_modes_that_are_on_are_on_after_a_restart(tmp_path: Path, clock: HandClock, modes: Modes) -> None:
    """With author, reason, begin and end, whatever letters these hold."""
    await modes.switch_on(CRISIS)
    await modes.switch_on(OUTSIDE)
    again = restarted(tmp_path, clock)
    assert again.all(NOW) == (OUTSIDE, CRISIS)
    assert again.on(NOW) == {"crisis", "all_outside"}


async def test_a_mode_switched_off_stays_off(tmp_path: Path, clock: HandClock, modes: Modes, audit: Audit) -> None:
    """And the audit journal tells who did what, when, why, and until when."""
    await modes.switch_on(CRISIS)
    assert await modes.switch_off("crisis", "bob", "dry again", NOW + 60)
    assert restarted(tmp_path, clock).all(NOW + 60) == ()
    assert audit.latest(10) == [
        Deed(NOW + 60, "bob", "mode off", "crisis", "dry again"),
        Deed(NOW, "alice (root)", "mode on", "crisis", "flooded in Paris", until=NOW + 7200),
    ]


async def test_a_mode_that_is_off_is_not_switched_off_again(modes: Modes, audit: Audit) -> None:
    """Nothing changed, so the audit journal tells of no change; one whose end has come is off too."""
    assert not await modes.switch_off("crisis", "bob", "dry again", NOW)
    await modes.switch_on(CRISIS)
    assert not await modes.switch_off("crisis", "bob", "dry again", NOW + 7200)
    assert [deed.what for deed in audit.latest(10)] == ["mode on"]


async def test_a_mode_ends_when_it_said(tmp_path: Path, clock: HandClock, modes: Modes, audit: Audit) -> None:
    """At its end it is off for the very next decision, and a little later also in the file and the journal."""
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
    assert audit.latest(1) == [Deed(NOW + 7200, "ccrouter", "mode ended", "crisis", "flooded in Paris")]


async def test_what_ended_before_an_hour_waits_off_and_counts_again(
    modes: Modes, tmp_path: Path, clock: HandClock
) -> None:
    """Cleared away is only what ends after it; what ended before is off, and on by an earlier hour, kept as it was."""
    short = ModeOn("all_outside", "bob", "assembly", NOW, NOW + 9000)
    await modes.switch_on(CRISIS)
    await modes.switch_on(short)
    assert await modes.end_due(NOW + 9001, since=NOW + 8000) == (short,)
    assert await modes.end_due(NOW + 9002, since=NOW + 8000) == ()
    assert modes.on(NOW + 9002) == frozenset()
    assert modes.on(NOW + 60) == {"crisis"}
    assert restarted(tmp_path, clock).on(NOW + 60) == {"crisis"}
    assert await modes.end_due(NOW + 9003) == (CRISIS,)


async def test_a_mode_whose_end_came_while_nothing_ran_is_off(tmp_path: Path, clock: HandClock, modes: Modes) -> None:
    """A restart after the end does not bring it back."""
    await modes.switch_on(CRISIS)
    assert restarted(tmp_path, clock).on(NOW + 8000) == frozenset()


async def test_switches_at_the_same_time_are_all_kept(
    tmp_path: Path, clock: HandClock, modes: Modes, audit: Audit
) -> None:
    """Two admins at once do not undo each other."""
    names = [f"mode{i}" for i in range(12)]
    await asyncio.gather(*(modes.switch_on(ModeOn(name, "a", "b", NOW)) for name in names))
    assert restarted(tmp_path, clock).on(NOW) == set(names)
    assert len(audit.latest(20)) == 12


# --- what is broken ---------------------------------------------------------------------------------------------------


async def test_a_damaged_file_is_told_and_no_mode_is_on(tmp_path: Path, clock: HandClock) -> None:
    """The next switch works."""
    (tmp_path / STATE_FILE).write_bytes(b"?" * 5000)
    modes = Modes(kept_modes(state_database(tmp_path, clock)))
    with pytest.raises(StoreError, match=r"is damaged .*moved to"):
        modes.load()
    assert modes.on(NOW) == frozenset()
    await modes.switch_on(CRISIS)
    assert restarted(tmp_path, clock).on(NOW) == {"crisis"}


async def test_a_full_disk_changes_nothing_and_says_so(
    tmp_path: Path, clock: HandClock, modes: Modes, audit: Audit
) -> None:
    """The switch was not made: not in memory, not in the file, not in the audit journal."""
    await modes.switch_on(OUTSIDE)
    long = ModeOn("crisis", "alice", "flooded " * 10_000, NOW)
    with full_disk(60_000), pytest.raises(StoreError, match=r"can't be written: .*is the disk full"):
        await modes.switch_on(long)
    assert modes.on(NOW) == {"all_outside"}
    assert restarted(tmp_path, clock).on(NOW) == {"all_outside"}
    assert len(audit.latest(5)) == 1
    await modes.switch_on(long)
    assert restarted(tmp_path, clock).on(NOW) == {"all_outside", "crisis"}


async def test_modes_that_are_on_survive_a_file_that_is_lost(tmp_path: Path, clock: HandClock, modes: Modes) -> None:
    """The next switch keeps all of them again, for memory is what decisions go by."""
    await modes.switch_on(OUTSIDE)
    await asyncio.to_thread(shutil.rmtree, tmp_path)
    await asyncio.to_thread(tmp_path.mkdir)
    await modes.switch_on(CRISIS)
    assert restarted(tmp_path, clock).on(NOW) == {"all_outside", "crisis"}


async def test_what_could_not_be_read_at_the_start_is_not_written_over(
    tmp_path: Path, clock: HandClock, modes: Modes, database: Database
) -> None:
    """While it can't be read nothing is switched; then all count, also where nobody switches any."""
    await modes.switch_on(OUTSIDE)
    database.close()
    away = put_aside(tmp_path)
    later = Modes(kept_modes(database))
    with pytest.raises(StoreError, match="can't be read"):
        later.load()
    with pytest.raises(StoreError, match="can't be read"):
        await later.switch_on(CRISIS)
    put_back(tmp_path, away)
    assert await later.end_due(NOW) == ()
    assert later.on(NOW) == {"all_outside"}
    await later.switch_on(CRISIS)
    assert restarted(tmp_path, clock).on(NOW) == {"all_outside", "crisis"}


async def test_a_state_folder_that_is_gone_refuses_the_switch(tmp_path: Path, clock: HandClock) -> None:
    """The admin is told; nothing else happens."""
    modes = Modes(kept_modes(state_database(tmp_path / "gone", clock)))
    with pytest.raises(StoreError, match="No such file or directory"):
        modes.load()
    with pytest.raises(StoreError, match="No such file or directory"):
        await modes.switch_on(CRISIS)
    assert modes.on(NOW) == frozenset()


def test_killed_at_any_moment_modes_and_journal_agree(tmp_path: Path, clock: HandClock) -> None:
    """A process that switches without pause is killed again and again: what is found is one state that it kept.

    The last deed of the audit journal is the one that led to it.
    """
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from ccrouter.clock import SystemClock
        from ccrouter.store.audit import Deed
        from ccrouter.store.keepers import kept_modes
        from ccrouter.store.modes import ModeOn
        from ccrouter.store.schema import state_database
        from ccrouter.store.standing import Change

        keeper = kept_modes(state_database(Path(sys.argv[1]), SystemClock()))
        many = tuple(ModeOn(f"mode{i}", "a", "b" * 200, 0.0) for i in range(50))
        while True:
            for some in (many, many[:1]):
                keeper.change(lambda _: Change(some, [Deed(0.0, "a", str(len(some)))]), ())
                print(flush=True)
        """
    )
    for _ in range(5):
        with subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            for _ in range(20):
                child.stdout.readline()
            child.kill()
        database = state_database(tmp_path, clock)
        assert Audit(database).latest(1)[0].what == str(len(kept_modes(database).load()))
        database.close()
