"""Whatever happens to a file on its way: it is good, or it is refused with codes and places inside it.

CI tries some 1,500 files; `CCROUTER_MUTATIONS=10000 scripts/test tests/config/test_mutations.py` tries so many.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.config.codes import CODES
from ccrouter.config.load import compile_text
from ccrouter.config.problems import MOST, RefusedFileError, render
from ccrouter.config.settings import compile_settings
from support.mutations import mutated_structure, mutated_text
from support.rules_desk import RulesDesk

HOUSE: Final = Path(__file__).parents[2]
SOURCES: Final = [
    (HOUSE / "configs" / name).read_text("utf-8") for name in ("minimal.yaml", "example.yaml", "demo/routing.yaml")
]
SETTINGS: Final = [(HOUSE / "configs/settings.yaml").read_text("utf-8")]
ALL: Final = int(os.environ.get("CCROUTER_MUTATIONS", "1500"))


def encoded(text: str) -> bytes:
    """Return the bytes of a file that may hold half a pair of surrogates."""
    return text.encode("utf-8", "surrogatepass")


def refused_inside(error: RefusedFileError, text: str) -> None:
    """Check that each problem has a code, points into the file, and can be shown."""
    lines = text.split("\n")
    assert 1 <= len(error.problems) <= MOST
    for problem in error.problems:
        assert problem.code in CODES
        assert problem.severity == "error"
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.message
        assert problem.cure
        assert "\x1b" not in render(problem, text)


def good_or_refused(text: str) -> None:
    """Check that a routing file compiles, or is refused as it should be; whatever else is raised is a fault of ours."""
    try:
        compile_text(encoded(text), "routing.yaml")
    except RefusedFileError as error:
        refused_inside(error, text)


@settings(max_examples=ALL * 2 // 5)
@given(mutated_text(SOURCES))
def test_file_whose_text_was_changed(text: str) -> None:
    """A routing file with signs and lines changed anyhow compiles, or is refused with places inside the file."""
    good_or_refused(text)


@settings(max_examples=ALL * 2 // 5)
@given(mutated_structure(SOURCES))
def test_file_whose_structure_was_changed(text: str) -> None:
    """The same for one that is good YAML with keys, values and branches that belong elsewhere, or nowhere."""
    good_or_refused(text)


@settings(max_examples=max(ALL // 10, 1))
@given(mutated_text(SETTINGS) | mutated_structure(SETTINGS))
def test_changed_settings_file(text: str) -> None:
    """The same for the settings file."""
    try:
        compile_settings(encoded(text), Path("settings.yaml"), {"CCROUTER_AMI_SECRET": "a secret"})
    except RefusedFileError as error:
        refused_inside(error, text)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> RulesDesk:
    """Return a routing file with what a daemon would make of it."""
    return RulesDesk(tmp_path_factory.mktemp("desk"))


@settings(max_examples=max(ALL // 10, 1))
@given(text=mutated_text(SOURCES) | mutated_structure(SOURCES), data=st.data())
def test_running_rules_survive_any_file(desk: RulesDesk, text: str, data: st.DataObject) -> None:
    """A daemon that is asked to reload takes a good file whole, and keeps its rules where the file is refused."""
    before, taken = desk.file.rules, len(desk.taken)
    desk.path.write_bytes(encoded(text))
    outcome = asyncio.run(desk.reload(asked=data.draw(st.booleans())))
    if outcome.problems:
        assert desk.file.rules is before
        assert len(desk.taken) == taken
        assert all("]. " in problem or problem.startswith("...") for problem in outcome.problems)
        assert not any("ccrouter failed" in problem for problem in outcome.problems)
    else:
        assert desk.file.rules.version == compile_text(encoded(text), "routing.yaml").version
