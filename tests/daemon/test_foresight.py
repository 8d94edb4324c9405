"""POST /explain and GET /modes/{name}/preview of a living daemon, against what the command line tells."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from click.testing import CliRunner

from ccrouter.app import foresight as module
from ccrouter.app.foresight import Foresight, Sight
from ccrouter.cli import main
from ccrouter.config.load import compile_text
from ccrouter.web.client import MisaskedError, RefusedError, connected
from ccrouter.web.foresight import ExplainBody
from ccrouter.web.orders import BusyError
from support.hand_clock import HandClock
from support.office import Office, open_office
from support.world import NOON, World

ROUTING = """\
timezone: Europe/Paris
calendars:
  office: {hours: "Mo-Su 08:30-18:30"}
sites:
  desk: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s, max_calls: 30}}
  backup: {external: {dial: PJSIP/+33155000000@trunk-backup, answer_within: 20s}}
messages:
  nobody: {play: vm-nobodyavail}
modes: {crisis: {code: "1", phones: [PJSIP/101]}, lunch: {ends_after: 1h}}
numbers:
  "0800 123 456": {service: support, label: After-sales}
  "0800 123 457": {service: support}
  "0800 123 458": {service: sales, label: Sales}
services:
  support:
    rules:
      - {name: crisis, when: {mode: crisis}, to: [tunis]}
      - {name: lunch, when: {all: [{mode: lunch}, {open: office}]}, to: [backup]}
      - {name: many wait, when: {waiting: {queue: support, at_least: 5}}, to: [backup]}
      - {name: shared, when: {open: office}, to: [{share: {tunis: 70, backup: 30}}]}
    otherwise: [desk, nobody]
    while_waiting:
      - {name: out, when: {mode: crisis}, to: [tunis]}
  sales:
    otherwise: [desk, nobody]
"""
NUMBER = "0800 123 456"
WEDNESDAY = "2026-11-25 10:00"


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    """Give an office that runs, without a PABX."""
    with open_office() as office:
        office.routing.write_text(ROUTING)
        office.start()
        yield office


def ask(office: Office, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Return the daemon's answer."""

    async def work() -> bytes:
        async with connected(office.control) as client:
            return await client.ask(method, path, body)

    found: dict[str, Any] = json.loads(asyncio.run(work()))
    return found


def typed(office: Office, *arguments: str) -> str:
    """Return what `ccrouter explain` prints."""
    arguments = (*arguments, "--socket", str(office.control))
    return CliRunner().invoke(main, ["explain", *arguments], catch_exceptions=False).stdout


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        ({"at": WEDNESDAY}, ["--at", WEDNESDAY]),
        ({"at": WEDNESDAY, "load": "waiting=6,tunis=down"}, ["--at", WEDNESDAY, "--load", "waiting=6,tunis=down"]),
        ({"at": WEDNESDAY, "load": "unknown"}, ["--at", WEDNESDAY, "--load", "unknown"]),
        ({"at": WEDNESDAY, "modes": ["crisis"]}, ["--at", WEDNESDAY, "--mode", "crisis"]),
        ({"at": WEDNESDAY, "modes": ["none"]}, ["--at", WEDNESDAY, "--mode", "none"]),
        ({"at": WEDNESDAY, "caller": "anonymous"}, ["--at", WEDNESDAY, "--caller", "anonymous"]),
        (
            {"at": WEDNESDAY, "caller": "06 12 34 56 78", "language": "fr"},
            ["--at", WEDNESDAY, "--caller", "06 12 34 56 78", "--language", "fr"],
        ),
        ({"at": "2026-10-25 02:30"}, ["--at", "2026-10-25 02:30"]),
    ],
)
def test_what_is_explained_is_what_the_command_tells(
    office: Office, body: dict[str, object], arguments: list[str]
) -> None:
    """The same decision with the same trace, and the same words, for each way to ask."""
    told = ask(office, "POST", "/explain", {"number": NUMBER, **body})
    record = json.loads(typed(office, NUMBER, *arguments, "--json"))
    del record["not_as_expected"]
    assert record == {name: told[name] for name in record}
    assert typed(office, NUMBER, *arguments) == "".join(f"{line['text']}\n" for line in told["words"])
    assert ("comes twice" in told["remark"]) == ("10-25" in str(body["at"]))


