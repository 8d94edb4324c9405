"""Instants as a person says them: `tomorrow 8:00`, `friday 18:00`, `2026-12-24 18:00`, `in 2h`.

All are by the clock on the wall of the routing file's time zone, unless they say another.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from ccrouter.config.problems import nearest
from ccrouter.errors import ConfigError

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

YEARS: Final = range(2000, 2200)
"""Years that may be asked about: the zones and the holidays beyond are anyone's guess."""

FORMS: Final = "Write 2026-12-24 18:00, tomorrow 8:00, friday 18:00, 18:30, in 2h or now"

_UNITS: Final = {"d": 86400, "h": 3600, "min": 60, "m": 60, "s": 1}
_TIME: Final = r"(?P<time>\d{1,2}:\d\d(?::\d\d)?)"
_ISO: Final = re.compile(rf"(?P<date>\d{{4}}-\d\d-\d\d)(?:[ tT]{_TIME}(?P<offset>[zZ]|[+-]\d\d:?\d\d)?)?")
_CLOCK: Final = re.compile(_TIME)
_DAY: Final = re.compile(rf"(?P<day>(?:next )?[a-z]+)(?: {_TIME})?")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*\b")
_IN: Final = re.compile(r"in ?(?P<span>(?:\d{1,5} ?(?:min|[dhms]) ?)+)")


class InstantError(ConfigError):
    """A text says no instant; `message` tells why, `cure` what to write instead."""

    def __init__(self, message: str, cure: str = FORMS) -> None:
        self.message = message
        self.cure = cure
        super().__init__(f"{message}. {cure}{'' if cure.endswith('?') else '.'}")


