"""The status in a window that is too small for all of it."""

from dataclasses import replace

import pytest

from ccrouter.web.glance import glance
from ccrouter.web.status import (
    DecisionStatus,
    ModeStatus,
    OverrideStatus,
    PabxStatus,
    QueueStatus,
    RulesStatus,
    SiteStatus,
    Status,
)
from support.world import NOON


def queue(place: int, pabx: str = "main") -> QueueStatus:
    """Return a queue in which as many wait as its number says."""
    return QueueStatus(
        pabx,
        f"queue-{place}",
        fresh=True,
        waiting=place,
        longest_wait_s=42,
        estimated_wait_s=None,
        logged_in=5,
        ready=1,
        busy=2,
        paused=2,
    )  # fmt: skip - one line of figures


BUSY = Status(
    version="0.1.0",
    pid=42,
    at=NOON,
    started_at=NOON - 3600,
    not_ready=(),
    rules=RulesStatus("/etc/ccrouter/routing.yaml", "a1b2c3", NOON - 60),
    pabxs=(PabxStatus("main", "in sync", in_sync=True, heard_age_s=0.2, version="22.1"),),
    queues=tuple(map(queue, range(12))),
    sites=(*(SiteStatus(f"site-{place}", place, 30, "up") for place in range(6)), SiteStatus("dead", 0, 9, "down")),
    modes=(ModeStatus("crisis", on=True, author="anna", reason="flooded", since=NOON), ModeStatus("quiet", on=False)),
    overrides=(OverrideStatus("3f", "0800 123 456", ("tunis",), NOON, NOON + 60, "anna", "fire drill", active=True),),
    decisions=tuple(
        DecisionStatus(f"d{n}", NOON - n, "main", "0800 123 456", "support", f"rule-{n}", "tunis", "x" * 90, None)
        for n in range(20)
    ),
    totals={"answered": 12},
)


def lines(status: Status, width: int = 80, height: int = 24) -> list[str]:
    """Return what is shown."""
    return [line.plain for line in glance(status, width, height)]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (132, 43), (40, 10), (80, 5), (20, 1)])
def test_it_fits_the_window(width: int, height: int) -> None:
    """No line more and none wider, and the last one says what is left out."""
    shown = lines(BUSY, width, height)
    assert len(shown) <= height
    assert max(map(len, shown)) <= width
    assert shown[-1].startswith("... ")


def test_a_small_window_has_some_of_everything() -> None:
    """Modes, overrides and the last decisions are in sight, however many queues there are."""
    shown = "\n".join(lines(BUSY))
    for text in ("main", "crisis", "fire drill", "queue-11", "dead", "rule-0"):
        assert text in shown
    assert "quiet" not in shown
    assert len(lines(BUSY)) == 24


def test_of_too_many_rows_those_that_matter_stay() -> None:
    """Queues where callers wait, and sites that are down; in the order in which they always stand."""
    shown = lines(BUSY)
    queues = [line.split()[0] for line in shown if line.startswith("queue-")]
    assert queues[-1] == "queue-11"
    assert queues == sorted(queues, key=lambda name: int(name.removeprefix("queue-")))
    assert "queue-0" not in queues
    assert f"{12 - len(queues)} queues" in shown[-1]


def test_problems_come_first() -> None:
    """Whatever else there is: what is not ready, and a file that was refused, each line of it."""
    rules = RulesStatus("routing.yaml", "a1b2c3", NOON, ("routing.yaml:3:1: unknown key\nWrite another",), ("old",))
    shown = lines(replace(BUSY, not_ready=("no PABX is in sync (main)",), rules=rules))
    assert shown[0].startswith("ccrouter 0.1.0, NOT READY")
    assert shown[2:6] == [
        "NOT READY: no PABX is in sync (main)",
        "LAST RELOAD REFUSED: routing.yaml:3:1: unknown key",
        "Write another",
        "RULES: old",
    ]


def test_queues_of_several_pabxs_are_told_apart() -> None:
    """By the PABX before the name."""
    shown = lines(replace(BUSY, queues=(queue(1), queue(1, "second"))))
    assert [line.split()[0] for line in shown if "queue-1" in line] == ["main/queue-1", "second/queue-1"]


def test_in_a_large_window_nothing_is_left_out() -> None:
    """And nothing is said to be."""
    shown = lines(BUSY, 132, 80)
    assert not shown[-1].startswith("... ")
    assert "Since the start: answered 12" in shown[-1]


def test_nothing_known_is_still_a_picture() -> None:
    """A daemon that has only just begun."""
    shown = lines(Status("0.1.0", 42, NOON, NOON, (), None))
    assert shown[1:] == ["RULES: none are in force"]
