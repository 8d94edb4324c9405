"""What a benchmark is: subjects that are measured in turns, the figures that each round gives, and what is promised."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal

Measure = Callable[[], Mapping[str, float]]
"""Measures once; returns a value for each figure of the bench that this subject has."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One of the things that are compared.

    Attributes:
        name: as tables and plots call it.
        measure: runs one round.
        size: where the same thing is measured at several sizes: how large it is here.

    """

    name: str
    measure: Measure
    size: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity that rounds give.

    Attributes:
        key: under which `measure` returns it.
        axis: what a subject's `size` counts, where it has one; plots draw a line over it, else bars.
        log: plot it on a logarithmic scale.

    """

    key: str
    title: str
    unit: str
    axis: str = ""
    log: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What all rounds gave: by figure, then by subject's name and size, a value for each round in which it had one."""

    values: Mapping[str, Mapping[tuple[str, float | None], Sequence[float]]]

    def of(self, figure: str, name: str, size: float | None = None) -> Sequence[float]:
        """Return the values of all rounds."""
        return self.values[figure][name, size]

    def median(self, figure: str, name: str, size: float | None = None) -> float:
        """Return the median of all rounds."""
        return statistics.median(self.of(figure, name, size))

    def ratio(self, figure: str, of: str, to: str, size: float | None = None) -> float:
        """Return the median of the ratios, round by round: what changes with the machine is in both."""
        pairs = zip(self.of(figure, of, size), self.of(figure, to, size), strict=True)
        return statistics.median(mine / other for mine, other in pairs)

    def more(self, figure: str, of: str, to: str, size: float | None = None) -> float:
        """Return the median of the differences, round by round."""
        pairs = zip(self.of(figure, of, size), self.of(figure, to, size), strict=True)
        return statistics.median(mine - other for mine, other in pairs)


@dataclass(frozen=True, slots=True)
class Promise:
    """What must hold, as a figure with its limit.

    Attributes:
        value: makes the figure of what was taken.
        side: whether the limit is the most or the least.

    """

    says: str
    value: Callable[[Taken], float]
    side: Literal["at most", "at least"]
    limit: float
    unit: str = ""

    def kept(self, value: float) -> bool:
        """Tell whether a value is within the limit."""
        return value <= self.limit if self.side == "at most" else value >= self.limit


@dataclass(frozen=True, slots=True)
class Options:
    """How a run was asked for.

    Attributes:
        quick: a short run, to see that all works: its figures say little.

    """

    quick: bool = False

    def of(self, full: int, quick: int) -> int:
        """Return how many, by the kind of run."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Bench:
    """One benchmark.

    Attributes:
        about: what is measured and beside what, for whoever reads the page.
        subjects: makes them ready, for as long as its context lasts.
        notes: what else was found out, in sentences; asked for after the last round.

    """

    name: str
    title: str
    about: str
    figures: tuple[Figure, ...]
    promises: tuple[Promise, ...]
    subjects: Callable[[Options], AbstractContextManager[Sequence[Subject]]]
    rounds: int = 5
    notes: Callable[[], Sequence[str]] = field(default=tuple)
