"""Calendars and the clock in compiled dialplan, held against the calendars themselves."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.config.load import compile_text
from ccrouter.fallback.compile import compile_fallback
from ccrouter.routing.conditions import Open
from ccrouter.routing.rules import Rules
from support.dialplan_clock import DialplanClock
from support.seasons import rules

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

ODD = """
timezone: {zone}
country: FR
calendars: {{odd: {{hours: "{hours}", exceptions: {{2027-03-27: "22:00-03:00", 2026-12-24: closed}}}}}}
sites: {{paris: {{in_house: {{queue: support, max_wait: 90s}}}}}}
messages: {{closed: {{play: ccrouter/closed}}}}
numbers: {{"3949": {{service: support}}}}
services:
  support: {{rules: [{{name: odd, when: {{open: odd}}, to: [paris]}}], otherwise: [closed]}}
"""


def calendars(of: Rules) -> dict[str, Open]:
    """Return the calendars that rules ask about, by name."""
    return {
        rule.when.calendar.name: rule.when
        for service in of.services.values()
        for rule in service.rules
        if isinstance(rule.when, Open)
    }


@pytest.fixture(scope="module")
def seasons() -> tuple[Rules, DialplanClock]:
    """Give rules with all that a calendar can say, and their dialplan from 2026 on."""
    made = rules()
    start = datetime(2026, 1, 1, 9, tzinfo=UTC)
    return made, DialplanClock.read(compile_fallback(made, start.timestamp()).text)


@settings(max_examples=400)
@given(minutes=st.integers(0, 730 * 1440), seconds=st.integers(0, 59))
def test_any_instant_of_two_years(seasons: tuple[Rules, DialplanClock], minutes: int, seconds: int) -> None:
    """Weekdays, seasons, holidays, exceptions, nights: the dialplan is open when the calendar is."""
    made, clock = seasons
    at = datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(minutes=minutes, seconds=seconds)
    asked = calendars(made)
    assert {"early", "night", "summer", "office"} == set(asked)
    assert {name: each.calendar.is_open(at) for name, each in asked.items()} == {
        name: clock.is_open(name, at) for name in asked
    }


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24", "2027-03-27", "2027-10-30", "2027-12-31"])
def test_every_minute_around_the_change_of_the_clock(seasons: tuple[Rules, DialplanClock], day: str) -> None:
    """An hour that does not exist is never open, one that comes twice is open twice."""
    made, clock = seasons
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    for name, asked in calendars(made).items():
        wrong = [
            at
            for at in (start + minute * MINUTE for minute in range(2 * 1440))
            if asked.calendar.is_open(at) != clock.is_open(name, at)
        ]
        assert wrong == []


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("America/St_Johns", "Mo-Su 22:00-06:00"),
        ("Asia/Kolkata", "Mo-Fr 00:00-12:00; Sa 23:00-24:00"),
        ("Australia/Lord_Howe", "Mo-Su 01:15-02:45"),
        ("America/Santiago", "Mo-Su 22:00-06:00"),
        ("UTC", "24/7"),
    ],
)
def test_any_zone(zone: str, hours: str) -> None:
    """Zones of half an hour, of the southern half, without summer time: each quarter of an hour of two days a month."""
    made = compile_text(ODD.format(zone=zone, hours=hours).encode(), "routing.yaml")
    start = datetime(2026, 12, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    clock = DialplanClock.read(compile_fallback(made, start.timestamp()).text)
    asked = calendars(made)["odd"].calendar
    quarters = [
        start + timedelta(days=30.4375 * month, minutes=15 * quarter) for month in range(23) for quarter in range(192)
    ]
    assert [at for at in quarters if asked.is_open(at) != clock.is_open("odd", at)] == []


def test_beyond_the_horizon_the_weekday_counts(seasons: tuple[Rules, DialplanClock]) -> None:
    """After two years no holiday is known, but Sunday is still Sunday, by the clock on the wall."""
    _, clock = seasons
    paris = ZoneInfo("Europe/Paris")
    answers = [clock.is_open("office", datetime(2031, 7, day, 10, tzinfo=paris)) for day in range(7, 14)]
    assert answers == [True] * 6 + [False]
    assert not clock.is_open("office", datetime(2031, 7, 7, 8, 29, tzinfo=paris))
