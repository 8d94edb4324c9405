"""Two routers serve one PABX: both decide alike, and whatever happens to one of them costs no call. All of it real."""

import itertools
import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from ccrouter.contract import RANKS, heartbeat
from ccrouter.web.status import Status
from phones import FOREVER_MS, Call, Placed
from support.daemon_process import CCROUTER
from support.parties import most_at_once, served
from support.real_daemon import RealDaemon
from support.real_house import HousePlan, RealHouse, in_sync
from telephone import dial

ROUTING = """
timezone: Europe/Paris
sites:
  desk: {in_house: {queue: desk, max_wait: 60s}}
  tunis: {external: {dial: PJSIP/33100@trunk-tunis, answer_within: 5s}}
  backup: {external: {dial: PJSIP/33200@trunk-backup, answer_within: 5s}}
  ten lines: {external: {dial: PJSIP/33300@trunk-large, answer_within: 5s, max_calls: 10}}
messages:
  closed: {play: beep}
modes:
  crisis: {code: "1", phones: PJSIP/agent12}
  leave: {}
numbers:
  "0800 000 051": {service: shared}
  "0800 000 052": {service: limited}
  "0800 000 053": {service: switched}
  "0800 000 054": {service: waiting}
services:
  shared: {otherwise: [{share: {tunis: 70, backup: 30}}, closed]}
  limited: {otherwise: [ten lines, closed]}
  switched:
    rules: [{name: crisis, when: {mode: crisis}, to: [backup, closed]}]
    otherwise: [tunis, closed]
  waiting:
    otherwise: [desk, closed]
    while_waiting: [{name: leave, when: {mode: leave}, to: [backup, closed]}]
"""

HOUSE = HousePlan(
    routing=ROUTING,
    routers=2,
    queues=("desk",),
    sites={
        "tunis": {"answer_ms": 20, "talk_ms": 100},
        "backup": {"answer_ms": 20, "talk_ms": 100},
        "large": {"answer_ms": 100, "talk_ms": 600},
    },
)

SHARED, LIMITED, SWITCHED, WAITING = "0800000051", "0800000052", "0800000053", "0800000054"
RATE = 20
TRIES = 200

Figure = Callable[[str], None]


@pytest.fixture
def pair(house: RealHouse) -> Iterator[Sequence[RealDaemon]]:
    """Give both daemons, the first on duty; a test may leave them in any state."""
    # One that hung in the test before is asked second for ten seconds.
    house.listener.ask("Setvar", Variable="CCROUTER_HUNG", Value="0")
    wait_for_order(house)
    yield house.daemons
    for daemon in house.daemons:
        if daemon.runs:
            daemon.thaw()
        else:
            daemon.start()
        daemon.wait_until(in_sync)
    wait_for_order(house)


def wait_for_order(house: RealHouse) -> None:
    """Return when the PABX would ask either, the first is on duty, and the second knows it."""
    for rank in RANKS:
        wait_for_beat(house, rank)
    first, second = house.daemons
    first.wait_until(on_duty)
    second.wait_until(lambda status: not on_duty(status))


def wait_for_beat(house: RealHouse, rank: int) -> None:
    """Return when a router has a fresh heartbeat on the PABX."""
    for _ in range(TRIES):
        now = float(house.listener.ask("Ping")["Timestamp"])
        beat = house.listener.ask("Getvar", Variable=heartbeat(rank)).get("Value", "")
        if now - float(beat or 0) < 1:
            return
        time.sleep(0.05)
    raise AssertionError(f"router {rank} has no heartbeat")


def on_duty(status: Status) -> bool:
    """Tell whether a router does for the PABX what only one may do."""
    return status.pabxs[0].on_duty


def deciders(house: RealHouse, calls: Sequence[Call]) -> list[int]:
    """Return the rank of the router that decided each call; 0 for one that went by the PABX's own plan."""
    ids = {line["decision"]: daemon.rank for daemon in house.daemons for line in daemon.logged(event="call routed")}
    return [ids.get(house.ending(call)["Decision"], 0) for call in calls]


def entries(house: RealHouse, calls: Sequence[Call]) -> Counter[str]:
    """Count by which plan calls went."""
    return Counter(house.ending(call)["Entry"] for call in calls)


def worst_s(met: Sequence[Placed]) -> float:
    """Return the longest time from an INVITE to the first ringing, music or answer."""
    return max(min(placed.after_s(sign) for sign in placed.names if sign in {"180", "183", "200"}) for placed in met)


def share_of(house: RealHouse, calls: Sequence[Call]) -> int:
    """Return how many of these calls the site of 70 % answered."""
    return house.takers(calls).count(["tunis"])


# --- both alive -------------------------------------------------------------------------------------------------------


