"""Gates: parts of conditions that are about the same thing, asked once for all rules that have them.

The conditions themselves answer; what is kept is what they said to the same modes, number, instant and so on. Sets of
rules are bits of an integer, the first rule the lowest.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from itertools import accumulate
from operator import or_
from typing import Final, NamedTuple, Protocol

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import (
    NO,
    Any,
    CallerIs,
    Condition,
    Dates,
    LanguageIs,
    Mode,
    NumberIs,
    Open,
    Question,
    SiteIs,
    Threshold,
)
from ccrouter.routing.facts import Facts
from ccrouter.routing.literals import literals
from ccrouter.routing.measures import Reading
from ccrouter.routing.schedule import Calendar
from ccrouter.routing.thresholds import OFF, Direction, Level

MOST_KEPT: Final = 1000
"""Answers that are kept of one kind; callers can dial anything."""

NEVER: Final = datetime.min.replace(tzinfo=UTC)
FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)


class Gates(Protocol):
    """Parts of conditions that are about the same thing."""

    def rules(self, call: Call, facts: Facts) -> int:
        """Return the rules of those that say no now (of alternatives: of those that do not)."""
        ...


Parts = Mapping[Condition, int]
"""Parts of conditions, each with its rules."""

Said = Callable[[Parts, Call, Facts], int]
"""Returns the rules of the parts that say no, or of those that do not."""


def subject(part: Condition) -> Hashable:
    """Return what a part is about: a class of conditions (Open for dates too), the name of a site; None for several."""
    subjects = {_subject(each) for each in literals(part)}
    return subjects.pop() if len(subjects) == 1 else None


def _subject(condition: Condition) -> Hashable:
    if isinstance(condition, SiteIs):
        return condition.site
    if isinstance(condition, Open | Dates):
        return Open
    return type(condition) if type(condition) in _KEYS else None


_KEYS: Final[dict[Hashable, Callable[[Call, Facts], Hashable]]] = {
    Mode: lambda _, facts: facts.modes,
    NumberIs: lambda call, _: call.number,
    LanguageIs: lambda call, _: (call.language, call.caller_known),
}
"""By what the answer of a condition is known, for those that look at nothing else."""


def _health_of(site: str) -> Callable[[Call, Facts], Hashable]:
    def health(call: Call, facts: Facts) -> Hashable:
        known = facts.site(call.pabx, site)
        return None if known is None else known.health

    return health


def gates(about: Hashable, parts: Parts) -> Gates:
    """Return the gates of parts that are about one subject."""
    return _gates(about, parts, _said_no)


def _gates(about: Hashable, parts: Parts, said: Said) -> Gates:
    if about is Open:
        return _Timed(parts, said)
    return _Kept(parts, said, _health_of(about) if isinstance(about, str) else _KEYS[about])


def _said_no(parts: Parts, call: Call, facts: Facts) -> int:
    question, rules = Question(call, facts), 0
    for part, its_rules in parts.items():
        if part.test(question) is NO:
            rules |= its_rules
    return rules


def _said_otherwise(parts: Parts, call: Call, facts: Facts) -> int:
    question, rules = Question(call, facts), 0
    for part, its_rules in parts.items():
        if part.test(question) is not NO:
            rules |= its_rules
    return rules


@dataclass(slots=True)
class _Kept:
    """Parts that say the same again where the key is the same."""

    parts: Parts
    said: Said
    key: Callable[[Call, Facts], Hashable]
    _known: dict[Hashable, int] = field(default_factory=dict)

    def rules(self, call: Call, facts: Facts) -> int:
        key = self.key(call, facts)
        rules = self._known.get(key)
        if rules is None:
            if len(self._known) >= MOST_KEPT:
                self._known = {}
            rules = self._known[key] = self.said(self.parts, call, facts)
        return rules


@dataclass(slots=True)
class _Timed:
    """Parts that say the same until a calendar opens or closes, or a date comes."""

    parts: Parts
    said: Said
    _known: tuple[datetime, datetime, int] = (NEVER, NEVER, 0)

    def rules(self, call: Call, facts: Facts) -> int:
        since, until, rules = self._known
        if not since <= facts.instant < until:
            rules = self.said(self.parts, call, facts)
            calendars = {_calendar(each) for part in self.parts for each in literals(part)}
            changes = (None if each is None else each.next_change(facts.instant) for each in calendars)
            until = min((change for change in changes if change is not None), default=FOR_EVER)
            self._known = (facts.instant, until, rules)  # in one piece: threads share it
        return rules


def _calendar(condition: Condition) -> Calendar | None:
    if isinstance(condition, Open):
        return condition.calendar
    return condition if isinstance(condition, Dates) else None


class Callers:
    """Parts that ask for a caller, by how the numbers begin that they mean."""

    def __init__(self) -> None:
        self._rules = 0
        self._hidden = 0
        self._whole: dict[str, int] = {}
        self._begins: dict[int, dict[str, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, part: CallerIs, rule: int) -> None:
        """Take a part of a rule."""
        self._rules |= rule
        self._hidden |= rule if part.anonymous else 0
        for number in part.numbers:
            self._whole[number] = self._whole.get(number, 0) | rule
        for prefix in part.prefixes:
            begins = self._begins.setdefault(len(prefix), {})
            begins[prefix] = begins.get(prefix, 0) | rule

    def rules(self, call: Call, _: Facts) -> int:
        """Return the rules that mean somebody else."""
        caller = call.caller
        if not call.caller_known:
            return 0
        if caller is None:
            return self._rules & ~self._hidden
        meant = self._whole.get(caller, 0)
        for length, begins in self._begins.items():
            meant |= begins.get(caller[:length], 0)
        return self._rules & ~meant


class Load:
    """Parts with thresholds, or with several things of which one must say yes.

    A threshold is at rest that is off, and whose value does not start it: it says no, and stays as it is.
    """

    def __init__(self) -> None:
        self._rules = 0
        self._by_key: defaultdict[str, int] = defaultdict(int)
        self._levels: defaultdict[Reading, list[tuple[Level, int, bool]]] = defaultdict(list)
        self._others: defaultdict[Hashable, defaultdict[Condition, int]] = defaultdict(lambda: defaultdict(int))
        self._ready: tuple[tuple[_Measure, ...], tuple[Gates, ...]] | None = None

    def add(self, part: Condition, rule: int, *, unknown_counts: bool = True) -> None:
        """Take a part of a rule, and whether it matters that a threshold of it is unknown."""
        alternatives = list(_alternatives(part))
        if not all(isinstance(each, Threshold) or subject(each) is not None for each in alternatives):
            return
        self._rules |= rule
        for each in alternatives:
            if isinstance(each, Threshold):
                self._by_key[each.key] |= rule
                self._levels[each.read].append((each.level, rule, unknown_counts))
            else:
                self._others[subject(each)][each] |= rule

    def rules(self, call: Call, facts: Facts, left: int) -> int:
        """Return the rules, of those that are left, of which all that is here is at rest, or says no."""
        left &= self._rules
        if not left:
            return 0
        if self._ready is None:
            self._ready = (
                tuple(_measure(read, levels) for read, levels in self._levels.items()),
                tuple(_gates(about, parts, _said_otherwise) for about, parts in self._others.items()),
            )
        measures, others = self._ready
        astir = 0
        for (key, _), latch in facts.latches.items():
            if latch != OFF:
                astir |= self._by_key.get(key, 0)
        for rules, read, unknown, least, reached, most, kept in measures:
            if not rules & left & ~astir:
                continue
            value = read(facts, call.pabx)
            if value is None:
                astir |= unknown
            else:
                astir |= reached[bisect_right(least, value)] | kept[bisect_left(most, value)]
        for each in others:
            astir |= each.rules(call, facts)
        return left & ~astir


class _Measure(NamedTuple):
    """The thresholds of one measure, by their levels.

    Attributes:
        rules: those that have one of them.
        unknown: rules for which it matters that the value is not known.
        least: levels that want at least so much, in order; `reached` the rules that so many of them have.
        most: levels that want at most so much, in order; `kept` the rules that those from there on have.

    """

    rules: int
    read: Reading
    unknown: int
    least: list[float]
    reached: list[int]
    most: list[float]
    kept: list[int]


def _measure(read: Reading, levels: list[tuple[Level, int, bool]]) -> _Measure:
    rising = sorted((level.start, rule) for level, rule, _ in levels if level.direction is Direction.AT_LEAST)
    falling = sorted((level.start, rule) for level, rule, _ in levels if level.direction is Direction.AT_MOST)
    return _Measure(
        reduce(or_, (rule for _, rule, _ in levels)),
        read,
        reduce(or_, (rule for _, rule, counts in levels if counts), 0),
        [start for start, _ in rising],
        [0, *accumulate((rule for _, rule in rising), or_)],
        [start for start, _ in falling],
        [0, *accumulate((rule for _, rule in reversed(falling)), or_)][::-1],
    )


def _alternatives(part: Condition) -> Iterator[Condition]:
    """Yield the parts of which one must say yes."""
    if isinstance(part, Any):
        for each in part.parts:
            yield from _alternatives(each)
    else:
        yield part
