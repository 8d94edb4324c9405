"""`ccrouter explain` as a person and as a script use it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner, Result

from ccrouter.cli import main
from ccrouter.config.load import compile_text
from ccrouter.outlook.loads import Load, QueueLoad, facts_under
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.overrides import Override
from ccrouter.routing.records import CallEnd, record_of
from ccrouter.web.journal import JournalEntry
from ccrouter.web.status import ModeStatus
from ccrouter.web.versions import RulesInForce
from support.scripted_daemon import ScriptedDaemon

EXAMPLE = Path(__file__).parents[2] / "configs" / "example.yaml"
NUMBER = "0800 123 456"
WEDNESDAY = "2026-11-25 10:00"
WIDEST = 80


def explain(*arguments: str) -> Result:
    """Run the command in this process, without a terminal."""
    return CliRunner().invoke(main, ["explain", *arguments], env={"NO_COLOR": ""}, catch_exceptions=False)


def explained(*arguments: str, at: str = WEDNESDAY) -> Result:
    """Ask the example."""
    return explain(NUMBER, "--file", str(EXAMPLE), "--at", at, *arguments)


# --- what is told -----------------------------------------------------------------------------------------------------


def test_all_that_decides_is_told() -> None:
    """The call, the circumstances, each rule with what was seen, destinations and why passed over, plan, treatment."""
    told = explained("--load", "waiting=6,tunis=down").output
    assert (
        told
        == f"""\
0800 123 456 (Numéro Vert SAV), service support
goes to paris, then backup, then tunis, then closed, by the rule `peak`

  instant    Wed 2026-11-25 10:00 (CET)
  calendars  tunis        open until Wed 2026-11-25 22:00
             office       open until Wed 2026-11-25 18:30
             night watch  closed until Wed 2026-11-25 20:00
  modes      none is on (assumed)
  load       given; what is not said is quiet
             queue support: 6 wait, the longest for 0 s, forecast 0 s; 1 logged
             in, 1 ready, 0 busy
             backup: up, 0 of 12 calls
             tunis: down, 0 of 30 calls
             night service: up, 0 of 8 calls
  caller     one whom no rule names
  rules      {EXAMPLE}, version {compile_text(EXAMPLE.read_bytes(), "").version}

Rules, in order
   no      crisis
             no      mode: crisis  [off]
   no      all outside
             no      mode: all_outside  [off]
   no      at night
             no      closed: office  [open]
   no      out of hours
             no      closed: office  [open]
   no      paris cut off
             no      nobody_logged_in: support  [1]
=> yes     peak
             yes     waiting: support at least 5 until below 3  [6]
  4 more rules not reached
Destinations
  tunis   not tried first: down
  paris   can take the call
  backup  can take the call
Plan
  1. wait for paris in the queue support, at most 30 s
  2. ring backup at PJSIP/+33155000000@trunk-backup, at most 20 s, unless 12
     calls are there
  3. ring tunis at PJSIP/+21671000000@trunk-tunis, at most 25 s, unless 30 calls
     are there
  4. play closed, the file ccrouter/closed, and hang up
Treatment
  not answered before somebody takes the call; language fr; priority 0 in
  queues; no announcement
