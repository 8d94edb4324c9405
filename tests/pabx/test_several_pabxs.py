"""Two real Asterisks that share their sites, one daemon: capacity is exact over both, and one lost changes nothing."""

import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import pytest

from ccrouter.ami.pulse import SILENCE
from ccrouter.clock import SystemClock
from ccrouter.contract import heartbeat
from phones import Call, Received
from support.parties import most_at_once
from support.real_house import at_rest, in_sync, site_in
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
IN_SYNC: Final = 'ccrouter_pabx_in_sync{pabx="a"}'

SHARED, SINGLE, CAFE, MIXED, HOUSE, EITHER = (f"080000000{n}" for n in range(1, 7))


@pytest.fixture(scope="module", params=[22, 16], ids=lambda version: f"asterisk{version}")
def shared_estate(request: pytest.FixtureRequest) -> Iterator[Estate]:
    """Two Asterisks of each version, for all tests."""
    with estate(request.param, PLAN) as made:
        yield made


@pytest.fixture
def house(shared_estate: Estate) -> Iterator[Estate]:
    """Give them when nobody calls and the lines are dealt for that; afterwards no channel may be left."""
    until(lambda: all(dealt(shared_estate.lines(site), most) for site, most in MOST.items()))
    yield shared_estate
    shared_estate.tidy_up()


MOST: Final = {"shared": 10, "single": 1, "café du port": 8}
TRUNKS: Final = {SHARED: "shared", SINGLE: "single", CAFE: "cafe"}

ON_22: Final = pytest.mark.parametrize("shared_estate", [22], indirect=True, ids=["asterisk22"], scope="module")
"""What does not depend on the version."""


def dealt(lines: Mapping[str, int], most: int) -> bool:
    """Tell whether all lines of a site are lent, and none of two PABXs has much less than the other."""
    return sum(lines.values()) == most and len(lines) > 1 and min(lines.values()) >= most // 4


def until(holds: Callable[[], object], within_s: float = 15, every_s: float = 0.05) -> float:
    """Wait until something holds, and return how long that took; the assertion fails where it does not."""
    began = CLOCK.steady()
    while not holds():
        assert CLOCK.steady() - began < within_s
        time.sleep(every_s)
    return CLOCK.steady() - began


def arrived(house: Estate, trunk: str, calls: Sequence[Call]) -> list[Received]:
    """Return what a site saw of these calls."""
    callers = {call.caller for call in calls}
    return [received for received in house.sites[trunk].received() if received.caller in callers]


def lent(house: Estate, pabx: str, group: str) -> bool:
    """Tell whether a PABX has a value of the stamp that is in force there."""
    return house.told(pabx, f"CCROUTER_LINES_{group}").endswith(f"/{house.told(pabx, 'CCROUTER_LINES') or '-'}")


def test_a_burst_on_both_pabxs_at_once(house: Estate) -> None:
    """For each site on each PABX 10 calls at one instant, and 10 more: none is ever too full, and no line is unused.

    The first may find that a line was just lent to the other PABX; those that follow have it.
    """
    started = [
        parties.start(parties.calls(number, 10), per_s=per_s, talk_ms=2000)
        for per_s in (10_000, 16)
        for parties in house.pabxs.values()
        for number in TRUNKS
    ]
    placed = [each for callers in started for each in callers.wait()]
    assert all(each.ended for each in placed)
    for (number, trunk), most in zip(TRUNKS.items(), MOST.values(), strict=True):
        burst = [each for each in placed if each.call.number == number]
        assert sum(each.answered for each in burst) == most
        assert most_at_once(arrived(house, trunk, [each.call for each in burst])) == most


