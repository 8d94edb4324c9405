"""Where calls go by the clock, the calendar, the number and what an admin turned: the real daemon, a real Asterisk."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from ccrouter.clock import SystemClock, utc
from support.parties import served
from support.real_house import HousePlan, RealHouse

NOW = utc(SystemClock().now()).astimezone(ZoneInfo("Europe/Paris"))
OPENS, CLOSES = (NOW.hour + 18) % 24, (NOW.hour + 6) % 24
TODAY, TOMORROW = NOW.date(), NOW.date() + timedelta(days=1)

ROUTING = f"""
timezone: Europe/Paris
calendars:
  # `day` is open for six hours more, whatever the hour of the test, and `night` closed.
  day: {{hours: "Mo-Su {OPENS:02}:00-{CLOSES:02}:00"}}
  night: {{hours: "Mo-Su {CLOSES:02}:00-{OPENS:02}:00"}}
  feasts:
    hours: "Mo-Su 00:00-24:00"
    holidays: FR
    exceptions: {{{TODAY}: closed, {TOMORROW}: closed}}
sites:
  paris: {{in_house: {{queue: support, max_wait: 20s}}}}
  sales: {{in_house: {{queue: sales, max_wait: 20s}}}}
  centre: {{in_house: {{queue: centre, max_wait: 20s}}}}
  metz: {{in_house: {{queue: metz, max_wait: 20s}}}}
  lyon: {{in_house: {{queue: lyon, max_wait: 20s, calendar: night}}}}
  tunis: {{external: {{dial: PJSIP/33100@trunk-tunis, answer_within: 5s}}}}
  backup: {{external: {{dial: PJSIP/33200@trunk-backup, answer_within: 5s}}}}
messages:
  closed: {{play: vm-goodbye}}
modes: [crisis]
numbers:
  "0800 000 001": {{service: by day}}
  "0800 000 002": {{service: by night}}
  "0800 000 003": {{service: feasts}}
  "0800 000 004": {{service: agency of metz}}
  "0800 000 005": {{service: agency of lyon}}
  "0800 000 006": {{service: closed}}
  "0800 000 007": {{service: closed, answer: on_entry}}
  "0800 000 008": {{service: support}}
  "0800 000 009": {{service: sales}}
services:
  by day:
    rules:
      - {{name: out of hours, when: {{closed: day}}, to: [tunis, closed]}}
      - {{name: in hours, when: {{open: day}}, to: [paris, tunis]}}
    otherwise: [closed]
  by night:
    rules:
      - {{name: out of hours, when: {{closed: night}}, to: [tunis, closed]}}
      - {{name: in hours, when: {{open: night}}, to: [paris, tunis]}}
    otherwise: [closed]
  feasts:
    rules:
      - {{name: public holiday, when: {{closed: feasts}}, to: [backup, closed]}}
    otherwise: [paris, closed]
  agency of metz:
    rules:
      - {{name: agency closed, when: {{closed: night}}, to: [centre, tunis]}}
    otherwise: [metz, closed]
  agency of lyon:
    otherwise: [lyon, centre, closed]
  closed:
    rules:
      - {{name: closed, when: {{closed: night}}, to: [closed]}}
    otherwise: [paris, closed]
  support:
    rules:
      - {{name: crisis, when: {{mode: crisis}}, to: [backup, closed]}}
    otherwise: [paris, tunis, closed]
  sales:
    otherwise: [sales, closed]