def test_the_first_decides_and_the_second_sees_it_all(house: RealHouse, pair: Sequence[RealDaemon]) -> None:
    """The first is asked; the second counts calls that it did not decide, and their ends."""
    calls = house.calls(LIMITED, 8)
    with house.start(calls, per_s=1000) as callers:
        for daemon in pair:
            daemon.wait_until(lambda status: sum(site.calls for site in status.sites) == 8)
        callers.wait()
    assert deciders(house, calls) == [1] * 8
    for daemon in pair:
        daemon.wait_until(lambda status: not any(site.calls for site in status.sites))
    assert [daemon.metrics()['ccrouter_on_duty{pabx="pbx"}'] for daemon in pair] == [1, 0]
    assert [daemon.metrics()["ccrouter_router_rank"] for daemon in pair] == [1, 2]


def test_a_mode_switched_at_one_counts_for_the_other(house: RealHouse, pair: Sequence[RealDaemon]) -> None:
    """Switched at the second, seen by the first's next call; and back."""
    first, second = pair
    try:
        second.switch("crisis", on=True)
        first.wait_for_line(event="mode switched by another router", mode="crisis", on=True)
        calls = house.calls(SWITCHED, 2)
        house.place(calls)
        assert [house.ending(call)["Rule"] for call in calls] == ["crisis"] * 2
    finally:
        second.switch("crisis", on=False)
    first.wait_for_line(event="mode switched by another router", mode="crisis", on=False)
    [call] = calls = house.calls(SWITCHED)
    house.place(calls)
    assert house.ending(call)["Rule"] == "otherwise"
    assert first.command("history", "--limit", "2").count("crisis") == 2


def test_a_save_is_taken_by_both_and_kept_once(house: RealHouse, pair: Sequence[RealDaemon]) -> None:
    """Each reads the one file; the list of versions and the history have one line more."""
    before = pair[0].command("versions").splitlines()
    seen = [len(daemon.lines) for daemon in pair]
    file = pair[0].folder / "routing.yaml"
    file.write_text(f"{file.read_text()}# looked through {house.fresh()}\n")
    lines = [
        daemon.wait_for_line(event="routing file in force", since=since)
        for daemon, since in zip(pair, seen, strict=True)
    ]
    assert lines[0]["version"] == lines[1]["version"]
    pair[1].command("reload")  # returns when what it keeps is kept
    pair[0].command("reload")
    assert len(pair[0].command("versions").splitlines()) == len(before) + 1


