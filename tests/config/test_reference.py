"""The parts of docs/ that are written from the code."""

from pathlib import Path

import pytest

from reference.pages import HOUSE, PAGES, wanted
from reference.tables import Reference, written

WANTED = wanted()


@pytest.mark.parametrize("path", PAGES)
def test_page_is_current(path: str) -> None:
    """What is said of keys and problems in docs/ is what the code says of them; scripts/docs writes it anew."""
    assert (HOUSE / path).read_text("utf-8") == WANTED[HOUSE / path]


def test_page_that_lost_a_key_is_found_out() -> None:
    """A table that misses a line is stale."""
    page = PAGES["docs/routing.md"]
    current = Path(HOUSE / "docs/routing.md").read_text("utf-8")
    line = next(line for line in current.splitlines(keepends=True) if line.startswith("| `max_wait` |"))
    assert page(current.replace(line, "")) == page(current) != current.replace(line, "")


def test_every_condition_and_measure_is_in_one_table() -> None:
    """Nothing that `when` may hold is missing from the reference, but what combines conditions."""
    reference = Reference("routing")
    told = reference.conditions() + reference.measures()
    keys = reference.keys("When").splitlines()[2:]
    missing = [key for key in (line.split("`")[1] for line in keys) if f"| `{key}" not in told]
    assert missing == ["all", "any", "not"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("paris", "paris"),
        ("0800 123 456", '"0800 123 456"'),
        ("Mo-Fr 08:30-18:30", '"Mo-Fr 08:30-18:30"'),
        ("2027-01-04 08:00", "2027-01-04 08:00"),
        ({"off": "crisis"}, "{off: crisis}"),
        (["+33 6"], '["+33 6"]'),
        (True, "true"),
        (30, "30"),
    ],
)
def test_example_is_shown_as_it_is_written(value: object, text: str) -> None:
    """An example can be copied: quotes stand where the file needs them, and nowhere else."""
    assert text == written(value)