def test_lines_follow_the_calls(house: Estate) -> None:
    """Where all calls come over one PABX it gets all lines but the other's own one, and the site is full by then."""
    a, b = house.pabxs["a"], house.pabxs["b"]
    calls = a.calls(SHARED, 11)
    a.start(calls, per_s=6)
    until(lambda: len(arrived(house, "shared", calls)) == 9)
    assert house.lines("shared") == {"a": 9, "b": 1}
    assert re.fullmatch("9/.+", house.told("a", "CCROUTER_LINES_shared"))
    [first] = a.calls(EITHER)
    a.place([first], talk_ms=100)
    assert a.course(first) == ["site backup"]  # no first try that is bound to be refused
    assert "full, 9 of the 9 lines that this PABX has" in house.daemon.command("explain", "0800 000 006", "--pabx", "a")
    [last] = b.calls(SHARED)
    b.start([last])
    until(lambda: len(arrived(house, "shared", [last])) == 1)
    [over] = b.place(b.calls(SHARED))
    assert not over.answered
    assert arrived(house, "shared", [over.call]) == []
    assert "a 9 of 9, b 1 of 1" in house.daemon.command("status")


def test_a_share_spans_the_pabxs(house: Estate) -> None:
    """Of any ten calls in a row 7 and 3, whichever PABX each came over."""
    calls = {name: parties.calls(MIXED, 5) for name, parties in house.pabxs.items()}
    started = [house.pabxs[name].start(each, per_s=8, talk_ms=100) for name, each in calls.items()]
    for callers in started:
        callers.wait()
    together = [call for each in calls.values() for call in each]
    found = (len(arrived(house, "shared", together)), len(arrived(house, "backup", together)))
    assert found == (7, 3), house.daemon.command("explain", "0800 000 004", "--pabx", "a")


@ON_22
def test_a_queue_that_a_pabx_does_not_have_is_left_out(house: Estate) -> None:
    """On b, which has no such queue, the call goes to the next destination; what is asked about a PABX tells of it."""
    parties = house.pabxs["b"]
    [call] = parties.calls(HOUSE)
    parties.place([call], talk_ms=100)
    assert parties.course(call)[0].startswith("site backup")
    told = house.daemon.command("explain", "0800 000 005", "--pabx", "b")
    assert "passed over: this PABX has no queue support" in told
    assert "PABX       b; `--pabx` names another: a" in told
    told = house.daemon.command("explain", "0800 000 005")
    assert "PABX       a; `--pabx` names another: b" in told
    assert "this PABX has no queue" not in told


def test_a_daemon_killed_and_restarted_under_calls(house: Estate, figure: Callable[[str], None]) -> None:
    """The site is never fuller, not without a router either; calls that are up stay up, and all are counted again."""
    up = {name: parties.calls(SHARED, 4) for name, parties in house.pabxs.items()}
    held = [house.pabxs[name].start(calls, per_s=8) for name, calls in up.items()]
    calls = [call for each in up.values() for call in each]
    until(lambda: len(arrived(house, "shared", calls)) == 8)
    house.daemon.kill()
    more = {name: parties.calls(SHARED, 12) for name, parties in house.pabxs.items()}
    started = [house.pabxs[name].start(each, per_s=8, talk_ms=300) for name, each in more.items()]
    house.daemon.start()
    placed = [each for callers in started for each in callers.wait()]
    house.daemon.wait_until(in_sync)
    back_s = until(lambda: sum(house.lines("shared").values()) == 10)
    site = house.daemon.wait_until(lambda status: site_in(status, "shared").calls == 8)
    assert site_in(site, "shared").calls == 8
    assert all(each.ended for each in placed)
    assert not any("bye" in each.names or each.ended for callers in held for each in callers.placed())
    for parties in house.pabxs.values():
        parties.hang_up()
    everything = calls + [call for each in more.values() for call in each]
    most = most_at_once(arrived(house, "shared", everything))
    answered = sum(each.answered for each in placed)
    figure(f"8 calls up, {answered} of {len(placed)} more answered meanwhile, at most {most} at once; {back_s:.1f} s")
    assert most <= 10
    house.daemon.wait_until(at_rest)


def lose(house: Estate, fault: str) -> None:
    """Have something happen to the PABX a."""
    if fault == "kill":
        house.kill("a")
    elif fault == "freeze":
        house.freeze("a")
    elif fault == "hold":
        house.relays["a"].hold()
    else:
        house.relays["a"].cut()


