"""The instant that `explain` is asked about."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ccrouter.cli.moments import moment_asked
from ccrouter.config.instants import InstantError

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 21, 20, 37, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-12-25 8:00", "2026-12-25T08:00:00+01:00"),
        ("friday 18:00", "2026-11-27T18:00:00+01:00"),
        ("yesterday 10:00", "2026-11-20T10:00:00+01:00"),
        ("2h ago", "2026-11-21T18:37:00+01:00"),
        ("now", "2026-11-21T20:37:00+01:00"),
    ],
)
def test_what_is_to_come_and_what_has_been(text: str, found: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a word more, where there is nothing to say."""
    assert moment_asked(text, NOW, PARIS).isoformat() == found
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["2026-12-25", "monday", "tomorrow", "yesterday"])
def test_a_day_alone_lacks_its_time(text: str) -> None:
    """Midnight would be an answer to a question that nobody asked."""
    with pytest.raises(InstantError, match=f"`{text}` lacks a time. Write it too: {text} 8:00"):
        moment_asked(text, NOW, PARIS)


def test_of_an_hour_that_comes_twice_the_first_is_taken_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to write for the second; who writes it hears nothing."""
    assert moment_asked("2027-10-31 02:30", NOW, PARIS).isoformat() == "2027-10-31T02:30:00+02:00"
    told = capsys.readouterr().err
    assert "comes twice" in told
    assert "this is the first (+02:00), write 2027-10-31 02:30+01:00 for the second" in told
    assert moment_asked("2027-10-31 02:30+01:00", NOW, PARIS).isoformat() == "2027-10-31T02:30:00+01:00"
    assert capsys.readouterr().err == ""
