"""Stretches of time in which no calendar changes: between two changes, the clock decides nothing."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ccrouter.routing.conditions import Condition, Dates, Open
from ccrouter.routing.destinations import Destination, Message, Share, Site
from ccrouter.routing.literals import literals
from ccrouter.routing.rules import Service
from ccrouter.routing.schedule import Calendar


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time [start, end) in UTC, with the names of the calendars that are open in it; the others are closed."""

    start: datetime
    end: datetime
    open: frozenset[str]

    @property
    def hours(self) -> float:
        """Return how long it lasts."""
        return (self.end - self.start).total_seconds() / 3600


def clocks(service: Service) -> dict[str, Calendar]:
    """Return every calendar at which the decisions of a service look, by name.

    Those of its conditions, at any depth; those of the sites in its plans; and the dates (`from`, `before`) of its
    conditions, each named by what the file says.
    """
    found: dict[str, Calendar] = {}
    for rule in (*service.rules, *service.while_waiting):
        for calendar in (*_asked(rule.when), *_of_sites(rule.to)):
            found[calendar.name] = calendar
    for calendar in _of_sites(service.otherwise):
        found[calendar.name] = calendar
    return found


def stretches(calendars: Mapping[str, Calendar], start: datetime, end: datetime) -> list[Stretch]:
    """Return the stretches that cover [start, end) without a gap; each is as long as it can be.

    `start` and `end` are aware; nothing is returned where `end` is not after `start`.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return []
    turned: defaultdict[datetime, set[str]] = defaultdict(set)
    for name, calendar in calendars.items():
        for change in _changes(calendar, start, end):
            turned[change].add(name)
    opened = {name for name, calendar in calendars.items() if calendar.is_open(start)}
    found = []
    for change in sorted(turned):
        found.append(Stretch(start, change, frozenset(opened)))
        opened ^= turned[change]
        start = change
    return [*found, Stretch(start, end, frozenset(opened))]


def _changes(calendar: Calendar, start: datetime, end: datetime) -> Iterator[datetime]:
    change = calendar.next_change(start)
    while change is not None and change < end:
        yield change.astimezone(UTC)
        change = calendar.next_change(change)


def _asked(condition: Condition | None) -> Iterator[Calendar]:
    for leaf in literals(condition):
        if isinstance(leaf, Open):
            yield leaf.calendar
        elif isinstance(leaf, Dates):
            yield leaf


def _of_sites(to: tuple[Destination, ...]) -> Iterator[Calendar]:
    for site in _sites(to):
        if site.calendar is not None:
            yield site.calendar


def _sites(to: tuple[Destination, ...]) -> Iterator[Site]:
    for each in to:
        if isinstance(each, Share):
            yield from (leg.site for leg in each.legs)
        elif not isinstance(each, Message):
            yield each.site
