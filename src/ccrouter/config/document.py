"""A file that was read: plain mappings, lists and texts, and the place of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from ccrouter.config.problems import Problem, RefusedFileError

Path = tuple[str | int, ...]
"""Way from the top of a file to a value: keys of mappings, indexes of lists."""


class Text(str):
    """A scalar as it stands in the file; `plain` tells that it was written without quotes."""

    __slots__ = ("plain",)
    plain: bool

    def __new__(cls, text: str, *, plain: bool) -> Self:
        """Make a text of a scalar's content."""
        made = super().__new__(cls, text)
        made.plain = plain
        return made


Value = Text | list["Value"] | dict[Text, "Value"]


class Place(NamedTuple):
    """Where something stands: line and column from 1, and its width on that line.

    `inside` is the distance from the first sign to the first sign of the text itself: 1 for a quoted scalar; None where
    text and file differ (escapes, several lines).
    """

    line: int
    column: int
    width: int = 1
    inside: int | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """What was taken out of a file before its names are looked at, see `salvage`.

    Attributes:
        touched: paths, in the whole, of what is gone or replaced.
        strange: those among them that may stand for anything beside them: keys that are unknown or no names.
        origin: where each piece of the rest stood in the whole.

    """

    touched: frozenset[Path]
    strange: frozenset[Path]
    origin: Mapping[Path, Path]


@dataclass(slots=True)
class Document:
    """A file that was read: its value, where each piece stands, and what was found wrong on the way.

    `unreadable` are places (line, column) whose value could not be taken over: nothing more is said of them. `losses`
    are there where only a part of the file is looked at. `uses` takes section and name of all that is referred to while
    the file is compiled.
    """

    file: str
    value: Value
    keys: dict[Path, Place]
    values: dict[Path, Place]
    problems: list[Problem] = field(default_factory=list)
    unreadable: frozenset[tuple[int, int]] = frozenset()
    losses: Losses | None = None
    uses: set[tuple[str, str]] = field(default_factory=set)

    def without(self, value: Value, losses: Losses) -> "Document":
        """Return the rest of this document; both note their problems in one place."""
        return Document(self.file, value, self.keys, self.values, self.problems, self.unreadable, losses)

    def lost(self, path: Path) -> bool:
        """Tell whether anything at a path or below it is not as the file has it, or may be there under another key."""
        if self.losses is None:
            return False
        old = self._origin(path)
        misnamed = old not in self.values and any(each[:-1] == old[:-1] for each in self.losses.strange)
        return misnamed or any(each[: len(old)] == old for each in self.losses.touched)

    def hides(self, section: str, name: str) -> bool:
        """Tell whether a name may stand in a section after all: in what was taken out, or under a key misspelt."""
        if self.losses is None:
            return False
        touched, strange, old = self.losses.touched, self.losses.strange, self._origin((section,))
        if old in touched or any(each[:-1] == old for each in strange):
            return True
        return (*old, name) in self.values or (old not in self.values and any(len(each) == 1 for each in strange))

    def _origin(self, path: Path) -> Path:
        if self.losses is None:
            return path
        known = path
        while known not in self.losses.origin:
            known = known[:-1]
        return (*self.losses.origin[known], *path[len(known) :])

    def get(self, path: Path) -> Value | None:
        """Return the value at a path, or None where the file has none."""
        value: Value | None = self.value
        for step in path:
            if isinstance(value, dict):
                value = value.get(Text(str(step), plain=False))
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def as_written(self, path: Path) -> Path:
        """Return a path without the indexes of lists that the file writes as the one thing in them."""
        written: Path = ()
        value: Value | None = self.value
        for step in path:
            if isinstance(step, int) and not isinstance(value, list):
                continue
            written = (*written, step)
            value = self.get(written)
        return written

    def at(self, path: Path, *, key: bool = False) -> Place:
        """Return the place of a value (or of its key), or of the nearest thing around it that the file has."""
        path = self._origin(path)
        found = self.keys.get(path) if key else None
        while found is None:
            found = self.values.get(path)
            path = path[:-1]
        return found

    def problem(  # noqa: PLR0913 - a problem and its place
        self,
        path: Path,
        code: str,
        message: str,
        cure: str,
        *,
        key: bool = False,
        offset: int | None = None,
        hidden: bool = False,
        forgiven: bool = False,
    ) -> Problem:
        """Return a problem at a value (or at its key), as severe as its code; `offset` points into a scalar's text."""
        place = self.at(path, key=key)
        column, width = place.column, place.width
        if offset is not None and place.inside is not None:
            column, width = column + place.inside + offset, 1
        return Problem(self.file, place.line, column, code, message, cure, width, hidden, forgiven)

    def blame(  # noqa: PLR0913 - a problem and its place
        self,
        path: Path,
        code: str,
        message: str,
        cure: str,
        *,
        key: bool = False,
        offset: int | None = None,
        hidden: bool = False,
        forgiven: bool = False,
    ) -> None:
        """Note a problem, see `problem`; nothing more is said of what could not be read at all."""
        found = self.problem(path, code, message, cure, key=key, offset=offset, hidden=hidden, forgiven=forgiven)
        if (found.line, found.column) not in self.unreadable:
            self.problems.append(found)

    def refuse(self) -> None:
        """Raise what was found wrong so far, if anything.

        Raises:
            RefusedFileError: there are problems.

        """
        if any(problem.severity == "error" for problem in self.problems):
            raise RefusedFileError(self.problems)
