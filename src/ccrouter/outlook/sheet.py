"""A year on a sheet of paper: A4 landscape, each day a strip of its 24 hours, filled by where its calls go.

Destinations are told apart by colour, by pattern and by letter, so that a print in black and white reads as well, and
so do eyes that see no red. Everything is inside the file: no script, no font, nothing to load.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from itertools import pairwise
from math import ceil
from typing import Final

from ccrouter.outlook.almanac import clocks_turned, days_that_differ, usual_week
from ccrouter.outlook.behaviour import Way
from ccrouter.outlook.recurring import day, month
from ccrouter.outlook.year import Day, Part, Year

WIDTH: Final = 281.0
HEIGHT: Final = 194.0
"""A4 landscape less margins of 8 mm; all lengths are in millimetres."""

_TOP: Final = 21.0
_ROW: Final = 4.3
_ROWS: Final = 31
_LABEL: Final = 8.3
_GAP: Final = 1.2
_ROOM_FOR_LETTER: Final = 2.2
_MOST_MONTHS: Final = 13

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_COLOURS: Final = ("#bfe0f5", "#f0e442", "#e69f00", "#7cc9ac", "#cc79a7", "#ececec", "#e58a4f", "#7f9bd1")
"""After Okabe and Ito, lightened where letters must be read on them."""

_HATCHES: Final = ("", "/", "-", "|", "\\", "x", "+")
"""Lines are drawn one by one: pattern fills make a printed file of a hundred megabytes."""

_SPACING: Final = 1.1

_STYLE: Final = (
    "text{font-family:Arial,Helvetica,sans-serif;fill:#111}.title{font-size:5px;font-weight:bold}"
    ".small{font-size:2.6px}.month{font-size:2.8px;font-weight:bold}.hours{font-size:1.5px;fill:#555}"
    ".day{font-size:2.1px}.off{font-weight:bold}"
    ".letter{font-size:2.3px;font-weight:bold;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:.45px}"
    ".legend{font-size:3px}.hatch{stroke:#333;stroke-width:.14;fill:none}"
)


@dataclass(frozen=True, slots=True)
class _Ink:
    """How a destination is drawn."""

    letter: str
    colour: str
    hatch: str

    def box(self, x: float, y: float, wide: float, high: float) -> str:
        """Return a rectangle filled with it."""
        lines = "".join(_hatched(self.hatch, x, y, wide, high))
        return (
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}" fill="{self.colour}" '
            f'stroke="#333" stroke-width=".1"/>' + (f'<path d="{lines}" class="hatch"/>' if lines else "")
        )


def sheet(year: Year, title: str, circumstances: str) -> str:
    """Return the sheet as SVG; a year of more than 13 months goes on on further sheets below."""
    months = list(dict.fromkeys((each.on.year, each.on.month) for each in year.days))
    sheets = [months[at : at + _MOST_MONTHS] for at in range(0, len(months), _MOST_MONTHS)]
    inks = _inks(year)
    ink = _legend_height(inks)
    drawn = []
    for nth, some in enumerate(sheets):
        of = f", sheet {nth + 1} of {len(sheets)}" if len(sheets) > 1 else ""
        body = "".join((*_heading(year, title, circumstances + of), *_months(year, some, inks), *_legend(year, inks)))
        drawn.append(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}mm" height="{HEIGHT + ink:g}mm" '
            f'viewBox="0 0 {WIDTH:g} {HEIGHT + ink:g}" y="{nth * (HEIGHT + ink):g}">'
            f"<style>{_STYLE}</style>{body}</svg>"
        )
    if len(drawn) == 1:
        return drawn[0]
    tall = len(drawn) * (HEIGHT + ink)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}mm" height="{tall:g}mm" '
        f'viewBox="0 0 {WIDTH:g} {tall:g}">{"".join(drawn)}</svg>'
    )


def page(year: Year, title: str, circumstances: str) -> str:
    """Return the sheet as a page of HTML, with the usual week and the days that differ in words behind it."""
    words = [("The usual week", usual_week(year)), ("Days that differ", days_that_differ(year) or ["none"])]
    words += [("Summer time", turned)] if (turned := clocks_turned(year)) else []
    text = "".join(f"<h2>{each}</h2><pre>{escape(chr(10).join(lines))}</pre>" for each, lines in words)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>'
        "@page{size:A4 landscape;margin:8mm}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
        "body{margin:0 auto;max-width:281mm;font-family:Arial,Helvetica,sans-serif;color:#111;background:#fff}"
        "svg{display:block;max-width:100%;height:auto}main{break-before:page}h2{font-size:4mm;break-after:avoid}"
        "pre{font-size:3.2mm;line-height:1.35}@media screen{body{padding:8mm}}"
        f"</style></head><body>\n{sheet(year, title, circumstances)}\n<main>{text}</main></body></html>\n"
    )


# --- ink --------------------------------------------------------------------------------------------------------------


def _inks(year: Year) -> dict[Way, _Ink]:
    """Return how each destination is drawn; the one that takes most hours is plain."""
    found = {}
    for nth, each in enumerate(year.ways):
        again, letter = divmod(nth, len(_LETTERS))
        hatch = _HATCHES[(nth + nth // len(_COLOURS)) % len(_HATCHES)]
        found[each] = _Ink(_LETTERS[letter] + str(again or ""), _COLOURS[nth % len(_COLOURS)], hatch)
    return found


def _hatched(hatch: str, x: float, y: float, wide: float, high: float) -> Iterator[str]:
    """Yield the lines of a hatch inside a rectangle, as the data of a path."""
    if hatch in {"-", "+"}:
        yield from (f"M{x:.2f} {y + high * third / 3:.2f}h{wide:.2f}" for third in (1, 2))
    if hatch in {"|", "+"}:
        for nth in range(1, ceil(wide / _SPACING)):
            yield f"M{x + nth * _SPACING:.2f} {y:.2f}v{high:.2f}"
    for sign in {"/": (1,), "\\": (-1,), "x": (1, -1)}.get(hatch, ()):
        for nth in range(1, ceil((wide + high) / _SPACING)):
            reach = nth * _SPACING  # the line on which distance from the left plus distance from the top is this
            left, right = max(0.0, reach - high), min(wide, reach)
            top, bottom = reach - right, reach - left
            if sign < 0:
                top, bottom = high - top, high - bottom
            yield f"M{x + left:.2f} {y + bottom:.2f}L{x + right:.2f} {y + top:.2f}"


# --- the parts of the sheet -------------------------------------------------------------------------------------------


def _heading(year: Year, title: str, circumstances: str) -> Iterator[str]:
    span = f"{day(year.days[0].on)} to {day(year.days[-1].on)}, {year.zone}; {circumstances}"
    yield _text(0, 5, title, "title")
    yield _text(0, 9.5, span, "small")
    yield _text(
        0, 13.2, "Bold with a bar: a holiday, an exception, or another day that differs. Grey: week-end.", "small"
    )


def _months(year: Year, months: list[tuple[int, int]], inks: Mapping[Way, _Ink]) -> Iterator[str]:
    column = WIDTH / max(len(months), 6)
    strip = column - _LABEL - _GAP
    for nth, (of_year, of_month) in enumerate(months):
        x = nth * column
        yield _text(x + 0.2, _TOP - 3, f"{month(of_month)} {of_year}", "month")
        for hour in (0, 6, 12, 18, 24):
            yield _text(x + _LABEL + strip * hour / 24, _TOP - 0.7, str(hour), "hours", 'text-anchor="middle"')
        for each in year.days:
            if (each.on.year, each.on.month) == (of_year, of_month):
                y = _TOP + (each.on.day - 1) * _ROW
                yield from _day(each, (x, y, strip), inks, differs=each.kind != year.usual[each.on.weekday()])
        for hour in (6, 12, 18):
            at = x + _LABEL + strip * hour / 24
            yield f'<path d="M{at:.2f} {_TOP:g}V{_TOP + _ROWS * _ROW:g}" stroke="#fff" stroke-width=".12"/>'


def _day(each: Day, place: tuple[float, float, float], inks: Mapping[Way, _Ink], *, differs: bool) -> Iterator[str]:
    """Draw a day at x and y, with a strip of some width."""
    x, y, strip = place
    if each.on.weekday() >= 5:
        yield f'<rect x="{x:.2f}" y="{y:.2f}" width="{_LABEL + strip:.2f}" height="{_ROW:g}" fill="#d0d0d0"/>'
    name = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")[each.on.weekday()]
    label = f"{each.on.day} {name}"
    told = f"<title>{escape(day(each.on) + (': ' + each.reason if each.reason else ''))}</title>"
    bar = f'<rect x="{x:.2f}" y="{y + 0.3:.2f}" width="0.7" height="{_ROW - 0.6:.2f}"/>' if differs else ""
    yield f"<g>{told}{bar}{_text(x + 1, y + 2.9, label, 'day off' if differs else 'day')}"
    left = x + _LABEL
    yield f'<rect x="{left:.2f}" y="{y + 0.3:.2f}" width="{strip:.2f}" height="{_ROW - 0.6:.2f}" fill="#fff"/>'
    for part, top, height in _laid(each.parts):
        begin, wide = left + strip * part.start / 1440, strip * (part.end - part.start) / 1440
        ink = inks[part.way]
        yield ink.box(begin, y + 0.3 + top, wide, height)
        if wide > _ROOM_FOR_LETTER and height > _ROW / 2:
            yield _text(begin + wide / 2, y + 2.9, ink.letter, "letter")
    yield "</g>"


def _laid(parts: tuple[Part, ...]) -> Iterator[tuple[Part, float, float]]:
    """Yield the parts of a day with their place in the strip: hours that come twice are drawn above one another."""
    whole = _ROW - 0.6
    turned = next((at for at in range(1, len(parts)) if parts[at].start < parts[at - 1].end), None)
    if turned is None:
        yield from ((part, 0.0, whole) for part in parts)
        return
    again, until = parts[turned].start, parts[turned - 1].end
    for at, part in enumerate(parts):
        cuts = sorted({part.start, part.end, *(cut for cut in (again, until) if part.start < cut < part.end)})
        for start, end in pairwise(cuts):
            twice = start >= again and end <= until
            top = whole / 2 if twice and at >= turned else 0.0
            yield Part(start, end, part.way), top, whole / 2 if twice else whole


def _legend_height(inks: Mapping[Way, _Ink]) -> float:
    """Return by how much the sheet grows for a legend of more ways than there is room for."""
    return max(0.0, _TOP + _ROWS * _ROW + 4 + len(inks) * 4.6 - HEIGHT)


def _legend(year: Year, inks: Mapping[Way, _Ink]) -> Iterator[str]:
    top = _TOP + _ROWS * _ROW + 4
    spent = dict.fromkeys(inks, 0.0)
    rules: dict[Way, dict[str, None]] = {}
    for piece in year.pieces:
        spent[piece.way] += (piece.end - piece.start) / timedelta(hours=1)
        rules.setdefault(piece.way, {})[piece.way.rule] = None
    for nth, (each, ink) in enumerate(inks.items()):
        y = top + nth * 4.6
        yield ink.box(0, y, 10, 3.8)
        yield _text(5, y + 2.8, ink.letter, "letter")
        by = f" - by {', '.join(rules[each])}; {spent[each]:,.0f} h"
        yield _text(12, y + 2.9, each.text + by, "legend")


def _text(x: float, y: float, text: str, style: str, more: str = "") -> str:
    return f'<text x="{x:.2f}" y="{y:.2f}" class="{style}" {more}>{escape(text)}</text>'.replace(" >", ">")
