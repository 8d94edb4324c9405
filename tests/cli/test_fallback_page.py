"""docs/fallback.md shows what the command prints, and a piece of settings: all of it is tried."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from ccrouter.cli import main
from ccrouter.config.settings import compile_settings

HOUSE = Path(__file__).parents[2]
PAGE = (HOUSE / "docs" / "fallback.md").read_text("utf-8")
EXAMPLES = re.findall(r"^    \$ (.*)\n((?:    (?!\$).*\n)*)", PAGE, re.MULTILINE)


def test_the_page_has_examples() -> None:
    """Compiling, and what is unsaid."""
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_an_example_prints_what_the_page_shows(
    command: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the letter, where configs/example.yaml is routing.yaml; `| head -2` shows the first two lines."""
    (tmp_path / "routing.yaml").write_text((HOUSE / "configs" / "example.yaml").read_text("utf-8"), "utf-8")
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(command.removesuffix(" | head -2"))
    assert program == "ccrouter"
    printed = CliRunner().invoke(main, arguments, catch_exceptions=False).output.splitlines()
    shown = [line.removeprefix("    ") for line in output.splitlines()]
    assert shown == (printed[:2] if command.endswith("head -2") else printed)


def test_the_settings_of_the_page_are_settings(tmp_path: Path) -> None:
    """The key stands in the settings file as the page shows it."""
    (tmp_path / "fallback").mkdir()
    line = re.search(r"^   (fallback: \{.*\})$", PAGE, re.MULTILINE)
    assert line is not None
    example = (HOUSE / "configs" / "settings.yaml").read_text("utf-8")
    text = example + line[1].replace("/var/lib/ccrouter", str(tmp_path / "fallback")) + "\n"
    made = compile_settings(text.encode(), tmp_path / "settings.yaml", {"CCROUTER_AMI_SECRET": "secret"})
    assert made.fallback == tmp_path / "fallback" / "fallback.conf"
