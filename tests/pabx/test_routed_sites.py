"""Calls to sites that are full, refuse, are silent, dead, or die in the talk. Real daemon, real Asterisk."""

from collections.abc import Callable

import pytest

from phones import FOREVER_MS
from support.parties import most_at_once, served
from support.real_house import HousePlan, RealHouse, site_in

FAILING = {
    "0800000031": ("busy", "busy 17"),
    "0800000032": ("congested", "congestion 34"),
    "0800000033": ("unknown", "chanunavail 1"),
    "0800000034": ("away", "noanswer 19"),
    "0800000035": ("ringing", "noanswer 19"),
    "0800000036": ("silent", "noanswer 0"),
}
"""Numbers of services whose first site does not take calls, with its name and how the step there ends."""

ROUTING = """
timezone: Europe/Paris
sites:
  backup: {external: {dial: PJSIP/33200@trunk-backup, answer_within: 5s}}
  ten lines: {external: {dial: PJSIP/33300@trunk-large, answer_within: 5s, max_calls: 10}}
  busy: {external: {dial: PJSIP/33100@trunk-busy, answer_within: 1s}}
  congested: {external: {dial: PJSIP/33100@trunk-congested, answer_within: 1s}}
  unknown: {external: {dial: PJSIP/33100@trunk-unknown, answer_within: 1s}}
  away: {external: {dial: PJSIP/33100@trunk-away, answer_within: 1s}}
  ringing: {external: {dial: PJSIP/33100@trunk-ringing, answer_within: 1s}}
  silent: {external: {dial: PJSIP/33100@trunk-silent, answer_within: 1s}}
  overloaded: {external: {dial: PJSIP/33100@trunk-overloaded, answer_within: 1s}}
  dead: {external: {dial: PJSIP/33100@trunk-dead, answer_within: 1s}}
  mortal: {external: {dial: PJSIP/33100@trunk-mortal, answer_within: 1s}}
  dying: {external: {dial: PJSIP/33100@trunk-dying, answer_within: 1s}}
messages:
  closed: {play: beep}
numbers:
  "0800 000 031": {service: busy}
  "0800 000 032": {service: congested}
  "0800 000 033": {service: unknown}
  "0800 000 034": {service: away}
  "0800 000 035": {service: ringing}
  "0800 000 036": {service: silent}
  "0800 000 037": {service: overloaded}
  "0800 000 038": {service: dead}
  "0800 000 039": {service: mortal}
  "0800 000 040": {service: dying}
  "0800 000 041": {service: ten lines}
  "0800 000 042": {service: only ten lines}
services:
  busy: {otherwise: [busy, backup, closed]}
  congested: {otherwise: [congested, backup, closed]}
  unknown: {otherwise: [unknown, backup, closed]}
  away: {otherwise: [away, backup, closed]}
  ringing: {otherwise: [ringing, backup, closed]}
  silent: {otherwise: [silent, backup, closed]}
  overloaded: {otherwise: [overloaded, backup, closed]}
  dead: {otherwise: [dead, backup, closed]}
  mortal: {otherwise: [mortal, backup, closed]}
  dying: {otherwise: [dying, backup, closed]}
  ten lines: {otherwise: [ten lines, backup, closed]}
  only ten lines: {otherwise: [ten lines, closed]}
"""

HOUSE = HousePlan(
    routing=ROUTING,
    agreeing=True,
    sites={
        "backup": {"answer_ms": 20, "talk_ms": 100},
        "large": {"answer_ms": 100, "talk_ms": 600},
        "busy": {"status": 486},
        "congested": {"status": 503},
        "overloaded": {"status": 503},
        "unknown": {"status": 404},
        "away": {"status": 480},
        "ringing": {"answer_ms": FOREVER_MS},
        "silent": {"answer_ms": FOREVER_MS, "rings": False},
        "mortal": {"answer_ms": 20, "talk_ms": 100},
        "dying": {"answer_ms": 20},
    },
    dead=("dead",),
)

Figure = Callable[[str], None]


def test_a_site_never_carries_more_than_its_capacity(house: RealHouse, figure: Figure) -> None:
    """60 calls at the same instant, limit 10: never 11 at the site, and whoever finds no line is at the backup site."""
    calls = house.calls("0800000041", 60)
    assert all(served(placed) for placed in house.place(calls, per_s=10_000))
    takers = house.takers(calls)
    most = most_at_once(received for call in calls for received in house.received(house.sites["large"], call))
    figure(f"60 calls at once: {takers.count(['large'])} to the site, at most {most} there at once, limit 10")
    assert takers.count(["large"]) + takers.count(["backup"]) == 60
    assert takers.count(["large"]) >= 10
    assert most == 10


