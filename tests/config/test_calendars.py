"""Calendars against an oracle that knows nothing but days, minutes and the clock on the wall."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.config.calendars import WallCalendar
from ccrouter.config.hours import HoursError, hours
from ccrouter.config.public_holidays import NoHolidaysError, public_holidays

PARIS: Final = ZoneInfo("Europe/Paris")
DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MINUTE: Final = timedelta(minutes=1)


def calendar(
    text: str, *, zone: ZoneInfo = PARIS, public: str = "", exceptions: dict[date, str] | None = None
) -> WallCalendar:
    """Return a calendar; exceptions are hours, or nothing for closed."""
    dated = {day: hours(each) if each else None for day, each in (exceptions or {}).items()}
    return WallCalendar("office", zone, hours(text), [public_holidays(public)] if public else [], dated)


def wall(text: str, *, fold: int = 0, zone: ZoneInfo = PARIS) -> datetime:
    """Return an instant by the clock on the wall."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


# --- single facts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23 08:29:59.999999", False),
        ("2026-11-23 08:30:00", True),
        ("2026-11-23 18:29:59.999999", True),
        ("2026-11-23 18:30:00", False),
        ("2026-11-23 18:30:59", False),
        ("2026-11-21 11:59:59", True),
        ("2026-11-21 12:00:00", False),
        ("2026-11-22 10:00:00", False),
    ],
)
def test_hours_are_half_open(at: str, *, expected: bool) -> None:
    """The first second belongs to the hours, the last does not."""
    assert calendar("Mo-Fr 08:30-18:30; Sa 09:00-12:00").is_open(wall(at)) is expected


@pytest.mark.parametrize(
    ("public", "day", "closed"),
    [
        ("FR", "2026-07-14", True),
        ("FR", "2026-04-06", True),  # Easter Monday
        ("FR", "2026-04-03", False),  # Good Friday
        ("FR-57", "2026-04-03", True),
        ("FR-6AE", "2026-04-03", True),
        ("FR", "2025-12-26", False),
        ("FR-57", "2025-12-26", True),
        ("FR-6AE", "2031-12-26", True),  # years are worked out when they are asked for
        ("DE", "2026-06-04", False),
        ("DE-BY", "2026-06-04", True),  # Corpus Christi
        ("FR", "2040-05-10", True),  # Ascension Day
    ],
)
def test_holidays_of_the_place_are_closed(public: str, day: str, *, closed: bool) -> None:
    """Holidays are those of the country or of its part; all of these days are working days otherwise."""
    assert calendar("Mo-Fr 08:30-18:30", public=public).is_open(wall(f"{day} 10:00")) is not closed


def test_holiday_codes_are_checked() -> None:
    """An unknown country or part is refused, with the codes that there are."""
    with pytest.raises(NoHolidaysError) as unknown:
        public_holidays("XX")
    assert "FR" in unknown.value.known
    with pytest.raises(NoHolidaysError) as part:
        public_holidays("FR-99")
    assert {"FR", "FR-57", "FR-6AE"} <= set(part.value.known)


