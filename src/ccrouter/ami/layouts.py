"""Layouts: the fields of an event in their order. A PABX sends each kind of event in the same one, over and over.

An event of a layout that was believed before is recognized in one look, which cuts out what is read of it; the fields
need not be taken apart and checked one by one. Any other event is, and if it is believed, its layout is known from then
on. So nothing is believed that shapes.py would not let through.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from ccrouter.ami.values import Reading
from ccrouter.ami.wire import Message

MOST: Final = 8
"""Layouts that are known of one event: Asterisk's own come first, and whoever invents fields finds no room."""

TELLING: Final = frozenset({"UserEvent", "Phase"})
"""Fields whose values say which other fields there must be: they are part of the layout."""


class Layout(NamedTuple):
    """One layout of an event.

    Attributes:
        match: matches the text of an event of this layout, as a whole.
        places: of the texts that are read, in the order in which they are, among the groups of the match; two or more,
            for of a single group a match gives no tuple.
        reading: makes the event of them.

    """

    match: Callable[[str], re.Match[str] | None]
    places: tuple[int, ...]
    reading: Reading


class Layouts:
    """The layouts of one PABX's events."""

    def __init__(self) -> None:
        self._known: dict[str, list[Layout]] = {}

    def recognize(self, message: Message) -> tuple[Reading, tuple[str, ...]] | None:
        """Return how an event of a known layout is read, and the texts that are read of it, each checked; else None."""
        for match, places, reading in self._known.get(message.name, ()):
            found = match(message.text)
            if found is not None:
                return reading, found.group(*places)
        return None

    def learn(self, message: Message, reading: Reading) -> None:
        """Know the layout of an event that was believed, read so, from now on."""
        known = self._known.setdefault(message.name, [])
        if len(known) < MOST and not message.repeated and len(reading.fields) > 1:
            known.append(_layout(message.fields, reading))


def _layout(fields: Mapping[str, str], reading: Reading) -> Layout:
    lines = "\r\n".join(f"{re.escape(name)}: {_value(name, value, reading)}" for name, value in fields.items())
    # The last group, an empty one, stands for each field that may be absent, and is.
    pattern = re.compile(f"{lines}()")
    groups = [name for name in fields if name in reading.fields]
    places = tuple(groups.index(name) + 1 if name in groups else pattern.groups for name in reading.fields)
    return Layout(pattern.fullmatch, places, reading)


def _value(name: str, value: str, reading: Reading) -> str:
    if name == "Event" or name in TELLING:
        return re.escape(value)
    read = reading.fields.get(name)
    if read is not None and read.pattern is not None:
        return f"({read.pattern.pattern})"
    # No line end, so that no two lines are taken for one; and no way back, for there is but one way to match.
    pattern = "[^\r]*+"
    return pattern if read is None else f"({pattern})"
