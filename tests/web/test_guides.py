"""The guides lead to each other where one says what another leaves out."""

import re
from pathlib import Path
from typing import Final

import pytest

DOCS: Final = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("page", "to"),
    [
        ("operations.md", "../SECURITY.md"),
        ("pabx.md", "../SECURITY.md"),
        ("api.md", "../SECURITY.md"),
        ("operations.md", "api.md"),
        ("api.md", "operations.md"),
        ("api.md", "openapi.json"),
    ],
)
def test_a_guide_leads_to_what_it_leaves_out(page: str, to: str) -> None:
    """By a link that leads to the page."""
    assert (DOCS / to).is_file()
    assert re.search(rf"\]\({re.escape(to)}[)#]", (DOCS / page).read_text())


@pytest.mark.parametrize("page", ["operations.md", "api.md"])
def test_a_link_to_a_part_of_a_page_leads_there(page: str) -> None:
    """As the headings are written, in small letters and with dashes."""
    for target, part in re.findall(r"\]\((\w+\.md)?#([\w-]+)\)", (DOCS / page).read_text()):
        headings = re.findall(r"(?m)^#+ (.*)$", (DOCS / (target or page)).read_text())
        known = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert part in known, (target or page, part)
