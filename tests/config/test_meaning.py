"""What a good file means, seen beforehand: one file for each remark, with exactly what a person is told of it."""

from pathlib import Path
from typing import Final

import pytest

from ccrouter.config.load import load_text
from ccrouter.config.meaning import examine
from ccrouter.config.problems import render

FILES: Final = Path(__file__).parent / "meaning"
AT: Final = 1_790_000_000.0
"""2026-09-21 14:13 UTC, a Monday."""


def told_of(file: Path) -> str:
    """Return what a person is told of what a good file means."""
    data = file.read_bytes()
    loaded = load_text(data, file.name)
    found = examine(loaded.document, loaded.written, loaded.rules, AT)
    return "".join(f"{render(problem, data.decode())}\n" for problem in found)


@pytest.mark.parametrize("name", sorted(file.stem for file in FILES.glob("*.yaml")))
def test_meaning_is_told_exactly(name: str) -> None:
    """A file that will not do what it says is told of with its place, what will happen, and how to mend it."""
    assert (FILES / f"{name}.txt").read_text("utf-8") == told_of(FILES / f"{name}.yaml")


def test_every_expectation_has_its_file() -> None:
    """No expected text is left without the file that it belongs to."""
    assert {file.stem for file in FILES.glob("*.yaml")} == {file.stem for file in FILES.glob("*.txt")}


def test_files_that_we_give_mean_what_they_say(house: Path) -> None:
    """No file that users are given as an example has a remark."""
    files = [file for file in (house / "configs").rglob("*.yaml") if "\nservices:\n" in file.read_text("utf-8")]
    assert len(files) > 10
    assert {file.name: "" for file in files} == {file.name: told_of(file) for file in files}
