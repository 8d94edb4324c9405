"""What `ccrouter check` tells programs: each format in the shape that its readers ask for."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ccrouter.cli import main
from ccrouter.config.codes import CODES

GOOD = """\
timezone: Europe/Paris
sites:
  desk: {in_house: {queue: support, max_wait: 2min}}
messages:
  nobody: {play: vm-nobodyavail}
numbers:
  "0800 123 456": {service: support}
services:
  support:
    otherwise: [desk, nobody]
"""
BAD = GOOD.replace("[desk, nobody]", "[dask, desk, lyon, lyon, nobody]")
WARNED = GOOD.replace("services:\n", "modes: [crisis]\nservices:\n")

Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Return what runs the command on a routing file with this content, in the folder of the file."""
    monkeypatch.chdir(tmp_path)

    def run(content: str, *options: str, name: str = "routing.yaml") -> Result:
        (tmp_path / name).write_text(content)
        return CliRunner().invoke(main, ["check", *options, name])

    return run


def test_json_is_one_object(check: Check) -> None:
    """Whether all is good, each file, each problem with position, code, message and cure, and the counts."""
    told = json.loads(check(BAD, "--json").stdout)
    assert told["good"] is False
    assert [(file["file"], file["good"]) for file in told["files"]] == [("routing.yaml", False)]
    assert told["counts"] == {"error": 3, "warning": 0, "note": 0}
    assert told["problems"][0] == {
        "file": "routing.yaml",
        "line": 10,
        "column": 17,
        "width": 4,
        "severity": "error",
        "code": "N301",
        "name": "unknown-destination",
        "message": "there is no site or message `dask`",
        "cure": "Did you mean `desk`?",
    }


def test_json_of_a_good_file_says_what_it_holds(check: Check) -> None:
    """A good file is told in the same shape, without problems."""
    ended = check(GOOD, "--format", "json")
    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["good"], told["problems"]) == (0, True, [])
    assert told["files"][0]["holds"].startswith("1 number, 1 service, 1 site, 0 modes, version ")


def test_github_gets_one_command_for_each_problem(check: Check) -> None:
    """A command is one line whatever the file holds: what could end it, or begin another, is escaped."""
    ended = check(BAD.replace("dask", '"a%0A:,"'), "--format", "github", name="a,b.yaml")
    lines = ended.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("::error file=a%2Cb.yaml,line=10,col=19,endColumn=20,title=V102 sign-in-name::a name")
    assert check(WARNED, "--format", "github").stdout.startswith("::warning file=routing.yaml,line=8,col=9,")


def test_gitlab_gets_a_code_quality_report(check: Check) -> None:
    """Each problem has what GitLab requires, a relative path, and a fingerprint that outlives moved lines."""
    report = json.loads(check(BAD, "--format", "gitlab").stdout)
    assert all(set(each) == {"description", "check_name", "fingerprint", "severity", "location"} for each in report)
    assert {each["severity"] for each in report} <= {"info", "minor", "major", "critical", "blocker"}
    assert report[0]["location"] == {"path": "routing.yaml", "lines": {"begin": 10}}
    marks = [each["fingerprint"] for each in report]
    assert len(set(marks)) == 3
    moved = json.loads(check(f"# a line more\n{BAD}", "--format", "gitlab").stdout)
    assert [each["fingerprint"] for each in moved] == marks


def sarif_faults(log: dict[str, Any]) -> list[str]:
    """Return what SARIF 2.1.0 requires of such a log (sections 3.13 to 3.30) and this one lacks."""
    faults = []
    if log.get("version") != "2.1.0" or not str(log.get("$schema", "")).endswith("sarif-schema-2.1.0.json"):
        faults.append("version")
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        rules = driver.get("rules", [])
        faults += ["driver"] * (not driver.get("name"))
        faults += [f"rule {rule}" for rule in rules if not rule["id"] or not rule["fullDescription"]["text"]]
        faults += ["columnKind"] * (run.get("columnKind") not in {"utf16CodeUnits", "unicodeCodePoints"})
        for result in run["results"]:
            if rules[result["ruleIndex"]]["id"] != result["ruleId"] or not result["message"]["text"]:
                faults.append("rule of a result")
            if result["level"] not in {"none", "note", "warning", "error"}:
                faults.append("level")
            for location in result["locations"]:
                place = location["physicalLocation"]
                region = place["region"]
                if not 1 <= region["startColumn"] < region["endColumn"] or region["startLine"] < 1:
                    faults.append("region")
                if not re.fullmatch(r"[A-Za-z0-9._~/%:-]+", place["artifactLocation"]["uri"]):
                    faults.append("uri")
    return faults