def test_without_an_instant_the_present_is_explained(office: Office) -> None:
    """With the modes that are on."""
    assert ask(office, "POST", "/explain", {"number": "0800123458"})["destinations"] == ["desk", "nobody"]
    office.daemon.command("mode", "set", "crisis", "--reason", "flooded")
    told = ask(office, "POST", "/explain", {"number": "0800123456"})
    office.daemon.command("mode", "clear", "crisis", "--reason", "over")
    assert (told["rule"], told["destinations"], told["zone"]) == ("crisis", ["tunis", "nobody"], "Europe/Paris")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "number"),
        ({"number": "nobody"}, "number"),
        ({"number": NUMBER, "at": "someday"}, "at"),
        ({"number": NUMBER, "at": "monday"}, "at"),
        ({"number": NUMBER, "caller": "nobody"}, "caller"),
        ({"number": NUMBER, "language": "no language"}, "language"),
        ({"number": NUMBER, "load": "wating=6"}, "load"),
        ({"number": NUMBER, "load": "/etc/passwd"}, "load"),
        ({"number": NUMBER, "modes": ["crysis"]}, "modes"),
        ({"number": NUMBER, "modes": ["none", "crisis"]}, "modes"),
        ({"number": NUMBER, "modes": "crisis"}, "modes"),
        ({"number": NUMBER, "loud": "waiting=6"}, "loud"),
    ],
)
def test_a_question_that_asks_nothing_is_refused_by_its_field(
    office: Office, body: dict[str, object], field: str
) -> None:
    """As problem details that begin with the field's name; no file of the daemon's machine is read."""
    with pytest.raises(MisaskedError, match=f"^{field}: "):
        ask(office, "POST", "/explain", body)


def test_a_mode_is_previewed_as_it_then_comes(office: Office) -> None:
    """What is foretold for each number is what explain tells once the mode is switched; the others are counted."""
    told = ask(office, "GET", "/modes/crisis/preview?on=true")
    assert (told["mode"], told["on"], told["changed"], told["same"]) == ("crisis", True, True, 1)
    [change] = told["changes"]
    assert (change["numbers"], change["label"], change["service"]) == (
        ["0800 123 456", "0800 123 457"],
        "After-sales",
        "support",
    )
    assert change["after"] == {"rule": "crisis", "destinations": ["tunis", "nobody"]}
    assert change["words"].startswith("0800 123 456, 0800 123 457 (After-sales): tunis, then nobody, instead of ")
    office.daemon.command("mode", "set", "crisis", "--reason", "flooded")
    now = ask(office, "POST", "/explain", {"number": NUMBER})
    again = ask(office, "GET", "/modes/crisis/preview?on=true")
    back = ask(office, "GET", "/modes/crisis/preview")
    office.daemon.command("mode", "clear", "crisis", "--reason", "over")
    assert (now["rule"], now["destinations"]) == ("crisis", ["tunis", "nobody"])
    assert (again["changed"], again["changes"], again["same"]) == (False, [], 3)
    assert (back["on"], back["changed"]) == (False, True)
    assert (back["changes"][0]["before"], back["changes"][0]["after"]) == (change["after"], change["before"])


@pytest.mark.parametrize(
    ("path", "refusal", "text"),
    [
        ("/modes/crysis/preview", RefusedError, "declares no mode crysis; did you mean crisis?"),
        ("/modes/crisis/preview?on=maybe", MisaskedError, "^on: it must be true or false"),
        ("/modes/crisis/preview?off=true", MisaskedError, "^off: there is no such field"),
    ],
)
def test_a_preview_of_nothing_is_refused(office: Office, path: str, refusal: type[RefusedError], text: str) -> None:
    """With the name that is near, or the field."""
    with pytest.raises(refusal, match=text):
        ask(office, "GET", path)


class Slow:
    """Something to look at, which a test can hold up."""

    def __init__(self) -> None:
        self.clock = HandClock(NOON)
        rules = compile_text(ROUTING.encode(), "routing.yaml")
        self.foresight = Foresight(
            Sight(
                lambda: rules,
                "routing.yaml",
                "pbx",
                lambda: World().facts(),
                lambda _: {},
                lambda: (),
            ),
            self.clock,
        )


async def test_too_many_questions_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks waits for no long queue, and calls wait for none of it; later ones are answered again."""
    slow = Slow()
    monkeypatch.setattr(module, "MOST", 2)
    async with asyncio.TaskGroup() as tasks:
        first = [tasks.create_task(slow.foresight.explain(ExplainBody(number=NUMBER))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="2 such questions are in hand already"):
            await slow.foresight.preview("crisis", on=True)
    assert {task.result().service for task in first} == {"support"}
    assert (await slow.foresight.preview("crisis", on=True)).same == 1


async def test_an_answer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread ends by itself, and the next question is answered."""
    slow = Slow()
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.0)
    with pytest.raises(BusyError, match="not found out within 0 s"):
        await slow.foresight.preview("crisis", on=True)
    monkeypatch.undo()
    assert (await slow.foresight.explain(ExplainBody(number=NUMBER))).rule


async def test_a_preview_tells_what_it_had_no_time_for() -> None:
    """Numbers that were not looked at are named, not counted as unchanged."""
    slow = Slow()
    beats = iter([0.0, *[10.0] * 100])
    slow.clock.steady = lambda: next(beats)  # type: ignore[method-assign] # the time that runs out
    found = await slow.foresight.preview("crisis", on=True)
    assert (found.changes, found.same) == ((), 0)
    assert found.unexplored == ("0800 123 456", "0800 123 457", "0800 123 458")
