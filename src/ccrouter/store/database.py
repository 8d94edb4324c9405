"""SQLite, opened for good: what was confirmed survives kill -9 and a power cut; a damaged file is moved aside.

Two routers may use one file. Everything here blocks; callers in the event loop use threads.
"""

import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from ccrouter.clock import Clock, utc
from ccrouter.errors import StoreError

PRIVATE: Final = 0o600
BUSY_S: Final = 2.0
"""How long another program may hold the file, `sqlite3` in somebody's shell for instance, before a write is refused."""

AGAIN_S: Final = 0.01
"""Between two tries to have the folder for ourselves."""

TURN_S: Final = 5.0
"""How long to wait for another thread of ours. Where it hangs with its disk, the threads that wait must not all hang
too: calls do without them, but what shares them (a reload, the look-up of a PABX's name) does not."""

KEPT_BROKEN: Final = 3
"""Damaged files that stay beside the one in use; older ones are removed."""

DAMAGED: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})
"""Errors by which SQLite says that the file is none of its own, or not whole."""

CURES: Final = {
    "SQLITE_BUSY": "another program holds it; end that program",
    "SQLITE_CANTOPEN": "does its folder exist, and may ccrouter write there?",
    "SQLITE_FULL": "the disk is full; make room",
    "SQLITE_IOERR": "is the disk full, or failing?",
    "SQLITE_LOCKED": "another program holds it; end that program",
    "SQLITE_PERM": "may ccrouter write there?",
    "SQLITE_READONLY": "may ccrouter write there, and is the disk mounted for writing?",
}


LOCKLESS: Final = frozenset({errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS})
"""What flock(2) tells of a folder whose file system can't lock it as those of this machine do: NFS, for instance."""

LOCAL: Final = "its folder, the setting `state_dir`, must be on a disk of this machine, not on NFS or another network's"


class DamagedError(StoreError):
    """The file was damaged and has been moved aside, as the text tells; an empty one takes its place."""


