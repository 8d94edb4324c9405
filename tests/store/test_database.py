"""The file that holds what must survive: damage, full disks, other programs, kill -9."""

import errno
import fcntl
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccrouter.errors import StoreError
from ccrouter.store import audit
from ccrouter.store import database as module
from ccrouter.store.audit import Audit, Deed
from ccrouter.store.database import DamagedError, Database
from ccrouter.store.schema import STATE_FILE, state_database
from support.full_disk import full_disk
from support.hand_clock import HandClock

NOW = 1_795_289_835.0
DEED = Deed(NOW, "alice", "mode on", "crisis", "flooded")
ONE_TABLE = ("create table things (name text primary key)",)


def names(folder: Path) -> set[str]:
    """Return the files in a folder."""
    return {path.name for path in folder.iterdir()}


def test_what_is_read_again_is_what_was_written(database: Database, tmp_path: Path, clock: HandClock) -> None:
    """By another run too."""
    Audit(database).append(DEED)
    database.close()
    assert Audit(state_database(tmp_path, clock)).latest(5) == [DEED]


def test_files_are_for_the_daemon_alone(database: Database, tmp_path: Path) -> None:
    """Reasons, authors and callers are nobody else's business, whatever the umask."""
    before = os.umask(0)
    try:
        Audit(database).append(DEED)
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        STATE_FILE: 0o600,
        f"{STATE_FILE}-wal": 0o600,
        f"{STATE_FILE}-shm": 0o600,
    }


def test_what_was_confirmed_waits_for_the_disk(database: Database) -> None:
    """In a write-ahead log that is synced at every commit (https://sqlite.org/pragma.html, 2 is FULL)."""
    with database.writing() as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
        assert connection.execute("pragma synchronous").fetchone() == (2,)
        assert connection.execute("pragma foreign_keys").fetchone() == (1,)


def test_a_change_that_raises_is_not_made(database: Database) -> None:
    """All of a transaction, or nothing, and the next one works."""

    class OurFaultError(Exception):
        pass

    def fail() -> None:
        with database.writing() as connection:
            connection.execute("insert into modes values ('crisis', 'a', 'b', 1, null)")
            raise OurFaultError

    with pytest.raises(OurFaultError):
        fail()
    with database.reading() as connection:
        assert connection.execute("select count(*) from modes").fetchone() == (0,)


# --- releases ---------------------------------------------------------------------------------------------------------


def test_a_new_release_takes_the_steps_that_are_missing(tmp_path: Path, clock: HandClock) -> None:
    """Each once, in order; what was there stays."""
    first = Database(tmp_path / "x.db", ONE_TABLE, clock)
    with first.writing() as connection:
        connection.execute("insert into things values ('one')")
    first.close()
    steps = (
        *ONE_TABLE,
        "alter table things add column colour text default 'red'",
        "insert into things values ('two', 'blue')",
    )
    for _ in range(2):
        later = Database(tmp_path / "x.db", steps, clock)
        with later.reading() as connection:
            assert connection.execute("select * from things").fetchall() == [("one", "red"), ("two", "blue")]
        later.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path, clock: HandClock) -> None:
    """Not half of a step is done, and the error is told at each use."""
    Database(tmp_path / "x.db", ONE_TABLE, clock).reading().__enter__()
    broken = Database(tmp_path / "x.db", (*ONE_TABLE, "create table more (a); create table things (b)"), clock)
    for _ in range(2):
        with pytest.raises(StoreError, match="table things already exists"), broken.reading():
            pass
    with Database(tmp_path / "x.db", ONE_TABLE, clock).reading() as connection:
        assert connection.execute("select name from sqlite_master where type = 'table'").fetchall() == [("things",)]


def test_a_file_of_a_later_release_is_left_alone(tmp_path: Path, clock: HandClock) -> None:
    """Told with the cure; nothing is moved or changed."""
    later = Database(tmp_path / "x.db", (*ONE_TABLE, "create table more (a)"), clock)
    with later.reading():
        pass
    later.close()
    with (
        pytest.raises(StoreError, match="written by a later ccrouter; run that one"),
        Database(tmp_path / "x.db", ONE_TABLE, clock).reading(),
    ):
        pass
    assert not [name for name in names(tmp_path) if "broken" in name]


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"no database", b"\0" * 5000, b"SQLite format 3\0" + b"\1" * 5000])
def test_a_damaged_file_is_told_and_moved_aside(database: Database, tmp_path: Path, content: bytes) -> None:
    """It is kept for whoever wants to look, and the next use works on an empty one."""
    (tmp_path / STATE_FILE).write_bytes(content)
    with pytest.raises(DamagedError, match=r"is damaged .*moved to ccrouter\.db\.broken-\w+, and an empty one"):
        Audit(database).latest(1)
    assert (tmp_path / f"{STATE_FILE}.broken-20261121T193715Z").read_bytes() == content
    Audit(database).append(DEED)
    assert Audit(database).latest(2) == [DEED]