def test_a_country_is_read_without_all_the_others() -> None:
    """Each country of the library can be read by itself: a file that names two does not wait for 250."""
    program = (
        "import sys\nfrom ccrouter.config.public_holidays import public_holidays\n"
        "public_holidays('FR-57')\nprint(sum(each.startswith('holidays.countries.') for each in sys.modules))\n"
        "from holidays.registry import EntityLoader\n"
        "for code in EntityLoader.get_country_codes(): public_holidays(code).get('2026-12-25')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.stdout.strip(), done.stderr) == ("1", "")


def test_exceptions_win_over_holidays_and_holidays_over_hours() -> None:
    """A dated exception opens a holiday, closes a working day, and shortens one."""
    office = calendar(
        "Mo-Fr 08:30-18:30",
        public="FR",
        exceptions={date(2026, 7, 14): "10:00-12:00", date(2026, 7, 15): "", date(2026, 7, 16): "08:30-12:00"},
    )
    assert office.is_open(wall("2026-07-14 10:00"))
    assert not office.is_open(wall("2026-07-14 09:00"))
    assert not office.is_open(wall("2026-07-15 10:00"))
    assert office.is_open(wall("2026-07-16 11:59"))
    assert not office.is_open(wall("2026-07-16 12:00"))


def test_night_belongs_to_the_day_on_which_it_starts() -> None:
    """A holiday takes away the night that begins on it, and leaves what began the evening before."""
    night = calendar("Mo-Su 22:00-06:00", public="FR")  # Sunday 2026-11-01 is All Saints' Day
    assert night.is_open(wall("2026-11-01 05:59"))
    assert not night.is_open(wall("2026-11-01 22:00"))
    assert not night.is_open(wall("2026-11-02 05:59"))
    assert night.is_open(wall("2026-11-02 22:00"))


def test_hours_of_a_day_do_not_cut_the_night_before() -> None:
    """What began on Friday goes on whatever Saturday's own hours are."""
    friday = calendar("Fr 22:00-06:00; Sa 09:00-12:00")
    opened = [friday.is_open(wall(f"2026-11-21 {hour:02}:00")) for hour in range(24)]
    assert opened == [*[True] * 6, *[False] * 3, *[True] * 3, *[False] * 12]


def test_exception_may_run_past_midnight() -> None:
    """The hours of an exception are hours like others."""
    eve = calendar("Mo-Fr 08:30-18:30", exceptions={date(2026, 12, 31): "20:00-02:00"})
    assert not eve.is_open(wall("2026-12-31 10:00"))
    assert eve.is_open(wall("2027-01-01 01:59"))
    assert not eve.is_open(wall("2027-01-01 02:00"))


def test_hour_that_does_not_exist_is_never_open() -> None:
    """On 2026-03-29 the clock jumps from 02:00 to 03:00: what opens at 02:30 opens with the jump."""
    early = calendar("Mo-Su 02:30-06:00")
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert not early.is_open(jump - timedelta(seconds=1))
    assert early.is_open(jump)
    assert early.next_change(jump - timedelta(hours=1)) == jump
    only_then = calendar("Mo-Su 02:00-03:00")
    assert only_then.next_change(wall("2026-03-28 12:00")) == wall("2026-03-30 02:00")


def test_hour_that_comes_twice_is_open_twice() -> None:
    """On 2026-10-25 the clock goes back from 03:00 to 02:00; each time that the wall says 02:15 counts."""
    early = calendar("Mo-Su 02:00-02:30")
    at = wall("2026-10-25 01:00")
    changes = []
    for _ in range(4):
        after = early.next_change(at)
        assert after is not None
        changes.append(after)
        at = after
    assert changes == [
        wall("2026-10-25 02:00"),
        wall("2026-10-25 02:30"),
        wall("2026-10-25 02:00", fold=1),
        wall("2026-10-25 02:30", fold=1),
    ]


def test_calendar_that_never_changes_says_so() -> None:
    """24/7 has no next change; an exception years ahead is one, a closed calendar with none has none."""
    assert calendar("24/7").next_change(wall("2026-11-21 10:00")) is None
    assert calendar("off").next_change(wall("2026-11-21 10:00")) is None
    once = calendar("24/7", exceptions={date(2030, 5, 2): ""})
    assert once.next_change(wall("2026-11-21 10:00")) == wall("2030-05-02 00:00")
    assert once.next_change(wall("2030-05-02 00:00")) == wall("2030-05-03 00:00")


def test_instants_of_any_zone_and_order_give_the_same_answer() -> None:
    """The remembered stretch never answers for another one: questions may jump back and forth in time."""
    office = calendar("Mo-Fr 08:30-18:30")
    morning, evening = wall("2026-11-23 10:00"), wall("2026-11-23 20:00")
    for _ in range(3):
        assert office.is_open(morning)
        assert not office.is_open(evening)
        assert office.is_open(morning.astimezone(ZoneInfo("America/New_York")))
        assert office.is_open(wall("2046-11-26 10:00"))


@pytest.mark.parametrize(
    "text", ["Mo-Fr 08:30-24:00", "Mo-Fr 00:00-24:00", "24/7", "Mo-Su open", "Jul-Aug Mo-Fr 10:00-16:00"]
)
def test_usual_forms_are_understood(text: str) -> None:
    """Hours without a time of day, up to midnight, and by season."""
    assert calendar(text).is_open(wall("2026-07-20 12:00"))


@pytest.mark.parametrize("text", ["Fr 22:00-48:00", "", "08:30", "Mo-Fr 08:30-18:30;", "PH", "ouvert"])
def test_what_is_no_hours_is_refused(text: str) -> None:
    """Only the module's own error comes out of a bad text."""
    with pytest.raises(HoursError):
        hours(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mo-Fr 09:00-12:00; 13:30-18:00", "T117"),
        ("08:30-12:00; 14:00-18:00", "T117"),
        ("Mo-Fr 09:00-18:00; off", "T117"),
        ("Mo-Fr 09:00-12:30,12:00-18:00", "T118"),
        ("Mo-Fr 22:00-02:00,23:00-23:30", "T118"),
        ("Mo-Fr 08:00-25:00", "T119"),
        ("Mo 09:00-09:00", "T119"),
        ("00:00-00:00", "T119"),
        ("Mo-Fr 09:00-18:00; Sa-Su", "T122"),
        ("Mo-Fr 09:00-18:00, Sa", "T122"),
        ("Mo-Su", "T122"),
        ("Sa 09:00-12:00; Sa off", "T114"),
        ("Sa off; Sa 09:00-12:00", "T114"),
        ("Sa 09:00-12:00; Mo-Su 08:00-18:00", "T114"),
        ("Mo 09:00-12:00; Sa-Tu off", "T114"),
    ],
)
def test_hours_that_are_hardly_meant_are_refused(text: str, code: str) -> None:
    """What the syntax reads in a way that no person means has a code of its own."""
    with pytest.raises(HoursError) as raised:
        hours(text)
    assert raised.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        "Mo-Fr 18:00-08:00",
        "Mo-Sa 09:00-18:00; Sa off",
        "Mo-Fr 09:00-18:00; Dec 24 off; Jul-Aug 10:00-16:00",
        "Mo-Fr 09:00-12:00,12:00-18:00",
        "Mo-Fr 22:00-23:00,23:30-01:00",
        "Mo-Fr 09:00-12:00, Sa 10:00-12:00",
        "Mo[1] 09:00-12:00; Mo-Fr 13:00-15:00",
        "Sa-Mo 09:00-10:00; Su off",
    ],
)
def test_hours_that_may_be_meant_are_good(text: str) -> None:
    """Nights, exceptions by day or by season, ranges that touch: nothing is said of them."""
    hours(text)


