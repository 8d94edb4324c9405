"""`ccrouter check` as a person and as a script use it."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from ccrouter.cli import main

CONFIGS = Path(__file__).parents[2] / "configs"

ROUTING = """\
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

SETTINGS = """\
pabxs:
  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: AMI_WORD}}
routing: routing.yaml
"""


def check(*files: Path | str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, without a terminal."""
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "ccrouter", "check", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], **environment},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a good settings file and a good routing file."""
    (tmp_path / "routing.yaml").write_text(ROUTING)
    (tmp_path / "settings.yaml").write_text(SETTINGS)
    return tmp_path


def test_a_good_file_is_told_with_what_it_holds(folder: Path) -> None:
    """Status 0, one line on stdout, nothing on stderr."""
    ended = check(folder / "routing.yaml")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"{folder}/routing.yaml: good: 1 number, 1 service, 1 site, 0 modes, version ")


def test_a_settings_file_can_be_named_as_run_has_it(folder: Path) -> None:
    """What was typed for `ccrouter run` can be checked with the same words."""
    named, given = (check(*words, folder / "settings.yaml", AMI_WORD="x") for words in ((), ("--settings",)))
    assert (given.returncode, given.stdout) == (0, named.stdout)


def test_a_routing_file_can_come_in_on_the_standard_input(folder: Path) -> None:
    """Told as if it were a file."""
    text = (folder / "routing.yaml").read_text()
    good, bad = (CliRunner().invoke(main, ["check", "-"], input=each) for each in (text, f"{text}\nnumbrs: {{}}\n"))
    assert (good.exit_code, good.stdout.startswith("standard input: good: 1 number")) == (0, True)
    assert (bad.exit_code, "standard input:" in bad.stderr, "numbrs: {}" in bad.stderr) == (1, True, True)


def test_a_settings_file_is_checked_with_its_routing_file(folder: Path) -> None:
    """As the daemon would start: both must be good."""
    ended = check(folder / "settings.yaml", AMI_WORD="x")
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 2)
    (folder / "routing.yaml").write_text(ROUTING.replace("desk, nobody", "dask, nobody"))
    ended = check(folder / "settings.yaml", AMI_WORD="x")
    assert ended.returncode == 1
    assert f"{folder}/routing.yaml:10:17: " in ended.stderr


def test_a_problem_shows_its_line_and_its_cure(folder: Path) -> None:
    """Position, the piece underlined, how to mend it; status 1; plain text in a pipe."""
    bad = folder / "routing.yaml"
    bad.write_text(ROUTING.replace("service: support", "servise: support"))
    ended = check(bad)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        textwrap.dedent(
            f"""\
        {bad}:7:20: error: `servise` is not known here [K101]
            7 |   "0800 123 456": {{servise: support}}
              |                    ^^^^^^^
              = Did you mean `service`?
        """
        )
        in ended.stderr
    )
    assert ended.stderr.endswith(f"{bad}: 1 error\n")
    assert "\x1b" not in ended.stderr


def test_one_bad_file_among_good_ones_is_enough_for_status_1(folder: Path) -> None:
    """All files are looked at, whatever came before."""
    (folder / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    ended = check(folder / "bad.yaml", folder / "routing.yaml")
    assert ended.returncode == 1
    assert "routing.yaml: good" in ended.stdout
    assert "bad.yaml:1:1: " in ended.stderr


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 100, b"- a\n- b\n", b"just text", b"pabxs: {", b"a: " + b"[" * 5000]
)
def test_whatever_a_file_holds_there_is_no_traceback(folder: Path, content: bytes) -> None:
    """A sentence with a position, and status 1."""
    (folder / "odd.yaml").write_bytes(content)
    ended = check(folder / "odd.yaml")
    assert ended.returncode == 1
    assert "odd.yaml:1:" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_a_file_the_usual_settings_are_checked() -> None:
    """Where there are none, the path is told."""
    ended = check()
    if not Path("/etc/ccrouter/settings.yaml").exists():
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith("/etc/ccrouter/settings.yaml:1:1: error: the file can't be read")


def test_a_daemon_with_a_bad_file_does_not_start_and_says_the_same(folder: Path) -> None:
    """`run` refuses what `check` refuses, with status 1 and no traceback."""
    (folder / "settings.yaml").write_text(SETTINGS.replace("username", "user"))
    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "ccrouter", "run", "--settings", str(folder / "settings.yaml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )  # fmt: skip - what goes together stands together
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "settings.yaml:2:" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("files", [("settings.yaml",), ("tokens", "settings.yaml"), ("settings.yaml", "tokens")])
def test_names_that_the_routing_file_lacks_are_told(folder: Path, files: tuple[str, ...]) -> None:
    """Those of webhooks in the settings and those in the file of tokens, once each, in whichever order one asks."""
    (folder / "settings.yaml").write_text(
        f"{SETTINGS}http: {{tokens: tokens}}\n"
        "webhooks:\n"
        "  - {name: crm, url: https://a.example, secret: {env: HOOK}, events: ended, services: suport}\n"
    )
    (folder / "tokens").touch(0o600)
    token = f"{{role: position, position: PJSIP/101, queues: [suport], sha256: {64 * '1'}}}"
    (folder / "tokens").write_text(f"tokens:\n  anna: {token}\n")
    ended = check(*(folder / name for name in files))
    assert ended.returncode == 0
    assert ended.stderr.count("Did you mean `support`?") == 2
    for code, told in (
        ("S124", "the routing file has no service `suport`, so crm is told of none of its calls"),
        ("S145", "no site of the routing file has a queue `suport`, so anna can't log in to it"),
    ):
        assert ended.stderr.count(f"warning: {told} [{code}]") == 1
    assert "tokens: good: 1 token (1 warning)" in ended.stdout
