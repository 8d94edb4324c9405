"""Opening hours that can be read and are hardly meant: a `;` for a `,`, times that overlap, days without times."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

DAY_MIN: Final = 24 * 60

SPAN: Final = re.compile(r"\b(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\b")
"""A range of times."""

_WEEK: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_SOME: Final = rf"({'|'.join(_WEEK)})(?:\s*-\s*({'|'.join(_WEEK)}))?"
_DAYS: Final = re.compile(rf"{_SOME}(?:\s*,\s*{_SOME})*")
_LAST_DAYS: Final = re.compile(rf",\s*({_DAYS.pattern})$")
_STATE: Final = re.compile(r"\b(off|closed|open|24/7)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is hardly meant: its code, what is wrong, the cure, and where it begins in the text."""

    code: str
    message: str
    cure: str
    offset: int


@dataclass(frozen=True, slots=True)
class _Rule:
    """What stands between two `;`: its text, where it begins, its days, and what comes after them."""

    text: str
    offset: int
    days: str
    then: str


def start_of(found: re.Match[str]) -> int:
    """Return the minutes at which a range begins."""
    return int(found[1]) * 60 + int(found[2])


def end_of(found: re.Match[str]) -> int:
    """Return the minutes at which a range ends, past 24:00 where it runs over midnight."""
    end = int(found[3]) * 60 + int(found[4])
    return end if end > start_of(found) else end + DAY_MIN


def clock(minutes: int) -> str:
    """Return minutes as a time of the clock."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def doubts(text: str) -> Iterator[Doubt]:
    """Yield what is hardly meant in opening hours that can be read."""
    rules = [_rule(found) for found in re.finditer(r"[^;]+", text)]
    for before, rule in pairwise(rules):
        if not rule.days:
            yield _without_days(before, rule)
    for rule in rules:
        named = _LAST_DAYS.search(rule.text) if rule.then else None
        days = named[1] if named else "" if rule.then else rule.days
        if days:
            cure = f"Write its times: {days} 09:00-12:00, or {days} off"
            yield Doubt("T122", f"`{days}` has no times, so it would be open day and night", cure, rule.offset)
    for found in SPAN.finditer(text):
        yield from _odd(found)
    for rule in rules:
        yield from _overlaps(rule)
    for i, rule in enumerate(rules):
        for later in rules[i + 1 :]:
            yield from _replaced(rule, later)


def _rule(found: re.Match[str]) -> _Rule:
    text = " ".join(found.group().split())
    offset = found.start() + len(found.group()) - len(found.group().lstrip())
    place = min((sign.start() for sign in (SPAN.search(text), _STATE.search(text)) if sign), default=len(text))
    return _Rule(text, offset, text[:place].strip(), text[place:])


def _without_days(before: _Rule, rule: _Rule) -> Doubt:
    cure = "Write its days before it, or remove what it replaces"
    if SPAN.match(rule.text) and SPAN.match(before.then):
        cure = f"Write `,` for the `;`: {before.text},{rule.text}"
    return Doubt("T117", f"`{rule.text}` has no days, so it replaces all before it", cure, rule.offset)


def _odd(found: re.Match[str]) -> Iterator[Doubt]:
    start, end = start_of(found), end_of(found)
    said, after = found.group(), end - DAY_MIN
    if end - start > DAY_MIN:
        cure = "End it before midnight of the day after, and give that day hours of its own"
        yield Doubt("T115", f"`{said}` lasts longer than a day", cure, found.start())
    elif end - start == DAY_MIN and start:
        cure = f"Write 00:00-24:00 for the whole day, or the end that is meant: {clock(start)}-18:30"
        yield Doubt("T119", f"`{said}` lasts 24 hours, over midnight", cure, found.start())
    elif int(found[3]) * 60 + int(found[4]) > DAY_MIN:
        cure = f"Write {clock(start)}-{clock(after)} if that is meant, or the right end"
        yield Doubt("T119", f"`{said}` ends at {clock(after)} of the next day", cure, found.start())
    elif (start, int(found[3]), int(found[4])) == (0, 0, 0):
        yield Doubt("T119", f"`{said}` begins where it ends", "Write 00:00-24:00 for the whole day", found.start())


def _overlaps(rule: _Rule) -> Iterator[Doubt]:
    spans = list(SPAN.finditer(rule.text))
    for i, later in enumerate(spans):
        for earlier in reversed(spans[:i]):
            if re.search(r"[^\s,\d:-]", rule.text[earlier.end() : later.start()]):
                break  # days of its own
            if start_of(earlier) < end_of(later) and start_of(later) < end_of(earlier):
                start, end = min(map(start_of, (earlier, later))), max(map(end_of, (earlier, later)))
                whole = f"{clock(start)}-{clock(end if end <= DAY_MIN else end - DAY_MIN)}"
                message = f"`{earlier.group()}` and `{later.group()}` overlap"
                cure = f"Write {whole}, or times that do not overlap"
                yield Doubt("T118", message, cure, rule.offset)
                return


def _replaced(rule: _Rule, later: _Rule) -> Iterator[Doubt]:
    """Yield a rule that never counts, because a later one names all of its days."""
    mine, its = _named(rule.days), _named(later.days)
    if rule.days != later.days and not (mine and its and set(mine) <= set(its)):
        return
    if rule.days == later.days and SPAN.match(rule.then) and SPAN.match(later.then):
        message = f"`{rule.days}` stands twice, and only the second counts"
        cure = f"Write {rule.days} {rule.then},{later.then}".replace("  ", " ")
    else:
        message = f"`{rule.text}` never counts: `{later.text}` comes after it and replaces it"
        cure = f"Remove one of the two, or write `{rule.text}` after `{later.text}`"
        if rule.days == later.days:
            cure = "Remove one of the two"
    yield Doubt("T114", message, cure, later.offset)


def _named(days: str) -> Sequence[str]:
    """Return the days of the week that are named, or none where more than days of the week is said."""
    found = []
    if _DAYS.fullmatch(days):
        for first, last in re.findall(_SOME, days):
            start, end = _WEEK.index(first), _WEEK.index(last or first)
            found += [_WEEK[at % 7] for at in range(start, end + 1 if end >= start else end + 8)]
    return found
