"""What a good file defines and nothing uses, and dates that are over: nothing breaks, but somebody counts on it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

from ccrouter.config.document import Document
from ccrouter.config.models import RoutingFile
from ccrouter.config.problems import Problem

_REMOVE: Final = "Use it, or remove it"

_SECTIONS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "calendars": ("N202", "calendar", "no rule and no site asks for it", _REMOVE),
    "sites": ("N203", "site", "no plan leads there", _REMOVE),
    "messages": ("N204", "message", "no plan ends with it", _REMOVE),
    "modes": (
        "N205",
        "mode",
        "no rule asks for it: who turns it on changes nothing",
        "Ask for it in a `when`: {mode: %s}",
    ),
    "services": (
        "N206",
        "service",
        "no number leads to it",
        'Give it a number, under `numbers`: "0800 000 000": {service: %s}',
    ),
}
"""By section: the code, what a name in it is called, what it means that nothing refers to it, and the cure."""


def leftovers(document: Document, written: RoutingFile, at: float) -> Iterator[Problem]:
    """Yield what nothing in a compiled file refers to, and the exceptions of calendars that are all over at `at`."""
    for section, (code, kind, why, cure) in _SECTIONS.items():
        names: Iterable[str] = getattr(written, section)
        for i, name in enumerate(names):
            if (section, name) not in document.uses:
                listed = isinstance(names, list)
                path = (section, i) if listed else (section, name)
                message = f"the {kind} `{name}` is not used: {why}"
                yield document.problem(path, code, message, cure.replace("%s", name), key=not listed)
    today = datetime.fromtimestamp(at, UTC).astimezone(written.timezone).date()
    for name, calendar in written.calendars.items():
        last = max(calendar.exceptions, default=date.max)
        if last < today:
            cure = "Write those of the next year, and remove the old ones"
            message = f"all exceptions of the calendar `{name}` are over; the last was on {last}"
            yield document.problem(("calendars", name, "exceptions"), "T201", message, cure, key=True)
