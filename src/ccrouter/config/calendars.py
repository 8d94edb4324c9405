"""Calendars: exceptions by date win over holidays, holidays win over hours. They read the clock on the wall.

The wall clock decides on summer-time days too: an hour that does not exist is never open, and one that comes twice is
open twice. A range that runs past midnight belongs to the day on which it starts: a holiday or an exception takes away
what starts on its date, and leaves what began the evening before.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from ccrouter.config.hours import Hours, Spans
from ccrouter.config.hours_doubts import DAY_MIN

if TYPE_CHECKING:
    from holidays import HolidayBase

FARTHEST_DAYS: Final = 3660
"""A change further away than ten years is none."""

AHEAD_DAYS: Final = 8
"""How far `is_open` looks for the end of the stretch that it remembers."""

DAYS_KEPT: Final = 1000

_MOMENT: Final = timedelta(microseconds=1)

_YEARS: Final = Lock()
"""Who asks the library about a year for the first time has it filled in, and nobody may look at it meanwhile."""


class WallCalendar:
    """Hours with holidays and exceptions in one time zone; implements routing.schedule.Calendar."""

    def __init__(
        self,
        name: str,
        zone: ZoneInfo,
        hours: Hours,
        holidays: "Sequence[HolidayBase]" = (),
        exceptions: Mapping[date, Hours | None] | None = None,
    ) -> None:
        """Take `exceptions` as hours by date, None for closed."""
        self._name = name
        self._zone = zone
        self._hours = hours
        self._holidays = tuple(holidays)
        self._exceptions = dict(exceptions or {})
        codes = tuple((known.country, known.subdiv) for known in self._holidays)
        self._says = (name, zone.key, hours, codes, tuple(self._exceptions.items()))
        self._days: dict[date, Spans] = {}
        self._turns: dict[date, tuple[datetime, ...]] = {}
        never = datetime.min.replace(tzinfo=UTC)
        self._stretch = (never, never, False)

    @property
    def name(self) -> str:
        """Return the calendar's name in the routing file."""
        return self._name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WallCalendar) and self._says == other._says

    def __hash__(self) -> int:
        return hash(self._says)

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone whose clock it reads."""
        return self._zone

    @property
    def holiday_codes(self) -> tuple[str, ...]:
        """Return the countries, or parts of them, whose public holidays it knows."""
        return tuple(f"{known.country}-{known.subdiv}" if known.subdiv else known.country for known in self._holidays)

    def opens_as_usual(self, day: date) -> bool:
        """Tell whether the hours open on a day of which no exception says anything, holidays left aside."""
        return day not in self._exceptions and bool(self._hours.spans(day))

    def occasion(self, day: date) -> str:
        """Return what makes a day unlike the others of its weekday: an exception, a holiday by its name, or nothing."""
        if day in self._exceptions:
            return f"exception in {self._name}"
        with _YEARS:
            return next((known[day] for known in self._holidays if day in known), "")

    def is_open(self, at: datetime) -> bool:
        """Tell whether `at` (aware, any zone) lies inside the opening hours."""
        # Taken and put in one piece: other threads look ahead by this calendar while calls are decided by it.
        since, until, opened = self._stretch
        if not since <= at < until:
            since = at.astimezone(UTC)
            opened = self._is_open_by_wall(at)
            until = self._change_after(at, AHEAD_DAYS) or since + timedelta(days=AHEAD_DAYS - 1)
            self._stretch = (since, until, opened)
        return opened

    def next_change(self, at: datetime) -> datetime | None:
        """Return the first instant after `at` at which open turns to closed or back, in UTC.

        None when there is none within ten years.
        """
        days = FARTHEST_DAYS
        if self._steady:
            today = at.astimezone(self._zone).date()
            days = max(((day - today).days + 3 for day in self._exceptions), default=0)
        return self._change_after(at, days)

    @cached_property
    def _steady(self) -> bool:
        """Tell whether all days but the exceptions are alike; the library takes milliseconds to say so."""
        return not self._holidays and self._hours.steady

    def _is_open_by_wall(self, at: datetime) -> bool:
        wall = at.astimezone(self._zone)
        minutes = wall.hour * 60 + wall.minute
        today = wall.date()
        return any(start <= minutes < end for start, end in self._spans(today)) or any(
            start <= minutes + DAY_MIN < end for start, end in self._spans(today - timedelta(days=1))
        )

    def _change_after(self, at: datetime, days: int) -> datetime | None:
        today = at.astimezone(self._zone).date()
        for ahead in range(days):
            changes = self._changes(today + timedelta(days=ahead))
            if changes and changes[-1] > at:
                return changes[bisect_right(changes, at)]
        return None

    def _changes(self, day: date) -> tuple[datetime, ...]:
        """Return the instants of a day at which the state changes, in order."""
        found = self._turns.get(day)
        if found is None:
            if len(self._turns) >= DAYS_KEPT:
                self._turns.clear()
            found = self._turns[day] = tuple(self._changes_of(day))
        return found

    def _changes_of(self, day: date) -> Iterator[datetime]:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        start, end = midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)
        ranges = self._ranges(day)
        bounds = {0, *(bound for each in ranges for bound in each if 0 <= bound <= DAY_MIN)}
        if end - start == timedelta(days=1):  # minutes need no zone on a day of 24 hours
            was_open = self._is_open_by_wall(start - _MOMENT)
            for minutes in sorted(bounds - {DAY_MIN}):
                if was_open != any(begin <= minutes < until for begin, until in ranges):
                    was_open = not was_open
                    yield start + timedelta(minutes=minutes)
            return
        shift = _clock_change(midnight, midnight + timedelta(days=1))
        walls = [midnight + timedelta(minutes=minutes) for minutes in bounds]
        instants = {wall.replace(fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)}
        for instant in sorted(instants if shift is None else instants | {shift}):
            if self._is_open_by_wall(instant) != self._is_open_by_wall(instant - _MOMENT):
                yield instant

    def _ranges(self, day: date) -> Spans:
        """Return the ranges of a day, and those of the day before, in minutes from 00:00 of the day."""
        yesterday = ((start - DAY_MIN, end - DAY_MIN) for start, end in self._spans(day - timedelta(days=1)))
        return (*self._spans(day), *yesterday)

    def _spans(self, day: date) -> Spans:
        found = self._days.get(day)
        if found is None:
            if len(self._days) >= DAYS_KEPT:
                self._days.clear()
            found = self._days[day] = self._spans_of(day)
        return found

    def _spans_of(self, day: date) -> Spans:
        if day in self._exceptions:
            exception = self._exceptions[day]
            return () if exception is None else exception.spans(day)
        with _YEARS:
            if any(day in known for known in self._holidays):
                return ()
        return self._hours.spans(day)


def _clock_change(start: datetime, end: datetime) -> datetime | None:
    """Return the instant between two at which the zone's clocks are turned, or None."""
    low, high = start.astimezone(UTC), end.astimezone(UTC)
    before = start.utcoffset()
    if before == end.utcoffset():
        return None
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(start.tzinfo).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
