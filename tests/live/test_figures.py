"""The day's figures: columns that add up, minutes, midnights, what calls at sites cost, a day that began before us."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.live.effects import CallAnswered, CallFinished, CallOffered, Outcome, SiteReleased
from ccrouter.live.figures import DayBook, Figures, Minute, SiteFigures, cost_of, midnight_after
from ccrouter.routing.destinations import External, InHouse, Message, Tariff
from ccrouter.routing.plan import PlayStep
from ccrouter.routing.rules import Goal, Rules, Service

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 23, 12, tzinfo=PARIS).timestamp()
CLOSED = Message("closed", PlayStep("closed", "closed"))
EURO = Tariff("EUR", Decimal("0.10"), Decimal("0.32"))


def rules(**sites: Tariff | None) -> Rules:
    """Return rules with two services and the sites whose tariffs are given."""
    services = {
        "sav": Service("sav", (), (CLOSED,), CLOSED, goal=Goal(20, 0.8, 5)),
        "orders": Service("orders", (), (CLOSED,), CLOSED, goal=Goal(60, None, 0)),
    }
    unknown = Service("unknown number", (), (CLOSED,), CLOSED)
    external = {name: External(name, f"PJSIP/{name}", 20, tariff=tariff) for name, tariff in sites.items()}
    return Rules("v1", {}, services, unknown, sites={**external, "paris": InHouse("paris", "support", 90)}, zone=PARIS)


@pytest.fixture
def book() -> DayBook:
    """Return a day-book that begins at noon."""
    return DayBook(rules(tunis=EURO, backup=None), NOON)


class Calls:
    """Makes the reports of calls, each with a uniqueid of its own."""

    def __init__(self, book: DayBook) -> None:
        self.book = book
        self.at = NOON
        self.n = 0

    def offered(self, service: str = "sav", uniqueid: str = "") -> str:
        """Let a call arrive."""
        self.n += 1
        who = uniqueid or f"c{self.n}"
        self.book.take(
            CallOffered(
                pabx="pbx", uniqueid=who, number="0800", service=service, caller=None, entry="routed", at=self.at
            )
        )
        return who

    def answered(self, waited_s: float | None = 3.0, *, queue: str = "support", service: str = "sav") -> None:
        """Let a call be answered."""
        told: dict[str, Any] = {"pabx": "pbx", "uniqueid": "c", "number": "0800", "service": service, "rule": "r"}
        told |= {"decision": "d", "caller": None, "target": "paris", "interface": ""}
        self.book.take(CallAnswered(**told, queue=queue, waited_s=waited_s, at=self.at))

    def ended(self, outcome: Outcome, waited_s: float = 30.0, **more: Any) -> None:  # noqa: ANN401 - fields of the report
        """Let a call end."""
        told: dict[str, Any] = {"pabx": "pbx", "uniqueid": "c", "number": "0800", "service": "sav", "rule": "r"}
        told |= {"decision": "d", "target": "closed", "talked_s": None, "waited_s": waited_s, "at": self.at}
        self.book.take(CallFinished(**{**told, "outcome": outcome, **more}))

    def released(self, talked_s: float, *, site: str = "tunis", answered: bool = True) -> None:
        """Let a call leave a site."""
        self.book.take(
            SiteReleased(
                pabx="pbx",
                uniqueid="c",
                service="sav",
                site=site,
                answered=answered,
                talked_s=talked_s,
                at=self.at,
            )
        )


@pytest.fixture
def calls(book: DayBook) -> Calls:
    """Return who makes calls."""
    return Calls(book)


# --- columns ----------------------------------------------------------------------------------------------------------


def test_each_call_in_its_column(book: DayBook, calls: Calls) -> None:
    """In time and late, inside and outside, short and not, refused, lost, unknown: by the goal of the service."""
    for _ in range(9):
        calls.offered()
    calls.answered(20.0)
    calls.answered(20.1, queue="")
    calls.answered(None)
    calls.ended(Outcome.ANSWERED, talked_s=60.0)
    calls.ended(Outcome.UNKNOWN, talked_s=0.0)
    for wait_s in (5.0, 5.1):
        calls.ended(Outcome.ABANDONED, wait_s)
    calls.ended(Outcome.MESSAGE)
    calls.ended(Outcome.LOST)
    calls.ended(Outcome.UNKNOWN)
    calls.ended(Outcome.ABANDONED, again=True)
    book.overflowed("sav", NOON)
    found = book.today()["sav"]
    assert found == Figures(
        offered=9,
        answered=3,
        in_time=1,
        inside=2,
        outside=1,
        abandoned=2,
        short=1,
        refused=1,
        overflowed=1,
        lost=1,
        waited_s=40.1,
        timed=2,
        unknown=1,
    )
    assert found.service_level == 1 / 8
    assert found.mean_wait_s == pytest.approx(20.05)
    assert book.now(NOON)["sav"] == found
    assert book.today()["orders"] == Figures()


def test_the_goal_is_that_of_the_service(book: DayBook, calls: Calls) -> None:
    """What is late for one is in time for another; with no time allowed for it, no abandonment is short."""
    calls.answered(59.0, service="orders")
    calls.ended(Outcome.ABANDONED, 0.1, service="orders")
    assert (book.today()["orders"].in_time, book.today()["orders"].short) == (1, 0)


def test_a_name_that_is_no_service_adds_no_row(book: DayBook, calls: Calls) -> None:
    """Whatever a dialplan tells, the rows are those of the rules, and one for all others."""
    for n in range(1000):
        calls.offered(f"service {n}")
    assert book.today().keys() == {"", "sav", "orders", "unknown number"}
    assert book.today()[""].offered == book.now(NOON)[""].offered == 1000


def test_nothing_yet_is_no_share(book: DayBook) -> None:
    """Neither a service level nor a wait is made up."""
    assert (book.today()["sav"].service_level, book.today()["sav"].mean_wait_s) == (None, None)


# --- time -------------------------------------------------------------------------------------------------------------


def test_minutes_of_the_last_hour(book: DayBook, calls: Calls) -> None:
    """Each call in the minute in which it ended up somewhere; sixty of them, the empty ones too."""
    calls.answered()
    calls.answered(queue="")
    calls.at += 60
    calls.ended(Outcome.MESSAGE)
    calls.ended(Outcome.ABANDONED)
    hour = book.hour(calls.at + 59)
    assert len(hour) == 60
    assert hour[-2:] == (Minute(NOON, inside=1, outside=1), Minute(NOON + 60, refused=1, abandoned=1))
    assert set(hour[:-2]) == {Minute(NOON - 60 * back) for back in range(1, 59)}
    assert book.hour(NOON + 3600)[0] == Minute(NOON + 60, refused=1, abandoned=1)


def test_now_is_fifteen_minutes(book: DayBook, calls: Calls) -> None:
    """What is older is in today's figures alone."""
    calls.offered()
    calls.at += 14 * 60
    calls.offered()
    assert book.now(calls.at)["sav"].offered == 2
    assert book.now(calls.at + 60)["sav"].offered == 1
    assert book.now(calls.at + 3600)["sav"] == Figures()
    assert book.today()["sav"].offered == 2


