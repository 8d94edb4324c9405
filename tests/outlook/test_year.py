"""The days of a number: what they are like, why they differ, and how they are told."""

from datetime import date, timedelta

import pytest

from ccrouter.config.load import load_routing
from ccrouter.outlook.almanac import days_that_differ, grid, usual_week
from ccrouter.outlook.loads import Load, QueueLoad
from ccrouter.outlook.year import Circumstances, Year, year
from support.configs import EXAMPLE
from support.seasons import rules


def test_modes_and_loads_last() -> None:
    """The circumstances hold all the time: a mode is on, or nobody is logged in."""
    crisis = year(rules(), "3949", date(2026, 11, 23), 1, Circumstances(modes=frozenset({"crisis"})))
    assert [each.text for each in crisis.ways] == ["backup, then closed", "closed"]
    nobody = Load({"support": QueueLoad(logged_in=0, ready=0)})
    empty = year(rules(), "3949", date(2026, 11, 23), 7, Circumstances(nobody))
    assert "tunis, then closed" in [each.text for each in empty.ways]


# --- days -------------------------------------------------------------------------------------------------------------


def days_of(found: Year, *days: str) -> dict[str, tuple[str, str, float]]:
    """Return the sign, the reason and the turn of the clocks of some days."""
    wanted = {each.on.isoformat(): (found.signs[each.kind], each.reason, each.clock_h) for each in found.days}
    return {day: wanted[day] for day in days}


def test_days_know_why_they_differ() -> None:
    """Holidays by their names, exceptions by their calendar, dates as the file says them, and the clocks."""
    found = year(load_routing(EXAMPLE), "0800456789", date(2026, 11, 22), 366, Circumstances())
    assert len(found.days) == 366
    assert [each.on for each in found.days] == [date(2026, 11, 22) + timedelta(days=n) for n in range(366)]
    asked = days_of(found, "2026-11-23", "2026-12-24", "2026-12-25", "2027-03-28", "2027-10-31", "2027-05-06")
    assert asked == {
        "2026-11-23": ("a", "", 0.0),
        "2026-12-24": ("d", "exception in office", 0.0),
        "2026-12-25": ("c", "Christmas Day", 0.0),
        "2027-03-28": ("c", "the clocks are turned forward", 1.0),
        "2027-10-31": ("c", "the clocks are turned back", -1.0),
        "2027-05-06": ("c", "Ascension Day", 0.0),
    }
    assert len(found.unusual) == 12


def test_parts_of_a_day_add_up() -> None:
    """Each day has as many minutes as the clock lets it have, in order, also where an hour is missing or twice."""
    found = year(rules(), "3949", date(2026, 1, 1), 365, Circumstances())
    for each in found.days:
        assert sum(part.end - part.start for part in each.parts) == 60 * (24 - each.clock_h)
        assert each.parts[0].start == 0
        assert each.parts[-1].end == 24 * 60
    forward = next(each for each in found.days if each.on == date(2026, 3, 29))
    back = next(each for each in found.days if each.on == date(2026, 10, 25))
    assert [(part.start, part.end) for part in forward.parts][:2] == [(0, 120), (180, 360)]
    assert [(part.start, part.end) for part in back.parts][:6] == [
        (0, 135),
        (135, 165),
        (165, 180),
        (120, 135),
        (135, 165),
        (165, 360),
    ]  # fmt: skip - as on the wall


def test_page_says_the_year_in_words() -> None:
    """The usual week has its times; a day that differs has its reason; the grid has a sign for each day."""
    found = year(load_routing(EXAMPLE), "0800456789", date(2026, 11, 22), 366, Circumstances())
    assert usual_week(found) == [
        "a  Mo-Fr     00:00-08:30  mailbox",
        "             08:30-18:30  orders desk, then backup, then all busy",
        "             18:30-24:00  mailbox",
        "b  Sa        00:00-09:00  mailbox",
        "             09:00-12:00  orders desk, then backup, then all busy",
        "             12:00-24:00  mailbox",
        "c  Su        all day      mailbox",
    ]
    assert days_that_differ(found)[:4] == [
        "d  Thu 24 Dec 2026: exception in office",
        "     00:00-08:30  mailbox",
        "     08:30-16:00  orders desk, then backup, then all busy",
        "     16:00-24:00  mailbox",
    ]
    rows = grid(found)
    assert sum(map(len, ("".join(row[4:].split()) for row in rows[1:]))) == 366
    assert rows[1][:12] == "Mo   aaaaaaa"


@pytest.mark.parametrize(("days", "expected"), [(1, "Su  a"), (8, "Su  aa")])
def test_short_calendars_have_what_there_is(days: int, expected: str) -> None:
    """A calendar of a day or a week is one of few signs."""
    found = year(load_routing(EXAMPLE), "0800456789", date(2026, 11, 22), days, Circumstances())
    assert grid(found)[-1].replace("b", "a").replace("c", "a") == expected