def beat_age_s(house: Estate, pabx: str) -> float:
    """Return how old the heartbeat is that a PABX has."""
    told = house.told(pabx, heartbeat(1))
    return CLOCK.now() - float(told)


def lost_and_found(house: Estate, fault: str, figure: Callable[[str], None]) -> None:
    """Lose the PABX a and have it back, and see that the other's calls, and its heartbeat, go on."""
    b = house.pabxs["b"]
    calls = b.calls(CAFE, 12 if fault in {"kill", "cut"} else 30)
    running = b.start(calls, per_s=6, talk_ms=100)
    until(lambda: len(arrived(house, "cafe", calls)) >= 3)
    before, since = house.lines("café du port"), len(house.daemon.lines)
    began = CLOCK.steady()
    lose(house, fault)
    ages = [beat_age_s(house, "b")]
    if fault != "cut":
        while house.daemon.metrics()[IN_SYNC]:
            ages.append(beat_age_s(house, "b"))
            assert CLOCK.steady() - began < 10
        noticed_s = CLOCK.steady() - began
        assert house.daemon.ready()
        assert house.lines("café du port")["a"] == before["a"]  # what was lent stays lent
        figure(f"{fault}: noticed after {noticed_s:.1f} s")
    placed = running.wait()
    ages.append(beat_age_s(house, "b"))
    assert [each for each in placed if not each.answered] == []
    assert {*itertools.chain(*map(b.course, calls))} == {"site café du port"}
    worst = max(each.after_s("200") for each in placed)
    figure(f"{fault}: on the other slowest answer {worst * 1000:.0f} ms, oldest heartbeat {max(ages):.2f} s")
    assert worst < 1
    assert max(ages) < 1.5  # the dialplan believes one for 2 s
    began = CLOCK.steady()
    if fault == "kill":
        house.restart("a")
    elif fault == "freeze":
        house.thaw("a")
    elif fault == "hold":
        house.relays["a"].mend()
    house.daemon.wait_for_line(event="lines of this PABX are lent from here", pabx="a", since=since)
    until(lambda: sum(house.lines("café du port").values()) == 8 and lent(house, "a", "caf%C3%A9%20du%20port"))
    figure(f"{fault}: all lines dealt again {CLOCK.steady() - began:.1f} s after it was back")


def test_a_killed_pabx_changes_nothing_for_the_other(house: Estate, figure: Callable[[str], None]) -> None:
    """The other's calls are routed as before, by its own lines; the one that died comes back with its own."""
    lost_and_found(house, "kill", figure)


@ON_22
@pytest.mark.parametrize("fault", ["freeze", "hold", "cut"])
def test_a_hung_pabx_changes_nothing_for_the_other(house: Estate, fault: str, figure: Callable[[str], None]) -> None:
    """The same where it hangs, or its link falls silent or is cut."""
    lost_and_found(house, fault, figure)


@ON_22
def test_a_stop_and_a_start_beside_a_hung_pabx(house: Estate, figure: Callable[[str], None]) -> None:
    """The other hears of the stop at once; after the start it has its heartbeat and what it was lent, as ever."""
    had = house.lines("shared")["b"]
    house.freeze("a")
    began = CLOCK.steady()
    assert house.daemon.stop() == 0
    stopped_s = CLOCK.steady() - began
    assert house.told("b", heartbeat(1)) == SILENCE
    since = len(house.daemon.lines)
    house.daemon.start()
    house.daemon.wait_for_line(event="ccrouter runs", since=since)
    beats_s = until(lambda: beat_age_s(house, "b") < 1)
    house.daemon.wait_until(lambda status: any(each.in_sync for each in status.pabxs))
    lent_s = until(lambda: house.lines("shared") == {"b": had})
    figure(f"stopped in {stopped_s:.1f} s; once it runs, heartbeat after {beats_s:.1f} s, lines {lent_s:.1f} s later")
    assert stopped_s < 2
    assert beats_s < 2
    assert house.daemon.ready()
