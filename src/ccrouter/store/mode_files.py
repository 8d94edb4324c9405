"""Keeps modes in a JSON file, and their history in the audit journal beside it."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from ccrouter.clock import Clock, utc
from ccrouter.errors import StoreError
from ccrouter.store.files import Replacement
from ccrouter.store.journal import Deed, Journal
from ccrouter.store.modes import ModeOn

FILE = "modes.json"
AUDIT = "audit.jsonl"


@dataclass(frozen=True, slots=True)
class _Content:
    """The file as it stands on disk; `format` tells a later version what it reads."""

    format: Literal[1]
    modes: tuple[ModeOn, ...]


_CONTENT = TypeAdapter(_Content)


class ModeFiles:
    """A ModeKeeper in the state folder, which exists and is ours alone to write."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path = folder / FILE
        self._clock = clock
        self.journal = Journal(folder / AUDIT)

    def load(self) -> tuple[ModeOn, ...]:
        """Return the modes kept; none where there is no file yet.

        Raises:
            StoreError: the file is broken, and was moved aside.

        """
        try:
            return _CONTENT.validate_json(self._path.read_bytes()).modes
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StoreError(f"{self._path} can't be read ({error.strerror}); no mode is on") from error
        except ValidationError as error:
            raise StoreError(f"{self._path} is broken ({_first(error)}); {self._move_aside()}") from error

    def save(self, modes: Iterable[ModeOn], deed: Deed) -> None:
        """Keep modes and deed: both, or neither.

        Raises:
            StoreError: neither.

        """
        content = _CONTENT.dump_json(_Content(1, tuple(modes)), indent=1) + b"\n"
        try:
            replacement = Replacement(self._path, content)
        except OSError as error:
            raise StoreError(f"{self._path} can't be written: {error.strerror}") from error
        try:
            self.journal.append(deed)
            replacement.commit()
        except OSError as error:
            with suppress(StoreError):
                self.journal.append(replace(deed, what=f"{deed.what}: not done", why=str(error.strerror)))
            raise StoreError(f"{self._path} can't be written: {error.strerror}") from error
        finally:
            replacement.discard()

    def _move_aside(self) -> str:
        aside = self._path.with_name(f"{FILE}.broken-{utc(self._clock.now()):%Y%m%dT%H%M%SZ}")
        try:
            self._path.rename(aside)
        except OSError as error:
            return f"it can't be moved aside ({error.strerror}); no mode is on"
        return f"it was moved to {aside.name}; no mode is on, switch on again those that should be"


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in detail["loc"])
    return f"{place}: {detail['msg']}" if place else detail["msg"]
