"""Instants as a person says them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ccrouter.config.instants import FORMS, InstantError, instant, past

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 25, 17, 30, tzinfo=PARIS)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-25T17:30:00+01:00"),
        ("today 19:30", "2026-11-25T19:30:00+01:00"),
        ("today 8:00", "2026-11-25T08:00:00+01:00"),
        ("tomorrow 8:00", "2026-11-26T08:00:00+01:00"),
        ("friday 18:00", "2026-11-27T18:00:00+01:00"),
        ("wednesday 18:00", "2026-11-25T18:00:00+01:00"),
        ("Wednesday 17:30", "2026-12-02T17:30:00+01:00"),
        ("next wednesday 18:00", "2026-12-02T18:00:00+01:00"),
        ("next sunday 19:30", "2026-11-29T19:30:00+01:00"),
        ("18:30", "2026-11-25T18:30:00+01:00"),
        ("8:30", "2026-11-26T08:30:00+01:00"),
        ("2026-12-24 18:00", "2026-12-24T18:00:00+01:00"),
        ("2026-12-24T18:00:30", "2026-12-24T18:00:30+01:00"),
        ("2026-12-24", "2026-12-24T00:00:00+01:00"),
        ("2026-07-01 12:00", "2026-07-01T12:00:00+02:00"),
        ("2026-12-24T18:00+00:00", "2026-12-24T19:00:00+01:00"),
        ("2026-12-24T18:00Z", "2026-12-24T19:00:00+01:00"),
        ("in 2h", "2026-11-25T19:30:00+01:00"),
        ("in 1h 30min", "2026-11-25T19:00:00+01:00"),
        ("in 90s", "2026-11-25T17:31:30+01:00"),
        ("2026-10-25 02:30", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_an_instant_is_read_by_the_clock_on_the_wall(text: str, expected: str) -> None:
    """Every form means one instant in the zone of the file."""
    assert instant(text, NOW, PARIS).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yesterday 18:00", "2026-11-24T18:00:00+01:00"),
        ("today 8:00", "2026-11-25T08:00:00+01:00"),
        ("8:00", "2026-11-25T08:00:00+01:00"),
        ("18:00", "2026-11-24T18:00:00+01:00"),
        ("wednesday 8:00", "2026-11-25T08:00:00+01:00"),
        ("wednesday 18:00", "2026-11-18T18:00:00+01:00"),
        ("friday 18:00", "2026-11-20T18:00:00+01:00"),
        ("2h ago", "2026-11-25T15:30:00+01:00"),
        ("1h 30min ago", "2026-11-25T16:00:00+01:00"),
        ("40d ago", "2026-10-16T18:30:00+02:00"),
        ("2026-11-01", "2026-11-01T00:00:00+01:00"),
        ("now", "2026-11-25T17:30:00+01:00"),
    ],
)
def test_of_what_has_been_an_instant_is_the_last_that_was(text: str, expected: str) -> None:
    """A time, a day and a span look back."""
    assert past(text, NOW, PARIS).isoformat() == expected


@pytest.mark.parametrize("text", ["yesterday", "ago", "2 ago", "soon ago", "yesterday 25:00"])
def test_what_says_no_instant_of_the_past_is_refused(text: str) -> None:
    """As one of the future is."""
    with pytest.raises(InstantError):
        past(text, NOW, PARIS)


def test_where_now_was_read_does_not_matter() -> None:
    """`now` may come in any zone: the day and the time are those of the file's zone."""
    late = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    assert instant("today 8:00", late, PARIS).isoformat() == "2026-11-26T08:00:00+01:00"


def test_a_span_runs_by_the_clock_that_does_not_jump() -> None:
    """Two hours over the night on which clocks are turned are two hours."""
    before = datetime(2026, 3, 29, 1, 30, tzinfo=PARIS)
    assert instant("in 2h", before, PARIS).isoformat() == "2026-03-29T04:30:00+02:00"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`` says no instant. Write 2026-12-24 18:00, tomorrow 8:00, friday 18:00, 18:30, in 2h or now."),
        ("frday 18:00", "`frday 18:00` says no instant. Did you mean `friday`?"),
        ("next tomorrow 8:00", "`next tomorrow 8:00` says no instant. Did you mean `tomorrow`?"),
        ("friday", "`friday` lacks a time. Write it too: friday 8:00."),
        ("24:00", "there is no time 24:00. Write 0:00 of the next day."),
        ("8:75", "there is no time 8:75. Write hours and minutes, 0:00 to 23:59."),
        ("2026-02-30 8:00", "there is no day 2026-02-30. Write year, month and day: 2026-12-24."),
        ("1999-12-31", "the year 1999 is out of reach. Write one from 2000 to 2199."),
        ("in 99999d", "`in 99999d` is out of reach. Write an instant before the year 2200."),
        (f"in {'99999d ' * 40}", f"`in {'99999d ' * 40}` is out of reach. Write an instant before the year 2200."),
        ("2026-12-24T18:00+99:00", "`2026-12-24T18:00+99:00` has no offset from UTC. Write one such as +01:00, or Z."),
        (
            "2026-03-29 02:30",
            (
                "2026-03-29 02:30 does not exist in Europe/Paris: the clocks are turned forward. "
                "Write a time an hour later."
            ),
        ),
    ],
)
def test_what_says_no_instant_is_refused_with_the_cure(text: str, message: str) -> None:
    """Nothing is guessed: a text that is no instant, or one that the clocks leave out, is told with what to write."""
    with pytest.raises(InstantError) as raised:
        instant(text, NOW, PARIS)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("now", "text", "expected"),
    [
        ("2026-10-25T00:10:00+00:00", "02:30", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T00:40:00+00:00", "02:30", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T01:10:00+00:00", "02:30", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T01:10:00+00:00", "sunday 02:30", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T01:40:00+00:00", "02:30", "2026-10-26T02:30:00+01:00"),
        ("2026-10-25T01:10:00+00:00", "02:05", "2026-10-26T02:05:00+01:00"),
        ("2026-03-29T01:10:00+00:00", "02:30", "2026-03-30T02:30:00+02:00"),
    ],
)
def test_the_next_to_come_of_an_hour_that_comes_twice(now: str, text: str, expected: str) -> None:
    """While the clocks show an hour for the second time, a time of it is not the first, which is past."""
    assert expected == instant(text, datetime.fromisoformat(now), PARIS).isoformat()


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("25 december", "Write the day in digits: 2026-12-25 8:00"),
        ("December 25 18:00", "Write the day in digits: 2026-12-25 8:00"),
        ("1 jan", "Write the day in digits: 2027-01-01 8:00"),
        ("31 february", FORMS),
        ("december", FORMS),
    ],
)
def test_a_month_by_its_name_is_told_in_digits(text: str, cure: str) -> None:
    """Which year is meant, and at which time, the asker says: the refusal writes out the day that is next."""
    with pytest.raises(InstantError) as refused:
        instant(text, NOW, PARIS)
    assert cure == refused.value.cure
