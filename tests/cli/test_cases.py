"""`ccrouter test` as a person and as a script use it."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from ccrouter.cli import main

ROUTING = """\
timezone: Europe/Paris
calendars:
  office: {hours: "Mo-Fr 08:30-18:30"}
sites:
  paris: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s, max_calls: 30}}
messages:
  closed: {play: ccrouter/closed}
modes: [crisis]
numbers:
  "0800 123 456": {service: support, label: After-sales}
services:
  support:
    rules:
      - {name: crisis, when: {mode: crisis}, to: [tunis, closed]}
      - {name: out of hours, when: {closed: office}, to: [closed]}
      - {name: peak, when: {waiting: {queue: support, at_least: 5}}, to: [tunis]}
      - {name: shared, when: {language: en}, to: [{share: {paris: 70, tunis: 30}}]}
    otherwise: [paris, closed]
    while_waiting:
      - {name: too long, when: {waited: 90s}, to: [tunis]}
"""

CASES = """\
cases:
  - {name: by day, number: "0800 123 456", at: 2026-11-25 10:00, expect: paris}
  - {name: at night, number: "0800 123 456", at: 2026-11-25 22:00, expect: [tunis, closed], rule: peak}
  - {name: peak, number: "0800 123 456", at: 2026-11-25 10:00, load: waiting=5, expect: tunis, rule: peak}
  - {name: share, number: "0800 123 456", at: 2026-11-25 10:00, language: en, calls: 10, expect: {paris: 6, tunis: 4}}
  - {name: stays, number: "0800 123 456", at: 2026-11-25 10:00, waited: 80s, expect: stays}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a routing file and its cases, of which two fail, and stand in it."""
    (tmp_path / "routing.yaml").write_text(ROUTING)
    (tmp_path / "routing.cases.yaml").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*arguments: str) -> Result:
    """Run the command in this process, without a terminal."""
    return CliRunner().invoke(main, ["test", *arguments], catch_exceptions=False)


def only_good(folder: Path) -> None:
    """Leave out the cases that fail."""
    lines = CASES.splitlines(keepends=True)
    (folder / "routing.cases.yaml").write_text(
        "".join(line for line in lines if "night" not in line and "share" not in line)
    )


def test_a_failing_case_is_told_with_what_decided(folder: Path) -> None:
    """File and line, expected and found, and why, in the words of explain; then a summary."""
    ended = ran("routing.cases.yaml")
    assert (ended.exit_code, ended.output) == (
        1,
        """\
routing.cases.yaml:3: at night
  expected   tunis, closed
  found      closed
  expected   rule peak
  found      rule out of hours
0800 123 456 (After-sales), service support
  instant    Wed 2026-11-25 22:00 (CET)
  calendars  office  closed until Thu 2026-11-26 08:30
  modes      none is on (given)
  load       quiet: nobody waits, a position is ready in each queue, all sites
             are up and empty
  caller     one whom no rule names
   no      crisis
=> yes     out of hours
             yes     closed: office  [closed]
  2 more rules not reached

routing.cases.yaml:5: share
  expected   paris 6, tunis 4
  found      paris 7, tunis 3
0800 123 456 (After-sales), service support
  instant    Wed 2026-11-25 10:00 (CET)
  calendars  office  open until Wed 2026-11-25 18:30
  modes      none is on (given)
  load       quiet: nobody waits, a position is ready in each queue, all sites
             are up and empty
  caller     one whom no rule names, language en
   no      crisis
   no      out of hours
   no      peak
=> yes     shared
             yes     language: en  [en]

routing.cases.yaml: 5 cases, 3 good, 2 failed
  3 of 5 rules decided at least one case; never: support/crisis, support/too
  long
