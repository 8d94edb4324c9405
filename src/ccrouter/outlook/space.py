"""All that can be the case for a list of rules, and each of their conditions as a formula about it."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from ccrouter.outlook.axes import Asked, Axis, callers, laid_out
from ccrouter.outlook.candidates import Entrance, base, candidates, of_entrance, of_measure, of_wait
from ccrouter.outlook.cubes import ALWAYS, NEVER, Formula, Literal, every, some
from ccrouter.outlook.kinds import clock_of, key_of, kind_of, subject_of
from ccrouter.routing.conditions import (
    All,
    Any,
    CallerIs,
    Condition,
    LanguageIs,
    Not,
    Threshold,
    Waited,
)
from ccrouter.routing.literals import literals
from ccrouter.routing.rule import Rule
from ccrouter.routing.snapshot import Health

NOT_KNOWN = ()
"""Stands for a caller of whom the router knows nothing."""

MEASURES = frozenset({"waits", "positions", "ewt", "level", "calls", "rate", "health"})
"""Kinds of axes that tell of the load."""


class World(Enum):
    """What is thought possible.

    LASTING: a PABX that answers, and a load that has lasted: what outlook.loads can make.
    CUT: a PABX that can't be asked.
    ANY: whatever may be true at a moment, after any history, each measure known or not.
    """

    LASTING = "lasting"
    CUT = "cut"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Callers:
    """Who may call.

    Attributes:
        numbers: those of the service, each in one of its spellings, with its own language (or an empty text).
        waiting: the calls wait already.
        clocks: the sets of calendars that are open at some time; None where each may be open or closed by itself.

    """

    numbers: Sequence[tuple[str, str]] = ()
    waiting: bool = False
    clocks: Sequence[frozenset[str]] | None = None


@dataclass(slots=True)
class Space:
    """The axes of a list of rules in one world.

    Raises (as it is made):
        BudgetError: its conditions tell too many cases apart.

    """

    rules: Sequence[Rule]
    who: Callers
    world: World
    axes: list[Axis] = field(default_factory=list)
    _asked: dict[Hashable, tuple[int, Asked, int | None, int | None]] = field(default_factory=dict)
    _known: dict[Hashable, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds = defaultdict[tuple[str, Hashable], list[Condition]](list)
        for condition in {key_of(each): each for rule in self.rules for each in literals(rule.when)}.values():
            kinds[kind_of(condition, timed=self.who.clocks is not None, lasting=self.world is World.LASTING)].append(
                condition
            )
        for (about, of), conditions in kinds.items():
            if self.world is not World.CUT or about not in MEASURES:
                self._lay_out(about, of, conditions)

    def applies(self, rule: Rule) -> Formula:
        """Return that a rule's condition lets it decide."""
        return ALWAYS if rule.when is None else self.formula(rule.when, yes=True, lenient=rule.match_unknown)

    def passes(self, rule: Rule) -> Formula:
        """Return that a rule's condition leaves the call to the next rule."""
        return NEVER if rule.when is None else self.formula(rule.when, yes=False, lenient=not rule.match_unknown)

    def formula(self, condition: Condition, *, yes: bool, lenient: bool = False) -> Formula:
        """Return that a condition says yes (or no); `lenient` counts what is not known as well."""
        match condition:
            case All(parts) | Any(parts):
                join = every if isinstance(condition, All) == yes else some
                return join([self.formula(part, yes=yes, lenient=lenient) for part in parts])
            case Not(part):
                return self.formula(part, yes=not yes, lenient=lenient)
            case _:
                return self._literal(condition, yes=yes, lenient=lenient)

    def about(self, condition: Condition) -> int | None:
        """Return the axis of which a condition without parts speaks; None where nothing is known of it."""
        found = self._asked.get(key_of(condition))
        return None if found is None else found[0]

    def says(self, condition: Condition, case: int) -> bool | None:
        """Return what a condition without parts says of a case (a mask of one bit) of its axis, after no history."""
        _, asked, _, _ = self._asked[key_of(condition)]
        return True if asked.yes & case else False if asked.no & case else None

    def _literal(self, condition: Condition, *, yes: bool, lenient: bool) -> Formula:
        found = self._asked.get(key_of(condition))
        if found is None:
            return ALWAYS if lenient else NEVER
        axis, asked, history, known = found
        full = self.axes[axis].full

        def among(cases: int) -> Formula:
            return ALWAYS if cases == full else Literal(axis, cases, full) if cases else NEVER

        wanted, other = (asked.yes, asked.no) if yes else (asked.no, asked.yes)
        if lenient:
            wanted |= full & ~(asked.yes | asked.no)
        said = among(wanted)
        if history is not None:
            usual, turned = Literal(history, 1, 3), Literal(history, 2, 3)
            said = some(
                [
                    among(wanted & ~asked.history),
                    every([among(wanted & asked.history), usual]),
                    every([among(other & asked.history), turned]),
                ]
            )
        if known is None:
            return said
        return some([said, Literal(known, 2, 3)]) if lenient else every([Literal(known, 1, 3), said])

    # --- axes ---------------------------------------------------------------------------------------------------------

    def _lay_out(self, about: str, of: Hashable, conditions: list[Condition]) -> None:
        match about:
            case "time":
                self._time(conditions)
            case "clock":
                self._switch(about, of, conditions, (True, False))
            case "mode":
                self._switch(about, of, conditions, (False, True))
            case "health":
                self._switch(about, of, conditions, (Health.UP, Health.DOWN, Health.UNKNOWN))
            case "caller":
                self._callers([each for each in conditions if isinstance(each, CallerIs)])
            case "entrance":
                self._entrance(conditions)
            case "waited":
                self._waited([each for each in conditions if isinstance(each, Waited)])
            case _:
                self._measured(about, of, [each for each in conditions if isinstance(each, Threshold)])

    def _add(
        self,
        about: str,
        of: Hashable,
        cases: tuple[object, ...],
        conditions: Sequence[Condition],
        asked: Sequence[Asked],
    ) -> None:
        axis = len(self.axes)
        self.axes.append(Axis(about, of, cases))
        for condition, each in zip(conditions, asked, strict=True):
            key, history = key_of(condition), None
            if each.history and self.world is World.ANY:
                history = len(self.axes)
                self.axes.append(Axis("history", key, ("usual", "turned")))
            self._asked[key] = (axis, each, history, self._known_of(condition))

    def _known_of(self, condition: Condition) -> int | None:
        """Return the axis of whether a queue, a site or the PABX is known at all; None where that is certain."""
        subject = subject_of(condition)
        if self.world is not World.ANY or subject is None:
            return None
        if subject not in self._known:
            self._known[subject] = len(self.axes)
            self.axes.append(Axis("known", subject, (True, False)))
        return self._known[subject]

    def _switch(self, about: str, of: Hashable, conditions: list[Condition], cases: tuple[object, ...]) -> None:
        """Lay out what is or is not: whether it is as wanted is told by the first two of the cases."""
        first = [bool(cases[0]) == (getattr(condition, "wanted", True)) for condition in conditions]
        self._add(about, of, cases, conditions, [Asked(1, 2) if wanted else Asked(2, 1) for wanted in first])

    def _time(self, conditions: list[Condition]) -> None:
        cases = tuple(dict.fromkeys(self.who.clocks or ()))
        full = (1 << len(cases)) - 1
        asked = []
        for each in conditions:
            name, wanted = clock_of(each), getattr(each, "wanted", True)
            yes = sum(1 << case for case, opened in enumerate(cases) if (name in opened) == wanted)
            asked.append(Asked(yes, full & ~yes))
        self._add("time", "", cases, conditions, asked)

    def _callers(self, conditions: list[CallerIs]) -> None:
        cases, asked = callers(conditions)
        unknown = (NOT_KNOWN,) if self.who.waiting and self.world is World.ANY else ()
        self._add("caller", "", (*cases, *unknown), conditions, asked)

    def _entrance(self, conditions: list[Condition]) -> None:
        listed = {each for condition in conditions if isinstance(condition, LanguageIs) for each in condition.languages}
        free: list[str | None] = ["", *sorted(listed | {base(language) for language in listed})]
        if self.who.waiting and self.world is World.ANY:
            free.append(None)
        entrances = (
            Entrance(number, language)
            for number, own in self.who.numbers or [("", "")]
            for language in ([own] if own else free)
        )
        self._add(
            "entrance",
            "",
            *_with(conditions, *laid_out(entrances, [partial(of_entrance, each) for each in conditions])),
        )

    def _waited(self, conditions: list[Waited]) -> None:
        levels = sorted({each.at_least_s for each in conditions}) if self.who.waiting else []
        laid = laid_out([0.0, *levels], [partial(of_wait, each) for each in conditions])
        self._add("waited", "", *_with(conditions, *laid))

    def _measured(self, about: str, of: Hashable, conditions: list[Threshold]) -> None:
        lasting = self.world is World.LASTING
        values: list[object] = [*candidates(about, conditions, lasting=lasting)]
        if about in {"ewt", "level"}:
            values.append(None)
        self._add(about, of, *_with(conditions, *laid_out(values, [partial(of_measure, each) for each in conditions])))


def _with(
    conditions: Sequence[Condition], cases: tuple[object, ...], asked: list[Asked]
) -> tuple[tuple[object, ...], Sequence[Condition], list[Asked]]:
    return cases, conditions, asked
