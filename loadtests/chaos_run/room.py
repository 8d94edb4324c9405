"""What root alone can do to a router: swallow its packets, fill and freeze its disk; in a room of the run's own.

loadtests/chaos starts the run in a network and mount namespace where it may; elsewhere softer forms stand in.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

OWN: Final = bool(os.environ.get("CCROUTER_CHAOS_OWN_ROOM"))
"""Whether this run has namespaces of its own."""

AGI_NETWORK: Final = "10.73.0"
SWALLOWED_BY: Final = "swallow0"
DISK_MB: Final = 200
"""The journal does not grow any more with less than 64 MiB free."""


def agi_address(rank: int) -> str:
    """Return where router `rank` listens for calls."""
    return f"{AGI_NETWORK}.{rank}" if OWN else "127.0.0.1"


@contextmanager
def network(routers: int) -> Iterator[None]:
    """Have the routers' addresses, and a wire into the void for what is to be swallowed."""
    if OWN:
        _ip(f"link add {SWALLOWED_BY} type veth peer name {SWALLOWED_BY}-end")
        for end in (SWALLOWED_BY, f"{SWALLOWED_BY}-end"):
            _ip(f"link set {end} up")
        _ip(f"addr add {AGI_NETWORK}.254/32 dev {SWALLOWED_BY}")
        for rank in range(1, routers + 1):
            _ip(f"addr add {agi_address(rank)}/32 dev lo")
            # Used while the address is not this machine's: nobody is at the other end, and nobody says so.
            _ip(f"route add {agi_address(rank)}/32 dev {SWALLOWED_BY}")
            _ip(f"neigh add {agi_address(rank)} lladdr 02:00:00:00:00:01 dev {SWALLOWED_BY}")
    yield


def swallow(rank: int) -> None:
    """Let all packets to a router's address disappear."""
    _ip(f"addr del {agi_address(rank)}/32 dev lo")


def deliver(rank: int) -> None:
    """Let them arrive again."""
    _ip(f"addr add {agi_address(rank)}/32 dev lo")


@contextmanager
def disk(folder: Path, image: Path) -> Iterator[None]:
    """Have a file system of its own at `folder`, made in the file `image`."""
    folder.mkdir()
    if not OWN:
        yield
        return
    with image.open("wb") as made:
        made.truncate(DISK_MB << 20)
    _run("mkfs.ext4", "-q", "-m", "0", str(image))
    _run("mount", "-o", "loop", str(image), str(folder))
    try:
        yield
    finally:
        thaw(folder)
        _run("umount", "--lazy", str(folder))


def freeze(folder: Path) -> None:
    """Let each write to the disk hang."""
    _run("fsfreeze", "--freeze", str(folder))


def thaw(folder: Path) -> None:
    """Let them go on; nothing happens where they do."""
    with suppress(subprocess.CalledProcessError):
        _run("fsfreeze", "--unfreeze", str(folder))


def fill(folder: Path) -> None:
    """Leave no room on the disk."""
    with (folder / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(bytes(1 << 16))


def make_room(folder: Path) -> None:
    """Give it back."""
    (folder / "ballast").unlink(missing_ok=True)


def _ip(words: str) -> None:
    _run("ip", *words.split())


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words
