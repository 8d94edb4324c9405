"""All problems of a file in one pass: the names in the good part of a faulty file are looked at, and nothing else."""

from pathlib import Path
from typing import Final

import pytest

from ccrouter.config.document import Place, Text
from ccrouter.config.load import compile_text
from ccrouter.config.problems import Problem, RefusedFileError
from ccrouter.config.yaml import read

EXAMPLE: Final = (Path(__file__).parents[2] / "configs/example.yaml").read_text("utf-8")
JUNK: Final = '"\N{SECTION SIGN}"'
FAR_OFF: Final = {"K101", "K102"}
"""A key that is unknown and the one that is missing are two findings of one slip."""


def refusal(text: str) -> RefusedFileError:
    """Return what a routing file is refused with."""
    with pytest.raises(RefusedFileError) as raised:
        compile_text(text.encode(), "routing.yaml")
    return raised.value


def broken(place: Place) -> str:
    """Return the example with junk in one place."""
    lines = EXAMPLE.split("\n")
    line, column = lines[place.line - 1], place.column - 1
    lines[place.line - 1] = line[:column] + JUNK + line[column + place.width :]
    return "\n".join(lines)


def where(problems: tuple[Problem, ...]) -> list[tuple[int, str]]:
    """Return lines and codes."""
    return [(problem.line, problem.code) for problem in problems]


def test_one_bad_value_anywhere_is_told_once() -> None:
    """Whatever value of a large file is bad, nothing is said of what only follows from it; the names are checked."""
    document = read(EXAMPLE.encode(), "routing.yaml")
    for path, place in document.values.items():
        if isinstance(document.get(path), Text) and path[-1] != "label":
            error = refusal(broken(place))
            assert [problem.line for problem in error.problems] == [place.line], path
            assert error.whole, path


def test_one_bad_key_anywhere_brings_no_complaints_from_elsewhere() -> None:
    """A name or a key that is misspelt beyond recognition is told, with the key that is missing for it; no more."""
    document = read(EXAMPLE.encode(), "routing.yaml")
    for path, place in document.keys.items():
        problems = refusal(broken(place)).problems
        assert place.line in {problem.line for problem in problems}, path
        assert len(problems) == 1 or {problem.code for problem in problems} == FAR_OFF, path


def test_names_are_checked_beside_bad_values(base: str) -> None:
    """A section with a bad value keeps its names; one that nothing defines is told although the file is bad."""
    bad = (
        base.replace("max_wait: 2min", "max_wait: 2")
        .replace("to: [tunis, closed]", "to: [tunes, closed]")
        .replace("modes: [crisis]", "modes: [crisis, 7]")
        .replace("mode: crisis", "mode: crysis")
    )
    assert where(refusal(bad).problems) == [(5, "V120"), (9, "Y201"), (15, "N301")]
    bad = bad.replace("crisis, 7", "crisis")
    assert where(refusal(bad).problems) == [(5, "V120"), (15, "N303"), (15, "N301")]


def test_a_misspelt_section_is_read_as_what_is_meant(base: str) -> None:
    """Names under `site:` count as sites: only the key is told, and references to what is really missing."""
    bad = base.replace("sites:", "site:").replace("otherwise: [paris", "otherwise: [lyon, paris")
    assert where(refusal(bad).problems) == [(4, "K101"), (16, "N301")]


def test_without_services_nothing_can_be_said_of_names(base: str) -> None:
    """What could not be looked at is not taken for good: the error says that it does not speak for the whole file."""
    error = refusal(base[: base.index("services:")])
    assert not error.whole
    assert [problem.code for problem in error.problems] == ["K102"]


def test_numbers_are_not_judged_by_a_country_that_can_not_be_read(base: str) -> None:
    """Where neither `country` nor `timezone` tells how numbers are read, none is called wrong."""
    bad = base.replace("Europe/Paris", "Amerika/New York").replace("0800 123 456", "212 555 0100")
    assert where(refusal(bad).problems) == [(1, "T101")]
