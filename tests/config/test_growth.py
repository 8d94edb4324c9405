"""The time that a file takes grows with its size, not with the square of it: a megabyte is read in seconds."""

from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Final

import pytest

from ccrouter.config.cases import load_cases
from ccrouter.config.load import compile_text
from ccrouter.config.problems import RefusedFileError
from support.configs import CONFIGS

MINIMAL: Final = (CONFIGS / "minimal.yaml").read_text("utf-8")
CASE: Final = '  - {{name: "case {}", number: "0800 123 456", at: 2026-11-25 10:00, rule: otherwise}}\n'

FOUR_TIMES: Final = 9.0
"""Four times as much takes 4 times as long where time grows with the size, 16 times where it grows with its square."""


def modes(count: int) -> str:
    """Return a routing file with so many modes."""
    return f"{MINIMAL}modes: [{', '.join(f'm{n}' for n in range(count))}]\n"


def cases(count: int) -> str:
    """Return a file with so many cases."""
    return "cases:\n" + "".join(CASE.format(n) for n in range(count))


def took_s(text: str, load: Callable[[bytes], object]) -> float:
    """Return the least of two times."""
    times = []
    for _ in range(2):
        began = process_time()
        load(text.encode())
        times.append(process_time() - began)
    return min(times)


def test_many_modes() -> None:
    """Sixteen thousand modes are held against each other by name, not one by one."""

    def load(data: bytes) -> object:
        return compile_text(data, "routing.yaml")

    assert took_s(modes(16_000), load) < FOUR_TIMES * took_s(modes(4_000), load)


def test_many_cases(tmp_path: Path) -> None:
    """The same for the names of cases."""
    (tmp_path / "routing.yaml").write_text((CONFIGS / "example.yaml").read_text("utf-8"))
    path = tmp_path / "routing.cases.yaml"

    def load(data: bytes) -> object:
        path.write_bytes(data)
        return load_cases(path)

    assert took_s(cases(2_000), load) < FOUR_TIMES * took_s(cases(500), load)


@pytest.mark.parametrize("text", ["---\n ", "---\n", "a: 1\n---\n  ", "- ", "? ", "a:\n ", "--- \n\n   "])
def test_what_is_missing_at_the_end_is_missed_inside_the_file(text: str) -> None:
    """YAML puts what should have come on a line that the file has not; an editor could not go there."""
    with pytest.raises(RefusedFileError) as refused:
        compile_text(text.encode(), "routing.yaml")
    lines = text.split("\n")
    for problem in refused.value.problems:
        assert problem.line <= len(lines)
        assert problem.column <= len(lines[problem.line - 1]) + 1
