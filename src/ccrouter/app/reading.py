"""Reads a file that others may be writing: a version that somebody saved whole, or none.

Two signs tell that a writer is at work: the file changes while it is read, and the kernel says that a program has it
open for writing (a read lease, fcntl(2), is refused then). The kernel grants leases to the file's owner and to holders
of CAP_LEASE, on file systems of this machine; elsewhere the first sign stands alone.
"""

import fcntl
import gc
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGURG
from typing import Final

from ccrouter.config.load import compile_text, unreadable
from ccrouter.config.yaml_faults import MAX_BYTES
from ccrouter.errors import ConfigError
from ccrouter.routing.rules import Rules


class StillWrittenError(ConfigError):
    """A program has the file open for writing, so it may be half a file."""


TRIES: Final = 40
AGAIN_S: Final = 0.05
"""A read that was disturbed is tried again for two seconds in all."""

SAME_INSTANT_S: Final = 0.02
"""File systems tell times in steps of up to 10 ms: two writes in one of them look like one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What changes when a file does: another one under its name, a write, a change of owner or mode."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Mark":
        """Return the mark of a file that was looked at."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class Glance:
    """A file as it stands, without its content.

    Attributes:
        mark: None where there is no file.
        owner: number of the user whose file it is; None where there is none.
        finished: it ends with an end of line, as what editors and programs save mostly does.
        written: a program has it open for writing; None where the kernel does not tell us.

    """

    mark: Mark | None
    owner: int | None = None
    finished: bool = False
    written: bool | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole content of a file; `mark` is the one that it had before and after the read."""

    content: bytes
    mark: Mark
    owner: int


def mark_of(path: Path) -> Mark | None:
    """Return the mark of the file that a path leads to now; None where there is none. Blocks as long as its disk."""
    try:
        return Mark.of(path.stat())
    except OSError:
        return None


def glance(path: Path) -> Glance:
    """Look at a file more closely. Blocks."""
    try:
        with _opened(path) as handle:
            found = os.fstat(handle)
            regular = stat.S_ISREG(found.st_mode)
            last = os.pread(handle, 1, found.st_size - 1) if regular and found.st_size else b""
            with _held(handle) as held:
                return Glance(Mark.of(found), found.st_uid, last == b"\n", written=None if held is None else not held)
    except OSError:
        return Glance(mark_of(path))


def read_whole(path: Path) -> Reading:
    """Read a file between two writes. Blocks.

    Raises:
        RefusedFileError: it can't be read.
        ConfigError: it is no file.
        StillWrittenError: somebody kept writing it.

    """
    for tried in range(TRIES):
        if tried:
            time.sleep(AGAIN_S)
        try:
            reading = _read(path)
        except OSError as error:
            raise unreadable(path, error) from None
        if reading is not None:
            return reading
    raise StillWrittenError(
        f"{path}: a program still has this file open for writing, so it may be half a file. "
        f"Close it there, or put a copy in its place: cp {path} {path}.new && mv {path}.new {path}"
    )


def _read(path: Path) -> Reading | None:
    with _opened(path) as handle:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise ConfigError(f"{path}: this is no file with a text in it. Check the path")
        with _held(handle) as held:
            if held is False:
                return None
            content = b""
            while len(content) <= MAX_BYTES and (piece := os.read(handle, MAX_BYTES + 1 - len(content))):
                content += piece
            if held is None:
                time.sleep(SAME_INSTANT_S)
            after = os.fstat(handle)
    mark = Mark.of(before)
    return Reading(content, mark, before.st_uid) if mark == Mark.of(after) else None


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    # Without O_NONBLOCK, a named pipe in place of the file would hold us for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _held(handle: int) -> Iterator[bool | None]:
    """Keep writers away from a file; they wait, for the milliseconds of a read.

    Gives False where one has it open already, None where the kernel does not tell us.
    """
    try:
        # A writer who comes makes the kernel send a signal; by default SIGIO, which would end the process.
        fcntl.fcntl(handle, fcntl.F_SETSIG, SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        yield False
    except OSError:
        yield None
    else:
        try:
            yield True
        finally:
            with suppress(OSError):
                fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def compiled(content: bytes, path: Path) -> Rules:
    """Return the rules of a text that stands, or stood, in this file.

    Raises:
        ConfigError: they can't be used.

    """
    # A look for garbage through all that a large file is made of would hold up calls for some 60 ms, and find none:
    # what compiling leaves behind goes without.
    gc.disable()
    try:
        rules = compile_text(content, str(path))
        rules.prepare()  # here, where a fault refuses the file, and not with the first call
    except ConfigError:
        raise
    except Exception as error:  # a fault of ours must not cost the rules in force
        raise fault(path, error) from error
    else:
        return rules
    finally:
        gc.enable()


def fault(path: Path, error: Exception) -> ConfigError:
    """Return what is told where ccrouter fails on a file that may be good."""
    return ConfigError(f"{path}: ccrouter failed on this file ({error!r}); report it, and undo the last edit")
