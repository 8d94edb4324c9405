"""Which rule decides when: ways to a rule past all rules before it, found by search, not by trying all that can be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ccrouter.outlook.cubes import ANYTHING, Budget, Cube, Every, Formula, Literal
from ccrouter.outlook.space import Space

FEW = 8
"""Cases for which a rule is noted one by one."""


@dataclass(slots=True)
class _Index:
    """By what a rule needs: rules (as the bits of a mask) that need not be asked in most cases.

    Attributes:
        usual: rules that may apply in the usual case of every axis.
        single, several: by axis, rules that can't apply in its usual case; in `several`, nor in that of other axes.
        needs: by axis, rules that need certain cases of it; `fits` and `wide` tell which (`known`: answers).

    """

    usual: int = 0
    single: dict[int, int] = field(default_factory=dict)
    several: dict[int, int] = field(default_factory=dict)
    needs: dict[int, int] = field(default_factory=dict)
    fits: dict[tuple[int, int], int] = field(default_factory=dict)
    wide: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    known: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, rule: int, formula: Formula) -> None:
        """Note a rule by the formula of its condition."""
        parts = formula.parts if isinstance(formula, Every) else (formula,)
        needed = [part for part in parts if isinstance(part, Literal)]
        for part in needed:
            self.needs[part.axis] = self.needs.get(part.axis, 0) | rule
            if part.cases.bit_count() > FEW:
                self.wide.setdefault(part.axis, []).append((part.cases, rule))
                continue
            left = part.cases
            while left:
                case = left & -left
                self.fits[part.axis, case] = self.fits.get((part.axis, case), 0) | rule
                left ^= case
        unusual = {part.axis for part in needed if not part.cases & 1}
        if not unusual:
            self.usual |= rule
        for axis in unusual:
            kept = self.single if len(unusual) == 1 else self.several
            kept[axis] = kept.get(axis, 0) | rule

    def candidates(self, cube: Cube) -> int:
        """Return the rules that may apply in the first case which a cube allows of each axis."""
        unusual = [(axis, allowed & -allowed) for axis, allowed in cube.items() if not allowed & 1]
        rules = self.usual
        for axis, _ in unusual:
            rules |= self.single.get(axis, 0) | self.several.get(axis, 0)
        for axis, case in unusual:
            rules &= self._fitting(axis, case)
        return rules

    def _fitting(self, axis: int, case: int) -> int:
        """Return the rules that do not need another case of an axis."""
        found = self.known.get((axis, case))
        if found is None:
            found = self.fits.get((axis, case), 0) | ~self.needs.get(axis, 0)
            for cases, rule in self.wide.get(axis, ()):
                if cases & case:
                    found |= rule
            self.known[axis, case] = found
        return found


@dataclass(slots=True)
class Reach:
    """The rules of a list, in order, and after them what decides `otherwise`.

    Attributes:
        takes: whether a rule whose condition holds always keeps the call from those after it.

    """

    space: Space
    takes: Sequence[bool]
    _applies: list[Formula] = field(default_factory=list)
    _passes: list[Formula] = field(default_factory=list)
    _index: _Index = field(default_factory=_Index)

    def __post_init__(self) -> None:
        for at, rule in enumerate(self.space.rules):
            formula = self.space.applies(rule)
            self._applies.append(formula)
            self._passes.append(self.space.passes(rule))
            if self.takes[at]:
                self._index.add(1 << at, formula)

    def ways(self, at: int, budget: Budget, within: Cube = ANYTHING, guilty: set[int] | None = None) -> Iterator[Cube]:
        """Yield cubes inside `within` in which rule `at` (or, after the last, `otherwise`) decides.

        There is at least one for each way in which its condition can hold, where there is one. The rule decides in the
        first case that a cube allows of each axis. What stood in the way is added to `guilty`.

        Raises:
            BudgetError: the search takes too long.

        """
        if at == len(self._applies):
            found = self._past(at, within, budget, guilty)
            yield from () if found is None else (found,)
            return
        for cube in self._applies[at].cubes(within, budget):
            found = self._past(at, cube, budget, guilty)
            if found is not None:
                yield found

    def way(self, at: int, budget: Budget, within: Cube = ANYTHING, guilty: set[int] | None = None) -> Cube | None:
        """Return one of `ways`, or None where the rule never decides."""
        return next(self.ways(at, budget, within, guilty), None)

    def cases(self, at: int, budget: Budget, axis: int, wanted: int) -> int:
        """Return in which of the wanted cases of an axis rule `at` can decide, as a mask.

        Raises:
            BudgetError: the search takes too long.

        """
        found, left = 0, wanted
        while left:
            cube = self.way(at, budget, {axis: left})
            if cube is None:
                break
            alike = cube.get(axis, left)
            while alike:  # what decides in one case most often does so in others
                case = alike & -alike
                if self._first(at, {**cube, axis: case}) is None:
                    found |= case
                alike ^= case
            left &= ~found
        return found

    def _past(self, at: int, cube: Cube, budget: Budget, guilty: set[int] | None) -> Cube | None:
        """Return a part of a cube in which no rule before `at` takes the call, or None."""
        budget.spend()
        taken = self._first(at, cube)
        if taken is None:
            return cube
        if guilty is not None:
            guilty.add(taken)
        for part in self._passes[taken].cubes(cube, budget):
            found = self._past(at, part, budget, guilty)
            if found is not None:
                return found
        return None

    def _first(self, before: int, cube: Cube) -> int | None:
        """Return the first rule that takes the call in the first case that a cube allows of each axis."""
        rules = self._index.candidates(cube) & ((1 << before) - 1)
        while rules:
            low = rules & -rules
            at = low.bit_length() - 1
            if self._applies[at].holds(cube):
                return at
            rules ^= low
        return None
