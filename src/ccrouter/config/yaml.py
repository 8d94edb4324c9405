"""YAML with positions, and without its traps.

libyaml's parser gives events; they become plain mappings, lists and texts here. No scalar is ever turned into a number,
a date or a truth value on the way: every one stays a `Text` that knows whether it was written in quotes, and the models
convert what they want. Anchors, aliases, tags and merge keys are refused: they make a file that reads differently from
what it means, and a small one that is huge.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from yaml import CSafeLoader, parse
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

from ccrouter.config.document import Document, Path, Place, Text, Value
from ccrouter.config.problems import MOST, Problem, RefusedFileError
from ccrouter.config.yaml_faults import decode, syntax_problem

MAX_DEPTH: Final = 40
"""Deeper than any condition that a person can read; libyaml's time grows with the square of the depth."""


START: Final = "Start from configs/minimal.yaml, which comes with ccrouter"
"""The cure for an empty file."""


def read(data: bytes, file: str, start: str = START) -> Document:
    """Return the content of a YAML file with positions; what can be read in spite of problems is read.

    `start` is what to do about a file that is empty.

    Raises:
        RefusedFileError: nothing of the file can be used: it is too large, no UTF-8, no YAML, or empty.

    """
    text = decode(data, file)
    builder = _Builder(file, Place(text.count("\n") + 1, len(text) - text.rfind("\n")))
    try:
        builder.build(parse(text, Loader=CSafeLoader))
    except MarkedYAMLError as error:  # the other kind is about single characters, which `decode` has refused
        raise RefusedFileError([*builder.problems, syntax_problem(error, text, file)], whole=False) from None
    if builder.value is None:
        raise RefusedFileError([*builder.problems, Problem(file, 1, 1, "Y105", "the file is empty", start)])
    unreadable = frozenset((problem.line, problem.column) for problem in builder.problems)
    return Document(file, builder.value, builder.keys, builder.values, builder.problems, unreadable)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read; `key` is the key whose value comes next, `drop` leaves that value out."""

    value: list[Value] | dict[Text, Value]
    path: Path
    key: Text | None = None
    drop: bool = False


class _Builder:
    """Turns events into values; collects problems that leave the rest readable."""

    def __init__(self, file: str, end: Place) -> None:
        self.file = file
        self._end = end
        self.value: Value | None = None
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self._open: list[_Open] = []

    def build(self, events: Iterator[Event]) -> None:
        documents = 0
        for event in events:
            if isinstance(event, NodeEvent):
                self._node(event)
            elif isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    cure = "Remove this line and what follows, or put it into a file of its own"
                    self._blame(event, "Y106", "a second document begins here", cure)
                    raise RefusedFileError(self.problems, whole=False)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._open.pop()
            if len(self.problems) > MOST:
                raise RefusedFileError(self.problems, whole=False)
            if len(self._open) > MAX_DEPTH:
                self._blame(
                    event, "Y107", f"more than {MAX_DEPTH} levels lie within each other here", "Close some of them"
                )
                raise RefusedFileError(self.problems, whole=False)

    def _node(self, event: NodeEvent) -> None:
        self._refuse_extras(event)
        value: Value
        if isinstance(event, ScalarEvent):
            value = Text(event.value, plain=event.implicit[0])
        elif isinstance(event, MappingStartEvent):
            value = {}
        elif isinstance(event, SequenceStartEvent):
            value = []
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
            self._blame(
                event, "Y108", f"`*{event.anchor}` stands for a value from another place", "Write the value out here"
            )
        elif event.anchor is not None:
            self._blame(
                event, "Y108", f"`&{event.anchor}` names a value for use in another place", "Write the value out there"
            )
        elif isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag is not None:
            self._blame(
                event,
                "Y109",
                f"the tag `{event.tag.replace('tag:yaml.org,2002:', '!!')}` has no meaning here",
                "Remove it",
            )

    def _key(self, parent: _Open, event: NodeEvent, value: Value) -> Path:
        path: Path
        if isinstance(value, Text):
            parent.key = value
            path = (*parent.path, value)
            if value == "<<" and value.plain:
                self._blame(event, "Y110", "`<<` merges another mapping into this one", "Write its keys out here")
                parent.drop = True
            elif path in self.keys:
                message = f"the key `{value}` is here twice; the first is on line {self.keys[path].line}"
                self._blame(event, "Y111", message, "Remove one of the two: YAML would silently drop the first")
                parent.drop = True
            else:
                self.keys[path] = self._place(event)
            return path
        if not isinstance(event, AliasEvent):
            self._blame(event, "Y112", "a key must be a text", "Write a name before the `:`")
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
        self.values[path] = self._place(event)
        return path

    def _place(self, event: Event) -> Place:
        place = _place(event)
        # libyaml puts what is missing behind a last line without an end on the line after it.
        return place if place.line <= self._end.line else self._end

    def _blame(self, event: Event, code: str, message: str, cure: str) -> None:
        place = self._place(event)
        self.problems.append(Problem(self.file, place.line, place.column, code, message, cure, place.width))


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
