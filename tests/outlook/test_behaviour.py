"""What becomes of a call in words: from real decisions, whatever is closed, full, down or empty."""

from datetime import UTC, datetime
from typing import Final

import pytest

from ccrouter.config.load import compile_text
from ccrouter.outlook.behaviour import way
from ccrouter.outlook.loads import Load, QueueLoad, SiteLoad, facts_under
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.overrides import Override
from ccrouter.routing.rules import Rules
from ccrouter.routing.shares import Turns
from ccrouter.routing.snapshot import Health

NOON: Final = datetime(2026, 11, 23, 11, tzinfo=UTC).timestamp()
NIGHT: Final = datetime(2026, 11, 23, 2, tzinfo=UTC).timestamp()


def rules(to: str) -> Rules:
    """Return rules whose one service leads there."""
    return compile_text(
        f"""
timezone: Europe/Paris
calendars: {{day: {{hours: "Mo-Fr 08:00-18:00"}}}}
sites:
  paris: {{in_house: {{queue: support, max_wait: 90s}}}}
  tunis: {{external: {{dial: PJSIP/1@tunis, answer_within: 25s, max_calls: 2, calendar: day}}}}
  backup: {{external: {{dial: PJSIP/1@backup, answer_within: 20s}}}}
messages: {{closed: {{play: ccrouter/closed}}, mailbox: {{voicemail: 1000@default}}}}
numbers: {{"3949": {{service: support}}}}
services: {{support: {{rules: [{{name: all, to: {to}}}], otherwise: [mailbox]}}}}
""".encode(),
        "routing.yaml",
    )


EMPTY: Final = Load({"support": QueueLoad(logged_in=0, ready=0)})
FULL: Final = Load(sites={"tunis": SiteLoad(calls=2)})
DOWN: Final = Load(sites={"backup": SiteLoad(health=Health.DOWN)})
THREE: Final = "[{share: {paris: 50, tunis: 30, backup: 20}}, closed]"
AND_BOTH = "[{share: {paris: 70, tunis: 30}}, paris, tunis, closed]"


@pytest.mark.parametrize(
    ("to", "at", "load", "expected"),
    [
        ("[paris]", NOON, Load(), "paris, then mailbox"),
        ("[tunis, paris, closed]", NIGHT, Load(), "paris, then closed"),
        ("[paris, tunis, closed]", NOON, EMPTY, "tunis, then paris, then closed"),
        ("[{site: paris, for: 30s}, tunis, paris]", NOON, EMPTY, "tunis, then paris, then paris, then mailbox"),
        ("[backup, tunis]", NOON, DOWN, "tunis, then backup, then mailbox"),
        (
            "[{share: {tunis: 30, paris: 70}}, backup]",
            NOON,
            Load(),
            "paris 70 % / tunis 30 %, then backup, then mailbox",
        ),
        ("[{share: {tunis: 30, paris: 70}}, backup]", NIGHT, Load(), "paris, then backup, then mailbox"),
        ("[{share: {tunis: 30, paris: 70}}, backup]", NOON, FULL, "paris, then backup, then mailbox"),
        ("[{share: {tunis: 30, paris: 70}}, backup]", NIGHT, EMPTY, "backup, then paris, then mailbox"),
        (THREE, NOON, Load(), "paris 50 % / tunis 30 % / backup 20 %, then closed"),
        (THREE, NIGHT, Load(), "paris 71.4 % / backup 28.6 %, then closed"),
        (THREE, NOON, Load(EMPTY.queues, {**FULL.sites, **DOWN.sites}), "paris, then tunis, then backup, then closed"),
        (AND_BOTH, NOON, Load(), "paris 70 % / tunis 30 %, then paris, then tunis, then closed"),
        (AND_BOTH, NIGHT, Load(), "paris, then closed"),
        (AND_BOTH, NOON, Load(EMPTY.queues, {**FULL.sites, **DOWN.sites}), "paris, then tunis, then closed"),
        ("[{share: {paris: 100, tunis: 0}}, closed]", NOON, Load(), "paris, then closed"),
        ("[closed]", NOON, Load(), "closed"),
    ],
)
def test_way_says_what_the_decision_does(to: str, at: float, load: Load, expected: str) -> None:
    """Destinations stand in the order in which they are tried, and a share with the parts that can take calls."""
    known = rules(to)
    decision = decide(known, facts_under(load, known, at), Call("main", "1", "3949"), "id")
    found = way(known, decision)
    assert (found.text, found.rule) == (expected, "all")


@pytest.mark.parametrize(("to", "different"), [(THREE, 3), (AND_BOTH, 2)])
def test_turn_of_a_share_makes_no_other_way(to: str, different: int) -> None:
    """Calls one after the other go to different parts of a share, and the way is the same."""
    known = rules(to)
    turns: dict[str, Turns] = {}
    plans, ways = set(), set()
    for _ in range(10):
        decision = decide(known, facts_under(Load(), known, NOON, turns=turns), Call("main", "1", "3949"), "id")
        turns = {**decision.turns}
        plans.add(decision.plan)
        ways.add(way(known, decision))
    assert (len(plans), len(ways)) == (different, 1)


def test_ways_of_unknown_numbers_and_overrides() -> None:
    """A number that the file does not know and one that an admin sends elsewhere have their ways, too."""
    known = rules("[paris]")
    unknown = decide(known, facts_under(Load(), known, NOON), Call("main", "1", "3999"), "id")
    assert way(known, unknown).text == "unknown number"
    override = Override("a1", "3949", ("backup", "closed"), NOON, NOON + 60, "anna", "flood")
    sent = decide(known, facts_under(Load(), known, NOON, overrides=(override,)), Call("main", "1", "3949"), "id")
    assert way(known, sent).text == "backup, then closed"
