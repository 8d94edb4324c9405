"""The table of loadtests/chaos blames a fault for what it did, and for nothing else."""

from collections.abc import Sequence

import pytest

from chaos_run.accounts import Account
from chaos_run.blame import rows, rows_of, title
from chaos_run.hearing import Course


def call(entry: str, faults: str = "", left_out_by: str = "", *, waited_s: float = 0.01) -> Account:
    """Return a call that reached a position by this plan, with these faults about it."""
    return Account(
        caller=f"{entry} {faults}",
        number="0800100001",
        sent=1000.0,
        over=1002.0,
        reached="position of support",
        why="",
        died=(),
        delay_s=waited_s,
        faults=frozenset(faults.split()),
        left_out_by=frozenset(left_out_by.split()),
        course=Course(entry=entry),
    )


@pytest.mark.parametrize(
    ("met", "added_s", "expected"),
    [
        (call("routed"), 0.0, ["calm"]),
        (call("routed", left_out_by="black-hole"), 0.0, ["calm"]),
        (call("stored", left_out_by="black-hole"), 0.0, ["black-hole after"]),
        (call("stored", "disk-frozen", "black-hole"), 0.0, ["black-hole after"]),
        (call("static", "trunk-503 black-hole"), 2.0, ["black-hole"]),
        (call("routed", "trunk-late stop"), 0.99, ["stop"]),
        (call("routed", "trunk-late stop"), 0.0, ["stop", "trunk-late"]),
        (call("stored", "stop kill clock"), 0.5, ["kill+stop"]),
        (call("stored", "cut", "black-hole"), 0.0, ["cut+black-hole after"]),
        (call("stored", "disk-full"), 0.0, ["disk-full"]),
        (call("routed", "disk-full"), 0.8, ["disk-full"]),
        (call("stored"), 0.0, ["calm"]),
        (call("stored", waited_s=0.9), 0.9, ["too slow"]),
    ],
)
def test_a_call_counts_with_what_explains_it(met: Account, added_s: float, expected: Sequence[str]) -> None:
    """What silences a router explains a call without one, or one that waited; other faults only where none does."""
    assert rows_of(met, added_s) == expected


def test_a_fault_whose_calls_count_elsewhere_has_a_row() -> None:
    """Each fault that a call met is in the table, and no call without a router is in the row of calm."""
    found = [call("stored", "trunk-503 kill"), call("routed")]
    table = rows(found, dict.fromkeys([each.caller for each in found], 0.0))
    assert {name: len(calls) for name, calls in table.items()} == {"calm": 1, "kill": 1, "trunk-503": 0}


def test_a_row_of_several_names_all() -> None:
    """With the words that each has in a row of its own."""
    assert title("kill+black-hole after") == "router: kill -9 + 10 s after AGI: black hole"
