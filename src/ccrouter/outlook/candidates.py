"""Values that stand for the cases of an axis, and what each condition says of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ccrouter.outlook.axes import Manned, Positions, Waits, around, manned, positions, reached, waits
from ccrouter.routing.conditions import Condition, LanguageIs, NumberIs, Threshold, Waited
from ccrouter.routing.measures import (
    CallRate,
    EstimatedWait,
    FreeLines,
    LoggedIn,
    LongestWait,
    Occupancy,
    Reading,
    Ready,
    ServiceLevel,
    Waiting,
)
from ccrouter.routing.thresholds import Level

Answer = tuple[bool | None, bool]
"""Yes, no or not known (None), and whether it depends on what was before."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """The number that was dialled (empty for one that no rule names), and the language (None: not known)."""

    number: str
    language: str | None


def base(language: str) -> str:
    """Return a language without its region."""
    return language.replace("_", "-").split("-")[0]


def of_entrance(condition: Condition, entrance: Entrance) -> Answer:
    """Return what a condition on the number or the language says of an entrance."""
    if isinstance(condition, NumberIs):
        return entrance.number in condition.spellings, False
    if not isinstance(condition, LanguageIs) or entrance.language is None:
        return None, False
    return not {entrance.language, base(entrance.language)}.isdisjoint(condition.languages), False


def of_wait(condition: Waited, waited_s: float) -> Answer:
    """Return what a condition on the caller's own wait says of it."""
    return waited_s >= condition.at_least_s, False


def of_measure(condition: Threshold, case: object) -> Answer:
    """Return what a threshold says of a case of its axis."""
    return reached(condition.level, _value(condition.read, case))


def _value(reading: Reading, case: object) -> float | None:  # noqa: PLR0911 - one for each measure
    """Return what a reading reads in a case."""
    match reading, case:
        case Waiting(), Waits():
            return case.waiting
        case LongestWait(), Waits():
            return case.longest_s
        case Ready(), Positions() | Manned():
            return case.ready
        case LoggedIn(), Positions() | Manned():
            return case.logged_in
        case Occupancy(), Positions() | Manned():
            return case.occupancy
        case FreeLines(_, most), int() | float():
            return max(0, most - case)
        case _, int() | float():
            return case
    return None


def candidates(about: str, conditions: Sequence[Threshold], *, lasting: bool) -> Iterable[object]:
    """Return values for an axis of a measure, the usual one first."""

    def levels(kind: type) -> list[Level]:
        return [each.level for each in conditions if isinstance(each.read, kind)]

    match about:
        case "waits":
            return waits(levels(Waiting), levels(LongestWait))
        case "positions":
            manning = positions if lasting else manned
            return manning(levels(Ready), levels(LoggedIn), levels(Occupancy))
        case "ewt":
            return [0.0, *around(levels(EstimatedWait), whole=False)]
        case "level":
            return (
                [100, *map(int, around(levels(ServiceLevel), whole=True, most=100))]
                if lasting
                else [100.0, *around(levels(ServiceLevel), whole=False, most=100)]
            )
        case "calls":
            return [0, *_calls(conditions)]
        case _:
            return [0.0, *around(levels(CallRate), whole=lasting)]


def _calls(conditions: Sequence[Threshold]) -> Iterator[int]:
    for each in conditions:
        for value in around([each.level], whole=True):
            calls = each.read.max_calls - value if isinstance(each.read, FreeLines) else value
            if calls >= 0:
                yield int(calls)
    yield from (each.read.max_calls for each in conditions if isinstance(each.read, FreeLines))
