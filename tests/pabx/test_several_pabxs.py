"""Two real Asterisks that share their sites, one daemon: capacity is exact over both, and one lost changes nothing."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from ccrouter.clock import SystemClock
from phones import Call
from support.parties import most_at_once
from support.several_pabxs import Estate, EstatePlan, estate

ROUTING: Final = """
timezone: Europe/Paris
sites:
  shared: {external: {dial: PJSIP/1@trunk-shared, answer_within: 10s, max_calls: 10}}
  single: {external: {dial: PJSIP/2@trunk-single, answer_within: 10s, max_calls: 1}}
  café du port: {external: {dial: PJSIP/3@trunk-cafe, answer_within: 10s, max_calls: 8}}
  backup: {external: {dial: PJSIP/4@trunk-backup, answer_within: 10s}}
  paris: {in_house: {queue: support, max_wait: 20s}}
messages:
  closed: {play: beep}
numbers:
  "0800 000 001": {service: shared}
  "0800 000 002": {service: single}
  "0800 000 003": {service: cafe}
  "0800 000 004": {service: mixed}
  "0800 000 005": {service: house}
  "0800 000 006": {service: either}
services:
  shared: {otherwise: [shared, closed]}
  single: {otherwise: [single, closed]}
  cafe: {otherwise: [café du port, closed]}
  mixed: {otherwise: [{share: {shared: 70, backup: 30}}, closed]}
  either: {otherwise: [shared, backup, closed]}
  house: {otherwise: [paris, backup, closed]}
"""

PLAN: Final = EstatePlan(
    routing=ROUTING,
    sites={"shared": {}, "single": {}, "cafe": {}, "backup": {}},
    queues={"a": ["support"], "b": ["sales"]},
)

CLOCK: Final = SystemClock()

SHARED, SINGLE, CAFE, MIXED, HOUSE, EITHER = (f"080000000{n}" for n in range(1, 7))


@pytest.fixture(scope="module", params=[22, 16], ids=lambda version: f"asterisk{version}")
def shared_estate(request: pytest.FixtureRequest) -> Iterator[Estate]:
    """Two Asterisks of each version, for all tests."""
    with estate(request.param, PLAN) as made:
        yield made


@pytest.fixture
def house(shared_estate: Estate) -> Iterator[Estate]:
    """Give them when nobody calls and each has its lines; afterwards no channel may be left."""
    until(lambda: all(sum(shared_estate.lines(site).values()) == most for site, most in MOST.items()))
    yield shared_estate
    shared_estate.tidy_up()


MOST: Final = {"shared": 10, "single": 1, "café du port": 8}


def until(holds: Callable[[], bool], within_s: float = 15) -> float:
    """Wait until something holds, and return how long that took; the assertion fails where it does not."""
    began = CLOCK.steady()
    while not holds():
        assert CLOCK.steady() - began < within_s
        time.sleep(0.02)
    return CLOCK.steady() - began


def here(house: Estate, site: str, calls: list[Call]) -> int:
    """Return how many of these calls reached a site."""
    callers = {call.caller for call in calls}
    return sum(received.caller in callers for received in house.sites[site].received())


def lent(house: Estate, pabx: str, group: str) -> bool:
    """Tell whether a PABX has a value of the stamp that is in force there."""
    return house.told(pabx, f"CCROUTER_LINES_{group}").endswith(f"/{house.told(pabx, 'CCROUTER_LINES') or '-'}")


@pytest.mark.parametrize(("number", "site", "most"), [(SHARED, "shared", 10), (SINGLE, "single", 1), (CAFE, "cafe", 8)])
def test_a_burst_on_both_pabxs_at_once(house: Estate, number: str, site: str, most: int) -> None:
    """30 calls on each at the same instant: the site has never more than its limit, and all its lines are used."""
    calls = {name: parties.calls(number, 30) for name, parties in house.pabxs.items()}
    started = [house.pabxs[name].start(each, per_s=10_000, talk_ms=2000) for name, each in calls.items()]
    placed = [each for callers in started for each in callers.wait()]
    callers = {each.call.caller for each in placed}
    received = [each for each in house.sites[site].received() if each.caller in callers]
    assert all(each.ended for each in placed)
    assert (len(received), most_at_once(received)) == (most, most)
    assert sum(each.answered for each in placed) == most


def test_lines_follow_the_calls(house: Estate) -> None:
    """Where all calls come over one PABX it gets all lines but the other's own one, and the site is full by then."""
    a, b = house.pabxs["a"], house.pabxs["b"]
    calls = a.calls(SHARED, 12)
    a.start(calls, per_s=4)
    until(lambda: here(house, "shared", calls) == 9)
    assert house.lines("shared") == {"a": 9, "b": 1}
    assert re.fullmatch("9/.+", house.told("a", "CCROUTER_LINES_shared"))
    [first] = a.calls(EITHER)
    a.place([first], talk_ms=100)
    assert a.course(first) == ["site backup"]  # no first try that is bound to be refused
    assert "full, 9 of the 9 lines that this PABX has" in house.daemon.command("explain", "0800 000 006", "--pabx", "a")
    [last] = b.calls(SHARED)
    b.start([last])
    until(lambda: here(house, "shared", [last]) == 1)
    [over] = b.place(b.calls(SHARED))
    assert not over.answered
    assert here(house, "shared", [over.call]) == 0
    assert "a 9 of 9, b 1 of 1" in house.daemon.command("status")