def test_damaged_twice_in_a_second_both_files_are_kept(database: Database, tmp_path: Path) -> None:
    """Under names of their own."""
    for content in (b"one", b"two"):
        database.close()
        (tmp_path / STATE_FILE).write_bytes(content * 100)
        with pytest.raises(DamagedError):
            Audit(database).latest(1)
    assert {"ccrouter.db.broken-20261121T193715Z", "ccrouter.db.broken-20261121T193715Z-2"} <= names(tmp_path)


def test_damaged_again_and_again_only_the_newest_files_stay(
    database: Database, tmp_path: Path, clock: HandClock
) -> None:
    """A disk that damages what is written must not fill up with it; what belongs to such a file goes with it."""
    for number in range(module.KEPT_BROKEN + 3):
        database.close()
        clock.at += 60
        (tmp_path / STATE_FILE).write_bytes(b"no database" * (number + 1))
        (tmp_path / f"{STATE_FILE}-wal").write_bytes(b"nor this")
        with pytest.raises(DamagedError):
            Audit(database).latest(1)
    there = sorted(name for name in names(tmp_path) if "broken" in name and not name.endswith(("-wal", "-shm")))
    assert [(tmp_path / name).read_bytes().count(b"no") for name in there] == [4, 5, 6]
    assert {name.removesuffix("-wal").removesuffix("-shm") for name in names(tmp_path) if "broken" in name} == {*there}


