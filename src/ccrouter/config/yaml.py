"""YAML with positions, and without its traps.

libyaml's parser gives events; they become plain mappings, lists and texts here. No scalar is ever turned into a number,
a date or a truth value on the way: every one stays a `Text` that knows whether it was written in quotes, and the models
convert what they want. Anchors, aliases, tags and merge keys are refused: they make a file that reads differently from
what it means, and a small one that is huge.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from yaml import CSafeLoader, YAMLError, parse
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ccrouter.config.problems import MOST, Problem, RefusedFileError

MAX_BYTES: Final = 1 << 20
"""A routing file of 1,000 rules takes about 200 kB."""

MAX_DEPTH: Final = 40
"""Deeper than any condition that a person can read; libyaml's time grows with the square of the depth."""

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: line and column from 1, and its width on that line.

    `inside` is the distance from the first sign to the first sign of the text itself: 1 for a quoted scalar; None where
    text and file differ (escapes, several lines).
    """

    line: int
    column: int
    width: int = 1
    inside: int | None = None


@dataclass(slots=True)
class Document:
    """A file that was read: its value, where each piece stands, and what was found wrong on the way.

    `unreadable` are places (line, column) whose value could not be taken over: nothing more is said of them.
    """

    file: str
    value: Value
    keys: dict[Path, Place]
    values: dict[Path, Place]
    problems: list[Problem] = field(default_factory=list)
    unreadable: frozenset[tuple[int, int]] = frozenset()

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

    def at(self, path: Path, *, key: bool = False) -> Place:
        """Return the place of a value (or of its key), or of the nearest thing around it that the file has."""
        found = self.keys.get(path) if key else None
        while found is None:
            found = self.values.get(path)
            path = path[:-1]
        return found

    def blame(  # noqa: PLR0913 - a problem and its place
        self, path: Path, message: str, cure: str, *, key: bool = False, offset: int | None = None, hidden: bool = False
    ) -> None:
        """Note a problem at a value (or at its key); `offset` points into the text of a scalar."""
        place = self.at(path, key=key)
        column, width = place.column, place.width
        if offset is not None and place.inside is not None:
            column, width = column + place.inside + offset, 1
        if (place.line, column) not in self.unreadable:
            self.problems.append(Problem(self.file, place.line, column, message, cure, width, hidden))

    def refuse(self) -> None:
        """Raise what was found wrong so far, if anything.

        Raises:
            RefusedFileError: there are problems.

        """
        if self.problems:
            raise RefusedFileError(self.problems)


def read(data: bytes, file: str) -> Document:
    """Return the content of a YAML file with positions; what can be read in spite of problems is read.

    Raises:
        RefusedFileError: nothing of the file can be used: it is too large, no UTF-8, no YAML, or empty.

    """
    text = _decode(data, file)
    builder = _Builder(file)
    try:
        builder.build(parse(text, Loader=CSafeLoader))
    except MarkedYAMLError as error:
        raise RefusedFileError([*builder.problems, _syntax(error, text, file)]) from None
    except YAMLError as error:
        problem = Problem(file, 1, 1, f"this is no YAML: {error}", "Save the file as text in UTF-8")
        raise RefusedFileError([problem]) from None
    if builder.value is None:
        cure = "Start from configs/minimal.yaml, which comes with ccrouter"
        raise RefusedFileError([*builder.problems, Problem(file, 1, 1, "the file is empty", cure)])
    unreadable = frozenset((problem.line, problem.column) for problem in builder.problems)
    return Document(file, builder.value, builder.keys, builder.values, builder.problems, unreadable)


_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)")
"""Control characters, and what YAML 1.1 takes for the end of a line and most editors do not."""


def _decode(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES >> 20} MiB"
        raise RefusedFileError([Problem(file, 1, 1, message, "Check that this is the right file")])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        cure = "Save it as UTF-8: in an editor, `Save as`, encoding UTF-8"
        raise RefusedFileError([Problem(file, 1, 1, "the file is written in UTF-16", cure)])
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        cure = "Save the file as UTF-8; it was probably saved as Latin-1 or Windows-1252"
        raise RefusedFileError(
            [
                _spot(file, before, f"byte 0x{data[error.start]:02x} is no UTF-8", cure),
            ]
        ) from None
    found = _INVISIBLE.search(text)
    if found:
        message = f"an invisible character (U+{ord(found.group()):04X}) stands here"
        raise RefusedFileError([_spot(file, text[: found.start()], message, "Remove it, and type the line again")])
    return text


def _spot(file: str, before: str, message: str, cure: str) -> Problem:
    return Problem(file, before.count("\n") + 1, len(before) - before.rfind("\n"), message, cure)


_CURES: Final = (
    (
        "cannot start any token",
        "a value can't begin with this sign",
        "Write the value in quotes",
    ),
    (
        "mapping values are not allowed",
        "a `:` is not possible here",
        "Indent the line like its neighbours; a text with `: ` goes in quotes; a `:` above may lack the space after it",
    ),
    (
        "could not find expected ':'",
        "a `:` is missing after the key",
        "Write `key: value`, with a space after the `:`",
    ),
    (
        "did not find expected key",
        "the lines do not stand in one column",
        "Give all keys of one mapping the same distance from the left, and close what is open in the lines above",
    ),
    (
        "did not find expected '-' indicator",
        "the lines of this list do not stand in one column",
        "Give all `-` of one list the same distance from the left",
    ),
    (
        "did not find expected ',' or ']'",
        "a `,` or the closing `]` is missing",
        "Close the list that begins with `[`",
    ),
    ("did not find expected ',' or '}'", "a `,` or the closing `}` is missing", "Close what begins with `{`"),
    ("unknown escape character", "this is no escape sequence", "Use single quotes, in which `\\` has no meaning"),
    ("unexpected end of stream", "the closing quote is missing", "Close the quote that was opened here"),
    ("unexpected document indicator", "the closing quote is missing", "Close the quote that was opened here"),
    ("block sequence entries are not allowed", "a list can't begin here", "Begin the list on a line of its own"),
    ("did not find expected <document start>", "something stands after the end", "Check the indentation of this line"),
)


_TOLD_LATE: Final = ("end of stream", "document indicator", "could not find expected ':'")
"""Faults that libyaml notices further down; its context is where they are."""


def _syntax(error: MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark
    told = error.problem or "it can't be read"
    if any(sign in told for sign in _TOLD_LATE):
        mark = error.context_mark or mark
    lines = text.split("\n")
    row = min(mark.line, len(lines) - 1) if mark is not None else 0
    column = min(mark.column, len(lines[row])) if mark is not None else 0
    tab = re.match(r" *\t", lines[row])
    if tab and column <= len(lines[row]) - len(lines[row].lstrip()):
        return Problem(file, row + 1, len(tab.group()), "a tab can't indent a line", "Use spaces instead of the tab")
    for sign, message, cure in _CURES:
        if sign in told:
            opened = error.context_mark
            if "closing" in message and opened is not None and opened.line != row:
                return Problem(file, row + 1, column + 1, message, f"{cure} on line {opened.line + 1}")
            return Problem(file, row + 1, column + 1, message, cure)
    return Problem(file, row + 1, column + 1, told, "Check the indentation and the quotes, here and in the line above")


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read; `key` is the key whose value comes next, `drop` leaves that value out."""

    value: list[Value] | dict[Text, Value]
    path: Path
    key: Text | None = None
    drop: bool = False