"""
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--mode", "crisis"], "goes to backup, then tunis, then all busy, by the rule `crisis`"),
        (["--mode", "none"], "  modes      none is on (given)"),
        (["--caller", "06 12 34 56 78"], "  caller     0612345678"),
        (["--caller", "anonymous"], "  caller     hides the number"),
        (["--language", "en"], "  caller     one whom no rule names, language en"),
        (["--load", "quiet"], "  load       quiet: nobody waits, a position is ready in each queue, all sites"),
        (["--load", "unknown"], "  load       given: the PABX can't be asked"),
        (["--load", "unknown"], "   unknown paris cut off"),
        (
            ["--load", "occupancy=95%"],
            "             yes     occupancy: support at least 95 % until below 85 % for 60 s",
        ),
        (["--load", "backup.calls=12", "--mode", "crisis"], "  backup    not tried first: full, 12 of 12 calls"),
        (["--load", "logged_in=0"], "=> yes     paris cut off"),
        (["--calls", "100"], "  paris 70, tunis 30"),
        (["--waited", "95s"], "goes to tunis, then backup, then closed, by the rule `too long`"),
        (["--waited", "10s", "--in", "paris"], "stays in the queue: no rule moves the caller"),
        (["--waited", "95s", "--load", "tunis.calls=30,backup=down"], "stays in the queue: no rule moves the caller"),
        (
            ["--waited", "95s", "--load", "tunis.calls=30,backup=down"],
            "   yes     too long  (but none of its destinations can take the call)",
        ),
        (
            ["--waited", "95s", "--load", "unknown"],
            "stays in the queue: the PABX can't be asked, and nobody is moved blindly",
        ),
    ],
)  # fmt: skip - a table
def test_what_is_said_counts(arguments: list[str], line: str) -> None:
    """Each option is part of the question, and is told with the answer."""
    assert line in explained(*arguments).output.splitlines()


def test_a_number_that_is_not_in_the_file_is_told() -> None:
    """It goes where all such numbers go."""
    told = explain("0800 999 999", "--file", str(EXAMPLE), "--at", WEDNESDAY).output.splitlines()
    assert told[:2] == [
        "0800999999, a number that the routing file does not know",
        "goes to closed, by `unknown number`",
    ]


def test_nothing_is_wider_than_the_narrowest_terminal() -> None:
    """80 columns are enough, whatever is told."""
    questions = (["--load", "waiting=6"], ["--waited", "95s"], ["--mode", "crisis"], ["--load", "tunis=down"])
    widths = [len(line) for asked in questions for line in explained(*asked).output.splitlines() if "yaml" not in line]
    assert max(widths) <= WIDEST


def test_without_a_terminal_nothing_is_coloured() -> None:
    """What a script reads holds no escape sequences."""
    assert "\x1b" not in explained().output


# --- what is expected -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "code", "told"),
    [
        (["--expect", "tunis"], 0, ""),
        (["--expect", "tunis", "--expect", "closed", "--expect-rule", "out of hours"], 0, ""),
        (["--expect", "paris"], 1, "expected paris; found tunis, closed"),
        (["--expect", "tunis", "--expect", "backup"], 1, "expected tunis, backup; found tunis, closed"),
        (["--expect-rule", "at night"], 1, "expected rule at night; found rule out of hours"),
    ],
)
def test_an_expectation_sets_the_exit_status(expected: list[str], code: int, told: str) -> None:
    """A script learns from the status whether the call goes where it should; a person reads what was found."""
    ended = explained(*expected, at="2026-11-28 15:00")
    assert (ended.exit_code, told in ended.output.splitlines()[-1]) == (code, True)


def test_json_is_the_record_of_the_decision() -> None:
    """The same that the journal keeps, with the names that a script wants, and what was not as expected."""
    ended = explained("--json", "--expect", "tunis", "--mode", "crisis")
    record = json.loads(ended.output)
    assert (ended.exit_code, record["rule"], record["destinations"]) == (1, "crisis", ["backup", "tunis", "all busy"])
    assert record["not_as_expected"] == [{"expected": "tunis", "found": "backup, tunis, all busy"}]
    assert record["trace"] == [["crisis", "yes", [["mode: crisis", "yes", "on"]]]]


def test_json_of_a_caller_who_stays() -> None:
    """It has the trace, too."""
    record = json.loads(explained("--json", "--waited", "10s").output)
    assert (record["rule"], record["destinations"]) == ("", ["stays"])
    assert [rule for rule, *_ in record["trace"]] == ["too long", "nobody left"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Name a number, or a past call with --call"),
        (["x", "--file", str(EXAMPLE)], "'x' has no digits"),
        ([NUMBER, "--file", str(EXAMPLE), "--at", "frday 8:00"], "Did you mean `friday`?"),
        ([NUMBER, "--file", str(EXAMPLE), "--mode", "crisis", "--mode", "none"], "`none` stands for none at all"),
        ([NUMBER, "--file", str(EXAMPLE), "--mode", "crise"], "there is no mode `crise`. Did you mean `crisis`?"),
        ([NUMBER, "--file", str(EXAMPLE), "--load", "wating=6"], "Did you mean `waiting`?"),
        ([NUMBER, "--file", str(EXAMPLE), "--load", "waiting"], "`waiting` says no load. Write waiting=5"),
        ([NUMBER, "--file", str(EXAMPLE), "--load", "support.occupancy"], "Write support.occupancy=80%"),
        ([NUMBER, "--file", str(EXAMPLE), "--load", "paris.calls=3"], "`paris` is in-house: its queue is measured"),
        ([NUMBER, "--file", str(EXAMPLE), "--load", "backup.calls=13"], "never has 13 calls: its `max_calls` is 12"),
        ([NUMBER, "--file", str(EXAMPLE), "--language", "english"], "`english` is no language. Write a code such as"),
        (
            [NUMBER, "--file", str(EXAMPLE), "--expect", "pari"],
            "there is no site or message `pari`. Did you mean `paris`?",
        ),
        ([NUMBER, "--file", str(EXAMPLE), "--expect-rule", "pek"], "has no rule `pek`. Did you mean `peak`?"),
        ([NUMBER, "--file", str(EXAMPLE), "--in", "paris"], "say how long, too: --waited 95s"),
        ([NUMBER, "--file", str(EXAMPLE), "--waited", "5s", "--in", "pariss"], "Did you mean `paris`?"),
        (["03 87 00 00 00", "--file", str(EXAMPLE), "--waited", "5s"], "metz has support, metz"),
        (
            [NUMBER, "--file", str(EXAMPLE), "--waited", "5s", "--calls", "10"],
            "callers who wait are asked about one by",
        ),
        ([NUMBER, "--file", str(EXAMPLE), "--caller", "who"], "write a number, or anonymous"),
    ],
)  # fmt: skip - a table
def test_what_can_not_be_asked_is_wrong_usage(arguments: list[str], told: str) -> None:
    """Status 2, and the nearest word that is known."""
    ended = explain(*arguments)
    assert (ended.exit_code, told in " ".join(ended.output.split())) == (2, True)


# --- the daemon -------------------------------------------------------------------------------------------------------

TEXT = EXAMPLE.read_text("utf-8")
RULES = compile_text(TEXT.encode(), "routing.yaml")
BUSY = Load({"support": QueueLoad(waiting=7, ready=0, busy=4, logged_in=4)})


@pytest.fixture
async def daemon() -> AsyncIterator[tuple[ScriptedDaemon, Path]]:
    """Serve a daemon whose queue is full, with its socket."""
    scripted = ScriptedDaemon()
    scripted.rules = RulesInForce("/etc/ccrouter/routing.yaml", RULES.version, TEXT, "main")
    noon = 1_795_597_200.0  # 2026-11-25 10:00 in Paris
    scripted.seen = facts_under(BUSY, RULES, noon, pabx="main")
    with TemporaryDirectory() as folder:
        socket = Path(folder) / "control.sock"
        async with scripted.served(socket):
            yield scripted, socket


async def ask(socket: Path, *arguments: str) -> Result:
    """Run the command in a thread, while the daemon answers."""
    return await asyncio.to_thread(explain, "--socket", str(socket), *arguments)


async def test_the_daemons_rules_and_facts_are_asked(daemon: tuple[ScriptedDaemon, Path]) -> None:
    """The decision is the one that the daemon would make from the same facts, in every field of its record."""
    scripted, socket = daemon
    call = Call("main", "explain", "0800123456", "")
    wanted = record_of(decide(RULES, scripted.seen, call, "explain"))
    got = json.loads((await ask(socket, NUMBER, "--json")).output)
    assert {key: got[key] for key in wanted} == json.loads(json.dumps(wanted))
    told = (await ask(socket, NUMBER)).output.splitlines()
    assert "  load       live, 0.0 s old" in told
    assert "  modes      none is on (live)" in told
    assert f"  rules      /etc/ccrouter/routing.yaml, version {RULES.version}" in told


async def test_what_is_said_stands_for_its_part(daemon: tuple[ScriptedDaemon, Path]) -> None:
    """--load, --at and --mode replace the daemon's; a mode that will have ended by then is off."""
    scripted, socket = daemon
    scripted.seen = replace(scripted.seen, modes=frozenset({"crisis"}))
    scripted.switched["crisis"] = ModeStatus("crisis", on=True, until=scripted.seen.at + 3600)
    rules = [
        json.loads((await ask(socket, NUMBER, "--json", *said)).output)["rule"]
        for said in (
            [],
            ["--mode", "none"],
            ["--mode", "none", "--load", "quiet"],
            ["--at", "in 30min"],
            ["--at", "in 2h"],
        )
    ]
    assert rules == ["crisis", "peak", "both", "crisis", "peak"]


