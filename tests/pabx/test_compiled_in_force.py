"""From a switch of a mode to the dialplan of a PABX whose router is gone: the daemon's file, all of it real."""

from pathlib import Path

from ccrouter.web.status import CompiledStatus
from support.daemon_process import Line
from support.parties import served
from support.real_house import PABX, HousePlan, RealHouse, in_sync

HOUSE = HousePlan(
    routing="""
timezone: Europe/Paris
sites:
  tunis: {external: {dial: PJSIP/33100@trunk-tunis, answer_within: 5s}}
  backup: {external: {dial: PJSIP/33200@trunk-backup, answer_within: 5s, max_calls: 2}}
messages:
  closed: {play: beep}
modes: [crisis]
numbers:
  "0800 000 071": {service: support}
services:
  support:
    rules: [{name: crisis, when: {mode: crisis}, to: [backup, closed]}]
    otherwise: [{share: {tunis: 75, backup: 25}}, closed]
""",
    sites={"tunis": {"answer_ms": 20, "talk_ms": 100}, "backup": {"answer_ms": 20, "talk_ms": 100}},
    compiled=True,
)

NUMBER = "0800000071"
IN_FORCE = f'ccrouter_fallback_in_force{{pabx="{PABX}"}}'


def written(house: RealHouse, since: int) -> Line:
    """Return what the daemon tells of the file that it writes next."""
    return house.daemon.wait_for_line(event="compiled rules written", since=since)


def put_into_force(house: RealHouse, line: Line) -> None:
    """Have the PABX read its dialplan, and return when the daemon has seen that it did."""
    assert Path(line["file"]).read_text("utf-8").count(line["version"]) == 1
    house.pabx.cli("dialplan reload")
    house.daemon.wait_until(lambda _: house.daemon.metrics().get(IN_FORCE) == 1)
    told = CompiledStatus(line["version"], newest=True, until=line["until"])
    house.daemon.wait_until(lambda status: status.pabxs[0].compiled == told)


def test_a_mode_counts_while_the_router_is_gone(house: RealHouse) -> None:
    """What was switched a moment before the router died holds without it, and shares are exact before that."""
    put_into_force(house, written(house, 0))
    house.daemon.kill()
    calls = house.calls(NUMBER, 8)
    assert all(map(served, house.place(calls, per_s=10)))
    assert sorted(house.takers(calls)) == [["backup"]] * 2 + [["tunis"]] * 6
    assert {house.ending(call)["Entry"] for call in calls} == {"fallback"}
    assert {house.ending(call)["Rule"] for call in calls} == {"otherwise"}

    since = len(house.daemon.lines)
    house.daemon.start()
    written(house, since)
    since = len(house.daemon.lines)
    house.daemon.switch("crisis", on=True)
    house.daemon.wait_until(lambda _: house.daemon.metrics().get(IN_FORCE) == 0)
    put_into_force(house, written(house, since))
    house.daemon.kill()
    calls = house.calls(NUMBER, 2)
    assert all(map(served, house.place(calls)))
    assert house.takers(calls) == [["backup"]] * 2
    assert {(house.ending(call)["Entry"], house.ending(call)["Rule"]) for call in calls} == {("fallback", "crisis")}
    house.daemon.start()
    house.daemon.wait_until(in_sync)
