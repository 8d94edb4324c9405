"""The axes on which a list of rules can tell one call from another, and what each condition asks of them.

Every measure that rules compare with a level becomes a few cases: as many as the levels can tell apart. The value that
stands for a case makes the same conditions say yes and no as any other value of that case.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from ccrouter.outlook.cubes import BudgetError
from ccrouter.routing.conditions import CallerIs
from ccrouter.routing.thresholds import OFF, Latch, Level

MOST_ANSWERS = 100_000
"""Answers about one axis, one by each condition on each candidate; rules that need more are not looked through."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Axis:
    """What can be the case about one thing.

    Attributes:
        about: the kind of thing: mode, time, clock, entrance, caller, waited, waits, positions, ewt, level, calls,
            health, rate, history, known.
        of: its name: of a mode, queue, site, ...
        cases: a value for each case, the usual one first.

    """

    about: str
    of: Hashable
    cases: tuple[object, ...]

    @property
    def full(self) -> int:
        """Return the mask of all cases."""
        return (1 << len(self.cases)) - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What one condition says on its axis: the masks of the cases with a yes and with a no; the rest is not known.

    Attributes:
        history: cases in which it may as well say the opposite, by a hold time or a stop level.

    """

    yes: int = 0
    no: int = 0
    history: int = 0


def laid_out(
    candidates: Iterable[Value], answers: Sequence[Callable[[Value], tuple[bool | None, bool]]]
) -> tuple[tuple[Value, ...], list[Asked]]:
    """Return the candidates that can be told apart, and for each condition what it says of them.

    Each answer is yes, no or not known (None), and whether it depends on what was before.

    Raises:
        BudgetError: there are too many.

    """
    found: dict[tuple[tuple[bool | None, bool], ...], Value] = {}
    for count, candidate in enumerate(candidates):
        if count * len(answers) >= MOST_ANSWERS:
            raise BudgetError
        found.setdefault(tuple([answer(candidate) for answer in answers]), candidate)
    masks = [[0, 0, 0] for _ in answers]
    for case, said in enumerate(found):
        for mask, (verdict, history) in zip(masks, said, strict=True):
            if verdict is not None:
                mask[not verdict] |= 1 << case
                mask[2] |= history << case
    return tuple(found.values()), [Asked(*mask) for mask in masks]


def reached(level: Level, value: float | None) -> tuple[bool | None, bool]:
    """Return what a threshold says of a value that has lasted, and whether it might say the opposite."""
    if value is None:
        return None, False
    if level.step(OFF, value, 0.0).reached_at is None:
        return False, level.step(Latch(on=True), value, 0.0).on
    return True, level.hold_s > 0


# --- candidates -------------------------------------------------------------------------------------------------------


def around(levels: Iterable[Level], *, whole: bool, most: float | None = None) -> Iterator[float]:
    """Yield values from 0 that lie on every side of every level, the plain ones first."""
    bounds = sorted({bound for level in levels for bound in (level.start, level.stop)})
    plain = (bound + step for bound in bounds for step in (0, 1, -1))
    between = () if whole else (bound + 0.5 for bound in (-1, *bounds))
    for value in (*plain, *between):
        if value >= 0 and (most is None or value <= most):
            yield value


@dataclass(frozen=True, slots=True)
class Waits:
    """The callers who wait in one queue; by default those of a quiet one."""

    waiting: int = 0
    longest_s: float = 0.0


def waits(waiting: Iterable[Level], longest: Iterable[Level]) -> Iterator[Waits]:
    """Yield queues: nobody has waited where nobody waits."""
    seconds = sorted({0.0, *around(longest, whole=False)})
    yield Waits()
    for many in sorted({0, 1, *around(waiting, whole=True)}):
        for longest_s in seconds if many else [0.0]:
            yield Waits(int(many), longest_s)


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions of one queue, by default a quiet one: those who are ready or busy are logged in."""

    logged_in: int = 1
    ready: int = 1
    busy: int = 0

    @property
    def occupancy(self) -> float | None:
        """Return the percentage; None where nobody works."""
        return 100 * self.busy / (self.busy + self.ready) if self.busy + self.ready else None


def positions(ready: Iterable[Level], logged_in: Iterable[Level], occupancy: Sequence[Level]) -> Iterator[Positions]:
    """Yield positions as a queue can have them."""
    percents = sorted({0.0, *around(occupancy, whole=False, most=100)})
    yield Positions()
    for free in sorted({0, 1, *around(ready, whole=True)}):
        for busy in sorted({0, 1, *(ceil(free * each / (100 - each)) for each in percents if each < 100)}):
            usual = max(1, free + busy)
            for people in sorted({0, usual, free + busy, *around(logged_in, whole=True)}, key=lambda n: abs(n - usual)):
                if people >= free + busy:
                    yield Positions(int(people), int(free), int(busy))


@dataclass(frozen=True, slots=True)
class Manned:
    """The positions of one queue as they may be seen at any moment: callers on the way count against those ready."""

    logged_in: int
    ready: int
    occupancy: float | None


def manned(ready: Iterable[Level], logged_in: Iterable[Level], occupancy: Sequence[Level]) -> Iterator[Manned]:
    """Yield all that may be seen of positions, and perhaps a little more, but nothing that can be ruled out easily."""
    percents = [None, *sorted({0.0, 100.0, *around(occupancy, whole=False, most=100)})]
    for people in sorted({0, 1, *around(logged_in, whole=True)}):
        for free in sorted({0, 1, *around(ready, whole=True)}):
            for percent in percents if free <= people else []:
                idle = percent is None
                if not ((idle and free) or (not people and not idle) or (free and percent == 100)):
                    yield Manned(int(people), int(free), percent)


def callers(asked: Sequence[CallerIs]) -> tuple[tuple[str | None, ...], list[Asked]]:
    """Return callers whom conditions can tell apart, the first one of whom none speaks where there is such a caller."""
    numbers, prefixes, hidden = dict[str, int](), dict[str, int](), 0
    for at, condition in enumerate(asked):
        for number in condition.numbers:
            numbers[number] = numbers.get(number, 0) | 1 << at
        for prefix in condition.prefixes:
            prefixes[prefix] = prefixes.get(prefix, 0) | 1 << at
        hidden |= condition.anonymous << at
    lengths = {len(prefix) for prefix in prefixes}

    def spoken_of(caller: str) -> int:
        found = numbers.get(caller, 0)
        for length in lengths:
            found |= prefixes.get(caller[:length], 0)
        return found

    strangers = (f"+999{nth:09}" for nth in range(1, 100))
    usual = next((caller for caller in strangers if not spoken_of(caller)), "+999000000000")
    found: dict[int, str | None] = {spoken_of(usual): usual}
    for prefix in sorted(prefixes):
        whole = prefix.ljust(len(prefix) + 6 if len(prefix) < 7 else 13, "0")
        caller = whole if spoken_of(whole) == spoken_of(prefix) else prefix
        found.setdefault(spoken_of(caller), caller)
    for number in sorted(numbers):
        found.setdefault(spoken_of(number), number)
    cases = (*found.values(), None)
    everybody = (1 << len(cases)) - 1
    masks = [0] * len(asked)
    for case, signs in enumerate((*found, hidden)):
        for at in _bits(signs):
            masks[at] |= 1 << case
    return cases, [Asked(mask, everybody & ~mask) for mask in masks]


def _bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, the lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
