"""The routing file as root may write it: the one that the settings name, reached without anybody else's help.

Who rolls back is mostly root, and the daemon, which is not, may have been taken over. So no path comes from it, and no
link is followed that a user without the right to write could have put there. The folder is held open from then on: what
is renamed or linked meanwhile leads nowhere else.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ccrouter.errors import CcrouterError

MOST_LINKS: Final = 40
"""As many as the kernel follows."""


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file in a folder that is held open.

    Attributes:
        shown: its path, for people.
        path: its path by way of the open folder, for this process.

    """

    shown: Path
    path: Path

    def beside(self, name: str) -> "OwnFile":
        """Return another file of the folder."""
        return OwnFile(self.shown.with_name(name), self.path.with_name(name))


def trusted_users() -> frozenset[int]:
    """Return whose links are followed: root's, the caller's, and those of the person behind sudo."""
    users = {0, os.geteuid()}
    person = os.environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and person.isdecimal():
        users.add(int(person))
    return frozenset(users)


@contextmanager
def reached(path: Path, users: frozenset[int]) -> Iterator[OwnFile]:
    """Go to a file, which may be absent, step by step, and hold its folder open.

    Raises:
        CcrouterError: a link of somebody else is on the way, or it is no ordinary file, or its folder can't be reached.

    """
    handles = [os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        shown = _walked(path, users, handles)
        yield OwnFile(shown, Path(f"/proc/self/fd/{handles[-1]}") / shown.name)
    except OSError as error:
        raise CcrouterError(f"{path} can't be reached: {error.strerror}; nothing was changed") from None
    finally:
        for handle in handles:
            os.close(handle)


def _walked(path: Path, users: frozenset[int], handles: list[int]) -> Path:
    """Return the path without links; the last of the handles is its folder's."""
    ahead = list(path.absolute().parts[1:])
    behind: list[str] = []
    links = 0
    while ahead:
        name = ahead.pop(0)
        if name == "..":
            handles.append(os.open("..", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handles[-1]))
            behind = behind[:-1]
            continue
        here = Path("/", *behind, name)
        found = _look(name, handles[-1], gone=not ahead)
        if found is not None and stat.S_ISLNK(found.st_mode):
            links += 1
            if found.st_uid not in users or links > MOST_LINKS:
                raise CcrouterError(
                    f"{here} is a link that is neither root's nor yours, so it is not followed; nothing was changed. "
                    "Put the file itself there, or chown -h the link"
                )
            target = Path(os.readlink(name, dir_fd=handles[-1]))
            if target.is_absolute():
                handles.append(os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
                behind = []
            ahead = [part for part in target.parts if part != "/"] + ahead
        elif ahead:
            flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            handles.append(os.open(name, flags, dir_fd=handles[-1]))
            behind.append(name)
        elif found is not None and not stat.S_ISREG(found.st_mode):
            raise CcrouterError(f"{here} is no ordinary file; nothing was changed")
        else:
            return here
    raise CcrouterError(f"{path} is a folder; nothing was changed")


def _look(name: str, folder: int, *, gone: bool) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        if gone:
            return None
        raise
