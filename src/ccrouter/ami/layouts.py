"""Layouts: the fields of an event in their order. A PABX sends each kind of event in the same one, over and over.

An event of a layout that was believed before is recognized in one look, which cuts out what is read of it; the fields
need not be taken apart and checked one by one. Any other event is, and if it is believed, its layout is known from then
on. So nothing is believed that shapes.py would not let through.
"""

import re
from collections.abc import Mapping
from typing import Final

from ccrouter.ami import values
from ccrouter.ami.wire import Message

MOST: Final = 8
"""Layouts that are known of one event: Asterisk's own come first, and whoever invents fields finds no room."""

READ: Final = frozenset(
    {
        *("Queue", "Uniqueid", "Channel", "Position", "Interface", "MemberName", "HoldTime", "RingTime", "TalkTime"),
        *("Status", "Paused", "PausedReason", "Penalty", "InCall", "LastCall", "Wrapuptime"),
        *("DestUniqueid", "DialStatus", "Cause", "UserEvent", "Phase", "Number", "Decision", "Service", "Rule"),
        *("Step", "Kind", "Target", "Result", "Elapsed", "Entry", "By"),
    }
)
"""Fields whose values translate.py reads."""

TELLING: Final = frozenset({"UserEvent", "Phase"})
"""Fields whose values say which other fields there must be: they are part of the layout."""

Layout = tuple[re.Pattern[str], tuple[str, ...]]
"""What matches an event, and the names of the fields that it cuts out."""


class Layouts:
    """The layouts of one PABX's events."""

    def __init__(self) -> None:
        self._known: dict[str, list[Layout]] = {}

    def recognize(self, message: Message) -> bool:
        """Give an event of a known layout the fields that are read of it; tell whether its layout is known."""
        for pattern, names in self._known.get(message.name, ()):
            found = pattern.fullmatch(message.text)
            if found is not None:
                message.fields = dict(zip(names, found.groups()))  # noqa: B905 - one group for each name
                message.sure = True
                return True
        return False

    def learn(self, message: Message) -> None:
        """Know the layout of an event that was believed from now on."""
        known = self._known.setdefault(message.name, [])
        if len(known) < MOST and not message.repeated:
            known.append(_layout(message.fields))


def _layout(fields: Mapping[str, str]) -> Layout:
    lines = [f"{re.escape(name)}: {_value(name, value)}" for name, value in fields.items()]
    return re.compile("\r\n".join(lines)), tuple(name for name in fields if name in READ)


def _value(name: str, value: str) -> str:
    if name == "Event":
        return re.escape(value)
    if name in TELLING:
        pattern = re.escape(value)
    elif name in values.CHECKED:
        pattern = values.CHECKED[name].pattern
    else:  # no line end, so that no two lines are taken for one; and no way back, for there is but one way to match
        pattern = "[^\r]*+"
    return f"({pattern})" if name in READ else pattern
