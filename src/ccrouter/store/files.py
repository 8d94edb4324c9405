"""Writing small files so that a crash, a power cut or a full disk leaves either the old content or the new."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
PUBLIC: Final = 0o644

LEFT_S: Final = 3600.0
"""What was begun so much earlier, a crash left behind."""


class Replacement:
    """New content for a file: written beside it and safe on disk, but not yet in its place.

    A full disk shows here, while the old file is untouched.

    Args:
        path: the file.
        content: what it is to hold.
        dress: sets who may see it, on the open file; until then it is for our own eyes only.

    Raises:
        OSError: the content could not be written; nothing is left behind.

    """

    def __init__(self, path: Path, content: bytes, dress: Callable[[int], None]) -> None:
        self._path = path
        # A name of its own: of two routers that write one file, neither may put the other's half of it in place.
        self._temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
        # Root may write in a folder of somebody else: never into a file, or through a link, that was put there.
        handle = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                dress(file.fileno())
                os.fsync(file.fileno())
            self._clear_away()
        except OSError:
            self.discard()
            raise

    def commit(self) -> None:
        """Put the content in place of the old file, at one stroke.

        Raises:
            OSError: it could not be put there; the old file still is.

        """
        self._temporary.replace(self._path)
        _sync_folder(self._path.parent)

    def discard(self) -> None:
        """Forget the content; does nothing after a commit."""
        self._temporary.unlink(missing_ok=True)

    def _clear_away(self) -> None:
        begun = self._temporary.stat().st_mtime
        for each in self._path.parent.glob(f".{escape(self._path.name)}.*.new"):
            with suppress(OSError):  # another writer's, which is in place by now, or nothing that we may take away
                if each.lstat().st_mtime < begun - LEFT_S:
                    each.unlink()


def write_public(path: Path, content: bytes) -> None:
    """Put content in place of a file that everybody may read.

    Raises:
        OSError: it could not be written; the old file, if any, is as it was.

    """
    replacement = Replacement(path, content, lambda handle: os.fchmod(handle, PUBLIC))
    try:
        replacement.commit()
    finally:
        replacement.discard()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError:
        # The new file is in its place, so nothing may tell that it is not; the system syncs the folder by itself soon.
        pass
    finally:
        os.close(handle)
