"""Gates of the load: thresholds of rules, looked up by the levels that a measure reaches.

Sets of rules are bits of an integer, as in gates.py.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import accumulate
from operator import or_
from typing import NamedTuple

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import Any, Condition, Threshold
from ccrouter.routing.facts import Facts
from ccrouter.routing.gates import Gates, gates, subject
from ccrouter.routing.measures import Reading
from ccrouter.routing.thresholds import OFF, Direction, Latch, LatchKey, Level


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