def test_a_third_of_a_taken_rank_does_not_start(house: RealHouse, pair: Sequence[RealDaemon]) -> None:
    """Whatever its socket and its ports: status 1, and what to do."""
    settings = pair[1].settings.read_text().replace("router: 2", "router: 1").replace("control-2.sock", "third.sock")
    third = pair[1].settings.with_name("third.yaml")
    third.write_text(settings)
    ended = subprocess.run(  # noqa: S603 - our own program with our own arguments
        [CCROUTER, "run", "--settings", third], capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 1
    assert f"another ccrouter with `router: 1` runs on {house.daemon.folder / 'state'}" in ended.stderr


def test_a_telephone_switches_once_at_the_one_that_lives(house: RealHouse, pair: Sequence[RealDaemon]) -> None:
    """Both alive, and in the moment after the first was killed, when its heartbeat is still fresh: on, then off."""
    first, second = pair
    since = len(second.lines)
    dial(house.pabx, house.folder, "agent12", "*481", name=f"telephone{house.fresh()}")
    second.wait_for_line(event="mode switched by another router", mode="crisis", on=True, since=since)
    first.kill()
    dial(house.pabx, house.folder, "agent12", "*481", name=f"telephone{house.fresh()}")
    second.wait_for_line(event="mode switched", mode="crisis", on=False, since=since)
    deeds = json.loads(second.command("history", "--limit", "2", "--json"))["deeds"]
    assert [deed["what"] for deed in deeds] == ["mode off", "mode on"]


def test_each_waiting_caller_is_withdrawn_once(house: RealHouse, pair: Sequence[RealDaemon]) -> None:
    """By the router on duty alone, although both see the mode and the callers; and by the other where that is gone."""
    first, second = pair
    house.sit_down("desk", answer_ms=FOREVER_MS)
    for gone in (False, True):
        seen = [len(daemon.lines) for daemon in pair]
        calls = house.calls(WAITING, 6)
        with house.start(calls, per_s=1000) as callers:
            for daemon in pair:
                daemon.wait_until(lambda status: status.queues[0].waiting == 6)
            if gone:
                first.kill()
                second.wait_until(on_duty)
            second.switch("leave", on=True)
            callers.wait()
        second.switch("leave", on=False)
        asked = [
            Counter(line["uniqueid"] for line in daemon.logged(event="caller to be withdrawn", since=since))
            for daemon, since in zip(pair, seen, strict=True)
        ]
        assert [sum(each.values()) for each in asked] == ([0, 6] if gone else [6, 0])
        assert set((asked[0] + asked[1]).values()) == {1}
        assert [steps[0] for steps in map(house.course, calls)] == ["queue desk -> withdraw 0"] * 6
        assert house.takers(calls) == [["backup"]] * 6
    first.start()


# --- one of them fails ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [1, 2])
def test_one_that_is_killed_costs_no_call(
    house: RealHouse, pair: Sequence[RealDaemon], rank: int, figure: Figure
) -> None:
    """Every call is decided by a router, and none waits; with the first gone the second decides."""
    calls = house.calls(SWITCHED, 2 * RATE)
    with house.start(calls, per_s=RATE) as callers:
        pair[0].wait_for_line(event="call routed", number=SWITCHED, since=len(pair[0].lines))
        pair[rank - 1].kill()
        met = callers.wait()
    assert all(served(placed) for placed in met)
    # A call that was being asked at this very instant has the other's answer as well.
    assert entries(house, calls) == {"routed": len(calls)}
    assert Counter(deciders(house, calls))[2] == 0 if rank == 2 else deciders(house, calls)[-1] == 2
    figure(f"router {rank} killed at {RATE} calls/s: worst time to the first sign {worst_s(met):.3f} s")
    assert worst_s(met) < 1.5


def test_one_that_is_stopped_costs_no_call(house: RealHouse, pair: Sequence[RealDaemon], figure: Figure) -> None:
    """The first hangs: callers of the first moment wait half a second, and the second decides for all of them."""
    first = pair[0]
    calls = house.calls(SWITCHED, 3 * RATE)
    with house.start(calls, per_s=RATE) as callers:
        first.wait_for_line(event="call routed", number=SWITCHED, since=len(first.lines))
        first.freeze()
        met = callers.wait()
    first.thaw()
    assert all(served(placed) for placed in met)
    assert entries(house, calls) == {"routed": len(calls)}
    late = sum(worst_s([placed]) > 0.4 for placed in met)
    figure(f"the first stopped at {RATE} calls/s: {late} calls waited, the worst {worst_s(met):.3f} s")
    assert worst_s(met) < 1.5
    assert 0 < late <= RATE + 5


def test_where_both_stood_still_both_are_asked_again(house: RealHouse, pair: Sequence[RealDaemon]) -> None:
    """A machine that pauses for a moment costs its callers a second, and not those of the ten seconds after."""
    for daemon in pair:
        daemon.freeze()
    [call] = paused = house.calls(SWITCHED)
    [met] = house.place(paused)
    for daemon in pair:
        daemon.thaw()
    assert house.ending(call)["Entry"] != "routed"
    assert worst_s([met]) < 1.5
    for rank in RANKS:
        wait_for_beat(house, rank)
    calls = house.calls(SWITCHED, 3)
    house.place(calls)
    assert deciders(house, calls) == [1] * 3


def test_a_rolling_restart_costs_no_call_and_moves_none(
    house: RealHouse, pair: Sequence[RealDaemon], figure: Figure
) -> None:
    """Each is stopped and started in turn under calls: all are decided by a router, and the share stays exact.

    Each of the three rotations that deal them is off by half a call at most.
    """
    calls: list[Call] = []
    met: list[Placed] = []
    for daemon in (*pair, None):
        wave = house.calls(SHARED, RATE if daemon is None else 4 * RATE)
        since = len(pair[0].lines)
        with house.start(wave, per_s=RATE) as callers:
            pair[0].wait_for_line(event="call routed", number=SHARED, since=since)
            if daemon is not None:
                assert daemon.stop() == 0
                daemon.start()
            met += callers.wait()
        calls += wave
        wait_for_order(house)
    assert all(served(placed) for placed in met)
    assert entries(house, calls) == {"routed": len(calls)}
    ranks = deciders(house, calls)
    handovers = sum(a != b for a, b in itertools.pairwise(ranks))
    given = share_of(house, calls)
    figure(
        f"rolling restart at {RATE} calls/s: {Counter(ranks)}, {handovers} handovers, {given} of {len(calls)} where "
        f"{len(calls) * 0.7:g} are exact, worst time to the first sign {worst_s(met):.3f} s"
    )
    assert {1, 2} == set(ranks)
    assert abs(given - len(calls) * 0.7) <= 1.5
    assert worst_s(met) < 1.5


def test_capacity_holds_while_routers_change(house: RealHouse, pair: Sequence[RealDaemon], figure: Figure) -> None:
    """With 40 calls a second for ten lines the site is never fuller, though the first dies in the middle."""
    calls = house.calls(LIMITED, 80)
    with house.start(calls, per_s=40) as callers:
        pair[0].wait_for_line(event="call routed", number=LIMITED, since=len(pair[0].lines) + 20)
        pair[0].kill()
        callers.wait()
    most = most_at_once(received for call in calls for received in house.received(house.sites["large"], call))
    figure(f"80 calls in 2 s for ten lines, a router killed: at most {most} at once")
    assert most == 10
    assert entries(house, calls) == {"routed": len(calls)}
    assert set(deciders(house, calls)) == {1, 2}