def test_a_share_spans_the_pabxs(house: Estate) -> None:
    """Of any ten calls in a row 7 and 3, whichever PABX each came over."""
    placed = []
    for _ in range(5):
        for parties in house.pabxs.values():
            placed += parties.place(parties.calls(MIXED), talk_ms=100)
    calls = [each.call for each in placed]
    found = (here(house, "shared", calls), here(house, "backup", calls))
    assert found == (7, 3), house.daemon.command("explain", "0800 000 004", "--pabx", "a")


def test_a_queue_that_a_pabx_does_not_have_is_left_out(house: Estate) -> None:
    """On b, which has no such queue, the call goes to the next destination, and the reason is told."""
    parties = house.pabxs["b"]
    [call] = parties.calls(HOUSE)
    parties.place([call], talk_ms=100)
    assert parties.course(call)[0].startswith("site backup")
    told = house.daemon.command("explain", "0800 000 005", "--pabx", "b")
    assert "passed over: this PABX has no queue support" in told
    assert "can take the call" in house.daemon.command("explain", "0800 000 005", "--pabx", "a").split("paris")[-1]


@pytest.mark.parametrize("fault", ["kill", "freeze", "hold", "cut"])
def test_one_lost_pabx_changes_nothing_for_the_other(house: Estate, fault: str, figure: Callable[[str], None]) -> None:
    """Killed, hung or cut off: the other's calls are routed as before, by its own lines; it comes back with its own."""
    a, b = house.pabxs["a"], house.pabxs["b"]
    calls = b.calls(CAFE, 60)
    running = b.start(calls, per_s=6, talk_ms=400)
    until(lambda: here(house, "cafe", calls) >= 10)
    before = house.lines("café du port")
    began = CLOCK.steady()
    if fault == "kill":
        a.pabx.kill()
    elif fault == "freeze":
        house.freeze("a")
    elif fault == "hold":
        house.relays["a"].hold()
    else:
        house.relays["a"].cut()
    if fault != "cut":
        house.daemon.wait_until(lambda status: not next(each for each in status.pabxs if each.name == "a").in_sync)
        noticed_s = CLOCK.steady() - began
        assert house.daemon.ready()
        assert house.daemon.metrics()['ccrouter_pabx_in_sync{pabx="a"}'] == 0
        assert house.lines("café du port")["a"] == before["a"]  # what was lent stays lent
    else:
        noticed_s = 0.0
    placed = running.wait()
    assert [each for each in placed if not each.answered] == []
    assert [b.course(call) for call in calls] == [["site café du port"]] * 60
    worst = max(each.after_s("200") for each in placed)
    figure(f"{fault}: noticed after {noticed_s:.1f} s, slowest answer on the other PABX {worst * 1000:.0f} ms")
    assert worst < 1
    if fault == "kill":
        house.restart("a")
    elif fault == "freeze":
        house.thaw("a")
    elif fault == "hold":
        house.relays["a"].mend()
    back_s = until(lambda: sum(house.lines("café du port").values()) == 8 and lent(house, "a", "caf%C3%A9%20du%20port"))
    figure(f"{fault}: its lines back after {back_s:.1f} s")