@pytest.mark.parametrize("content", [BAD, WARNED, GOOD, "a: [", GOOD.replace("2min", "2")])
def test_sarif_has_the_shape_of_the_standard(content: str, check: Check) -> None:
    """Version, tool, rules that results point at, levels, regions and URIs are as SARIF 2.1.0 asks."""
    log = json.loads(check(content, "--format", "sarif", name="a file é.yaml").stdout)
    assert sarif_faults(log) == []
    results = log["runs"][0]["results"]
    assert bool(results) == (content != GOOD)
    assert {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results} <= {
        "a%20file%20%C3%A9.yaml"
    }


@pytest.mark.parametrize("form", ["text", "json", "github", "gitlab", "sarif"])
def test_warnings_refuse_nothing_unless_asked(form: str, check: Check) -> None:
    """Status 0 with warnings; 1 with --strict; notes never count."""
    assert check(WARNED, "--format", form).exit_code == 0
    assert check(WARNED, "--format", form, "--strict").exit_code == 1
    noted = GOOD.replace("messages:\n", "messages:\n  spare: {play: beep}\n")
    assert "N204" in check(noted, "--json").stdout
    assert check(noted, "--format", form, "--strict").exit_code == 0


def test_a_good_file_tells_its_remarks(check: Check) -> None:
    """Severity, code and line of a warning on stderr; the summary counts it."""
    ended = check(WARNED)
    assert ended.stderr.startswith("routing.yaml:8:9: warning: the mode `crisis` is not used")
    assert ended.stdout.endswith("(1 warning)\n")


def test_what_was_not_looked_at_is_said(check: Check) -> None:
    """Where YAML can't be read to the end, nobody is told that one mended line is all."""
    ended = check(GOOD.replace("[desk, nobody]", "[desk, nobody"))
    assert ended.stderr.endswith("routing.yaml: 1 error; the rest of the file was not checked yet\n")
    assert json.loads(check(GOOD.replace("[desk, nobody]", "[desk"), "--json").stdout)["files"][0]["whole"] is False


