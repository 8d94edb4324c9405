"""The table of routes in docs/operations.md against the code: each route, its role, its fields, its example."""

import re
from pathlib import Path
from typing import Final, NamedTuple, cast

import pytest
from pydantic import BaseModel

from ccrouter.web.facts import facts
from ccrouter.web.holders import Role
from ccrouter.web.journal import HistoryQuery, JournalQuery, journal
from ccrouter.web.overrides import CancelBody, OverrideBody, OverrideControls, overrides
from ccrouter.web.steering import ModeBody, ReloadBody, steering
from ccrouter.web.versions import RollbackBody, versions
from support.scripted_daemon import ScriptedDaemon

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()

MODELS: Final[dict[tuple[str, str], type[BaseModel]]] = {
    ("PUT", "/modes/{name}"): ModeBody,
    ("POST", "/overrides"): OverrideBody,
    ("DELETE", "/overrides/{id}"): CancelBody,
    ("POST", "/reload"): ReloadBody,
    ("POST", "/rollback"): RollbackBody,
    ("GET", "/journal"): JournalQuery,
    ("GET", "/history"): HistoryQuery,
}


class Row(NamedTuple):
    """A row of the table."""

    method: str
    path: str
    role: str
    fields: frozenset[str]
    example: str


def rows() -> list[Row]:
    """Return the table of the guide."""
    found = re.findall(
        r"(?m)^\| (GET|PUT|POST|DELETE) \| `([^`]+)` \| `(\w+)` \| [^|]+ \| ([^|]*)\| (?:`([^`]+)` )?\|$", GUIDE
    )
    return [
        Row(method, path, role, frozenset(re.findall(r"`(\w+)`", fields)), example)
        for method, path, role, fields, example in found
    ]


def test_the_guide_has_each_route_with_its_role() -> None:
    """And no other one; a path's pattern is left out. Nothing is asked of the daemon."""
    daemon = ScriptedDaemon()
    tables = (
        steering(daemon),
        versions(daemon),
        overrides(cast(OverrideControls, daemon)),
        journal(daemon),
        facts(daemon),
    )
    served = {(each.method, re.sub(r":[^}]+}", "}", each.path)): each for table in tables for each in table}
    assert sorted(served) == sorted((row.method, row.path) for row in rows())
    for row in rows():
        assert served[row.method, row.path].least is Role[row.role.upper()]


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.method} {row.path}")
def test_the_guide_has_each_field_and_a_good_example(row: Row) -> None:
    """By the models that read the bodies and the queries."""
    model = MODELS.get((row.method, row.path))
    fields = {} if model is None else model.model_fields
    assert row.fields == {field.alias or name for name, field in fields.items()}
    assert bool(row.example) == (model is not None and row.method != "GET")
    if model is not None and row.example:
        model.model_validate_json(row.example)


@pytest.mark.parametrize("page", ["operations.md", "pabx.md"])
def test_the_guides_lead_to_what_is_said_of_security(page: str) -> None:
    """By a link that leads to the page."""
    folder = Path(__file__).parents[2] / "docs"
    link = re.search(r"\]\(([^)]*SECURITY\.md)\)", (folder / page).read_text())
    assert link is not None
    assert (folder / link[1]).is_file()
