"""The control socket as a file: who may use it, and whom it belongs to."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ccrouter.web.unix_socket import Peer, SocketError, listening, peer_of


@pytest.fixture
def path() -> Iterator[Path]:
    """Give a path for a socket; pytest's own folders can be longer than the 107 bytes that a socket may have."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        yield Path(folder) / "control.sock"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_the_permissions_are_those_asked_for(path: Path, umask: int, mode: int) -> None:
    """Whatever the umask, and without an instant in which more people had a right."""
    before = os.umask(umask)
    try:
        with listening(path, mode):
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)


def test_the_group_gets_what_the_mode_gives(path: Path) -> None:
    """A group may be named; the file belongs to it."""
    with listening(path, 0o660, group=os.getgid()):
        assert (path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (os.getgid(), 0o660)


def test_the_socket_goes_when_the_daemon_stops(path: Path) -> None:
    """Nothing but the lock is left, and the next one starts."""
    for _ in range(2):
        with listening(path):
            pass
        assert not path.exists()


def test_a_second_daemon_is_refused(path: Path) -> None:
    """The first one is not disturbed."""
    with listening(path) as first:
        with pytest.raises(SocketError, match="another ccrouter is running"), listening(path):
            pass
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            first.setblocking(True)  # noqa: FBT003 - the standard library's own signature
            first.accept()[0].close()


def test_what_a_killed_daemon_left_is_taken_over(path: Path) -> None:
    """After a kill -9 the file is still there and nobody listens: it is replaced."""
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom ccrouter.web.unix_socket import listening\n"
        "with listening(Path(sys.argv[1])):\n    print('ready', flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE) as child:  # noqa: S603 - our own interpreter and script
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(SocketError, match="another ccrouter is running"), listening(path):
            pass
        child.send_signal(signal.SIGKILL)
    assert path.exists()
    with listening(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_socket_of_another_program_is_left_alone(path: Path) -> None:
    """Somebody who listens there without our lock keeps it."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(SocketError, match="another program listens"), listening(path):
            pass
        assert path.exists()


def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    """Nobody's file is removed by a wrong path in the settings."""
    path.write_text("precious")
    with pytest.raises(SocketError, match="is no socket"), listening(path):
        pass
    assert path.read_text() == "precious"


def test_a_lock_that_is_a_link_is_not_followed(path: Path) -> None:
    """In a folder that others may write, it would make or hold a file of their choice."""
    path.with_name(f"{path.name}.lock").symlink_to(path.with_name("elsewhere"))
    with pytest.raises(SocketError, match="can't be used"), listening(path):
        pass
    assert not path.with_name("elsewhere").exists()


def test_a_socket_that_was_replaced_is_not_removed(path: Path) -> None:
    """Only what is ours goes when we stop."""
    with listening(path):
        path.unlink()
        path.write_text("of somebody else")
    assert path.read_text() == "of somebody else"


@pytest.mark.parametrize("wrong", ["gone/control.sock", "x" * 200])
def test_a_path_that_cannot_be_used_is_told(tmp_path: Path, wrong: str) -> None:
    """A folder that is not there, a name that is too long."""
    with pytest.raises(SocketError, match="can't be"), listening(tmp_path / wrong):
        pass


def test_the_kernel_tells_who_is_at_the_other_end(path: Path) -> None:
    """Process, user and group, which the peer can't choose."""
    with listening(path) as listener, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        listener.setblocking(True)  # noqa: FBT003 - the standard library's own signature
        connection, _ = listener.accept()
        with connection:
            assert peer_of(connection) == Peer(os.getpid(), os.getuid(), os.getgid())