def test_colours_are_for_terminals(check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Head and underlining have the colour of the severity on a terminal, and none with NO_COLOR or in a pipe."""
    assert "\x1b" not in check(BAD).stderr
    run = CliRunner()
    shown = run.invoke(main, ["check", str(tmp_path / "routing.yaml")], color=True).stderr
    assert "\x1b[31m\x1b[1m" in shown
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run.invoke(main, ["check", str(tmp_path / "routing.yaml")], color=True).stderr


def test_a_file_that_is_named_twice_is_told_once(check: Check, tmp_path: Path) -> None:
    """`configs/*.yaml` names the settings, which name the routing file, and the routing file itself."""
    settings = "pabxs:\n  - {name: main, host: h, username: u, secret: {env: NONE}}\nrouting: routing.yaml\n"
    (tmp_path / "settings.yaml").write_text(f"{settings}control: c.sock\nstate_dir: .\n")
    check(GOOD)
    told = CliRunner().invoke(main, ["check", "--json", "routing.yaml", "settings.yaml"])
    assert [Path(file["file"]).name for file in json.loads(told.stdout)["files"]] == ["routing.yaml", "settings.yaml"]
    assert [problem["code"] for problem in json.loads(told.stdout)["problems"]] == ["S103"]


def test_settings_that_are_bad_do_not_hide_the_routing_file(check: Check, tmp_path: Path) -> None:
    """The routing file that they name is looked at all the same."""
    check(BAD)
    (tmp_path / "settings.yaml").write_text("pabxs: []\nrouting: routing.yaml\n")
    told = json.loads(CliRunner().invoke(main, ["check", "--json", "settings.yaml"]).stdout)
    assert [problem["code"] for problem in told["problems"]] == ["K108", "N301", "N301", "N301"]


def test_what_is_missing_on_this_machine_is_a_note(check: Check, tmp_path: Path) -> None:
    """A variable, a secret's file, a certificate or a folder may be there where the daemon runs; others stay errors."""
    check(GOOD)
    (tmp_path / "settings.yaml").write_text(
        "pabxs:\n"
        "  - {name: main, host: h, username: u, secret: {env: NONE}, tls: {ca_file: none.pem}}\n"
        "  - {name: other, host: h, username: u, secret: {file: none.secret}}\n"
        "routing: routing.yaml\n"
        "control: nowhere/control.sock\n"
        "state_dir: nowhere\n"
    )
    ended = CliRunner().invoke(main, ["check", "--json", "--strict", "settings.yaml"])
    problems = json.loads(ended.stdout)["problems"]
    assert ended.exit_code == 0
    assert {problem["severity"] for problem in problems} == {"note"}
    assert [problem["code"] for problem in problems] == ["S103", "S107", "S104", "S112", "S112"]


@pytest.mark.parametrize(
    ("mode", "code", "severity", "status"),
    [(0o640, "", "", 0), (0o644, "S106", "error", 1), (0o660, "S106", "error", 1), (None, "S119", "warning", 0)],
)
def test_tokens_that_would_let_nobody_in_are_told(
    check: Check, tmp_path: Path, mode: int | None, code: str, severity: str, status: int
) -> None:
    """By the file itself and by the settings that name it, with the same words: the daemon starts all the same."""
    check(GOOD)
    (tmp_path / "settings.yaml").write_text(
        "pabxs:\n  - {name: main, host: h, username: u, secret: {file: s}}\n"
        "routing: routing.yaml\ncontrol: c.sock\nstate_dir: .\nhttp: {tokens: tokens}\n"
    )
    (tmp_path / "s").touch(0o600)
    (tmp_path / "s").write_text("word")
    asked = [["--settings", "settings.yaml"]]
    if mode is not None:
        (tmp_path / "tokens").write_text("tokens: {}\n")
        (tmp_path / "tokens").chmod(mode)
        asked.append(["tokens"])
    for arguments in asked:
        ended = CliRunner().invoke(main, ["check", "--json", *arguments])
        told = [(problem["code"], problem["severity"]) for problem in json.loads(ended.stdout)["problems"]]
        assert (told, ended.exit_code) == ([(code, severity)] if code else [], status)


@pytest.mark.parametrize("asked", ["N301", "n301", "unknown-destination"])
def test_a_code_is_explained(asked: str) -> None:
    """By code or by name, with a bad and a good example."""
    told = CliRunner().invoke(main, ["check", "--explain", asked])
    assert told.exit_code == 0
    assert told.stdout.startswith("N301 unknown-destination (error)\n")
    assert CODES["N301"].explanation in told.stdout


def test_a_code_that_does_not_exist_is_wrong_usage() -> None:
    """The nearest one is suggested, with status 2."""
    told = CliRunner().invoke(main, ["check", "--explain", "N30"])
    assert told.exit_code == 2
    assert "Did you mean" in told.stderr


def test_settings_that_name_themselves_come_to_an_end(check: Check) -> None:
    """What `routing` names is looked at as a routing file, whatever it holds."""
    content = "pabxs:\n  - {name: main, host: h, username: u, secret: {env: NONE}}\nrouting: settings.yaml\n"
    ended = check(content, "--json", name="settings.yaml")
    assert ended.exit_code == 1
    assert {problem["code"] for problem in json.loads(ended.stdout)["problems"]} >= {"K101", "K102"}


def test_cases_are_checked_with_what_they_are_about(check: Check) -> None:
    """A case file is told by its own problems, or by those of a routing file that can't be asked."""
    cases = "- {name: one, number: '0800 123 456', at: 2026-11-25 10:00, expect: dask}"
    check(GOOD)
    told = json.loads(check(f"cases:\n  {cases}\n", "--json", name="routing.cases.yaml").stdout)
    assert [(problem["code"], problem["line"]) for problem in told["problems"]] == [("N301", 2)]
    check(BAD)
    told = json.loads(check(f"cases:\n  {cases}\n", "--json", name="routing.cases.yaml").stdout)
    assert {Path(problem["file"]).name for problem in told["problems"]} == {"routing.yaml"}
    check(GOOD)
    ended = check(f"cases:\n  {cases.replace('dask', 'desk')}\n", name="routing.cases.yaml")
    assert ended.stdout == "routing.cases.yaml: good: 1 case of routing.yaml\n"


def test_a_byte_order_mark_moves_nothing(check: Check) -> None:
    """Editors of Windows put one at the begin of a file; the underlining stays where the fault is."""
    ended = check("\ufefftimezone: CEST\n" + GOOD.partition("\n")[2])
    assert ended.stderr.splitlines()[1:3] == ["    1 | timezone: CEST", "      |           ^^^^"]