"""

HOUSE = HousePlan(
    routing=ROUTING,
    agreeing=True,
    sites={"tunis": {"answer_ms": 20, "talk_ms": 100}, "backup": {"answer_ms": 20, "talk_ms": 100}},
    queues=("support", "sales", "centre", "metz", "lyon"),
)


def test_by_day_a_position_in_house_takes_the_call(house: RealHouse) -> None:
    """While the calendar is open, a call reaches a position."""
    house.sit_down("support", answer_ms=50, talk_ms=100)
    [call] = house.calls("0800000001")
    [placed] = house.place([call])
    assert house.ending(call)["Rule"] == "in hours"
    assert house.steps(call) == ["queue paris -> answered 0"]
    assert house.takers([call]) == [["support"]]
    assert served(placed)


def test_out_of_hours_the_outsourcer_takes_the_call(house: RealHouse) -> None:
    """While the calendar is closed, a call reaches the outsourcer, though a position is ready."""
    positions = house.sit_down("support", answer_ms=50)
    [call] = house.calls("0800000002")
    [placed] = house.place([call])
    assert house.ending(call)["Rule"] == "out of hours"
    assert house.steps(call) == ["site tunis -> answered 16"]
    assert house.takers([call]) == [["tunis"]]
    assert served(placed)
    assert positions.received() == []


def test_on_a_public_holiday(house: RealHouse) -> None:
    """On a day that the calendar excepts, a line that is open at every hour is closed."""
    positions = house.sit_down("support", answer_ms=50)
    [call] = house.calls("0800000003")
    assert served(house.place([call])[0])
    assert house.ending(call)["Rule"] == "public holiday"
    assert house.takers([call]) == [["backup"]]
    assert positions.received() == []


@pytest.mark.parametrize(
    ("number", "queue", "rule"),
    [("0800000004", "metz", "agency closed"), ("0800000005", "lyon", "otherwise")],
    ids=["by a rule", "by the site's own calendar"],
)
def test_the_number_of_a_closed_agency_reaches_the_centre(house: RealHouse, number: str, queue: str, rule: str) -> None:
    """A closed agency's calls go to the centre, though somebody is still logged in at the agency."""
    agency = house.sit_down(queue, answer_ms=50)
    house.sit_down("centre", answer_ms=50, talk_ms=100)
    [call] = house.calls(number)
    assert served(house.place([call])[0])
    assert house.ending(call)["Rule"] == rule
    assert house.steps(call) == ["queue centre -> answered 0"]
    assert house.takers([call]) == [["centre"]]
    assert agency.received() == []


@pytest.mark.parametrize(
    ("number", "met"),
    [("0800000006", ("sent", "183", "480", "end")), ("0800000007", ("sent", "200", "bye", "end"))],
    ids=["unanswered", "answered on entry"],
)
def test_a_message_tells_that_the_line_is_closed(house: RealHouse, number: str, met: tuple[str, ...]) -> None:
    """The caller hears the message to its end and nobody is called; only `answer: on_entry` charges for it."""
    positions = house.sit_down("support", answer_ms=50)
    [call] = house.calls(number)
    [placed] = house.place([call])
    assert house.ending(call)["Rule"] == "closed"
    assert house.steps(call) == ["play closed -> done 0"]
    assert tuple(dict.fromkeys(placed.names)) == met
    assert house.takers([call]) == [[]]
    assert positions.received() == []


def test_two_numbers_reach_two_services(house: RealHouse) -> None:
    """Calls that come at the same time by two numbers each reach the positions of their own service."""
    house.sit_down("support", 5, answer_ms=50, talk_ms=100)
    house.sit_down("sales", 5, answer_ms=50, talk_ms=100)
    support, sales = house.calls("0800000008", 10), house.calls("0800000009", 10)
    mixed = [call for pair in zip(support, sales, strict=True) for call in pair]
    assert all(served(placed) for placed in house.place(mixed, per_s=100))
    assert house.takers(support) == [["support"]] * 10
    assert house.takers(sales) == [["sales"]] * 10
    assert {house.ending(call)["Service"] for call in support} == {"support"}
    assert {house.ending(call)["Service"] for call in sales} == {"sales"}


def test_crisis_mode_and_back(house: RealHouse) -> None:
    """`ccrouter mode` sends new calls to the backup site and back; who talks to a position goes on talking."""
    positions = house.sit_down("support", 2, answer_ms=50, talk_ms=1500)
    before, during, after = (house.calls("0800000008") for _ in range(3))
    with house.start(before) as talking:
        house.wait_for(before[0], Event="AgentConnect")
        house.daemon.switch("crisis", on=True)
        try:
            met = house.place(during)
        finally:
            house.daemon.switch("crisis", on=False)
        met += house.place(after)
        met += talking.wait()
    assert all(served(placed) for placed in met)
    assert [house.ending(call)["Rule"] for call in (*before, *during, *after)] == ["otherwise", "crisis", "otherwise"]
    assert house.takers([*before, *during, *after]) == [["support"], ["backup"], ["support"]]
    assert [received.names for received in positions.received()] == [("invite", "answered", "hung-up")] * 2
