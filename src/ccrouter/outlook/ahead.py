"""The coming year: which calendars are open together, and when."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ccrouter.outlook.stretches import Stretch, stretches
from ccrouter.routing.conditions import Dates
from ccrouter.routing.schedule import Calendar

YEAR = timedelta(days=365)


class Ahead:
    """The year from an instant on (seconds since 1970). Each calendar is asked once for all services."""

    def __init__(self, at: float) -> None:
        self.start = datetime.fromtimestamp(at, UTC)
        self.end = self.start + YEAR
        self._foreseen: dict[str, _Foreseen] = {}
        self._stretches: dict[frozenset[str], list[Stretch]] = {}
        self._together: dict[frozenset[str], dict[frozenset[str], float]] = {}

    def stretches(self, clocks: Mapping[str, Calendar]) -> list[Stretch]:
        """Return the stretches of the year, see outlook.stretches."""
        names = frozenset(clocks)
        found = self._stretches.get(names)
        if found is None:
            for name, calendar in clocks.items():
                if name not in self._foreseen:
                    self._foreseen[name] = _foreseen(calendar, self.start, self.end)
            known = {name: self._foreseen[name] for name in clocks}
            found = self._stretches[names] = stretches(known, self.start, self.end)
        return found

    def together(self, clocks: Mapping[str, Calendar]) -> dict[frozenset[str], float]:
        """Return the sets of calendars that are open together at some time, with their hours, the most usual one first.

        What is dated later than this year is foreseen too, with no hours: as if each year were like this one.
        """
        names = frozenset(clocks)
        if names not in self._together:
            self._together[names] = self._foreseen_together(clocks)
        return self._together[names]

    def _foreseen_together(self, clocks: Mapping[str, Calendar]) -> dict[frozenset[str], float]:
        hours: dict[frozenset[str], float] = {}
        for stretch in self.stretches(clocks):
            hours[stretch.open] = hours.get(stretch.open, 0.0) + stretch.hours
        found = dict(sorted(hours.items(), key=lambda each: each[1], reverse=True))
        dates = {name: clock for name, clock in clocks.items() if isinstance(clock, Dates)}
        bounds = (bound for clock in dates.values() for bound in (clock.start, clock.end) if bound is not None)
        for bound in sorted({bound for bound in bounds if bound >= self.end.timestamp()}):
            at = datetime.fromtimestamp(bound, UTC)
            then = {name for name, clock in dates.items() if clock.is_open(at)}
            for each in list(found):
                found.setdefault(frozenset(each - dates.keys() | then), 0.0)
        return found


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """What a calendar will do during a year."""

    name: str
    opened: bool
    changes: tuple[datetime, ...]

    def is_open(self, at: datetime) -> bool:
        return self.opened != bool(bisect_right(self.changes, at) % 2)

    def next_change(self, at: datetime) -> datetime | None:
        following = bisect_right(self.changes, at)
        return self.changes[following] if following < len(self.changes) else None


def _foreseen(calendar: Calendar, start: datetime, end: datetime) -> _Foreseen:
    changes = []
    change = calendar.next_change(start)
    while change is not None and change < end:
        changes.append(change.astimezone(UTC))
        change = calendar.next_change(change)
    return _Foreseen(calendar.name, calendar.is_open(start), tuple(changes))
