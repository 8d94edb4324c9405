"""Opening hours in OpenStreetMap's syntax, day by day: the ranges that start on a day, whatever the day after says.

The library behind it merges the days into one line of time, in which a night that runs into the next day can't be told
from that day's own hours. So every day is evaluated on two sheets of paper: its own 24 hours, and the 24 hours after,
on which only what began the day before is left.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from opening_hours import OpeningHours, ParserError, State  # type: ignore[attr-defined] # its stubs forget one

from ccrouter.config.cures import hours_meant
from ccrouter.config.hours_doubts import DAY_MIN, SPAN, clock, doubts, end_of
from ccrouter.config.values import SPACE_CURE, space_told

Spans = tuple[tuple[int, int], ...]
"""Half-open ranges in minutes from 00:00 of the day on which they start, in order; the end may lie past 24:00."""

_CENTURY: Final = (datetime(2000, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - the clock on the wall

_REFUSED: Final = (
    (
        re.compile(r"\bPH\b"),
        "T111",
        "`PH` knows no regional holidays",
        "Remove it and write `holidays: FR` (or FR-57, ...)",
    ),
    (
        re.compile(r"\bSH\b"),
        "T111",
        "`SH` (school holidays) has no effect",
        "Remove it and list the days under `exceptions`",
    ),
    (
        re.compile(r"\b(sunrise|sunset|dawn|dusk)\b"),
        "T112",
        "the sun can't be asked",
        "Write times of the clock: 08:30-18:30",
    ),
    (re.compile(r'"'), "T113", "a remark can't stand in opening hours", "Write it behind a `#` at the end of the line"),
    (re.compile(r"\bunknown\b"), "T113", "a line is open or closed, never unknown", "Remove `unknown`"),
    (
        re.compile(r"\d\s*\+"),
        "T113",
        "an open end says nothing about when the line closes",
        "Write the end: 08:30-18:30",
    ),
    (re.compile(r":\d\d\s*/"), "T113", "a repetition has no meaning for a telephone line", "Write the ranges out"),
)


class HoursError(ValueError):
    """A text is no opening hours; `code` says of which kind, `offset` is where in the text, `cure` how to mend it."""

    def __init__(self, code: str, message: str, cure: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.cure = cure
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly and seasonal hours without holidays.

    Attributes:
        today: the expression with all that runs past midnight cut there.
        tomorrow: the same days with only what runs past midnight, as hours of the day after; each range begins one
            minute early and is never empty, so that a day that is overruled here is overruled there too.
        unnamed: the same days, open only where a rule names no time of day at all.

    """

    today: OpeningHours
    tomorrow: OpeningHours | None
    unnamed: OpeningHours | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hours) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return f"{self.today} | {self.tomorrow} | {self.unnamed}"

    @property
    def steady(self) -> bool:
        """Tell whether all days of a century are alike, open or closed throughout.

        The library would look eight thousand years ahead for a change, which takes it a second.
        """
        _, end, _, _ = next(self.today.intervals(*_CENTURY))
        return end >= _CENTURY[1]

    def spans(self, day: date) -> Spans:
        """Return the ranges that start on a day."""
        today = _open_minutes(self.today, day)
        if self.tomorrow is None or self.unnamed is None:
            return today
        whole = bool(_open_minutes(self.unnamed, day)[-1:] and _open_minutes(self.unnamed, day)[-1][1] == DAY_MIN)
        later = () if whole else _open_minutes(self.tomorrow, day)
        after = [(DAY_MIN + max(0, start - 1), DAY_MIN + end - 1) for start, end in later if end > 1]
        return _joined([*today, *after])


def hours(text: str) -> Hours:
    """Return compiled opening hours.

    Raises:
        HoursError: the text is not in the syntax, or uses what has no meaning here.

    """
    for place, sign in enumerate(text):
        if sign.isspace() and not sign.isascii():
            raise HoursError("Y104", space_told(sign), SPACE_CURE, place)
    for pattern, code, message, cure in _REFUSED:
        found = pattern.search(text)
        if found:
            raise HoursError(code, message, cure, found.start())
    today = _parse(text)
    for doubt in doubts(text):
        raise HoursError(doubt.code, doubt.message, doubt.cure, doubt.offset)
    if not any(end_of(found) > DAY_MIN for found in SPAN.finditer(text)):
        return Hours(today, None, None)
    return Hours(
        _parse(SPAN.sub(lambda found: f"{found[1]}:{found[2]}-{clock(min(DAY_MIN, end_of(found)))}", text)),
        _parse(SPAN.sub(lambda found: f"00:00-{clock(max(0, end_of(found) - DAY_MIN) + 1)}", text)),
        _parse(SPAN.sub("00:00-00:01", text)),
    )


def _parse(text: str) -> OpeningHours:
    try:
        parsed = OpeningHours(text, auto_country=False, auto_timezone=False)
    except ParserError as error:
        place = re.search(r"--> 1:(\d+)", str(error))
        offset = min(int(place[1]) - 1, len(text) - 1) if place else None
        meant = hours_meant(text)
        cure = 'Write them as in OpenStreetMap: "Mo-Fr 08:30-18:30; Sa 09:00-12:00", days are Mo Tu We Th Fr Sa Su'
        cure = f'Write them in this form: "{meant}"' if meant and _is_good(meant) else cure
        raise HoursError("T110", f"`{text}` is no opening hours", cure, offset) from None
    if parsed.warnings:
        raise HoursError("T116", f"`{text}` can be misread: {parsed.warnings[0]}", f"Write {parsed}")
    return parsed


def _is_good(text: str) -> bool:
    try:
        return not OpeningHours(text, auto_country=False, auto_timezone=False).warnings and not any(doubts(text))
    except ParserError:
        return False


def _open_minutes(hours_of_day: OpeningHours, day: date) -> Spans:
    start = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the clock on the wall; calendars put it in its zone
    return tuple(
        (int((begin - start).total_seconds()) // 60, int((end - start).total_seconds()) // 60)
        for begin, end, state, _ in hours_of_day.intervals(start, start + timedelta(days=1))
        if state == State.OPEN
    )


def _joined(spans: list[tuple[int, int]]) -> Spans:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
