"""Thresholds whose levels say less than they seem to."""

from collections.abc import Iterator
from math import inf

from ccrouter.config.meaning.subject import Placed, Subject, placed
from ccrouter.config.problems import Problem
from ccrouter.outlook.situations import short
from ccrouter.routing.conditions import Threshold
from ccrouter.routing.destinations import External
from ccrouter.routing.measures import FreeLines, Occupancy, Reading, ServiceLevel, SiteCalls
from ccrouter.routing.rules import Rules
from ccrouter.routing.thresholds import Direction


def of_levels(subject: Subject) -> Iterator[Problem]:
    """Yield what is wrong with levels that are never or always reached, and with stops that never come."""
    for listed in subject.lists:
        if listed.rule.when is None:
            continue
        for each in placed(subject.document, listed.rule.when, (*listed.path, "when")).literals():
            if isinstance(each.condition, Threshold):
                yield from _of_level(subject, each, each.condition)


def _of_level(subject: Subject, at: Placed, threshold: Threshold) -> Iterator[Problem]:
    level, most = threshold.level, _most(threshold.read, subject.rules)
    rising = level.direction is Direction.AT_LEAST
    where = (*at.path, level.direction.value)
    if isinstance(subject.document.get(at.path), str):  # no_position_ready and nobody_logged_in say no level
        return
    if rising and level.start > most:
        cure = f"Write at most {most:g}, or raise `max_calls`"
        message = f"`{short(threshold)}` is never reached: {_why(threshold.read, most)}"
        yield subject.document.problem(where, "M111", message, cure)
    elif (rising and level.start <= 0) or (not rising and level.start >= most):
        message = f"`{short(threshold)}` always holds, as far as it is known: {_range(threshold, most)}"
        cure = "Write at least 1" if rising else f"Write less than {most:g}"
        yield subject.document.problem(where, "M112", message, cure)
    elif rising and level.stop <= 0:
        message = f"once begun, `{short(threshold)}` never stops: nothing is below 0"
        yield subject.document.problem((*at.path, "until_below"), "M113", message, "Write at least 1")
    elif not rising and level.stop >= most:
        message = f"once begun, `{short(threshold)}` never stops: {_range(threshold, most)}"
        yield subject.document.problem((*at.path, "until_above"), "M113", message, f"Write less than {most:g}")


def _most(reading: Reading, rules: Rules) -> float:
    match reading:
        case FreeLines(_, max_calls):
            return max_calls
        case SiteCalls(name):
            site = rules.sites.get(name)
            return site.max_calls if isinstance(site, External) and site.max_calls else inf
        case Occupancy() | ServiceLevel():
            return 100
    return inf


def _why(reading: Reading, most: float) -> str:
    return f"`{reading.site}` takes {most:g} calls at once" if isinstance(reading, FreeLines | SiteCalls) else ""


def _range(threshold: Threshold, most: float) -> str:
    return "it is never below 0" if threshold.level.direction is Direction.AT_LEAST else f"it is never above {most:g}"
