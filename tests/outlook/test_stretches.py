"""Stretches against the calendars themselves: every minute of a whole year, with both changes of the clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from ccrouter.config.calendars import WallCalendar
from ccrouter.config.hours import hours
from ccrouter.config.public_holidays import public_holidays
from ccrouter.outlook.stretches import Stretch, clocks, stretches
from ccrouter.routing.conditions import All, Any, Dates, Mode, Not, Open
from ccrouter.routing.destinations import External, InHouse, Leg, Message, Share
from ccrouter.routing.plan import PlayStep
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Service
from ccrouter.routing.schedule import Calendar

PARIS: Final = ZoneInfo("Europe/Paris")
START: Final = datetime(2026, 1, 1, tzinfo=PARIS)
END: Final = datetime(2027, 1, 1, tzinfo=PARIS)
MINUTE: Final = timedelta(minutes=1)


def wall(name: str, text: str, public: str = "", exceptions: dict[date, str] | None = None) -> WallCalendar:
    """Return a calendar; exceptions are hours, or nothing for closed."""
    dated = {day: hours(each) if each else None for day, each in (exceptions or {}).items()}
    return WallCalendar(name, PARIS, hours(text), [public_holidays(public)] if public else [], dated)


def house() -> dict[str, WallCalendar | Dates]:
    """Return calendars of every kind, new ones each time: they remember what they were asked."""
    turn = datetime(2026, 10, 25, 0, tzinfo=UTC)  # 02:00 in Paris, an hour before the clocks are turned back
    found: list[WallCalendar | Dates] = [
        wall("office", "Mo-Fr 08:30-18:30; Sa 09:00-12:00", "FR", {date(2026, 12, 24): "08:30-16:00"}),
        wall("metz", "Tu-Fr 09:00-12:00,14:00-18:00; Sa 09:00-12:00", "FR-57", {date(2026, 7, 14): "10:00-11:00"}),
        wall("alsace", "Mo-Su 22:00-06:00", "FR-6AE", {date(2026, 6, 1): "", date(2026, 10, 24): "20:00-02:30"}),
        wall("early", "Mo-Su 02:15-02:45,04:00-05:00"),
        wall("always", "24/7"),
        Dates("from: 2026-03-29 03:00", PARIS, start=datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()),
        Dates("before: 2026-10-25 02:00", PARIS, end=turn.timestamp()),
    ]
    return {each.name: each for each in found}


def test_every_minute_of_a_year_is_in_the_right_stretch() -> None:
    """At each of 525,600 minutes the stretch tells exactly the calendars that say themselves that they are open."""
    found, asked = stretches(house(), START, END), house()
    # What a calendar remembers comes from its changes: the wall itself is asked instead.
    answers = [(name, getattr(each, "_is_open_by_wall", each.is_open)) for name, each in asked.items()]
    at, seen = START.astimezone(UTC), 0
    for stretch in found:
        assert stretch.start == at
        while at < stretch.end:
            assert stretch.open == {name for name, is_open in answers if is_open(at)}, at
            at += MINUTE
            seen += 1
    assert (at, seen) == (END.astimezone(UTC), 365 * 24 * 60)


def test_stretches_are_as_long_as_they_can_be() -> None:
    """No two that follow each other are alike, and their bounds are whole minutes."""
    found = stretches(house(), START, END)
    assert all(before.open != after.open for before, after in pairwise(found))
    assert not [each for each in found if each.start.second or each.start.microsecond]
    assert sum(each.hours for each in found) == 365 * 24


def test_nothing_to_ask_is_one_stretch() -> None:
    """Without calendars there is one stretch; without time there is none."""
    assert stretches({}, START, END) == [Stretch(START.astimezone(UTC), END.astimezone(UTC), frozenset())]
    assert stretches(house(), END, START) == []


def test_clocks_are_all_that_a_service_may_look_at() -> None:
    """Calendars are found at any depth of a condition, in sites of plans and shares, and in rules for who waits."""
    known = house()
    names = [wall(f"calendar {n}", "Mo 10:00-11:00") for n in range(6)]
    dates = known["from: 2026-03-29 03:00"]
    assert isinstance(dates, Dates)
    sites = [External(f"site {n}", "PJSIP/1@trunk", 20, calendar=each) for n, each in enumerate(names[2:5])]
    paris = InHouse("paris", "support", 60, calendar=names[5])
    closed = Message("closed", PlayStep("closed", "closed"))
    condition = Any((Not(Open(names[0])), All((Mode("crisis"), Open(names[1], wanted=False), Not(dates)))))
    service = Service(
        "support",
        (Rule("rule", condition, (Share("key", (Leg(sites[0]), Leg(paris)), (50, 50)), Leg(sites[1]))),),
        (closed,),
        closed,
        (Rule("waiting", Mode("crisis"), (Leg(sites[2]),)),),
    )
    found: list[Calendar] = [*names, dates]
    assert clocks(service) == {each.name: each for each in found}


@pytest.mark.parametrize(
    ("start", "end", "changes"),
    [(None, None, []), (0.0, None, [0.0]), (None, 60.0, [60.0]), (0.0, 60.0, [0.0, 60.0])],
)
def test_dates_are_a_calendar(start: float | None, end: float | None, changes: list[float]) -> None:
    """Dates are open on [start, end), and change at their bounds only."""
    dates = Dates("dates", UTC, start, end)
    at, found = datetime.fromtimestamp(-60, UTC), []
    while (after := dates.next_change(at)) is not None:
        assert dates.is_open(after) != dates.is_open(after - MINUTE)
        found.append(after.timestamp())
        at = after
    assert found == changes
