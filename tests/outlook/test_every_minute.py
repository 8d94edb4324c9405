"""Calendars and differences against `decide` itself, asked at every minute of a year in both of two versions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from ccrouter.outlook.behaviour import Way, way
from ccrouter.outlook.differences import differences
from ccrouter.outlook.loads import QUIET, facts_under
from ccrouter.outlook.recurring import Span
from ccrouter.outlook.year import Circumstances, year
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.destinations import Considered
from ccrouter.routing.rules import Rules
from support.seasons import edited, rules

PARIS: Final = ZoneInfo("Europe/Paris")
START: Final = datetime(2026, 1, 1, tzinfo=PARIS)
END: Final = datetime(2027, 1, 1, tzinfo=PARIS)
MINUTES: Final = 365 * 24 * 60

Changes = list[tuple[datetime, Way]]


def every_minute(known: Rules) -> Changes:
    """Return each change of the way of calls, found by asking about every minute."""
    facts = facts_under(QUIET, known, START.timestamp())
    heard = {"main": replace(facts.snapshot.pabxs["main"], heard_at=END.timestamp())}
    facts = replace(facts, snapshot=replace(facts.snapshot, pabxs=heard))
    call = Call("main", "1", "3949", "+999000000001")
    ways: dict[tuple[str, tuple[Considered, ...]], Way] = {}
    changes: Changes = []
    for minute in range(MINUTES):
        at = START.timestamp() + 60 * minute
        decision = decide(known, replace(facts, at=at), call, "id")
        key = decision.rule, decision.considered
        if key not in ways:
            ways[key] = way(known, decision)
        taken = ways[key]
        if not changes or (changes[-1][1], changes[-1][1].rule) != (taken, taken.rule):
            changes.append((datetime.fromtimestamp(at, UTC), taken))
    return changes


@cache
def asked(version: Callable[[], Rules]) -> Changes:
    """Return what was found by asking one version, once for all tests."""
    return every_minute(version())


@pytest.mark.timeout(600)  # half a million decisions, on whatever machine
@pytest.mark.parametrize("version", [rules, edited])
def test_course_is_what_decide_says_at_every_minute(version: Callable[[], Rules]) -> None:
    """Holidays of Moselle and Alsace, nights, exceptions, dates, seasons, and both changes of the clocks."""
    found = year(version(), "3949", date(2026, 1, 1), 365, Circumstances()).pieces
    assert [(piece.start, piece.way, piece.way.rule) for piece in found] == [
        (at, taken, taken.rule) for at, taken in asked(version)
    ]
    assert all(before.end == after.start for before, after in pairwise(found))
    assert found[-1].end == END


@pytest.mark.timeout(600)
def test_differences_are_the_minutes_at_which_decisions_differ() -> None:
    """Every minute at which calls go elsewhere is told with what before and after, and no other minute is."""
    expected: dict[tuple[Way, Way], list[Span]] = {}
    both = asked(rules), asked(edited)
    bounds = sorted({at for changes in both for at, _ in changes} | {END.astimezone(UTC)})
    for start, end in pairwise(bounds):
        before, after = (
            max((each for each in changes if each[0] <= start), key=lambda each: each[0]) for changes in both
        )
        if before[1] != after[1]:
            spans = expected.setdefault((before[1], after[1]), [])
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    pair = next(pair for pair in differences(rules(), edited(), START, END).pairs if pair.numbers == ("3949",))
    quiet = next(group for group in pair.groups if "" in group.situations)
    assert {(each.before, each.after): list(each.spans) for each in quiet.changes} == expected
    assert len(expected) > 5
