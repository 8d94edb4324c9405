"""The clock on the wall: when it is turned, and which minutes of which days a calendar is open by it."""

from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from ccrouter.routing.schedule import Calendar

DAY_MIN = 24 * 60

Spans = tuple[tuple[int, int], ...]
"""Half-open ranges in minutes from 00:00, by the clock on the wall, in order."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The zone's distance from UTC in seconds: at the begin, and from each instant on (seconds since 1970)."""

    offset_s: int
    turned: tuple[tuple[int, int], ...]


def clock_of(zone: tzinfo, start: datetime, days: int) -> Clock:
    """Return how the zone's clocks are turned in the days after `start` (aware)."""
    begin = start.astimezone(UTC).replace(microsecond=0)
    turned = []
    for ahead in range(days):
        low, high = begin + timedelta(days=ahead), begin + timedelta(days=ahead + 1)
        before, after = _offset_s(zone, low), _offset_s(zone, high)
        if before == after:
            continue
        while high - low > timedelta(seconds=1):
            middle = (low + (high - low) // 2).replace(microsecond=0)
            low, high = (middle, high) if _offset_s(zone, middle) == before else (low, middle)
        turned.append((int(high.timestamp()), after))
    return Clock(_offset_s(zone, begin), tuple(turned))


@dataclass(frozen=True, slots=True)
class OpenDays:
    """When a calendar is open: on the usual days of each weekday (Monday is 1), and on the days that differ."""

    usual: tuple[Spans, ...]
    dated: tuple[tuple[date, Spans], ...]

    def spans(self, day: date) -> Spans:
        """Return the minutes in which it is open on a day."""
        return dict(self.dated).get(day, self.usual[day.weekday()])


def open_days(calendar: Calendar, zone: tzinfo, first: date, days: int) -> OpenDays:
    """Return when a calendar is open in the days from `first` on."""
    found: dict[date, list[tuple[int, int]]] = {first + timedelta(days=ahead): [] for ahead in range(days)}
    for start, end in _stretches(calendar, _midnight(zone, first), _midnight(zone, first + timedelta(days=days))):
        for day, minutes, until in _by_wall(zone, start, end):
            if day in found:
                found[day].append((minutes, until))
    spans = {day: _joined(each) for day, each in found.items()}
    by_weekday: list[Counter[Spans]] = [Counter() for _ in range(7)]
    for day, each in spans.items():
        by_weekday[day.weekday()][each] += 1
    usual = tuple(counted.most_common(1)[0][0] if counted else () for counted in by_weekday)
    return OpenDays(usual, tuple((day, each) for day, each in spans.items() if each != usual[day.weekday()]))


def _stretches(calendar: Calendar, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretches in [start, end) in which a calendar is open."""
    # Calendars remember where they looked last. Others may ask this one at the same time, from another thread.
    own = copy(calendar)
    opened, at = own.is_open(start), start
    while at < end:
        change = own.next_change(at)
        until = end if change is None else min(end, change)
        if opened:
            yield at, until
        opened, at = not opened, until


def _by_wall(zone: tzinfo, start: datetime, end: datetime) -> Iterator[tuple[date, int, int]]:
    """Cut a stretch where the day or the clock on the wall changes; yield day, first minute and the one after it."""
    at = start
    while at < end:
        wall = at.astimezone(zone)
        minutes = wall.hour * 60 + wall.minute
        until = min(end, at + timedelta(minutes=DAY_MIN - minutes))
        if wall.utcoffset() != (until - timedelta(microseconds=1)).astimezone(zone).utcoffset():
            clock = clock_of(zone, at, 2)
            until = min(until, datetime.fromtimestamp(clock.turned[0][0], UTC)) if clock.turned else until
        yield wall.date(), minutes, minutes + int((until - at).total_seconds()) // 60
        at = until


def _joined(spans: list[tuple[int, int]]) -> Spans:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _midnight(zone: tzinfo, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _offset_s(zone: tzinfo, at: datetime) -> int:
    return int((at.astimezone(zone).utcoffset() or timedelta()).total_seconds())
