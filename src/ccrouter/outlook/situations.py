"""Situations: for each way in which a rule may come to decide, a load, modes and a caller under which it does."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ccrouter.outlook.axes import Positions, Waits
from ccrouter.outlook.candidates import Entrance
from ccrouter.outlook.cubes import ANYTHING, Budget, BudgetError, Cube
from ccrouter.outlook.loads import QUIET, Load, QueueLoad, SiteLoad
from ccrouter.outlook.reach import Reach
from ccrouter.outlook.space import MEASURES, Callers, Space, World
from ccrouter.routing.conditions import (
    CallerIs,
    Condition,
    LanguageIs,
    Mode,
    NumberIs,
    Open,
    SiteIs,
    Threshold,
    Waited,
)
from ccrouter.routing.literals import literals
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Rules, Service
from ccrouter.routing.thresholds import Direction

STEPS = 2_000
"""Of the search for the situations of one rule."""

MOST_WAYS = 32
"""Situations that are told of one rule."""

STRANGER = "+999000000001"
"""A caller of whom nothing is known."""

CUT_OFF = "the PABX can't be asked"


@dataclass(frozen=True, slots=True)
class Situation:
    """What may be true besides the time, for a call that has just arrived.

    Attributes:
        text: what makes it different from quiet, in the words of the file; empty when it is quiet.
        caller: their number, or None where it is hidden.
        language: of the call, where its number does not say another; empty for none.

    """

    text: str = ""
    load: Load = QUIET
    modes: frozenset[str] = frozenset()
    caller: str | None = STRANGER
    language: str = ""


def situations(rules: Rules, service: Service) -> list[Situation]:
    """Return quiet first, then at least one situation for each way in which a rule of a service can come to decide.

    What a rule does not ask is quiet in them, as far as the rules before it leave it the call then. Nothing is said of
    the time: as if each calendar could be open or closed by itself.
    """
    found: dict[tuple[object, ...], Situation] = {}
    for situation in _all(service, numbers_of(rules, service)):
        load = situation.load
        what = (
            *(tuple(sorted(each.items())) for each in (load.queues, load.sites, load.call_rates)),
            load.known,
            situation.modes,
            situation.caller,
            situation.language,
        )
        found.setdefault(what, situation)
    return list(found.values())


def numbers_of(rules: Rules, service: Service) -> list[tuple[str, str]]:
    """Return the numbers of a service, each in one of its spellings, with its own language (or an empty text).

    Where numbers that the file does not know lead to the service too, an empty text stands for them.
    """
    found = {number.number: (form, number) for form, number in rules.numbers.items()}
    known = [(form, number.treatment.language) for form, number in found.values() if number.service is service]
    return [*known, ("", service.treatment.language)] if rules.unknown is service else known


def _all(service: Service, numbers: list[tuple[str, str]]) -> Iterator[Situation]:
    try:
        space = Space(service.rules, Callers(numbers), World.LASTING)
    except BudgetError:
        yield Situation()
        return
    yield described(space, ANYTHING, ())
    yield from _of_rules(space, range(len(service.rules) + 1))
    if any(axis.about in MEASURES for axis in space.axes):
        cut = Space(service.rules, Callers(numbers), World.CUT)
        yield described(cut, ANYTHING, ())
        yield from _of_rules(cut, (at for at, rule in enumerate(service.rules) if rule.match_unknown))


def _of_rules(space: Space, wanted: Iterable[int]) -> Iterator[Situation]:
    reach = Reach(space, [True] * len(space.rules))
    for at in wanted:
        try:
            for cube in islice(reach.ways(at, Budget(STEPS)), MOST_WAYS):
                yield described(space, cube, space.rules[: at + 1])
        except BudgetError:
            continue


# --- from a cube to a situation ---------------------------------------------------------------------------------------


def described(space: Space, cube: Cube, rules: Sequence[Rule]) -> Situation:
    """Return the situation of a cube: the first case that it allows of each axis.

    `rules` are those that led to it, the most important last; their conditions give the words.
    """
    unusual = {axis: case for axis, allowed in cube.items() if (case := allowed & -allowed) > 1}
    chosen = {axis: space.axes[axis].cases[case.bit_length() - 1] for axis, case in unusual.items()}
    seen = {(space.axes[axis].about, space.axes[axis].of): value for axis, value in chosen.items()}
    words = [CUT_OFF] if space.world is World.CUT else []
    words += [text for axis, case in unusual.items() for text in _words(space, axis, case, rules)]
    entrance = seen.get(("entrance", ""))
    return Situation(
        ", ".join(dict.fromkeys(words)),
        _load(seen) if space.world is World.LASTING else Load(known=False),
        frozenset(str(of) for about, of in seen if about == "mode"),
        _caller(space, seen),
        entrance.language or "" if isinstance(entrance, Entrance) else "",
    )


_Seen = Mapping[tuple[str, Hashable], object]


def _caller(space: Space, seen: _Seen) -> str | None:
    usual = next((axis.cases[0] for axis in space.axes if axis.about == "caller"), STRANGER)
    caller = seen.get(("caller", ""), usual)
    return None if caller is None else str(caller)


def _load(seen: _Seen) -> Load:
    queues = defaultdict[str, dict[str, Any]](dict)
    sites = defaultdict[str, dict[str, Any]](dict)
    rates: dict[str, float] = {}
    for (about, of), value in seen.items():
        match about, value:
            case "waits", Waits():
                queues[str(of)] |= {"waiting": value.waiting, "longest_wait_s": value.longest_s}
            case "positions", Positions():
                queues[str(of)] |= {"logged_in": value.logged_in, "ready": value.ready, "busy": value.busy}
            case "ewt", _:
                queues[str(of)]["estimated_wait_s"] = value
            case "level", _:
                queues[str(of)]["service_level"] = value
            case "calls", _:
                sites[str(of)]["calls"] = value
            case "health", _:
                sites[str(of)]["health"] = value
            case "rate", int() | float():
                rates[str(of)] = value
    return Load(
        {name: QueueLoad(**each) for name, each in queues.items()},
        {name: SiteLoad(**each) for name, each in sites.items()},
        rates,
    )


# --- words ------------------------------------------------------------------------------------------------------------


def _words(space: Space, axis: int, case: int, rules: Sequence[Rule]) -> Iterator[str]:
    """Yield what the conditions of the last rule say of an unusual case; where it asks nothing, those before it."""
    about = space.axes[axis].about
    if about in {"clock", "time", "history", "known"}:
        return
    if about == "mode":
        yield f"mode: {space.axes[axis].of}"
        return
    for rule in reversed(rules):
        said = [
            text
            for condition in literals(rule.when)
            if space.about(condition) == axis and not isinstance(condition, NumberIs)
            for text in _told(space, condition, case)
        ]
        if said:
            yield from dict.fromkeys(said)
            return


def _told(space: Space, condition: Condition, case: int) -> Iterator[str]:
    verdict = space.says(condition, case)
    if verdict == space.says(condition, 1):
        return
    text = short(condition)
    if isinstance(condition, SiteIs) and verdict is not None:
        yield f"{'site_up' if verdict == condition.wanted else 'site_down'}: {condition.site}"
    else:
        yield f"{text}: not known" if verdict is None else text if verdict else f"not {text}"


def short(condition: Condition) -> str:  # noqa: PLR0911 - one for each kind
    """Return a condition without parts in the words of the file, without its stop level and its hold time."""
    match condition:
        case Threshold(text=text, level=level, unit=unit):
            words = "at least" if level.direction is Direction.AT_LEAST else "at most"
            until = f" {words} {level.start:g}{unit}"
            return text[: text.index(until) + len(until)] if until in text else text
        case CallerIs(text):
            return f"caller: {text}"
        case LanguageIs(languages):
            return f"language: {', '.join(languages)}"
        case SiteIs(site, wanted):
            return f"{'site_up' if wanted else 'site_down'}: {site}"
        case Waited(at_least_s):
            return f"waited: {at_least_s:g} s"
        case Open(calendar, wanted):
            return f"{'open' if wanted else 'closed'}: {calendar.name}"
        case Mode(name):
            return f"mode: {name}"
        case NumberIs(_, text):
            return f"number: {text}"
    return getattr(condition, "text", "")
