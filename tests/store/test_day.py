"""The day as the journal has it: each call once, with its end, and the figures that go on after a restart."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ccrouter.app.day import midnight_before, seeds
from ccrouter.live.effects import Outcome
from ccrouter.live.figures import Figures
from ccrouter.routing.destinations import Site
from ccrouter.store.day import CallOfDay, calls_since
from ccrouter.store.decisions import Decisions
from ccrouter.store.schema import journal_database
from support import made_decisions
from support.hand_clock import HandClock
from support.made_decisions import ended, keep, made
from support.world import NOON

SITES: Mapping[str, Site] = {"paris": made_decisions.WORLD.paris, "tunis": made_decisions.WORLD.tunis}
RULES = replace(made_decisions.RULES, sites=SITES)


def kept(folder: Path, *entries: object) -> list[CallOfDay]:
    """Return the calls since noon, of a journal with these entries."""
    database = journal_database(folder, HandClock())
    keep(Decisions(database, mask_callers=True), entries)  # type: ignore[arg-type] # decisions and ends
    return calls_since(database, NOON, NOON + 3600, 1000)


def test_a_call_is_one_however_many_decisions_it_took(tmp_path: Path) -> None:
    """It came to the service of its first decision; its end is told with the last; one that came before is none."""
    moved = replace(made(1, NOON + 9), id="d1b", call=replace(made(1).call, waited_s=8.0))
    [call] = kept(
        tmp_path,
        made(1, NOON),
        moved,
        ended(1, decision="d1b", waited_s=14.0, talked_s=30.0),
        made(2, NOON - 1),
        replace(made(2, NOON + 5), id="d2b", call=replace(made(2).call, waited_s=8.0)),
        made(3, NOON + 3600),
    )
    assert call == CallOfDay("pbx", "1.0", made(1).service, True, "answered", "paris", 14.0, 30.0)  # noqa: FBT003 - moved


def test_a_call_without_an_end_is_under_way(tmp_path: Path) -> None:
    """It counts as offered alone, and is named, so that it is not counted once more when a listing shows it."""
    [call] = kept(tmp_path, made(1, NOON))
    today, sites, under_way = seeds([call], RULES)
    assert today == {call.service: Figures(offered=1)}
    assert sites == {}
    assert under_way == {("pbx", "1.0"): call.service}


@pytest.mark.parametrize(
    ("end", "figures"),
    [
        (
            {"waited_s": 12.0, "talked_s": 30.0},
            {"answered": 1, "in_time": 1, "inside": 1, "waited_s": 12.0, "timed": 1},
        ),
        ({"waited_s": 99.0, "talked_s": 0.0}, {"answered": 1, "inside": 1, "waited_s": 99.0, "timed": 1}),
        (
            {"waited_s": 9.0, "talked_s": 3.0, "target": "tunis"},
            {"answered": 1, "in_time": 1, "outside": 1, "waited_s": 9.0, "timed": 1},
        ),
        ({"outcome": Outcome.ABANDONED, "waited_s": 40.0, "talked_s": None}, {"abandoned": 1}),
        ({"outcome": Outcome.ABANDONED, "waited_s": 2.0, "talked_s": None}, {"abandoned": 1, "short": 1}),
        ({"outcome": Outcome.MESSAGE, "waited_s": 9.0, "talked_s": None}, {"refused": 1}),
        ({"outcome": Outcome.LOST, "waited_s": 9.0, "talked_s": None}, {"lost": 1}),
        ({"outcome": Outcome.UNKNOWN, "waited_s": 9.0, "talked_s": None}, {"unknown": 1}),
    ],
)
def test_each_end_counts_in_its_column(tmp_path: Path, end: dict[str, Any], figures: dict[str, float]) -> None:
    """In the words of the board: an answer by its talk, and by whether the site that took it is in house."""
    [call] = kept(tmp_path, made(1, NOON), ended(1, **end))
    today, sites, under_way = seeds([call], RULES)
    assert asdict(today[call.service]) == {**asdict(Figures()), "offered": 1, **figures}
    assert set(sites) == ({"tunis"} if end.get("target") == "tunis" else set())
    assert under_way == {}


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-11-22"])
@pytest.mark.parametrize("hour", ["00:00:00", "01:30:00", "04:00:00", "23:59:59"])
def test_the_day_begins_at_midnight_on_the_wall(day: str, hour: str) -> None:
    """On days of 23 and of 25 hours too."""
    zone = ZoneInfo("Europe/Paris")
    at = datetime.fromisoformat(f"{day} {hour}").replace(tzinfo=zone).timestamp()
    begin = datetime.fromisoformat(day).replace(tzinfo=zone).timestamp()
    assert begin == midnight_before(at, replace(RULES, zone=zone))
