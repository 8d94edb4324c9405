"""Times that come again, as people say them: `Mo-Fr 18:00-18:30, 251 times, first Mon 23 Nov 2026 18:00`."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

Span = tuple[datetime, datetime]
"""A time [start, end), aware."""

FEW = 3
"""So many times are better told one by one."""

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_LONG = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def month(number: int) -> str:
    """Return the name of a month, 1 to 12, whatever the language of the machine."""
    return _MONTHS[number - 1]


def day(on: date) -> str:
    """Return a date with its weekday: `Mon 23 Nov 2026`."""
    return f"{_LONG[on.weekday()]} {on.day} {month(on.month)} {on.year}"


def clock(minutes: int) -> str:
    """Return minutes from midnight as a time of day."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def weekdays(days: Collection[int]) -> str:
    """Return weekdays (0 is Monday) as opening hours name them: `Mo-Fr,Su`."""
    runs: list[list[int]] = []
    for each in sorted(set(days)):
        if runs and runs[-1][-1] == each - 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return ",".join(_DAYS[run[0]] if len(run) == 1 else f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}" for run in runs)


@dataclass(frozen=True, slots=True)
class Recurring:
    """Spans that begin and end at the same times of the day.

    Attributes:
        spans: in order, on the clock of the house.

    """

    spans: tuple[Span, ...]

    @property
    def hours(self) -> float:
        """Return how long they last in all."""
        return hours(self.spans)

    @property
    def text(self) -> str:
        """Return the times as people say them."""
        if len(self.spans) <= FEW:
            return "; ".join(map(_once, self.spans))
        start, end = self.spans[0]
        return f"{self._each(start, end)}, {len(self.spans)} times, first {day(start.date())} {start:%H:%M}"

    def _each(self, start: datetime, end: datetime) -> str:
        days = weekdays([first.weekday() for first, _ in self.spans])
        if end - start > timedelta(days=1) and not _whole(start, end):
            return f"{days} {start:%H:%M} to {_DAYS[end.weekday()]} {end:%H:%M}"
        if _whole(start, end):
            nights = (end.date() - start.date()).days
            return f"{days} all day" if nights == 1 else f"{nights} days from {days} 00:00"
        return f"{days} {start:%H:%M}-{_ends(end)}"


def hours(spans: Iterable[Span]) -> float:
    """Return how long spans last in all, by true time."""
    return sum(end.timestamp() - start.timestamp() for start, end in spans) / 3600


def recurring(spans: Iterable[Span], zone: tzinfo) -> list[Recurring]:
    """Return spans sorted by the times of the day at which they begin and end, those that take most hours first.

    Those that last for more than a day begin and end on the same weekdays.
    """
    found: defaultdict[tuple[object, ...], list[Span]] = defaultdict(list)
    for span in spans:
        start, end = (each.astimezone(zone) for each in span)
        nights = (end.date() - start.date()).days
        long = nights > 1 or (nights == 1 and end.time() > start.time())
        found[start.time(), end.time(), nights, start.weekday() if long else None].append((start, end))
    groups = [Recurring(tuple(sorted(each, key=lambda span: span[0].timestamp()))) for each in found.values()]
    return sorted(groups, key=lambda group: (-group.hours, group.spans[0][0].timestamp()))


def _whole(start: datetime, end: datetime) -> bool:
    return (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0)


def _ends(end: datetime) -> str:
    return f"{end:%H:%M}" if (end.hour, end.minute) != (0, 0) else "24:00"


def _once(span: Span) -> str:
    start, end = span
    if _whole(start, end):
        last = end.date() - timedelta(days=1)
        return f"{day(start.date())}, all day" if last == start.date() else f"{day(start.date())} to {day(last)}"
    if end.date() == start.date() or (end - start < timedelta(days=1) and _ends(end) == "24:00"):
        return f"{day(start.date())} {start:%H:%M}-{_ends(end)}"
    return f"{day(start.date())} {start:%H:%M} to {day(end.date())} {end:%H:%M}"
