"""Where two lists of rules part: situations in which the first that applies leads elsewhere in one than in the other.

Nothing is decided here: what is found is a situation that is worth asking about.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from ccrouter.outlook.cubes import ANYTHING, Budget, BudgetError, Cube, Formula, every
from ccrouter.outlook.pairs import asks, pairs
from ccrouter.outlook.residue import names
from ccrouter.outlook.situations import Situation, described, short
from ccrouter.outlook.space import MEASURES, Callers, Space, World
from ccrouter.routing.conditions import Threshold, Waited
from ccrouter.routing.literals import literals
from ccrouter.routing.measures import Reading
from ccrouter.routing.rule import Rule
from ccrouter.routing.thresholds import Direction

STEPS = 4_000
"""Of the search for the situations of one pair of rules."""

MOST_WAYS = 8
"""Situations that are looked at for one pair of rules."""


@dataclass(frozen=True, slots=True)
class Found:
    """A situation, and for how long a caller has waited in it already."""

    situation: Situation
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Apart:
    """What was found; `unexplored` are the pairs of rules for which the search took too long."""

    found: tuple[Found, ...]
    unexplored: tuple[tuple[str, str], ...]


def apart(before: Sequence[Rule], after: Sequence[Rule], who: Callers) -> Apart:
    """Return at least one situation for each pair of rules, one of each list, that decide about one call differently.

    The last rule of each list applies always. What a rule asks beyond the levels at which thresholds start (for how
    long, and until when) is not looked at.
    """
    found: list[Found] = []
    unexplored: list[tuple[str, str]] = []
    to = [[names(rule.to) for rule in rules] for rules in (before, after)]
    asked = [[asks(rule) for rule in rules] for rules in (before, after)]
    wanted = list(pairs(asked[0], asked[1], lambda old, new: to[0][old] != to[1][new]))
    if not wanted:
        return Apart((), ())
    before, after = (rules[: max(each[side] for each in wanted) + 1] for side, rules in enumerate((before, after)))
    try:
        spaces = [Space([*before, *after], who, World.LASTING)]
        if any(axis.about in MEASURES for axis in spaces[0].axes):
            spaces.append(Space([*before, *after], who, World.CUT))
    except BudgetError:
        return Apart((), tuple((before[old].name, after[new].name) for old, new in wanted))
    for space in spaces:
        search = _Search(space, before, after)
        for old, new in wanted:
            try:
                found += islice(search.between(old, new), MOST_WAYS)
            except BudgetError:
                unexplored.append((before[old].name, after[new].name))
    return Apart(tuple(found), tuple(dict.fromkeys(unexplored)))


class _Search:
    """Two lists of rules in one space."""

    def __init__(self, space: Space, before: Sequence[Rule], after: Sequence[Rule]) -> None:
        self.space = space
        self.before, self.after = before, after
        self.applies = [[space.applies(rule) for rule in rules] for rules in (before, after)]
        self.passes = [[space.passes(rule) for rule in rules] for rules in (before, after)]

    def between(self, old: int, new: int) -> Iterator[Found]:
        """Yield situations in which these two decide, one for each way in which their conditions hold together.

        Raises:
            BudgetError: the search takes too long.

        """
        budget = Budget(STEPS)
        earlier = [*self.passes[0][:old], *self.passes[1][:new]]
        for cube in every([self.applies[0][old], self.applies[1][new]]).cubes(ANYTHING, budget):
            past = _past(earlier, cube, budget)
            if past is not None:
                situation = described(self.space, past, [*self.before[: old + 1], *self.after[: new + 1]])
                words = dict.fromkeys([situation.text, *self._short_of(past)])
                yield Found(replace(situation, text=", ".join(words)), self._waited(past))

    def _short_of(self, cube: Cube) -> Iterator[str]:
        """Yield the levels of which a case falls short in one version, where another level is reached."""
        thresholds = [
            [each for rule in rules for each in literals(rule.when) if isinstance(each, Threshold | Waited)]
            for rules in (self.before, self.after)
        ]
        known = [{_starts(each) for each in some} for some in thresholds]
        for axis, allowed in cube.items():
            case = allowed & -allowed
            asked = [each for some in thresholds for each in some if self.space.about(each) == axis and case > 1]
            reached = {_starts(each)[:2] for each in asked if self.space.says(each, case)}
            for each in asked:
                start = _starts(each)
                if start in known[0] ^ known[1] and start[:2] in reached and self.space.says(each, case) is False:
                    yield f"not {short(each)}"

    def _waited(self, cube: Cube) -> float:
        for at, axis in enumerate(self.space.axes):
            if axis.about == "waited":
                allowed = cube.get(at, 1)
                value = axis.cases[(allowed & -allowed).bit_length() - 1]
                return value if isinstance(value, float) else 0.0
        return 0.0


def _starts(condition: Threshold | Waited) -> tuple[Reading | None, Direction, float]:
    if isinstance(condition, Waited):
        return None, Direction.AT_LEAST, condition.at_least_s
    return condition.read, condition.level.direction, condition.level.start


def _past(formulas: Sequence[Formula], cube: Cube, budget: Budget) -> Cube | None:
    """Return a part of a cube in whose first case all these formulas hold; those that fail on the way are solved."""
    needed: list[Formula] = []
    while True:
        found = next(every(needed).cubes(cube, budget), None)
        if found is None:
            return None
        failing = next((each for each in formulas if not each.holds(found)), None)
        if failing is None:
            return found
        needed.append(failing)
        budget.spend()
