"""The guides lead to each other where one says what another leaves out."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("deploy/**/*.md")])
LINK: Final = re.compile(r"\]\((?!\w+:)([\w./-]*)(?:#([\w-]+))?\)")
CODE: Final = re.compile(r"(?ms)^ *```.*?^ *```|^ {4}[^\n]*$|`[^`\n]+`")


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    """To a file or folder of the checkout; to a part of a page as its heading is written, in small letters, dashed."""
    for target, part in LINK.findall(CODE.sub("", page.read_text())):
        leads_to = page.parent / target if target else page
        assert leads_to.exists(), target
        if part:
            headings = re.findall(r"(?m)^#+ (.*)$", leads_to.read_text())
            known = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert part in known, (target or page, part)