def test_a_line_that_is_free_again_is_used_again(house: RealHouse, figure: Figure) -> None:
    """With 40 calls a second for 10 lines and talks of 0.6 s the site is full all the time, and never fuller."""
    calls = house.calls("0800000042", 60)
    met = house.place(calls, per_s=40)
    steps = []
    for call in calls:
        house.ending(call)
        steps.append(house.steps(call)[0])
    takers = house.takers(calls)
    most = most_at_once(received for call in calls for received in house.received(house.sites["large"], call))
    figure(f"60 calls in 1.5 s: {takers.count(['large'])} to the site, at most {most} there at once, limit 10")
    assert all(placed.ended and placed.answered == bool(took) for placed, took in zip(met, takers, strict=True))
    assert takers.count(["large"]) == steps.count("site ten lines -> answered 16")
    assert takers.count([]) == steps.count("site ten lines -> full 0")
    assert takers.count(["large"]) > 10
    assert most == 10


@pytest.mark.parametrize("number", FAILING, ids=lambda number: FAILING[number][0])
def test_a_site_that_does_not_take_the_call_leads_to_the_next(house: RealHouse, number: str) -> None:
    """Busy, 503, 404, 480, no answer, silence: the call is tried there once, and the backup site takes it."""
    name, result = FAILING[number]
    [call] = house.calls(number)
    [placed] = house.place([call])
    house.ending(call)
    assert house.steps(call) == [f"site {name} -> {result}", "site backup -> answered 16"]
    assert len(house.received(house.sites[name], call)) == 1
    assert house.takers([call]) == [["backup"]]
    assert served(placed)
    assert placed.after_s("200") < 5


def test_a_site_that_keeps_failing_is_left_out(house: RealHouse) -> None:
    """After three calls in a row that a site answered with 503, the next ones go to the backup site at once."""
    calls = house.calls("0800000037", 5)
    for call in calls[:3]:
        assert served(house.place([call])[0])
    house.daemon.wait_until(lambda status: site_in(status, "overloaded").health == "down")
    assert all(served(placed) for placed in house.place(calls[3:]))
    for call in calls:
        house.ending(call)
    tried = ["site overloaded -> congestion 34", "site backup -> answered 16"]
    assert [house.steps(call) for call in calls] == [tried] * 3 + [tried[1:]] * 2
    assert house.takers(calls) == [["backup"]] * 5
    assert len(house.sites["overloaded"].received()) == 3


def test_a_trunk_that_is_known_to_be_dead_costs_no_time(house: RealHouse) -> None:
    """A site whose trunk does not answer the PABX's own questions is not tried before one that is alive."""
    [call] = house.calls("0800000038")
    [placed] = house.place([call])
    house.ending(call)
    assert house.steps(call) == ["site backup -> answered 16"]
    assert house.takers([call]) == [["backup"]]
    assert placed.after_s("200") < 1


def test_a_trunk_that_died_a_moment_ago(house: RealHouse, figure: Figure) -> None:
    """A dead site that nobody noticed costs its limit once; then it is left out until it is there again."""
    alive, unnoticed, noticed, again = (house.calls("0800000039")[0] for _ in range(4))
    assert served(house.place([alive])[0])
    house.close_site("mortal")
    [slow] = house.place([unnoticed])
    house.daemon.wait_until(lambda status: site_in(status, "mortal").health == "down")
    [quick] = house.place([noticed])
    house.open_site("mortal", answer_ms=20, talk_ms=100)
    house.daemon.wait_until(lambda status: site_in(status, "mortal").health == "up")
    assert served(house.place([again])[0])
    courses = []
    for call in (alive, unnoticed, noticed, again):
        house.ending(call)
        courses.append(house.steps(call))
    figure(f"answered after {slow.after_s('200'):.2f} s unnoticed, {quick.after_s('200'):.2f} s noticed")
    mortal, backup = "site mortal -> answered 16", "site backup -> answered 16"
    assert courses == [[mortal], ["site mortal -> noanswer 0", backup], [backup], [mortal]]
    assert house.takers([unnoticed, noticed, again]) == [["backup"], ["backup"], ["mortal"]]
    assert served(slow)
    assert served(quick)
    assert slow.after_s("200") < 5


def test_a_site_that_dies_in_the_talk_gives_its_caller_back(house: RealHouse, figure: Figure) -> None:
    """A caller whose site falls silent in the middle of the talk is not lost: the backup site takes the call."""
    [call] = house.calls("0800000040")
    with house.start([call], speaks=True) as callers:
        house.daemon.wait_until(lambda _: house.takers([call]) == [["dying"]])
        house.close_site("dying")
        [placed] = callers.wait()
    house.ending(call)
    assert house.steps(call) == ["site dying -> died 44", "site backup -> answered 16"]
    assert house.takers([call]) == [["dying", "backup"]]
    assert served(placed)
    again = next(at for sign, at in house.received(house.sites["backup"], call)[0].signs if sign == "answered")
    figure(f"talks with the backup site {again - dict(placed.signs)['200']:.1f} s after the first answer")