def test_the_oldest_deeds_give_way(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history is kept to a number, so that no clock that is wrong deletes any of it."""
    monkeypatch.setattr(audit, "KEPT", 3)
    deeds = [Deed(at, "alice", "mode on", "crisis") for at in (NOW, 0.0, NOW * 2, NOW, NOW + 1)]
    for deed in deeds:
        Audit(database).append(deed)
    assert list(Audit(database).latest(10)) == deeds[:1:-1]


def test_a_trial_write_tells_what_a_use_would(database: Database) -> None:
    """It changes nothing, and fails where a switch would fail; every failure is counted."""
    Audit(database).append(DEED)
    database.try_writing()
    assert database.faults == 0
    with full_disk(1), pytest.raises(StoreError):
        database.try_writing()
    assert database.faults == 1
    database.try_writing()
    assert Audit(database).latest(5) == [DEED]


def test_pages_that_were_overwritten_are_found_at_the_start(
    database: Database, tmp_path: Path, clock: HandClock
) -> None:
    """Not years later, when somebody asks for that page."""
    audit = Audit(database)
    for _ in range(100):
        audit.append(Deed(NOW, "alice", "mode on", "crisis", "x" * 300))
    database.close()
    path = tmp_path / STATE_FILE
    content = bytearray(path.read_bytes())
    content[20_000:24_000] = b"\xff" * 4000
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        Audit(state_database(tmp_path, clock)).latest(1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(content=st.binary(max_size=300))
def test_no_content_at_all_keeps_the_daemon_from_starting(tmp_path: Path, clock: HandClock, content: bytes) -> None:
    """A file is read or it is refused; nothing else comes out."""
    (tmp_path / STATE_FILE).write_bytes(content)
    database = state_database(tmp_path, clock)
    with suppress(DamagedError):  # a file of hardly any bytes is an empty one to SQLite
        assert Audit(database).latest(1) == []
    Audit(database).append(DEED)
    database.close()


def test_a_file_removed_under_our_feet_begins_anew(database: Database, tmp_path: Path) -> None:
    """What is written to a file that has no name any more would be lost with the process."""
    Audit(database).append(DEED)
    for path in tmp_path.iterdir():
        path.unlink()
    Audit(database).append(DEED)
    with sqlite3.connect(tmp_path / STATE_FILE) as other:
        assert other.execute("select count(*) from deeds").fetchone() == (1,)
    other.close()


# --- disks, folders, other programs -----------------------------------------------------------------------------------


def test_a_folder_that_is_missing_is_told_and_healed(tmp_path: Path, clock: HandClock) -> None:
    """Each use tries again."""
    audit = Audit(state_database(tmp_path / "gone", clock))
    with pytest.raises(StoreError, match="can't be written: No such file or directory"):
        audit.append(DEED)
    (tmp_path / "gone").mkdir()
    audit.append(DEED)
    assert audit.latest(1) == [DEED]


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK])
def test_a_folder_of_a_network_is_told(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """NFS locks no folder that is open for reading: what stands in the way is the place of the folder."""

    def flock(_handle: int, _how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StoreError, match=r"the setting `state_dir`, must be on a disk of this machine"):
        Audit(state_database(tmp_path, clock)).append(DEED)


def test_something_else_in_its_place_is_told(database: Database, tmp_path: Path) -> None:
    """A folder, for instance."""
    (tmp_path / STATE_FILE).mkdir()
    with pytest.raises(StoreError, match=r"can't be read: .*may ccrouter write there"):
        Audit(database).latest(1)


def test_a_full_disk_is_told_and_healed(database: Database) -> None:
    """The deed is not in the journal; when there is room again, the next one is."""
    audit = Audit(database)
    audit.append(DEED)
    for _ in range(3):
        with full_disk(60_000), pytest.raises(StoreError, match=r"can't be written: .*; is the disk full"):
            audit.append(Deed(NOW, "bob", "mode on", "x" * 70_000))
        assert audit.latest(5) == [DEED]
    audit.append(DEED)
    assert audit.latest(5) == [DEED, DEED]


def test_a_thread_that_hangs_with_its_disk_does_not_hang_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are told so after a while, and have no part in it; when the disk answers, all is well again."""
    monkeypatch.setattr(module, "TURN_S", 0.05)
    audit = Audit(database)
    hangs, answers = threading.Event(), threading.Event()

    def hang() -> None:
        with database.writing():
            hangs.set()
            answers.wait(20)

    thread = threading.Thread(target=hang)
    thread.start()
    try:
        assert hangs.wait(20)
        with pytest.raises(StoreError, match=r"can't be written: its disk has not answered for 0\.05 s"):
            audit.append(DEED)
        with pytest.raises(StoreError, match="can't be read: its disk has not answered"):
            audit.latest(1)
    finally:
        answers.set()
        thread.join()
    audit.append(DEED)
    assert audit.latest(5) == [DEED]


def test_another_program_that_holds_the_file_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell that was left open in a transaction costs the change, not the daemon; reading goes on."""
    monkeypatch.setattr(module, "BUSY_S", 0.05)
    audit = Audit(database)
    audit.append(DEED)
    database.close()
    other = sqlite3.connect(tmp_path / STATE_FILE, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreError, match="another program holds it; end that program"):
        audit.append(DEED)
    assert audit.latest(5) == [DEED]
    other.execute("rollback")
    other.close()
    audit.append(DEED)


# --- kill -9 ----------------------------------------------------------------------------------------------------------


def test_killed_at_any_moment_nothing_confirmed_is_lost(tmp_path: Path, clock: HandClock) -> None:
    """A process that writes without pause is killed again and again: every deed that it confirmed is there."""
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from ccrouter.clock import SystemClock
        from ccrouter.store.audit import Audit, Deed
        from ccrouter.store.schema import state_database

        audit = Audit(state_database(Path(sys.argv[1]), SystemClock()))
        n = int(sys.argv[2])
        while True:
            audit.append(Deed(float(n), "a", "many", "x" * 500))
            print(n, flush=True)
            n += 1
        """
    )
    confirmed = -1
    for _ in range(5):
        with subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", script, str(tmp_path), str(confirmed + 1)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            for _ in range(20):
                confirmed = int(child.stdout.readline())
            child.kill()
            for line in child.stdout.readlines():
                confirmed = int(line) if line.endswith("\n") else confirmed
        database = state_database(tmp_path, clock)
        kept = {deed.at for deed in Audit(database).latest(1_000_000)}
        assert set(range(confirmed + 1)) <= kept
        confirmed = int(max(kept))
        database.close()


def test_what_is_done_to_positions_pushes_out_nothing_else(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of a position may pause it a hundred thousand times: what an admin did stays, and is told first."""
    monkeypatch.setattr(audit, "KEPT", 3)
    monkeypatch.setattr(audit, "KEPT_OF_POSITIONS", 2)
    admins = [Deed(NOW, "alice", "mode on", name) for name in ("a", "b", "c", "d")]
    agents = [Deed(NOW, "eve (token)", "position paused", "PJSIP/101", str(number)) for number in range(9)]
    for deed in (*admins[:2], *agents[:5], admins[2], *agents[5:], admins[3]):
        Audit(database).append(deed)
    assert list(Audit(database).latest(10)) == [admins[3], admins[2], admins[1]]
    assert list(Audit(database).latest(10, positions=True)) == [admins[3], agents[8], agents[7], admins[2], admins[1]]