def test_a_day_ends_at_midnight_of_its_zone(book: DayBook, calls: Calls) -> None:
    """A call of the evening that is answered after midnight is offered on one day and answered on the next."""
    midnight = datetime(2026, 11, 24, tzinfo=PARIS).timestamp()
    calls.at = midnight - 1
    calls.offered()
    calls.released(60.0)
    calls.at = midnight
    calls.answered()
    assert (book.today()["sav"].offered, book.today()["sav"].answered) == (0, 1)
    assert book.sites()["tunis"] == SiteFigures()
    assert book.now(midnight)["sav"].offered == 1
    book.tick(midnight + 86_400)
    assert book.today()["sav"] == Figures()


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 11, 23), 24)], ids=["spring", "autumn", "any"]
)
def test_days_of_summer_time(day: tuple[int, int, int], hours: int) -> None:
    """The two days on which the clock changes are shorter and longer."""
    begins = datetime(*day, tzinfo=PARIS).timestamp()
    assert midnight_after(begins, PARIS) == begins + hours * 3600
    assert midnight_after(begins + hours * 3600 - 1, PARIS) == begins + hours * 3600


@pytest.mark.parametrize("by_s", [-7200.0, 7200.0, -40 * 86_400.0, 0.4])
def test_the_clock_is_set(book: DayBook, calls: Calls, by_s: float) -> None:
    """The last minutes stay the last minutes, and today's calls today's, whatever day the clock showed."""
    calls.offered()
    calls.at += 60
    calls.answered()
    calls.at += by_s
    book.clock_set(calls.at, by_s)
    calls.offered()
    assert (book.today()["sav"].offered, book.now(calls.at)["sav"].offered) == (2, 2)
    assert sum(minute.inside for minute in book.hour(calls.at)) == 1


