"""docs/workshop.md shows what `explain` and `test` print: each of its examples is run."""

import re
import shlex
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from ccrouter.cli import main

HOUSE = Path(__file__).parents[2]
PAGE = (HOUSE / "docs" / "workshop.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (explain|test)\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE))
BLOCKS = [
    dedent(block)
    for section in SECTIONS.values()
    for block in re.findall(r"(?:^    .*\n(?:\n(?=    ))*)+", section, re.MULTILINE)
]
CASES = next(block for block in BLOCKS if block.startswith("cases:"))
EXAMPLES = [
    (command, output)
    for block in BLOCKS
    for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]


def without_versions(text: str) -> str:
    """Leave out what changes with every edit of the example file."""
    return re.sub(r"version [0-9a-f]{12}", "version ...", text)


def test_the_page_has_examples() -> None:
    """Both commands are shown."""
    assert {command.split()[1] for command, _ in EXAMPLES} == {"explain", "test"}


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_an_example_prints_what_the_page_shows(
    command: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the letter, in a folder where configs/example.yaml is routing.yaml, with the page's case file beside it."""
    (tmp_path / "routing.yaml").write_text((HOUSE / "configs" / "example.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "routing.cases.yaml").write_text(CASES, "utf-8")
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(command)
    assert program == "ccrouter"
    printed = CliRunner().invoke(main, arguments, catch_exceptions=False).output
    assert without_versions(output).strip("\n") == without_versions(printed).strip("\n")