def instant(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant that a text says, aware and in `zone`; `now` is aware, in any zone.

    A time alone and a day of the week are the next to come; `next friday` is never today. A date alone begins at 0:00.
    An hour that the clocks go through twice is the first of the two, unless that is past.

    Raises:
        InstantError: it says none, or one that the clocks of the zone leave out.

    """
    said = " ".join(text.lower().split())
    here = now.astimezone(zone)
    if said == "now":
        return here
    if (span := _IN.fullmatch(said)) is not None:
        return _ahead(span["span"], text, now, zone)
    if (written := _ISO.fullmatch(said)) is not None:
        return _dated(written, text, zone)
    if _CLOCK.fullmatch(said) is not None:
        return _next_to_come(said, here, zone, range(2))
    day = _DAY.fullmatch(said)
    if day is None:
        raise InstantError(f"`{text}` says no instant", _cure(said, here))
    if day["time"] is None and day["day"].removeprefix("next ") in {"today", "tomorrow", *WEEKDAYS}:
        raise InstantError(f"`{text}` lacks a time", f"Write it too: {said} 8:00")
    return _of_day(day["day"], day["time"] or "0:00", text, here, zone)


def _cure(said: str, here: datetime) -> str:
    """Return how to write what is no instant: a day with the name of its month goes in digits."""
    named = _MONTH.search(said)
    number = re.search(r"\b\d{1,2}\b", said)
    if named is None or number is None:
        return FORMS
    month = _MONTHS.index(named[1]) + 1
    for year in (here.year, here.year + 1):
        try:
            day = date(year, month, int(number[0]))
        except ValueError:
            return FORMS
        if day >= here.date():
            return f"Write the day in digits: {day} 8:00"
    return FORMS


def past(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant that a text says of what has been: as `instant`, but a time or a day is the last that was.

    `yesterday 18:00` and `2h ago` are understood too, and `2h` as the same.

    Raises:
        InstantError: it says none, or one that the clocks of the zone leave out.

    """
    said = " ".join(text.lower().split())
    if said.startswith("yesterday"):
        return instant(said.replace("yesterday", "today", 1), now - timedelta(days=1), zone)
    if (span := _IN.fullmatch(f"in {said.removesuffix(' ago')}")) is not None:
        ahead = instant(span[0], now, UTC) - now
        return (now.astimezone(UTC) - ahead).astimezone(zone)
    looks = (instant(text, now - timedelta(days=back), zone) for back in (0, 1, 7))
    return next((found for found in looks if found <= now), instant(text, now, zone))


def dated(text: str, zone: tzinfo) -> datetime:
    """Return the instant that a text says by its date, so that it says the same on every day.

    Raises:
        InstantError: it says none, or one that the clocks of the zone leave out.

    """
    written = _ISO.fullmatch(" ".join(text.split()))
    if written is None:
        raise InstantError(f"`{text}` says no day and time", "Write both: 2026-12-24 18:00")
    return _dated(written, text, zone)


def _dated(written: re.Match[str], text: str, zone: tzinfo) -> datetime:
    try:
        day = date.fromisoformat(written["date"])
    except ValueError:
        raise InstantError(f"there is no day {written['date']}", "Write year, month and day: 2026-12-24") from None
    if day.year not in YEARS:
        raise InstantError(f"the year {day.year} is out of reach", f"Write one from {YEARS.start} to {YEARS[-1]}")
    clock = _time(written["time"] or "0:00")
    if written["offset"] is None:
        return _on_the_wall(day, clock, zone)
    try:
        offset = datetime.fromisoformat(f"2026-01-01T00:00:00{written['offset'].upper()}").tzinfo
    except ValueError:
        raise InstantError(f"`{text}` has no offset from UTC", "Write one such as +01:00, or Z") from None
    return datetime.combine(day, clock, offset).astimezone(zone)


def _ahead(span: str, text: str, now: datetime, zone: tzinfo) -> datetime:
    parts = re.findall(r"(\d+) ?(min|[dhms])", span)
    try:
        found = now.astimezone(UTC) + timedelta(seconds=sum(int(n) * _UNITS[unit] for n, unit in parts))
    except OverflowError:
        found = datetime.max.replace(tzinfo=UTC)
    if found.year not in YEARS:
        raise InstantError(f"`{text}` is out of reach", f"Write an instant before the year {YEARS.stop}")
    return found.astimezone(zone)


def _of_day(word: str, clock: str, text: str, here: datetime, zone: tzinfo) -> datetime:
    next_one, name = word.startswith("next "), word.removeprefix("next ")
    if name in WEEKDAYS:
        ahead = (WEEKDAYS.index(name) - here.weekday()) % 7
        if next_one:
            return _on_the_wall(here.date() + timedelta(days=ahead or 7), _time(clock), zone)
        return _next_to_come(clock, here, zone, range(ahead, ahead + 8, 7))
    days = {"today": 0, "tomorrow": 1}
    if next_one or name not in days:
        near = nearest(name, [*days, *WEEKDAYS, "now"])
        raise InstantError(f"`{text}` says no instant", f"Did you mean `{near}`?" if near else FORMS)
    return _on_the_wall(here.date() + timedelta(days=days[name]), _time(clock), zone)


def _next_to_come(clock: str, here: datetime, zone: tzinfo, days: range) -> datetime:
    """Return this time of the first of these days (counted from today) on which it is not past."""
    wanted = _time(clock)
    first, second = (here.date() + timedelta(days=ahead) for ahead in days)
    once = datetime.combine(first, wanted, zone)
    again = once.replace(fold=1)
    # Of an hour that the clocks go through twice, the first may be past and the second the next to come.
    if once.astimezone(UTC) <= here.astimezone(UTC) < again.astimezone(UTC):
        return again
    return _on_the_wall(first if datetime.combine(first, wanted) > here.replace(tzinfo=None) else second, wanted, zone)


def _time(text: str) -> time:
    hour, minute, second, *_ = (*(int(part) for part in text.split(":")), 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        cure = "Write 0:00 of the next day" if hour == 24 else "Write hours and minutes, 0:00 to 23:59"
        raise InstantError(f"there is no time {text}", cure) from None


def _on_the_wall(day: date, clock: time, zone: tzinfo) -> datetime:
    wall = datetime.combine(day, clock)
    found = wall.replace(tzinfo=zone)
    if found.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        message = f"{wall:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks are turned forward"
        raise InstantError(message, "Write a time an hour later")
    return found
