"""Public holidays of a country that a calendar does not know of, so that it is open as on any other day."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from ccrouter.config.calendars import WallCalendar
from ccrouter.config.public_holidays import NoHolidaysError, public_holidays
from ccrouter.routing.schedule import Calendar

AHEAD_DAYS: Final = 60
"""Time to ask who works on the day, and to write it down."""


def unplanned_holidays(calendars: Iterable[Calendar], country: str, at: datetime) -> Mapping[str, float]:
    """Return by calendar when the next such holiday begins, in seconds since 1970; calendars without one are left out.

    The country is that of the calendar's own `holidays`, and that of the file where it names none. Days on which the
    calendar is closed by its hours need no plan.

    Args:
        calendars: those that are used; of other kinds than the file's own none has holidays.
        country: of the routing file, such as FR.
        at: from when on to look, aware; today counts.

    """
    found = {}
    for calendar in calendars:
        if isinstance(calendar, WallCalendar):
            day = _next(calendar, country, at.astimezone(calendar.zone).date())
            if day is not None:
                found[calendar.name] = datetime(day.year, day.month, day.day, tzinfo=calendar.zone).timestamp()
    return found


def _next(calendar: WallCalendar, country: str, today: date) -> date | None:
    # Holidays of their own: those of the calendar are being asked by calls, and make up their years as they go.
    known = [public_holidays(code) for code in calendar.holiday_codes]
    countries = {code.partition("-")[0] for code in calendar.holiday_codes} or {country}
    try:
        public = [public_holidays(code) for code in sorted(countries)]
    except NoHolidaysError:
        return None
    for ahead in range(AHEAD_DAYS + 1):
        day = today + timedelta(days=ahead)
        is_public = any(day in each for each in public)
        if is_public and not any(day in each for each in known) and calendar.opens_as_usual(day):
            return day
    return None
