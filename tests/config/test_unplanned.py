"""Public holidays that a calendar does not know of: found in time, by its own country, and none that needs no plan."""

from datetime import UTC, datetime

import pytest

from ccrouter.config.load import compile_text
from ccrouter.config.unplanned import unplanned_holidays
from ccrouter.outlook.stretches import clocks

HOURS = 'hours: "Mo-Fr 08:30-18:30"'


def found(calendar: str, on: str, head: str = "timezone: Europe/Paris") -> str:
    """Return the day that a calendar, as the file writes it, lacks from a day on; empty for none."""
    rules = compile_text(
        f"""
{head}
calendars: {{office: {{{calendar}}}}}
messages: {{closed: {{play: ccrouter/closed}}}}
numbers: {{"+33 800 123 456": {{service: support}}}}
services:
  support:
    rules: [{{name: shut, when: {{closed: office}}, to: closed}}]
    otherwise: closed
""".encode(),
        "routing.yaml",
    )
    at = datetime.fromisoformat(on).replace(tzinfo=UTC)
    told = unplanned_holidays(clocks(rules.services["support"]).values(), rules.country, at)
    assert told.keys() <= {"office"}
    begins = [datetime.fromtimestamp(begin, rules.zone) for begin in told.values()]
    assert all(begin.hour == begin.minute == 0 for begin in begins)
    return "".join(f"{begin:%Y-%m-%d}" for begin in begins)


@pytest.mark.parametrize(
    ("calendar", "on", "day"),
    [
        pytest.param(HOURS, "2026-10-30T12:00", "2026-11-11", id="1 November is a Sunday, when it is closed"),
        pytest.param(HOURS, "2026-11-12T12:00", "2026-12-25", id="the next one"),
        pytest.param(HOURS, "2026-12-25T12:00", "2026-12-25", id="today"),
        pytest.param(HOURS, "2026-12-24T23:30", "2026-12-25", id="by the clock of the file it is the day after"),
        pytest.param(f"{HOURS}, holidays: FR", "2026-11-12T12:00", "", id="all are known"),
        pytest.param(f"{HOURS}, holidays: FR-57", "2026-12-20T12:00", "", id="Moselle has two more, and knows them"),
        pytest.param(f"{HOURS}, holidays: DE", "2026-05-01T12:00", "", id="the country is that of the calendar"),
        pytest.param(
            f"{HOURS}, exceptions: {{2026-12-25: closed, 2027-01-01: closed}}",
            "2026-11-12T12:00",
            "",
            id="named one by one",
        ),
        pytest.param(
            f'{HOURS}, exceptions: {{2026-12-25: "09:00-12:00"}}',
            "2026-11-12T12:00",
            "2027-01-01",
            id="open on purpose",
        ),
        pytest.param(HOURS, "2027-01-02T12:00", "", id="none within sixty days"),
        pytest.param(HOURS, "2027-01-28T12:00", "2027-03-29", id="Easter Monday, sixty days ahead"),
        pytest.param(HOURS, "2027-01-27T12:00", "", id="and a day before it is too far"),
    ],
)
def test_the_next_holiday_without_a_plan(calendar: str, on: str, day: str) -> None:
    """Neither `holidays` nor an exception names it, the hours are open on it, and it is within sixty days."""
    assert found(calendar, on) == day


def test_the_country_of_the_file_counts_where_a_calendar_names_none() -> None:
    """The third of October is a holiday in Germany alone."""
    assert found(HOURS, "2028-09-01T12:00", "timezone: Europe/Berlin") == "2028-10-03"
    assert found(HOURS, "2028-09-01T12:00", "timezone: Europe/Berlin\ncountry: FR") == ""
