"""Formulas about what may be true, and the cubes that make them hold.

What may be true is laid out on axes, each with a finite number of cases, numbered from 0; case 0 is the usual one. A
cube allows some cases of some axes, and all cases of the others. Cases are the bits of a mask.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

Cube = Mapping[int, int]
"""By axis: the mask of the cases that are allowed. An axis that is not in it allows all."""

ANYTHING: Cube = {}


class BudgetError(Exception):
    """The question takes too long to be answered."""


class Budget:
    """So many steps, and no more; each is taken from `purse` too, where there is one."""

    def __init__(self, steps: int, purse: "Budget | None" = None) -> None:
        self.left = steps
        self.purse = purse

    def spend(self) -> None:
        """Take one step.

        Raises:
            BudgetError: there was none left.

        """
        self.left -= 1
        if self.left < 0:
            raise BudgetError
        if self.purse is not None:
            self.purse.spend()


@dataclass(frozen=True, slots=True)
class Literal:
    """The case of one axis is among `cases`; `full` is the mask of all its cases."""

    axis: int
    cases: int
    full: int

    def holds(self, at: Cube) -> bool:
        """Tell whether it holds at the first allowed case of each axis."""
        allowed = at.get(self.axis, 1)
        return bool(allowed & -allowed & self.cases)

    def cubes(self, within: Cube, budget: Budget) -> Iterator[Cube]:
        """Yield the part of a cube in which it holds."""
        budget.spend()
        allowed = within.get(self.axis, self.full)
        found = allowed & self.cases
        if found == allowed:
            yield within
        elif found:
            yield {**within, self.axis: found}


@dataclass(frozen=True)
class Every:
    """All parts hold."""

    parts: tuple["Formula", ...]

    def holds(self, at: Cube) -> bool:
        """Tell whether it holds at the first allowed case of each axis."""
        return all(part.holds(at) for part in self.parts)

    def cubes(self, within: Cube, budget: Budget) -> Iterator[Cube]:
        """Yield cubes inside `within` in which it holds; together they are all of it."""
        return _through(self._easy_first, 0, within, budget)

    @cached_property
    def _easy_first(self) -> tuple["Formula", ...]:
        return tuple(sorted(self.parts, key=_width))


@dataclass(frozen=True)
class Some:
    """At least one part holds."""

    parts: tuple["Formula", ...]

    def holds(self, at: Cube) -> bool:
        """Tell whether it holds at the first allowed case of each axis."""
        return any(part.holds(at) for part in self.parts)

    def cubes(self, within: Cube, budget: Budget) -> Iterator[Cube]:
        """Yield cubes inside `within` in which it holds; together they are all of it."""
        for part in self.parts:
            yield from part.cubes(within, budget)
            if isinstance(part, Literal):  # where it holds was told already
                left = within.get(part.axis, part.full) & ~part.cases
                if not left:
                    return
                within = {**within, part.axis: left}


Formula = Literal | Every | Some

ALWAYS = Every(())
NEVER = Some(())


def every(parts: Sequence[Formula]) -> Formula:
    """Return that all parts hold, as short as it can be said."""
    if NEVER in parts:
        return NEVER
    found = [part for part in parts if part != ALWAYS]
    return found[0] if len(found) == 1 else Every(tuple(found))


def some(parts: Sequence[Formula]) -> Formula:
    """Return that at least one part holds, as short as it can be said."""
    if ALWAYS in parts:
        return ALWAYS
    found = [part for part in parts if part != NEVER]
    return found[0] if len(found) == 1 else Some(tuple(found))


def _width(formula: Formula) -> int:
    return 0 if isinstance(formula, Literal) else len(formula.parts)


def _through(parts: Sequence[Formula], done: int, within: Cube, budget: Budget) -> Iterator[Cube]:
    if done == len(parts):
        yield within
        return
    for cube in parts[done].cubes(within, budget):
        yield from _through(parts, done + 1, cube, budget)
