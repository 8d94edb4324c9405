"""The scenarios of the trade: each file has its cases beside it, which hold, and which reach every rule."""

import re
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from ccrouter.cli import main
from ccrouter.config.load import compile_text

HOUSE: Final = Path(__file__).parents[2]
CASES: Final = tuple(sorted((HOUSE / "configs").rglob("*.cases.yaml")))
PAGES: Final = ("from-freepbx.md", "first-steps.md")


def test_every_scenario_has_its_cases() -> None:
    """No scenario is there without cases that say what it does."""
    scenarios = {file.stem for file in (HOUSE / "configs/scenarios").glob("*.yaml") if ".cases" not in file.name}
    assert scenarios == {file.name.removesuffix(".cases.yaml") for file in CASES if file.parent.name == "scenarios"}


def test_the_gallery_lists_every_scenario() -> None:
    """The page of scenarios names each file, and none that is not there."""
    listed = re.findall(r"configs/scenarios/([\w-]+)\.yaml\)", (HOUSE / "docs/scenarios.md").read_text("utf-8"))
    assert sorted(listed) == sorted(f.name.removesuffix(".cases.yaml") for f in CASES if f.parent.name == "scenarios")


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.name)
def test_cases_hold(file: Path) -> None:
    """Every case is as expected, and every rule of the file decides at least one of them."""
    ended = CliRunner().invoke(main, ["test", "--all-rules", str(file)])
    assert ended.exit_code == 0, ended.output


@pytest.mark.parametrize("page", PAGES)
def test_whole_files_in_a_page_are_good(page: str) -> None:
    """Whoever copies a whole file out of a page gets rules."""
    text = (HOUSE / "docs" / page).read_text("utf-8")
    blocks = re.findall(r"^```yaml\n(timezone:.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        assert compile_text(block.encode(), page).numbers