class _Builder:
    """Turns events into values; collects problems that leave the rest readable."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.value: Value | None = None
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self._open: list[_Open] = []

    def build(self, events: Iterator[Event]) -> None:
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    cure = "Remove this line and what follows, or put it into a file of its own"
                    self._blame(event, "a second document begins here", cure)
                    raise RefusedFileError(self.problems)
            elif isinstance(event, NodeEvent):
                self._node(event)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._open.pop()
            if len(self.problems) > MOST:
                raise RefusedFileError(self.problems)
            if len(self._open) > MAX_DEPTH:
                self._blame(event, f"more than {MAX_DEPTH} levels lie within each other here", "Close some of them")
                raise RefusedFileError(self.problems)

    def _node(self, event: NodeEvent) -> None:
        self._refuse_extras(event)
        value: Value
        if isinstance(event, MappingStartEvent):
            value = {}
        elif isinstance(event, SequenceStartEvent):
            value = []
        elif isinstance(event, ScalarEvent):
            value = Text(event.value, plain=event.implicit[0])
        else:
            value = Text("", plain=False)
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            path = self._key(parent, event, value)
        else:
            path = self._put(parent, event, value)
        if not isinstance(value, Text):
            self._open.append(_Open(value, path))

    def _refuse_extras(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent):
            self._blame(event, f"`*{event.anchor}` stands for a value from another place", "Write the value out here")
        elif event.anchor is not None:
            self._blame(event, f"`&{event.anchor}` names a value for use in another place", "Write the value out there")
        elif isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag is not None:
            self._blame(
                event, f"the tag `{event.tag.replace('tag:yaml.org,2002:', '!!')}` has no meaning here", "Remove it"
            )

    def _key(self, parent: _Open, event: NodeEvent, value: Value) -> Path:
        path: Path
        if isinstance(value, Text):
            parent.key = value
            path = (*parent.path, value)
            if value == "<<" and value.plain:
                self._blame(event, "`<<` merges another mapping into this one", "Write its keys out here")
                parent.drop = True
            elif path in self.keys:
                message = f"the key `{value}` is here twice; the first is on line {self.keys[path].line}"
                self._blame(event, message, "Remove one of the two: YAML would silently drop the first")
                parent.drop = True
            else:
                self.keys[path] = _place(event)
            return path
        if not isinstance(event, AliasEvent):
            self._blame(event, "a key must be a text", "Write a name before the `:`")
        parent.key, parent.drop = Text("?", plain=False), True
        return (*parent.path, "?", *_start(event))

    def _put(self, parent: _Open | None, event: NodeEvent, value: Value) -> Path:
        if parent is None:
            self.value = value
            path: Path = ()
        elif isinstance(parent.value, list):
            path = (*parent.path, len(parent.value))
            parent.value.append(value)
        else:
            key, parent.key = parent.key or Text("", plain=False), None
            if parent.drop:
                parent.drop = False
                return (*parent.path, "?", *_start(event))
            path = (*parent.path, key)
            parent.value[key] = value
        self.values[path] = _place(event)
        return path

    def _blame(self, event: Event, message: str, cure: str) -> None:
        place = _place(event)
        self.problems.append(Problem(self.file, place.line, place.column, message, cure, place.width))


def _start(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (0, 0) if mark is None else (mark.line, mark.column)  # libyaml always gives a mark


def _place(event: Event) -> Place:
    line, column = _start(event)
    end = event.end_mark
    if end is None or end.line != line:
        return Place(line + 1, column + 1)
    width, inside = end.column - column, None
    if isinstance(event, ScalarEvent) and len(event.value) == width:
        inside = 0
    elif isinstance(event, ScalarEvent) and len(event.value) == width - 2:
        inside = 1
    return Place(line + 1, column + 1, max(1, width), inside)