class Database:
    """One SQLite file, opened when it is first used and again after every error, so that it heals with its disk.

    Args:
        path: the file; it is made where it is missing, in a folder that exists, for our own eyes only.
        steps: SQL scripts that lead from an empty file to today's tables. `user_version` counts those that were
            done, so a new release appends a step and never edits one.
        clock: names the file moved aside.
        lasting: wait at every commit until it is safe on disk; else a power cut (not a crash of ours) may cost the
            last seconds, and the file stays whole all the same.
        checked: read the whole file through for damage when it is opened; for small ones.

    Attributes:
        faults: uses that failed since the start.
        lost: what became of a damaged file that was moved aside, by this process; empty where none was.

    """

    def __init__(
        self, path: Path, steps: Sequence[str], clock: Clock, *, lasting: bool = True, checked: bool = True
    ) -> None:
        self.path = path
        self._steps = steps
        self._clock = clock
        self._lasting = lasting
        self._checked = checked
        self._connection: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._opened = 0
        self.faults = 0
        self.lost = ""
        self._one_at_a_time = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one state of the file while the context lasts.

        Raises:
            StoreError: it can't be read; the text tells the cure, or where a damaged file was moved.

        """
        with self._transaction("begin", "read") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are all made as the context ends, or none where anything is raised.

        Raises:
            StoreError: none was made; the text tells the cure, or where a damaged file was moved.

        """
        with self._transaction("begin immediate", "written") as connection:
            yield connection

    def mark(self) -> tuple[int, int]:
        """Return what differs from the last mark where another process changed the file, or another file is there.

        Cheap: nothing is read from the disk. What this very object wrote makes no difference.

        Raises:
            StoreError: it can't be told.

        """
        with self._turn("read"):
            found = self._open().execute("pragma data_version").fetchone()[0]
            return (self._opened, found)

    def try_writing(self) -> None:
        """Write what stands there already, and have it safe on disk.

        Raises:
            StoreError: it can't be written; the text tells the cure.

        """
        with self.writing() as connection:
            connection.execute(f"pragma user_version = {len(self._steps)}")

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._one_at_a_time:
            self._close()

    @contextmanager
    def _transaction(self, begin: str, done: str) -> Iterator[sqlite3.Connection]:
        with self._turn(done):
            connection = self._open()
            connection.execute(begin)
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("rollback")
                raise

    @contextmanager
    def _turn(self, done: str) -> Iterator[None]:
        if not self._one_at_a_time.acquire(timeout=TURN_S):
            self.faults += 1
            raise StoreError(
                f"{self.path} can't be {done}: its disk has not answered for {TURN_S:g} s; look at the disk"
            )
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self._close()
            self.faults += 1
            raise self._fault(error, done) from error
        finally:
            self._one_at_a_time.release()

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._inode == _inode(self.path):
            return self._connection
        self._close()  # somebody removed or replaced the file: what is written to the old one would be lost
        # Two processes that make the same file, or its tables, at the same instant would stumble over each other.
        with _alone_in(self.path.parent):
            return self._opened_anew()

    def _opened_anew(self) -> sqlite3.Connection:
        if _inode(self.path) is None:
            self._create()
        self._inode = _inode(self.path)
        connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            if connection.execute("pragma page_count").fetchone() == (0,):
                # Before all else: it can't be chosen any more once the file has content.
                connection.execute("pragma auto_vacuum = incremental")
            connection.execute("pragma journal_mode = wal")
            connection.execute(f"pragma synchronous = {'full' if self._lasting else 'normal'}")
            connection.execute("pragma foreign_keys = on")
            self._check(connection)
            self._step_up(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._opened += 1
        return connection

    def _create(self) -> None:
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE))
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _check(self, connection: sqlite3.Connection) -> None:
        if self._checked:
            found = connection.execute("pragma quick_check(1)").fetchone()[0]
            if found != "ok":
                error = sqlite3.DatabaseError(found)
                error.sqlite_errorname = "SQLITE_CORRUPT"
                raise error

    def _step_up(self, connection: sqlite3.Connection) -> None:
        done = connection.execute("pragma user_version").fetchone()[0]
        if done > len(self._steps):
            cure = "run that one, or move the file away to begin with an empty one"
            raise StoreError(f"{self.path} was written by a later ccrouter; {cure}")
        for number, step in enumerate(self._steps[done:], done + 1):
            connection.executescript(f"begin immediate; {step}; pragma user_version = {number}; commit")

    def _fault(self, error: sqlite3.Error | OSError, done: str) -> StoreError:
        if isinstance(error, BlockingIOError):
            told = f"whoever opens a file beside it has not answered for {BUSY_S:g} s; look at the disk"
            return StoreError(f"{self.path} can't be {done}: {told}")
        if isinstance(error, OSError):
            local = f"; {LOCAL}" if error.errno in LOCKLESS else ""
            return StoreError(f"{self.path} can't be {done}: {error.strerror}{local}")
        name = getattr(error, "sqlite_errorname", "")
        kind = "_".join(name.split("_")[:2])  # SQLITE_IOERR_WRITE is a kind of SQLITE_IOERR
        if kind in DAMAGED:
            self.lost = f"{self.path} is damaged ({error}); {self._move_aside()}"
            return DamagedError(self.lost)
        cure = CURES.get(kind)
        return StoreError(f"{self.path} can't be {done}: {error}{f'; {cure}' if cure else ''}")

    def _move_aside(self) -> str:
        name = f"{self.path.name}.broken-{utc(self._clock.now()):%Y%m%dT%H%M%SZ}"
        names = (self.path.with_name(name if n == 1 else f"{name}-{n}") for n in count(1))
        try:
            with _alone_in(self.path.parent):
                if self._inode != _inode(self.path):
                    return "the other router has moved it aside already"
                aside = next(path for path in names if not path.exists())
                # The log first: beside an empty file it would be taken for that file's own.
                for suffix in ("-wal", "-shm", ""):
                    with suppress(FileNotFoundError):
                        Path(f"{self.path}{suffix}").rename(f"{aside}{suffix}")
                self._forget_broken()
        except OSError as error:
            return f"it can't be moved aside: {error.strerror}"
        return f"it was moved to {aside.name}, and an empty one takes its place: nothing that it held counts any more"

    def _forget_broken(self) -> None:
        """Let damaged files go but for the newest: a disk that damages them again and again must not fill up."""
        there = self.path.parent.glob(f"{self.path.name}.broken-*")
        files = [path for path in there if not path.name.endswith(("-wal", "-shm"))]
        for path in sorted(files, key=lambda path: path.stat().st_ctime_ns)[:-KEPT_BROKEN]:
            for suffix in ("-wal", "-shm", ""):
                Path(f"{path}{suffix}").unlink(missing_ok=True)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes that do the same out of a folder; a process that ends in any way lets them in.

    Raises:
        OSError: the folder can't be had, BlockingIOError where another one keeps it for longer than BUSY_S.

    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for left in range(round(BUSY_S / AGAIN_S), -1, -1):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not left:
                    raise
                time.sleep(AGAIN_S)
        yield
    finally:
        os.close(handle)


def leave_room(path: Path, spared_bytes: int) -> None:
    """Refuse to let a file grow where the disk has less room than this left.

    Raises:
        StoreError: it has, or can't be asked.

    """
    folder = path.parent
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        raise StoreError(f"{folder} can't be looked at: {error.strerror}") from error
    if disk.f_bavail * disk.f_frsize < spared_bytes:
        raise StoreError(f"{path} does not grow any more: the disk is nearly full; make room")


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino)
