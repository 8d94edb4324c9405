"""A unix socket that is never open to more people than meant, and never taken from a daemon that lives."""

import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ccrouter.errors import CcrouterError

PROBE_S: Final = 1.0
BACKLOG: Final = 16
_CREDENTIALS: Final = struct.Struct("3i")


class SocketError(CcrouterError):
    """The socket can't be opened; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a unix socket, as the kernel tells it."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket) -> Peer:
    """Return who is at the other end (SO_PEERCRED, unix(7))."""
    return Peer(*_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)))


@contextmanager
def listening(path: Path, mode: int = 0o600, group: int | None = None) -> Iterator[socket.socket]:
    """Listen at a path while the context lasts, with exactly these permissions, whatever the umask.

    A lock beside the socket tells whether its daemon lives: the kernel gives it back when a daemon dies in any way.

    Raises:
        SocketError: another daemon lives there, or the path can't be used.

    """
    with _locked(path):
        _clear(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            _open(listener, path, mode, group)
            ours = _inode(path)
            try:
                yield listener
            finally:
                if _inode(path) == ours:
                    path.unlink()


def check_alone(path: Path) -> None:
    """Look whether the daemon of this path lives, so that a second one can end before it touches anything.

    Raises:
        SocketError: it lives, or the path can't be used.

    """
    with _locked(path):
        pass


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = os.open(path.with_name(f"{path.name}.lock"), flags, 0o600)
    except OSError as error:
        raise SocketError(f"{path} can't be used: {error.strerror}; does its folder exist, and is it ours?") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SocketError(f"another ccrouter is running: it holds {path}; stop it first") from None
        yield
    finally:
        os.close(lock)


def _clear(path: Path) -> None:
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found):
        raise SocketError(f"{path} is there and is no socket; move it away or name another path")
    if _somebody_listens(path):
        raise SocketError(f"another program listens at {path}; stop it or name another path")
    path.unlink()


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True  # a full backlog, or one that we may not even ask: in doubt it is not ours to remove
        return True


def _open(listener: socket.socket, path: Path, mode: int, group: int | None) -> None:
    try:
        # On Linux the file takes its mode from the socket, less the umask: so there is no instant with more rights.
        os.fchmod(listener.fileno(), mode if group is None else mode & 0o700)
        listener.bind(str(path))
        if group is not None:
            os.chown(path, -1, group)
        path.chmod(mode)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    except OSError as error:
        told = f"{path} can't be opened: {error.strerror or error}"
        if group is not None and isinstance(error, PermissionError):
            told += "; the user who runs ccrouter must be a member of the group"
        raise SocketError(told) from error


def _inode(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        found = path.lstat()
        return (found.st_dev, found.st_ino)
    return None
