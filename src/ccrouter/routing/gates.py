"""Gates: parts of conditions that are about the same thing, asked once for all rules that have them.

The conditions themselves answer; what is kept is what they said to the same modes, number, instant and so on. Sets of
rules are bits of an integer, the first rule the lowest.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
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
from ccrouter.routing.thresholds import OFF, Direction, Latch, LatchKey, Level

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


def gates(about: Hashable, parts: Parts, *, no: bool = True) -> Gates:
    """Return the gates of parts that are about one subject: of those that say no, or of those that do not."""
    if about is Open:
        return _Timed(parts, no)
    return _Kept(parts, no, _health_of(about) if isinstance(about, str) else _KEYS[about])


def _said(parts: Parts, call: Call, facts: Facts, *, no: bool) -> int:
    """Return the rules of the parts that say no, or of those that do not."""
    question, rules = Question(call, facts), 0
    for part, its_rules in parts.items():
        if (part.test(question) is NO) is no:
            rules |= its_rules
    return rules


@dataclass(slots=True)
class _Kept:
    """Parts that say the same again where the key is the same."""

    parts: Parts
    no: bool
    key: Callable[[Call, Facts], Hashable]
    _known: dict[Hashable, int] = field(default_factory=dict)

    def rules(self, call: Call, facts: Facts) -> int:
        key = self.key(call, facts)
        rules = self._known.get(key)
        if rules is None:
            if len(self._known) >= MOST_KEPT:
                self._known = {}
            rules = self._known[key] = _said(self.parts, call, facts, no=self.no)
        return rules


@dataclass(slots=True)
class _Timed:
    """Parts that say the same until a calendar opens or closes, or a date comes."""

    parts: Parts
    no: bool
    _known: tuple[datetime, datetime, int] = (NEVER, NEVER, 0)

    def rules(self, call: Call, facts: Facts) -> int:
        since, until, rules = self._known
        if not since <= facts.instant < until:
            rules = _said(self.parts, call, facts, no=self.no)
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
    """The thresholds of rules, and parts with several things of which one must say yes.

    A threshold is at rest that is off, and whose value does not start it: it says no. One that is at rest, or on and
    not to be stopped, is not moved by a test.
    """

    def __init__(self) -> None:
        self._rests = 0
        self._several = 0
        self._by_key: dict[str, tuple[int, bool]] = {}
        self._levels: defaultdict[Reading, list[tuple[Level, int, bool]]] = defaultdict(list)
        self._others: defaultdict[Hashable, defaultdict[Condition, int]] = defaultdict(lambda: defaultdict(int))
        self._ready: tuple[tuple[_Measure, ...], tuple[Gates, ...]] | None = None
        self._latched: dict[str, _Latched] = {}

    def watch(self, thresholds: Sequence[Threshold], rule: int, *, unknown_counts: bool) -> None:
        """Take all thresholds of a rule, and whether it applies where a value is not known."""
        self._several |= rule if len(thresholds) > 1 else 0
        for each in thresholds:
            self._by_key[each.key] = (self._by_key.get(each.key, (0, False))[0] | rule, each.per_pabx)
            self._levels[each.read].append((each.level, rule, unknown_counts))

    def add(self, part: Condition, rule: int) -> None:
        """Take a part of a rule with several subjects, or the first one that has thresholds: none behind it comes."""
        alternatives = [each for each in _alternatives(part) if not isinstance(each, Threshold)]
        if any(subject(each) is None for each in alternatives):
            return
        self._rests |= rule
        for each in alternatives:
            self._others[subject(each)][each] |= rule

    def prepare(self) -> tuple[tuple["_Measure", ...], tuple[Gates, ...]]:
        """Have what was taken ready to be asked, and return it."""
        ready = self._ready = (
            tuple(_measure(read, levels) for read, levels in self._levels.items()),
            tuple(gates(about, parts, no=False) for about, parts in self._others.items()),
        )
        return ready

    def rules(self, call: Call, facts: Facts, left: int, shut: int) -> int:
        """Return the rules, of those that are left, that need not be tested.

        Args:
            shut: rules of which a part behind a threshold says no.

        """
        left &= self._rests | shut
        if not left:
            return 0
        measures, others = self._ready or self.prepare()
        _, astir, on, moved = self._latches(call.pabx, facts.latches)
        wanted = left
        for rules, read, unknown, starts, stops in measures:
            if not rules & wanted:
                continue
            value = read(facts, call.pabx)
            if value is None:
                astir |= unknown
                continue
            started = starts.reached(value)
            if started:
                astir |= started
                wanted = left & ~(astir & ~shut)
            moved |= started & ~on
            if rules & on:
                moved |= rules & on & ~stops.reached(value)
        for each in others:
            astir |= each.rules(call, facts)
        return left & ((self._rests & ~astir) | (shut & ~moved))

    def _latches(self, pabx: str, latches: Mapping[LatchKey, Latch]) -> "_Latched":
        """Return what latches say of the rules; it is kept until others are in force."""
        known = self._latched.get(pabx)
        if known is None or known.latches is not latches:
            astir = on = moved = 0
            for (key, where), latch in latches.items():
                rules, per_pabx = self._by_key.get(key, (0, False))
                if latch == OFF or where != (pabx if per_pabx else ""):
                    continue
                astir |= rules
                if latch.on:
                    on |= rules & ~self._several
                    moved |= rules & self._several
                else:
                    moved |= rules
            known = self._latched[pabx] = _Latched(latches, astir, on, moved)
        return known


class _Latched(NamedTuple):
    """What latches say of rules.

    Attributes:
        astir: rules with a threshold that is not off.
        on: rules whose only threshold is on.
        moved: rules with a threshold that a test may move, for all that can be said here.

    """

    latches: Mapping[LatchKey, Latch]
    astir: int
    on: int
    moved: int


class _Measure(NamedTuple):
    """The thresholds of one measure.

    Attributes:
        rules: those that have one of them.
        unknown: rules for which it matters that the value is not known.
        starts, stops: by the levels at which they start, and at which they stop.

    """

    rules: int
    read: Reading
    unknown: int
    starts: "_Levels"
    stops: "_Levels"


class _Levels:
    """Rules by their levels: which of them a value reaches."""

    __slots__ = ("_at_least", "_at_most", "_least", "_most")

    def __init__(self, levels: Iterable[tuple[Direction, float, int]]) -> None:
        rising: list[tuple[float, int]] = []
        falling: list[tuple[float, int]] = []
        for direction, level, rule in levels:
            (rising if direction is Direction.AT_LEAST else falling).append((level, rule))
        rising.sort()
        falling.sort()
        self._least = [level for level, _ in rising]
        self._at_least: list[int] = [0, *accumulate((rule for _, rule in rising), or_)]
        self._most = [level for level, _ in falling]
        self._at_most: list[int] = [0, *accumulate((rule for _, rule in reversed(falling)), or_)][::-1]

    def reached(self, value: float) -> int:
        """Return the rules that want at least so much, and those that want at most so much."""
        return self._at_least[bisect_right(self._least, value)] | self._at_most[bisect_left(self._most, value)]


def _measure(read: Reading, levels: list[tuple[Level, int, bool]]) -> _Measure:
    return _Measure(
        reduce(or_, (rule for _, rule, _ in levels)),
        read,
        reduce(or_, (rule for _, rule, counts in levels if counts), 0),
        _Levels((level.direction, level.start, rule) for level, rule, _ in levels),
        _Levels((level.direction, level.stop, rule) for level, rule, _ in levels),
    )


def _alternatives(part: Condition) -> Iterator[Condition]:
    """Yield the parts of which one must say yes."""
    if isinstance(part, Any):
        for each in part.parts:
            yield from _alternatives(each)
    else:
        yield part
