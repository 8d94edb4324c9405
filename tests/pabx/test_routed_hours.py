"""Where calls go by the clock and the calendar: the real daemon, a real Asterisk, real calls."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from ccrouter.clock import SystemClock, utc
from support.real_house import HousePlan, RealHouse

NOW = utc(SystemClock().now()).astimezone(ZoneInfo("Europe/Paris"))
OPENS, CLOSES = (NOW.hour + 18) % 24, (NOW.hour + 6) % 24
TODAY, TOMORROW = NOW.date(), NOW.date() + timedelta(days=1)

ROUTING = f"""
timezone: Europe/Paris
calendars:
  day: {{hours: "Mo-Su {OPENS:02}:00-{CLOSES:02}:00"}}
  night: {{hours: "Mo-Su {CLOSES:02}:00-{OPENS:02}:00"}}
  feast:
    hours: "Mo-Su 00:00-24:00"
    exceptions: {{{TODAY}: closed, {TOMORROW}: closed}}
sites:
  paris: {{in_house: {{queue: support, max_wait: 20s}}}}
  centre: {{in_house: {{queue: centre, max_wait: 20s}}}}
  agency: {{in_house: {{queue: agency, max_wait: 20s, calendar: night}}}}
  tunis: {{external: {{dial: PJSIP/33100@trunk-tunis, answer_within: 5s}}}}
messages:
  closed: {{play: beep}}
numbers:
  "0800 000 001": {{service: by day}}
  "0800 000 002": {{service: by night}}
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
"""

HOUSE = HousePlan(
    routing=ROUTING,
    sites={"tunis": {"answer_ms": 20, "talk_ms": 100}},
    queues=("support", "centre", "agency"),
)


def test_by_day_a_position_in_house_takes_the_call(house: RealHouse) -> None:
    """While the calendar is open, a call reaches a position."""
    positions = house.sit_down("support", answer_ms=50, talk_ms=100)
    [call] = house.calls("0800000001")
    [placed] = house.place([call])
    assert house.course(call) == ["queue paris -> answered 0"]
    assert [call] == house.answered_by(positions, [call])
    assert placed.answered


def test_out_of_hours_the_outsourcer_takes_the_call(house: RealHouse) -> None:
    """While the calendar is closed, a call reaches the outsourcer, though positions are ready."""
    positions = house.sit_down("support", answer_ms=50, talk_ms=100)
    [call] = house.calls("0800000002")
    house.place([call])
    assert house.course(call) == ["site tunis -> answered 16"]
    assert [call] == house.answered_by(house.sites["tunis"], [call])
    assert positions.received() == []
