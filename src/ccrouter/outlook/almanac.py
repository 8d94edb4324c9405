"""A year on a page of text: a grid of its days, the usual week in words, and the days that differ."""

import textwrap
from collections.abc import Iterator
from datetime import date, timedelta

from ccrouter.outlook.recurring import clock, day, month, weekdays
from ccrouter.outlook.year import Day, Kind, Year

WIDTH = 80
WEEKS_A_ROW = 70

_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_ROOM = 4
"""Weeks that the name of a month takes."""

_NEAR_DAYS = 3
"""Days alike that lie no further apart are told together: a week-end may lie between them."""


def grid(year: Year) -> list[str]:
    """Return the days as signs, a column for each week and a row for each weekday, below the names of the months."""
    first = year.days[0].on - timedelta(days=year.days[0].on.weekday())
    weeks = (year.days[-1].on - first).days // 7 + 1
    signs = {each.on: year.signs[each.kind] for each in year.days}
    lines: list[str] = []
    for begin in range(0, weeks, WEEKS_A_ROW):
        mondays = [first + timedelta(weeks=week) for week in range(begin, min(weeks, begin + WEEKS_A_ROW))]
        lines += [""] * bool(lines) + [f"    {_months(mondays, year.days[-1].on)}".rstrip()]
        for weekday, name in enumerate(_NAMES):
            row = "".join(signs.get(monday + timedelta(days=weekday), " ") for monday in mondays)
            lines.append(f"{name}  {row}".rstrip())
    return lines


def usual_week(year: Year) -> list[str]:
    """Return what most days of each weekday are like."""
    alike: dict[Kind, list[int]] = {}
    for weekday, kind in year.usual.items():
        alike.setdefault(kind, []).append(weekday)
    lines: list[str] = []
    for kind, days in alike.items():
        lines += _times(kind, f"{year.signs[kind]}  {weekdays(days):<9}", " ")
    return lines


def days_that_differ(year: Year) -> list[str]:
    """Return the days that are unlike most days of their weekday, with the reason where it is known."""
    lines: list[str] = []
    for kind, runs in _runs(year.unusual).items():
        days = [weekday for weekday, usual in year.usual.items() if usual == kind]
        for nth, run in enumerate(runs):
            lines += _wrapped(_told(run), f"{' ' if nth else year.signs[kind]}  ")
        lines += [f"     like {weekdays(days)}"] if days else _times(kind, "     ", "")
    return lines


def clocks_turned(year: Year) -> list[str]:
    """Return when the clocks are turned."""
    return [
        f"{day(each.on)}: {each.reason.split(', ')[-1]}, a day of {24 - each.clock_h:g} hours" for each in year.turned
    ]


def _months(mondays: list[date], last: date) -> str:
    """Return the names of the months over the weeks in which they begin, as far as there is room."""
    begins = {0: mondays[0] + timedelta(days=6)}
    begins |= {
        week: sunday
        for week, sunday in _sundays(mondays)
        if sunday.day <= len(_NAMES) and sunday.replace(day=1) <= last
    }
    weeks = sorted(begins)
    if len(weeks) > 1 and weeks[1] < _ROOM:  # the few days of the first month give way
        del weeks[0]
    row = ""
    for week in weeks:
        row = row.ljust(week) + month(begins[week].month) + " "
    return row


def _sundays(mondays: list[date]) -> Iterator[tuple[int, date]]:
    yield from ((week, monday + timedelta(days=6)) for week, monday in enumerate(mondays))


def _times(kind: Kind, head: str, gap: str) -> Iterator[str]:
    ends = [start for start, _ in kind[1:]] + [24 * 60]
    for (start, way), end in zip(kind, ends, strict=True):
        when = "all day     " if len(kind) == 1 else f"{clock(start)}-{clock(end)} "
        yield from _wrapped(way.text, f"{head}{gap}{when} ")
        head = " " * len(head)


def _wrapped(text: str, head: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False
    )  # fmt: skip


def _runs(days: list[Day]) -> dict[Kind, list[list[Day]]]:
    """Return days by what they are like, those close together with one reason as one run."""
    found: dict[Kind, list[list[Day]]] = {}
    for each in days:
        runs = found.setdefault(each.kind, [])
        last = runs[-1][-1] if runs else None
        if last and last.reason == each.reason and (each.on - last.on).days <= _NEAR_DAYS:
            runs[-1].append(each)
        else:
            runs.append([each])
    return found


def _told(run: list[Day]) -> str:
    told = day(run[0].on)
    if len(run) > 1:
        told += f" to {day(run[-1].on)}, {weekdays([each.on.weekday() for each in run])}, {len(run)} days"
    return f"{told}: {run[0].reason}" if run[0].reason else told
