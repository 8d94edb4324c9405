"""What the names in a routing file stand for, while it is being compiled."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from ccrouter.config.document import Document, Path
from ccrouter.config.models import Service
from ccrouter.config.problems import suggest
from ccrouter.routing.conditions import Threshold
from ccrouter.routing.destinations import Message, Site
from ccrouter.routing.plan import Treatment
from ccrouter.routing.schedule import Calendar

Thing = TypeVar("Thing")


UNKNOWN: Final = {
    "site or message": "N301",
    "calendar": "N302",
    "mode": "N303",
    "service": "N304",
    "site": "N306",
    "message": "N307",
}
"""Codes of names that stand for nothing, by what they should name."""


def is_known(  # noqa: PLR0913 - a name and its place
    document: Document, kind: str, known: Collection[str], name: str, path: Path, *, key: bool = False
) -> bool:
    """Tell whether a name at `path` stands for something; where it stands for nothing, a problem is noted."""
    sections = [f"{each}s" for each in kind.split(" or ")]
    document.uses.update((section, name) for section in sections)
    if name in known:
        return True
    if not any(document.hides(section, name) for section in sections):
        document.blame(path, UNKNOWN[kind], f"there is no {kind} `{name}`", suggest(name, list(known)), key=key)
    return False


@dataclass(slots=True)
class Scope:
    """All names of a file. A name whose definition is faulty stands for None: it is known, and was complained of.

    Attributes:
        country: how national numbers are read; empty where the file's own word on it can't be.
        queues: queues of the in-house sites.
        numbers: spellings of each number, by what the file says.
        spelt: the same, by each spelling.
        treatments: each way in which callers of a service may be treated, by service.
        thresholds: filled while rules are compiled.

    """

    document: Document
    country: str
    calendars: Mapping[str, Calendar | None]
    sites: Mapping[str, Site | None]
    messages: Mapping[str, Message | None]
    modes: frozenset[str]
    services: Mapping[str, Service]
    queues: frozenset[str]
    numbers: Mapping[str, frozenset[str]]
    spelt: Mapping[str, frozenset[str]]
    treatments: Mapping[str, list[Treatment]]
    zone: ZoneInfo
    thresholds: list[Threshold] = field(default_factory=list)

    def find(self, kind: str, known: Mapping[str, Thing], name: str, path: Path, *, key: bool = False) -> Thing | None:
        """Return what a name at `path` stands for, or None with a problem noted where it stands for nothing."""
        return known[name] if is_known(self.document, kind, known, name, path, key=key) else None

    def calendar(self, name: str, path: Path) -> Calendar | None:
        """Return a calendar by its name."""
        return self.find("calendar", self.calendars, name, path)
