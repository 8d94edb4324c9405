"""The place of a router in its state folder: two routers may share one, two of the same rank may not."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccrouter.errors import CcrouterError
from ccrouter.store.files import PRIVATE


class TakenError(CcrouterError):
    """A router of this rank runs on this state folder already."""


@contextmanager
def claimed(folder: Path, rank: int) -> Iterator[str]:
    """Hold the place of a rank while the context lasts; one who dies in any way gives it back at once.

    Gives why the place can't be held where the disk does not allow it, else an empty text: callers need a router all
    the same.

    Raises:
        TakenError: somebody else holds it.

    """
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(folder / f"router-{rank}.lock", flags, PRIVATE)
    except OSError as error:
        yield f"{folder} can't be used: {error.strerror}"
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TakenError(
                f"another ccrouter with `router: {rank}` runs on {folder}: stop it first, or write `router: "
                f"{2 if rank == 1 else 1}` into the settings of one of them"
            ) from None
        except OSError as error:
            yield f"{folder} takes no locks: {error.strerror}"
            return
        yield ""
    finally:
        os.close(handle)