async def test_a_pabx_that_the_daemon_does_not_know_is_wrong_usage(daemon: tuple[ScriptedDaemon, Path]) -> None:
    """A slip must not look like a PABX that can't be asked."""
    _, socket = daemon
    ended = await ask(socket, NUMBER, "--pabx", "mian")
    assert (ended.exit_code, "there is no PABX `mian`. Did you mean `main`?" in ended.output) == (2, True)


async def test_with_several_pabxs_it_is_told_which_one_is_meant(daemon: tuple[ScriptedDaemon, Path]) -> None:
    """The first by default, --pabx another; the queues and the lines are that one's, and nothing is told with one."""
    scripted, socket = daemon
    assert "PABX" not in (await ask(socket, NUMBER)).output
    busy = scripted.seen.snapshot
    other = facts_under(Load(), RULES, scripted.seen.at, pabx="lyon").snapshot
    both = replace(busy, pabxs={**busy.pabxs, **other.pabxs}, queues={**busy.queues, **other.queues})
    scripted.seen = replace(scripted.seen, snapshot=both)
    told = (await ask(socket, NUMBER)).output
    assert "  PABX       main; `--pabx` names another: lyon" in told.splitlines()
    assert "by the rule `peak`" in told
    told = (await ask(socket, NUMBER, "--pabx", "lyon")).output
    assert "  PABX       lyon; `--pabx` names another: main" in told.splitlines()
    assert "by the rule `peak`" not in told
    assert json.loads((await ask(socket, NUMBER, "--pabx", "lyon", "--json")).output)["call"]["pabx"] == "lyon"


