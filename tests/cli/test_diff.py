"""ccrouter diff, as a person uses it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner, Result

from ccrouter.cli import main
from ccrouter.web.status import ModeStatus
from ccrouter.web.versions import RulesInForce
from support.configs import EXAMPLE
from support.scripted_daemon import ScriptedDaemon

FROM = ("--from", "2026-11-23", "--days", "28")
OLD = EXAMPLE.read_text("utf-8")
NEW = OLD.replace("Mo-Fr 08:30-18:30; Sa", "Mo-Fr 08:30-18:00; Sa").replace("answer_within: 25s", "answer_within: 30s")


def diff(*arguments: str, stdin: str | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["diff", *arguments], input=stdin, catch_exceptions=False)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Give two versions."""
    paths = tmp_path / "old.yaml", tmp_path / "new.yaml"
    for path, text in zip(paths, (OLD, NEW), strict=True):
        path.write_text(text, "utf-8")
    return str(paths[0]), str(paths[1])


def test_difference_in_behaviour(files: tuple[str, str]) -> None:
    """What changes for callers comes first, then the details."""
    found = diff(*files, *FROM)
    lines = found.stdout.splitlines()
    assert lines[:2] == [f"{files[0]} -> {files[1]}", "Mon 23 Nov 2026 to Sun 20 Dec 2026, Europe/Paris"]
    at = lines.index("0800 456 789 (orders)")
    assert lines[at + 1] == "  Mo-Fr 18:00-18:30, 20 times, first Mon 23 Nov 2026 18:00; 10 h"
    assert lines[-2:] == ["Details that change", "  tunis: rings for 25 s -> 30 s"]
    assert (found.exit_code, max(map(len, lines[2:])) <= 80) == (0, True)


def test_exit_code_says_whether_something_changes(files: tuple[str, str]) -> None:
    """Like git diff: 1 with --exit-code where something changes, be it a detail."""
    assert diff(*files, *FROM, "--exit-code").exit_code == 1
    same = diff(files[0], files[0], *FROM, "--exit-code")
    assert (same.exit_code, same.stdout.splitlines()[-1]) == (0, "Nothing changes.")
    Path(files[1]).write_text(OLD.replace("answer_within: 25s", "answer_within: 30s"), "utf-8")
    detail = diff(*files, *FROM, "--exit-code")
    assert (detail.exit_code, "No call goes elsewhere." in detail.stdout) == (1, True)


def test_other_words_change_nothing(files: tuple[str, str]) -> None:
    """Comments and order of lines are no difference."""
    Path(files[1]).write_text("# written anew\n" + OLD.replace("3949", "3949"), "utf-8")
    assert diff(*files, *FROM).stdout.endswith("Nothing changes.\n")


def test_one_number(files: tuple[str, str]) -> None:
    """With --number only that one is told of, by any of its spellings."""
    found = diff(*files, *FROM, "--number", "+33 800 456 789").stdout
    assert "0800 456 789 (orders)" in found
    assert "0800 123 456" not in found
    unknown = diff(*files, "--number", "0899 999 999")
    assert (unknown.exit_code, "neither version knows the number 0899 999 999" in unknown.stderr) == (2, True)


def test_mode_that_is_on(files: tuple[str, str]) -> None:
    """In a crisis, shorter hours change nothing for the service that goes outside then."""
    assert "(support)" in diff(*files, *FROM).stdout
    assert "(support)" not in diff(*files, *FROM, "--mode", "crisis").stdout
    wrong = diff(*files, "--mode", "crysis")
    assert (wrong.exit_code, "Did you mean `crisis`?" in wrong.stderr) == (2, True)


def test_json_has_every_time(files: tuple[str, str]) -> None:
    """Each change with its rules, destinations, situations and times."""
    found = json.loads(diff(*files, *FROM, "--json").stdout)
    assert (found["same"], found["unexplored"]) == (False, [])
    orders = next(each for each in found["numbers"] if each["numbers"] == ["0800 456 789"])
    first = orders["changes"][0]
    assert first["before"] == {"rule": "otherwise", "destinations": ["orders desk", "backup", "all busy"]}
    assert first["after"] == {"rule": "closed", "destinations": ["mailbox"]}
    assert (first["situations"], len(first["times"])) == ([""], 20)
    assert first["times"][0] == ["2026-11-23T18:00:00+01:00", "2026-11-23T18:30:00+01:00"]
    assert found["details"] == [{"of": "tunis", "about": "rings for", "before": "25 s", "after": "30 s"}]


def test_standard_input_is_a_version(files: tuple[str, str]) -> None:
    """`-` stands for what is piped in."""
    assert "0800 456 789 (orders)" in diff("-", files[1], *FROM, stdin=OLD).stdout
    assert diff("-", "-", *FROM, stdin=OLD).exit_code == 2


def test_git_has_versions(files: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """git:REVISION:FILE is a file as it was, from the folder that one stands in."""
    folder = Path(files[0]).parent
    monkeypatch.chdir(folder)
    git = ["git", "-c", "user.name=anna", "-c", "user.email=anna@example.org", "-c", "commit.gpgsign=false"]
    for step in (["init", "-q"], ["add", "old.yaml"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *step], check=True, cwd=folder)  # noqa: S603 - the git of whoever tests
    assert "0800 456 789 (orders)" in diff("git:HEAD:old.yaml", "new.yaml", *FROM).stdout
    for wrong, code in (("git:HEAD:none.yaml", 1), ("git:HEAD", 2), ("git:--output=x:old.yaml", 2)):
        assert diff(wrong, "new.yaml", *FROM).exit_code == code


def test_faulty_file_is_told_like_by_check(files: tuple[str, str]) -> None:
    """A file that would be refused has no difference to tell of."""
    Path(files[1]).write_text("services: 3\n", "utf-8")
    found = diff(*files)
    assert (found.exit_code, files[1] in found.stderr) == (1, True)


@pytest.fixture
async def socket() -> AsyncIterator[Path]:
    """Give the socket of a daemon in which the older version is in force."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        path = Path(folder) / "control.sock"
        daemon = ScriptedDaemon(rules=RulesInForce("/etc/ccrouter/routing.yaml", "v1", OLD, "pbx"))
        daemon.switched["crisis"] = ModeStatus("crisis", on=True)
        async with daemon.served(path):
            yield path


async def test_file_alone_is_compared_with_the_rules_in_force(socket: Path, files: tuple[str, str]) -> None:
    """`ccrouter diff routing.yaml` tells what a reload would change, and `live` names the rules in force."""
    arguments = [sys.executable, "-m", "ccrouter", "diff", files[1], *FROM, "--socket", str(socket)]
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert (process.returncode, out.decode().splitlines()[0]) == (0, f"live -> {files[1]}")
    assert "0800 456 789 (orders)" in out.decode()


async def test_modes_that_are_on_are_told_at_the_head(socket: Path, files: tuple[str, str]) -> None:
    """Whoever compares with the rules in force sees which modes are on now."""
    arguments = [sys.executable, "-m", "ccrouter", "diff", files[1], *FROM, "--socket", str(socket)]
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.decode().splitlines()[2:4] == ["crisis is on now", ""]


def test_no_daemon_is_exit_code_3(files: tuple[str, str]) -> None:
    """Without a daemon the rules in force can't be had."""
    assert diff(files[1], "--socket", "/nowhere/control.sock").exit_code == 3
