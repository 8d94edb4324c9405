"""A waiting caller who stays: why, with all that was tested."""

from dataclasses import replace

import pytest

from ccrouter.routing.conditions import Mode, Waited
from ccrouter.routing.decide import ask_waiting, decide_waiting
from ccrouter.routing.decision import Decision, Stay
from ccrouter.routing.facts import STALE_AFTER_S, Facts
from ccrouter.routing.rule import Rule
from ccrouter.routing.thresholds import Verdict
from support.world import NOON, World

WORLD = World()
TOO_LONG = Rule("too long", Waited(90), WORLD.legs("tunis", "backup"))
BACK = Rule("back", Mode("crisis"), WORLD.legs("paris"))
RULES = WORLD.rules(while_waiting=(TOO_LONG, BACK))


def asked(facts: Facts, waited_s: float = 100.0) -> Decision | Stay:
    """Ask for a caller who waits in the queue of Paris."""
    return ask_waiting(RULES, facts, WORLD.call(waited_s=waited_s), "support", "d")


@pytest.mark.parametrize(
    ("facts", "waited_s", "rule", "trace"),
    [
        (WORLD.facts(), 80.0, "", [("too long", Verdict.NO), ("back", Verdict.NO)]),
        (WORLD.facts(modes={"crisis"}), 80.0, "back", [("too long", Verdict.NO), ("back", Verdict.YES)]),
        (
            WORLD.facts(calls={"tunis": 30}, down={"backup"}),
            100.0,
            "",
            [("too long", Verdict.YES), ("back", Verdict.NO)],
        ),
        (WORLD.facts(heard_at=NOON - STALE_AFTER_S - 1), 100.0, "", []),
    ],
    ids=["no rule applies", "a rule leads back", "nobody can take the call", "the PABX is silent"],
)
def test_who_stays_is_told_why(facts: Facts, waited_s: float, rule: str, trace: list[tuple[str, Verdict]]) -> None:
    """The rules that were tested, and the one that keeps the caller, if one does."""
    found = asked(facts, waited_s)
    assert isinstance(found, Stay)
    assert (found.rule, [(each.rule, each.verdict) for each in found.trace]) == (rule, trace)
    assert (found.number, found.service, found.at) == ("0800 123 456", "support", NOON)


def test_who_is_moved_has_the_same_plan_either_way() -> None:
    """The daemon's question and the one that explains are one."""
    facts = WORLD.facts()
    found = asked(facts)
    assert isinstance(found, Decision)
    assert found == decide_waiting(RULES, facts, WORLD.call(waited_s=100.0), "support", "d")
    assert decide_waiting(RULES, replace(facts, at=NOON), WORLD.call(waited_s=80.0), "support", "d") is None