async def test_overrides_count(daemon: tuple[ScriptedDaemon, Path]) -> None:
    """An override that the daemon knows decides for its time, and is told."""
    scripted, socket = daemon
    at = scripted.seen.at
    override = Override("o1", "0800123456", ("backup",), at - 60, at + 3600, "anna", "water in the cellar")
    scripted.seen = replace(scripted.seen, overrides=(override,))
    told = (await ask(socket, NUMBER)).output
    assert "goes to backup, then closed, by `override`" in told
    assert "by anna: water in the cellar" in told
    assert "by the rule `peak`" in (await ask(socket, NUMBER, "--at", "in 2h")).output


async def test_a_file_that_is_not_in_force_yet_meets_the_daemons_facts(
    daemon: tuple[ScriptedDaemon, Path], tmp_path: Path
) -> None:
    """--live asks a file with what the daemon sees; without it the file is asked in a quiet house."""
    file = tmp_path / "routing.yaml"
    file.write_text(TEXT.replace("at_least: 5, until_below: 3", "at_least: 8, until_below: 3"))
    _, socket = daemon
    live = json.loads((await ask(socket, NUMBER, "--file", str(file), "--live", "--json")).output)
    quiet = json.loads(explain(NUMBER, "--file", str(file), "--at", WEDNESDAY, "--json").output)
    assert (live["rule"], quiet["rule"]) == ("peak", "both")
    assert live["trace"][-1][2][0] == ["waiting: support at least 8 until below 3", "no", "7"]


async def test_a_past_call_is_told_in_the_same_words(daemon: tuple[ScriptedDaemon, Path]) -> None:
    """All its decisions, oldest first, each with what came of it."""
    scripted, socket = daemon
    call = Call("main", "1.1", "0800123456", "0612", "fr")
    entry = decide(RULES, facts_under(Load(), RULES, scripted.seen.at), call, "d1")
    ended = CallEnd("answered", "paris", 12.0, 180.0, scripted.seen.at + 192)
    scripted.entries["1.1"] = (JournalEntry(record_of(entry), None), JournalEntry(record_of(entry), ended))
    told = (await ask(socket, "--call", "1.1")).output
    assert told.count("0800 123 456 (Numéro Vert SAV), service support") == 2
    assert "  outcome    answered at paris; waited 12 s, talked 180 s; ended Wed" in told
    assert f"  rules      version {RULES.version}, still in force" in told
    assert told.count("=> yes     both") == 2
    assert json.loads((await ask(socket, "--call", "1.1", "--json")).output)[1]["outcome"]["target"] == "paris"


async def test_a_call_that_the_journal_does_not_know_is_told(daemon: tuple[ScriptedDaemon, Path]) -> None:
    """Status 1, and where to look."""
    _, socket = daemon
    ended = await ask(socket, "--call", "9.9")
    assert (ended.exit_code, "the journal knows no call 9.9" in ended.output) == (1, True)


def test_without_a_daemon_the_status_is_3(tmp_path: Path) -> None:
    """No daemon answers: the status says so, and the words how to start one."""
    ended = explain(NUMBER, "--socket", str(tmp_path / "none.sock"))
    assert (ended.exit_code, "no ccrouter is running" in ended.output) == (3, True)
