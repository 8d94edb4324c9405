"""The key by which the router knows its PABXs' dialplan: random, in a file of the state folder, made once."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from ccrouter.store.files import PRIVATE

NAME: Final = "agi.key"
BYTES: Final = 16
KEY: Final = re.compile(r"[0-9a-f]{32}")
READ_BYTES: Final = 64


def kept_key(folder: Path) -> tuple[str, str]:
    """Return the key of a state folder, made if there is none yet, and why it can't be kept; empty where it is kept.

    Both routers of one folder have the same, and so has the next run. One that can't be kept is good for this run.
    """
    path = folder / NAME
    made = secrets.token_hex(BYTES)
    try:
        with suppress(FileNotFoundError):
            return _read(path), ""
        _put(path, made)
        return _read(path), ""  # the other router's, where that was quicker
    except OSError as error:
        return made, f"{path}: {error.strerror}"
    except ValueError:
        return made, f"{path} holds no key: take it away, and the next start makes another one"


def _read(path: Path) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        os.fchmod(file.fileno(), PRIVATE)
        text = file.read(READ_BYTES).decode("ascii").strip()
    if not KEY.fullmatch(text):
        raise ValueError("no key")
    return text


def _put(path: Path, key: str) -> None:
    """Put a whole file in its place, unless there is one by then."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
