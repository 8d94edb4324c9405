"""What the status says of a PABX that answers well and is not set up well."""

from dataclasses import replace

import pytest

from ccrouter.app.controls import remark
from ccrouter.routing.facts import Facts
from support.world import NOON, World

WORLD = World()
RULES = replace(WORLD.rules(), sites={"paris": WORLD.paris, "tunis": WORLD.tunis})
BARE = replace(WORLD.facts(), snapshot=replace(WORLD.facts().snapshot, queues={}))
OWN_PLAN = "calls go by its own plan: does CCROUTER_AGI name the address at which ccrouter listens?"


@pytest.mark.parametrize(
    ("facts", "passed_by", "expected"),
    [
        (WORLD.facts(), None, ""),
        (BARE, None, "has no queue support (site paris)"),
        (WORLD.facts(), NOON - 1, OWN_PLAN),
        (WORLD.facts(), NOON - 60, ""),
        (BARE, NOON, f"has no queue support (site paris); {OWN_PLAN}"),
        (replace(BARE, at=NOON + 60), NOON + 59, ""),
    ],
    ids=["well", "no such queue", "passed by", "long ago", "both", "stale"],
)
def test_remarks(facts: Facts, passed_by: float | None, expected: str) -> None:
    """A queue that the PABX lacks and calls that never reach the router are told, unless the picture is stale."""
    assert expected == remark(facts, RULES, "pbx", passed_by)
