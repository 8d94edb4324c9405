"""From a switch of a mode to the dialplan of a PABX whose router is gone: the daemon's file, all of it real."""

import re
import subprocess
import sys
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
ROOT = Path(__file__).parents[2]
IN_FORCE = f'ccrouter_fallback_in_force{{pabx="{PABX}"}}'


def written(house: RealHouse, since: int) -> Line:
    """Return what the daemon tells of the file that it writes next."""
    return house.daemon.wait_for_line(event="compiled rules written", since=since)


def cron(house: RealHouse, written: str, taken: Path) -> str:
    """Do what the manual has cron do each minute, and return what it says; with a file `fails` no reload works."""
    page = (ROOT / "docs" / "fallback.md").read_text("utf-8")
    line = re.search(r"^    (?:\* ){5}root  (.+)$", page, re.MULTILINE)
    assert line is not None
    asterisk = taken.with_name("asterisk")
    asterisk.write_text(
        f'#!/bin/sh\ntest "$2" = "dialplan reload" && test -e {taken.with_name("fails")} && exit 1\n'
        f'exec {ROOT}/scripts/asterisk {house.pabx.layout.version} {house.pabx.conf} "$@"\n'
    )
    asterisk.chmod(0o755)
    command = line[1].replace("/usr/sbin/asterisk", str(asterisk))
    command = command.replace("/usr/local/bin/ccrouter", f"{Path(sys.executable).parent}/ccrouter")
    given = {"WRITTEN": written, "TAKEN": str(taken), "PATH": "/usr/bin:/bin"}
    return subprocess.run(["/bin/sh", "-c", command], env=given, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own manual


def put_into_force(house: RealHouse, line: Line) -> None:
    """Have the PABX read its dialplan, and return when the daemon has seen that it did."""
    assert Path(line["file"]).read_text("utf-8").count(line["version"]) == 1
    house.pabx.cli("dialplan reload")
    house.daemon.wait_until(lambda _: house.daemon.metrics().get(IN_FORCE) == 1)
    told = CompiledStatus(line["version"], newest=True, until=line["until"])
    house.daemon.wait_until(lambda status: status.pabxs[0].compiled == told)


def test_cron_puts_it_into_force_until_it_is(house: RealHouse, tmp_path: Path) -> None:
    """A reload that failed is tried again the next minute, and when all is well nothing is done."""
    put_into_force(house, written(house, 0))
    since = len(house.daemon.lines)
    house.daemon.switch("crisis", on=True)
    line = written(house, since)
    taken, broken = tmp_path / "fallback.conf", tmp_path / "fails"
    broken.touch()
    assert "taken from" in cron(house, line["file"], taken)
    assert taken.read_text("utf-8").count(line["version"]) == 1
    house.daemon.wait_until(lambda _: house.daemon.metrics().get(IN_FORCE) == 0)
    broken.unlink()
    assert "Dialplan reloaded" in cron(house, line["file"], taken)
    house.daemon.wait_until(lambda _: house.daemon.metrics().get(IN_FORCE) == 1)
    assert cron(house, line["file"], taken) == ""
    since = len(house.daemon.lines)
    house.daemon.switch("crisis", on=False)
    put_into_force(house, written(house, since))


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