""",
    )  # fmt: skip - as it is printed
    assert folder.exists()


def test_good_cases_are_a_line(folder: Path) -> None:
    """Status 0, and how many rules were tried; a routing file stands for the cases beside it."""
    only_good(folder)
    ended = ran("routing.yaml")
    assert ended.exit_code == 0
    assert ended.output.splitlines()[0] == "routing.cases.yaml: 3 cases, 3 good, 0 failed"


def test_a_rule_without_a_case_can_fail(folder: Path) -> None:
    """--all-rules asks for a case of every rule, those for waiting callers included."""
    only_good(folder)
    assert ran("routing.yaml", "--all-rules").exit_code == 1
    with (folder / "routing.cases.yaml").open("a") as file:
        file.write(
            '  - {name: one, number: "0800 123 456", at: 2026-11-25 10:00, mode: crisis, rule: crisis}\n'
            '  - {name: two, number: "0800 123 456", at: 2026-11-25 22:00, rule: out of hours}\n'
            '  - {name: three, number: "0800 123 456", at: 2026-11-25 10:00, language: en, rule: shared}\n'
            '  - {name: four, number: "0800 123 456", at: 2026-11-25 10:00, waited: 90s, rule: too long}\n'
        )
    ended = ran("routing.yaml", "--all-rules")
    assert (ended.exit_code, ended.output.splitlines()[1]) == (0, "  5 of 5 rules decided at least one case")


def test_json_tells_each_case(folder: Path) -> None:
    """With what was found, and which rules no case tried."""
    (told,) = json.loads(ran("--json", "routing.yaml").output)
    assert [case["good"] for case in told["cases"]] == [True, False, True, False, True]
    assert told["cases"][1]["not_as_expected"] == [
        {"expected": "tunis, closed", "found": "closed"},
        {"expected": "rule peak", "found": "rule out of hours"},
    ]
    assert told["never"] == ["support/crisis", "support/too long"]
    assert folder.exists()


def test_junit_is_what_ci_servers_read(folder: Path) -> None:
    """Each case is a test case, each failure has its words."""
    ran("routing.yaml", "--junit", "report.xml")
    suite = ET.parse(folder / "report.xml").getroot()[0]  # noqa: S314 - written just now
    assert suite.attrib == {"name": "routing.cases.yaml", "tests": "5", "failures": "2"}
    assert [case.attrib["name"] for case in suite if len(case)] == ["at night", "share"]
    assert suite[3][0].attrib["message"] == "expected paris 6, tunis 4, found paris 7, tunis 3"


@pytest.mark.usefixtures("folder")
def test_report_that_cannot_be_written_is_told_in_one_line() -> None:
    """A folder that isn't there is named with its reason and status 1, without a traceback."""
    found = ran("routing.yaml", "--junit", "no-such-folder/report.xml")
    assert found.exit_code == 1
    assert found.stderr == "Error: Could not open file 'no-such-folder/report.xml': No such file or directory\n"


def test_without_files_the_settings_say_which(folder: Path) -> None:
    """The case file beside the routing file of the settings; secrets of the daemon are not needed."""
    only_good(folder)
    (folder / "settings.yaml").write_text(
        "pabxs:\n  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: NOT_SET_HERE}}\n"
        "routing: routing.yaml\n"
    )
    ended = ran("--settings", "settings.yaml")
    assert (ended.exit_code, "3 cases, 3 good, 0 failed" in ended.output) == (0, True)


def test_a_faulty_case_file_is_told_like_a_routing_file(folder: Path) -> None:
    """Status 1, with file, line, column and the cure."""
    (folder / "routing.cases.yaml").write_text(CASES.replace("expect: paris}", "expect: pariss}"))
    ended = ran("routing.yaml")
    assert ended.exit_code == 1
    assert "routing.cases.yaml:2:74: error: there is no site or message `pariss`" in ended.output
    assert "Did you mean `paris`?" in ended.output


def test_several_files_are_tested_at_once(folder: Path) -> None:
    """Each has its summary; one that fails is enough."""
    (folder / "more.yaml").write_text(
        'routing: routing.yaml\ncases:\n  - {name: one, number: "0800 123 456", at: 2026-11-25 10:00, expect: paris}\n'
    )
    ended = ran("more.yaml", "routing.cases.yaml")
    assert ended.exit_code == 1
    assert ended.output.startswith("more.yaml: 1 case, 1 good, 0 failed\n")
