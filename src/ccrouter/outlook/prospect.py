"""What can become of the rules of one list: whether each can ever decide, and what keeps it from doing so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from ccrouter.outlook.candidates import Entrance
from ccrouter.outlook.cubes import ANYTHING, Budget, BudgetError, Cube
from ccrouter.outlook.loads import facts_under
from ccrouter.outlook.reach import Reach
from ccrouter.outlook.situations import described
from ccrouter.outlook.space import Callers, Space, World
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import All, Condition, NumberIs
from ccrouter.routing.decide import decide
from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import Message
from ccrouter.routing.literals import literals
from ccrouter.routing.rule import OTHERWISE, UNKNOWN_NUMBER, Rule
from ccrouter.routing.rules import Rules, Service

STEPS = 3_000
"""Of the search for one answer."""


class Bar(Enum):
    """What keeps a rule from ever deciding.

    TOGETHER: its conditions never hold together.
    TIME: they do not during the year ahead, nor later.
    CALLS: no call to the service can be as they ask.
    EARLIER: rules before it take all that it could decide.
    """

    TOGETHER = "together"
    TIME = "time"
    CALLS = "calls"
    EARLIER = "earlier"


@dataclass(frozen=True, slots=True)
class Never:
    """A rule never decides, for `bar`: because of these of its conditions, or of these rules before it."""

    bar: Bar
    conditions: tuple[Condition, ...] = ()
    earlier: tuple[int, ...] = ()


@dataclass(slots=True)
class Prospect:
    """The rules of a service, or those that it asks for callers who wait.

    Attributes:
        numbers: see outlook.situations.numbers_of.
        clocks: the sets of calendars that are open together at some time.
        purse: steps that may be spent on all answers; where they end, every answer is that nothing is known.

    """

    service: Service
    rules: Sequence[Rule]
    numbers: Sequence[tuple[str, str]]
    clocks: Sequence[frozenset[str]]
    purse: Budget
    waiting: bool = False
    _reach: dict[World, Reach | None] = field(default_factory=dict)
    _opened: dict[str, int] = field(default_factory=dict)
    _ever: dict[int, bool | None] = field(default_factory=dict)

    def can_decide(self, at: int, times: int | None = None) -> bool | None:
        """Tell whether rule `at` can ever decide, at some of these times (see `opened`); None: not known."""
        if times is None and at in self._ever:
            return self._ever[at]
        found = self._can_decide(at, times)
        if times is None:
            self._ever[at] = found
        return found

    def _can_decide(self, at: int, times: int | None) -> bool | None:
        unsure = False
        for world in (World.LASTING, World.CUT, World.ANY):
            try:
                if self._way(world, at, times) is not None:
                    return True
            except BudgetError:
                unsure = True
        return None if unsure else False

    def opened(self, calendar: str) -> int:
        """Return the times at which a calendar is open, as a mask: each bit stands for one of `clocks`."""
        found = self._opened.get(calendar)
        if found is None:
            found = self._opened[calendar] = sum(1 << at for at, each in enumerate(self.clocks) if calendar in each)
        return found

    def times(self, at: int, wanted: int) -> int:
        """Return at which of these times rule `at` can decide under a load that has lasted, as far as is known."""
        try:
            reach, axis = self._in(World.LASTING), self._axis(World.LASTING)
            if axis is None:
                return wanted if reach.way(at, self._budget()) is not None else 0
            return reach.cases(at, self._budget(), axis, wanted)
        except BudgetError:
            return 0

    def never(self, at: int) -> Never | None:
        """Return what keeps rule `at` from ever deciding; None where it can, or where that is not known."""
        if self.can_decide(at) is not False:
            return None
        rule = self.rules[at]
        anywhere = [("", ""), *((form, "") for form in _spellings(rule))]
        try:
            for bar, numbers, clocks in (
                (Bar.TOGETHER, anywhere, None),
                (Bar.TIME, anywhere, self.clocks),
                (Bar.CALLS, self.numbers, self.clocks),
            ):
                who = Callers(numbers, self.waiting, clocks)
                if not self._alone(rule, who):
                    return Never(bar, conditions=self._least(rule, who))
            return Never(Bar.EARLIER, earlier=self._guilty(at))
        except BudgetError:
            return None

    def example(self, rules: Rules, at: int, opened: frozenset[str], instant: float) -> Decision | None:
        """Return what rule `at` really decides at an instant at which these calendars are open, if it is found to.

        `rules` are those of which the service is one.
        """
        try:
            reach = self._in(World.LASTING)
            cube = self._way(World.LASTING, at, 1 << self.clocks.index(opened))
        except BudgetError:
            return None
        if cube is None:
            return None
        situation, number = described(reach.space, cube, ()), entrance(reach.space, cube)
        dialled = next((form for form, _ in self.numbers), "") if number is None else number
        facts = facts_under(situation.load, rules, instant, modes=situation.modes)
        call = Call("main", "outlook", dialled, situation.caller, situation.language)
        decision = decide(rules, facts, call, "outlook")
        named = self.rules[at].name if at < len(self.rules) else OTHERWISE
        return decision if decision.rule in {named, UNKNOWN_NUMBER} else None

    # --- search -------------------------------------------------------------------------------------------------------

    def _in(self, world: World) -> Reach:
        if world not in self._reach:
            self._reach[world] = None  # what can't be laid out is not tried again for each rule
            space = Space(self.rules, Callers(self.numbers, self.waiting, self.clocks), world)
            # A waiting caller is not moved in vain: only a rule that leads to a message always keeps the caller.
            takes = [not self.waiting or isinstance(rule.to[0], Message) for rule in self.rules]
            self._reach[world] = Reach(space, takes)
        found = self._reach[world]
        if found is None:
            raise BudgetError
        return found

    def _budget(self) -> Budget:
        return Budget(STEPS, self.purse)

    def _axis(self, world: World) -> int | None:
        """Return the axis of the time, where any rule asks for it; its cases are `clocks`."""
        axes = self._in(world).space.axes
        return next((axis for axis, each in enumerate(axes) if each.about == "time"), None)

    def _way(self, world: World, at: int, times: int | None) -> Cube | None:
        if times == 0:
            return None
        reach, axis = self._in(world), self._axis(world)
        return reach.way(at, self._budget(), ANYTHING if axis is None or times is None else {axis: times})

    def _alone(self, rule: Rule, who: Callers) -> bool:
        """Tell whether a rule could decide if it were the only one."""
        space = Space([rule], who, World.ANY)
        return next(space.applies(rule).cubes(ANYTHING, self._budget()), None) is not None

    def _least(self, rule: Rule, who: Callers) -> tuple[Condition, ...]:
        """Return the fewest of a rule's conditions that never hold, in their order."""
        kept = list(parts_of(rule.when))
        for part in list(kept):
            without = [each for each in kept if each is not part]
            if without and not self._alone(replace(rule, when=All(tuple(without))), who):
                kept = without
        return tuple(kept)

    def _guilty(self, at: int) -> tuple[int, ...]:
        """Return the fewest rules that together leave nothing to rule `at`."""
        guilty: set[int] = set()
        self._in(World.ANY).way(at, self._budget(), guilty=guilty)
        for each in sorted(guilty, reverse=True):
            if not self._past(sorted(guilty - {each}), at):
                guilty.discard(each)
        return tuple(sorted(guilty))

    def _past(self, earlier: Sequence[int], at: int) -> bool:
        """Tell whether rule `at` could decide behind these rules alone."""
        rules = [self.rules[each] for each in (*earlier, at)]
        reach = Reach(Space(rules, Callers(self.numbers, self.waiting, self.clocks), World.ANY), [True] * len(rules))
        return reach.way(len(earlier), self._budget()) is not None


def entrance(space: Space, cube: Cube) -> str | None:
    """Return the number by which the call of a cube comes (empty: one that the file does not know); None for any."""
    for at, axis in enumerate(space.axes):
        if axis.about == "entrance":
            allowed = cube.get(at, 1)
            case = axis.cases[(allowed & -allowed).bit_length() - 1]
            return case.number if isinstance(case, Entrance) else None
    return None


def parts_of(condition: Condition | None) -> Iterator[Condition]:
    """Yield the conditions that must all hold for a condition to hold."""
    if isinstance(condition, All):
        for part in condition.parts:
            yield from parts_of(part)
    elif condition is not None:
        yield condition


def _spellings(rule: Rule) -> Iterator[str]:
    for condition in literals(rule.when):
        if isinstance(condition, NumberIs):
            yield from condition.spellings
