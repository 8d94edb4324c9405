"""One calendar asked by several threads: the event loop decides calls by it, others look ahead by it."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ccrouter.config.calendars import WallCalendar
from ccrouter.config.hours import hours
from ccrouter.config.public_holidays import public_holidays

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 11, 25, 10, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def _restless() -> Iterator[None]:
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def calendar() -> WallCalendar:
    """Return one with all that it can have; it has been asked nothing yet."""
    return WallCalendar("office", PARIS, hours("Mo-Fr 08:30-18:30; Sa 09:00-12:00"), [public_holidays("FR")])


def test_each_thread_gets_the_answers_that_it_would_get_alone() -> None:
    """Whatever the others ask meanwhile, about other days and other years: a wrong one would send a call elsewhere."""
    rounds = 300
    asked = [
        [START + timedelta(days=370 * (n % 7), hours=nth * 37 * (n % 3 + 1)) for nth in range(rounds)] for n in range(6)
    ]
    alone = calendar()
    expected = [[(alone.is_open(at), alone.next_change(at)) for at in instants] for instants in asked]
    shared = calendar()
    with ThreadPoolExecutor(len(asked)) as threads:
        found = list(
            threads.map(lambda instants: [(shared.is_open(at), shared.next_change(at)) for at in instants], asked)
        )
    assert found == expected


def test_a_year_that_is_looked_at_for_the_first_time_has_its_holidays_for_all() -> None:
    """The library fills a year in when it is first asked about; who asks meanwhile must not find it empty."""
    christmases = [datetime(year, 12, 25, 10, tzinfo=PARIS) for year in range(2027, 2090)]
    for _ in range(3):
        shared = calendar()
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda _: [shared.is_open(at) for at in christmases], range(4)))  # noqa: B023 - done in this turn
        assert not any(any(answers) for answers in found)