# --- against the oracle -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Week:
    """Rules in order: days and spans in minutes; a later rule overrules the days that it names."""

    rules: tuple[tuple[frozenset[int], tuple[tuple[int, int], ...]], ...]
    closed: frozenset[date]

    @property
    def text(self) -> str:
        """Return the rules in OpenStreetMap's syntax."""
        return "; ".join(
            f"{','.join(DAYS[day] for day in sorted(days))} "
            f"{','.join(f'{clock(start)}-{clock(end)}' for start, end in spans) or 'off'}"
            for days, spans in self.rules
        )

    def spans(self, day: date) -> tuple[tuple[int, int], ...]:
        """Return the spans that start on a day."""
        if day in self.closed:
            return ()
        return next((spans for days, spans in reversed(self.rules) if day.weekday() in days), ())

    def is_open(self, at: datetime) -> bool:
        """Ask the wall, today's spans and yesterday's."""
        on_wall = at.astimezone(PARIS)
        minute = on_wall.hour * 60 + on_wall.minute
        today, yesterday = on_wall.date(), on_wall.date() - timedelta(days=1)
        return any(start <= minute < end for start, end in self.spans(today)) or any(
            start <= minute + 1440 < end for start, end in self.spans(yesterday)
        )


def clock(minutes: int) -> str:
    """Return minutes as a time of day; past 24:00 as the time of the next day."""
    hour, minute = divmod(minutes if minutes <= 1440 else minutes - 1440, 60)
    return f"{hour:02}:{minute:02}"


