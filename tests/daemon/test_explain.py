"""`ccrouter explain` beside a living daemon: it foresees the next call, and tells of the last."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from ccrouter.cli import main
from ccrouter.web.status import Status
from support.agi import CALLER, UNIQUEID, keyed, request
from support.office import Office, open_office

ROUTING = """\
timezone: Europe/Paris
sites:
  desk: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s, max_calls: 30}}
  backup: {external: {dial: PJSIP/+33155000000@trunk-backup, answer_within: 20s}}
messages:
  nobody: {play: vm-nobodyavail}
modes: [crisis]
numbers:
  "0800 123 456": {service: support}
services:
  support:
    rules:
      - {name: crisis, when: {mode: crisis}, to: [tunis]}
      - {name: many wait, when: {waiting: {queue: support, at_least: 5}}, to: [backup]}
      - {name: shared, to: [{share: {tunis: 2, backup: 1}}]}
    otherwise: [desk, nobody]
"""
NUMBER = "0800 123 456"
AS_CALLED = ("--caller", CALLER, "--language", "en", "--json")


@pytest.fixture
def office() -> Iterator[Office]:
    """Give an office that runs, without a PABX."""
    with open_office() as office:
        office.routing.write_text(ROUTING)
        office.start()
        yield office


def call(office: Office, uniqueid: str) -> None:
    """Let a call ask over FastAGI, as Asterisk does, and do all that it is told."""
    asked = request(network_script=b"route/pbx", uniqueid=uniqueid.encode())
    with socket.create_connection(("127.0.0.1", office.agi_port), timeout=20) as line, line.makefile("rb") as told:
        line.sendall(keyed(asked, office.key))
        while told.readline():
            line.sendall(b"200 result=1\n")


def explain(office: Office, *arguments: str) -> str:
    """Return what explain prints, run in this process."""
    ended = CliRunner().invoke(main, ["explain", *arguments, "--socket", str(office.control)], catch_exceptions=False)
    return ended.output


def explained(office: Office, *arguments: str) -> dict[str, Any]:
    """Return the JSON that explain prints."""
    found: dict[str, Any] = json.loads(explain(office, *arguments))
    return found


def journalled(office: Office, uniqueid: str) -> dict[str, Any]:
    """Return the record of a call's one decision, once it is written."""
    told: list[str] = []

    def written(_: Status) -> bool:
        told.append(explain(office, "--call", uniqueid, "--json"))
        return told[-1].startswith("[")

    office.daemon.wait_until(written)
    [entry] = json.loads(told[-1])
    record: dict[str, Any] = entry["record"]
    return record


def test_it_foresees_the_next_call_and_tells_of_the_last(office: Office) -> None:
    """Before each call explain gives the plan that the call then gets, turn by turn of a share, mode or not."""
    seen = []
    for n in range(4):
        if n == 3:
            office.daemon.command("mode", "set", "crisis", "--reason", "flooded")
        foreseen = explained(office, NUMBER, *AS_CALLED)
        call(office, f"{UNIQUEID}{n}")
        kept = journalled(office, f"{UNIQUEID}{n}")
        told = [str(each["plan"]).partition("|support|")[2] for each in (foreseen, kept)]
        assert told[0] == told[1]
        assert (foreseen["trace"], foreseen["considered"]) == (kept["trace"], kept["considered"])
        seen.append((foreseen["rule"], foreseen["destinations"][0]))
    assert seen == [("shared", "tunis"), ("shared", "backup"), ("shared", "tunis"), ("crisis", "tunis")]


def test_what_the_daemon_can_not_see_is_unknown_to_explain(office: Office) -> None:
    """No PABX is there: the load is not known, and not taken for zero."""
    tests = {rule: tests for rule, _, tests in explained(office, NUMBER, *AS_CALLED)["trace"]}
    assert tests["many wait"] == [["waiting: support at least 5", "unknown", "not known"]]
    assert "the PABX can't be asked" in explain(office, NUMBER)


def test_a_file_that_is_not_in_force_meets_what_the_daemon_sees(office: Office) -> None:
    """--file with --live: the daemon's modes count for the new rules."""
    office.daemon.command("mode", "set", "crisis", "--reason", "flooded")
    office.routing.write_text(ROUTING.replace("{mode: crisis}, to: [tunis]", "{mode: crisis}, to: [backup]"))
    file = str(office.routing)
    assert explained(office, NUMBER, *AS_CALLED)["destinations"] == ["tunis", "nobody"]
    assert explained(office, NUMBER, "--file", file, "--live", "--json")["destinations"] == ["backup", "nobody"]
    assert explained(office, NUMBER, "--file", file, "--json")["rule"] == "shared"