def test_a_reload_keeps_what_was_counted(book: DayBook, calls: Calls) -> None:
    """A new version brings its goals and tariffs for what comes after it."""
    calls.offered()
    calls.released(30.0)
    book.configure(rules(tunis=Tariff("USD", Decimal(1))), NOON)
    calls.released(30.0)
    assert book.today()["sav"].offered == 1
    assert book.sites()["tunis"].cost == {"EUR": Decimal("0.26"), "USD": Decimal(1)}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 300))))
def test_memory_is_an_hour_of_minutes(course: list[tuple[int, int]]) -> None:
    """However the calls come, no more than 60 minutes are kept, and today's columns are the sum of all."""
    calls = Calls(DayBook(rules(), NOON))
    expected = 0
    for what, later_s in course:
        calls.at += later_s
        calls.offered()
        expected += 1
        if what == 1:
            calls.answered()
        elif what > 1:
            calls.ended([Outcome.ABANDONED, Outcome.MESSAGE, Outcome.LOST][what - 2])
    found = calls.book.today()["sav"]
    assert len(calls.book._minutes) <= 60
    assert found.offered == expected if calls.at < midnight_after(NOON, PARIS) else True
    assert found.offered >= found.answered + found.abandoned + found.refused + found.lost


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans(), st.sampled_from([0, 0, 0, -60, -3600, 7200]))))
def test_now_is_what_was_counted_however_often_it_is_asked(course: list[tuple[int, bool, int]]) -> None:
    """Minutes that are over are added up once; that must never show."""
    calls = Calls(DayBook(rules(), NOON))
    minutes: list[float] = []
    for later_s, looked, set_by_s in course:
        calls.at += later_s
        calls.offered()
        minutes.append(calls.at // 60 * 60)
        if set_by_s:
            calls.at += set_by_s
            calls.book.clock_set(calls.at, set_by_s)
            minutes = [begun + set_by_s for begun in minutes]
        if looked:
            oldest = (calls.at // 60 - 14) * 60
            assert calls.book.now(calls.at)["sav"].offered == sum(begun >= oldest for begun in minutes)


def test_of_a_service_without_a_new_call_figures_are_made_once(book: DayBook, calls: Calls) -> None:
    """Who looks again at those of a quiet service gets the same object, and new ones of a service that has a call."""
    calls.offered("sav")
    calls.offered("orders")
    today, now = book.today(), book.now(calls.at)
    calls.offered("sav")
    again, later = book.today(), book.now(calls.at)
    assert again["orders"] is today["orders"]
    assert later["orders"] is now["orders"]
    assert [each["sav"].offered for each in (today, again, now, later)] == [1, 2, 1, 2]


# --- cost -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("talked_s", "cost"),
    [(0.0, "0.10"), (0.2, "0.105333"), (60.0, "0.42"), (60.1, "0.425333"), (3600.0, "19.30")],
)
def test_what_a_call_costs(talked_s: float, cost: str) -> None:
    """Each answered call, and each second that was begun."""
    assert float(cost_of(EURO, talked_s)) == pytest.approx(float(cost), abs=1e-6)


def test_cost_of_a_day(book: DayBook, calls: Calls) -> None:
    """A thousand calls of 61 s add up exactly; ringing costs nothing; without a tariff there is only the talk."""
    for _ in range(1000):
        calls.released(61.0)
    calls.released(0.0, answered=False)
    calls.released(45.5, site="backup")
    calls.released(45.5, site="paris")
    calls.released(45.5, site="gone")
    tunis = book.sites()["tunis"]
    assert (tunis.seizures, tunis.answered, tunis.talked_s) == (1001, 1000, 61_000.0)
    assert tunis.cost["EUR"].quantize(Decimal("0.000001")) == Decimal("425.333333")
    assert book.sites()["backup"] == SiteFigures(1, 1, 45.5)
    assert book.sites().keys() == {"tunis", "backup"}


# --- a day that began before us ---------------------------------------------------------------------------------------


def test_a_day_that_the_journal_knows(book: DayBook, calls: Calls) -> None:
    """Totals of before are added; a call that is under way is offered once, whoever reports it."""
    sites = {"tunis": SiteFigures(2, 2, 100.0, {"EUR": Decimal(1)}), "gone": SiteFigures(9)}
    book.seed({"sav": Figures(offered=10, answered=9), "gone": Figures(offered=3)}, sites, {("pbx", "old"): "sav"})
    calls.offered(uniqueid="old")
    calls.offered(uniqueid="new")
    calls.offered(uniqueid="old")
    calls.answered()
    calls.released(0.0)
    assert (book.today()["sav"].offered, book.today()["sav"].answered) == (12, 10)
    assert book.today()[""].offered == 3
    assert (book.sites()["tunis"].seizures, book.sites()["tunis"].cost) == (3, {"EUR": Decimal("1.10")})
    assert book.now(NOON)["sav"].offered == 2
    book.tick(midnight_after(NOON, PARIS))
    assert book.today()["sav"] == Figures()


def test_calls_that_ended_while_nobody_looked_are_unknown(book: DayBook, calls: Calls) -> None:
    """Of a PABX that was read whole: offered is the sum of all that became of calls, before and after a restart."""
    book.seed(
        {"sav": Figures(offered=3)}, under_way={("pbx", "here"): "sav", ("pbx", "gone"): "sav", ("silent", "1"): "sav"}
    )
    calls.offered(uniqueid="here")
    assert book.awaited == {"pbx", "silent"}
    book.give_up("pbx")
    book.give_up("pbx")
    found = book.today()["sav"]
    assert (found.offered, found.unknown) == (3, 1)
    assert book.awaited == {"silent"}


def test_under_way_is_forgotten_with_the_day(book: DayBook) -> None:
    """A call that never showed up takes no memory tomorrow."""
    book.seed({}, under_way={("pbx", f"c{n}"): "sav" for n in range(100)})
    book.tick(midnight_after(NOON, PARIS))
    assert not book._under_way


def instants() -> Iterator[datetime]:
    """Yield the hours of a year."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    yield from (begin + timedelta(hours=n) for n in range(0, 365 * 24, 7))


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia", "UTC"])
def test_every_instant_has_its_midnight(zone: str) -> None:
    """The end of a day is the first instant of the next, by the clock of the zone, and never behind."""
    for at in instants():
        ends = midnight_after(at.timestamp(), ZoneInfo(zone))
        local = datetime.fromtimestamp(ends, ZoneInfo(zone))
        assert (local.hour, local.minute) == (0, 0)
        assert 0 < ends - at.timestamp() <= 25 * 3600