@st.composite
def spans_of_a_day(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Return spans that follow each other, of which the last may run past midnight."""
    quarters = draw(st.lists(st.integers(0, 95), min_size=1, max_size=4, unique=True).map(sorted))
    bounds = [quarter * 15 for quarter in quarters]
    if len(bounds) % 2:
        last = draw(st.integers(1, 95).filter(lambda quarter: quarter != quarters[-1])) * 15
        bounds.append(last + 1440 if last <= bounds[-1] else last)
    return tuple(zip(bounds[::2], bounds[1::2], strict=True))


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    """Return hours of a week, and dates on which they do not hold; a rule that a later one replaces is refused."""
    rules = draw(
        st.lists(
            st.tuples(st.frozensets(st.integers(0, 6), min_size=1), spans_of_a_day() | st.just(())),
            min_size=1,
            max_size=4,
            unique_by=lambda rule: rule[0],
        )
    )
    around = st.sampled_from([start + timedelta(days=i) for start in STARTS for i in range(4)])
    rules = [rule for i, rule in enumerate(rules) if not any(rule[0] <= later[0] for later in rules[i + 1 :])]
    return Week(tuple(rules), draw(st.frozensets(around, max_size=4)))


STARTS: Final = (date(2026, 3, 27), date(2026, 10, 24), date(2026, 12, 30))
"""The days around both changes of the clock, and around the new year."""


def minutes_from(start: date, days: int) -> Iterator[datetime]:
    """Yield every minute of some days, by true time."""
    at = datetime(start.year, start.month, start.day, tzinfo=UTC)
    for _ in range(days * 1440):
        yield at
        at += MINUTE


@settings(max_examples=12)
@given(week=weeks(), start=st.sampled_from(STARTS))
def test_every_minute_is_as_the_wall_says(week: Week, start: date) -> None:
    """Open or closed at every minute, and the next change at the minute at which it comes."""
    office = calendar(week.text, exceptions=dict.fromkeys(week.closed, ""))
    asked = office.next_change(datetime(start.year, start.month, start.day, tzinfo=UTC) - MINUTE)
    before = week.is_open(datetime(start.year, start.month, start.day, tzinfo=UTC) - MINUTE)
    for at in minutes_from(start, 4):
        now = week.is_open(at)
        assert office.is_open(at) is now, f"{week.text} at {at.astimezone(PARIS)}"
        if now != before:
            assert asked == at, f"{week.text} after {at.astimezone(PARIS)}"
            asked = office.next_change(at)
        before = now


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("America/New_York", date(2026, 3, 7)),
        ("Australia/Lord_Howe", date(2026, 4, 4)),  # half an hour
        ("Africa/Casablanca", date(2026, 2, 14)),  # winter time in Ramadan
        ("Pacific/Apia", date(2011, 12, 29)),  # a day that never was
        ("Asia/Kathmandu", date(2026, 6, 1)),
    ],
)
def test_clocks_of_the_world(zone: str, start: date) -> None:
    """What `next_change` says is when `is_open` changes, whatever the zone does with its clocks."""
    office = calendar("Mo-Su 00:30-02:15,08:00-12:00,23:15-00:10", zone=ZoneInfo(zone))
    fresh = calendar("Mo-Su 00:30-02:15,08:00-12:00,23:15-00:10", zone=ZoneInfo(zone))
    first = datetime(start.year, start.month, start.day, tzinfo=UTC)
    asked, before = office.next_change(first - MINUTE), fresh.is_open(first - MINUTE)
    for at in minutes_from(start, 4):
        if fresh.is_open(at) != before:
            assert asked == at
            asked, before = office.next_change(at), not before
