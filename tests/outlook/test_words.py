"""Decisions in words: nothing is left out, nothing is wider than a terminal, and the past is told like the present."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from ccrouter.config.load import load_routing
from ccrouter.outlook.cases import names_of
from ccrouter.outlook.words import WIDTH, Tone, reasons, summary
from ccrouter.routing.decision import Decision
from ccrouter.routing.records import decision_of, record_of
from ccrouter.routing.thresholds import Verdict
from ccrouter.routing.trace import RuleTested
from support.random_house import RandomHouse

CONFIGS = Path(__file__).parents[2] / "configs"
HOUSES = 8
CALLS = 50


def decisions(file: str) -> list[Decision]:
    """Return what houses that live by a file decide, about calls and about callers who wait."""
    made = []
    for seed in range(HOUSES):
        house = RandomHouse(load_routing(CONFIGS / file), Random(seed))  # noqa: S311 - a test's chance
        for _ in range(CALLS):
            house.happen()
            made += [order.decision for order in house.drain()[1]]
            made.append(house.route()[0])
    return made


@pytest.mark.parametrize("file", ["example.yaml", "scenarios/overflow-at-peak.yaml", "scenarios/dual-sourcing.yaml"])
def test_all_that_counted_is_told(file: str) -> None:
    """Every rule with its verdict, every test with what it saw, every destination, every step; one rule stands out."""
    kinds = set()
    for made in decisions(file):
        told = list(reasons(made))
        text = " ".join(" ".join(line.text for line in told).split())
        tested = [(test.text, test.seen) for rule in made.trace for test in rule.tests]
        assert all(f"{words} [{seen}]" in text if seen else words in text for words, seen in tested)
        assert all(f"{rule.verdict.value} {rule.rule}" in text for rule in made.trace)
        assert all(seen.destination in text for seen in made.considered)
        decides = [line.text for line in told if line.tone is Tone.DECIDES]
        assert [line.split() for line in decides] == [f"=> {made.trace[-1].verdict.value} {made.rule}".split()]
        assert f" {len(made.plan.steps)}. " in text
        assert max(len(line.text) for line in (*told, *summary(made))) <= WIDTH
        kinds.add((made.rule, made.trace[-1].verdict, made.call.waited_s is None, names_of(made.plan)[0]))
    assert len(kinds) > 5


@pytest.mark.parametrize("file", ["example.yaml", "scenarios/growing-centre.yaml"])
def test_the_past_is_told_in_the_same_words(file: str) -> None:
    """What the journal keeps is enough for every word."""
    for made in decisions(file):
        kept = decision_of(json.loads(json.dumps(record_of(made))))
        assert [*summary(made), *reasons(made)] == [*summary(kept), *reasons(kept)]


def test_a_rule_that_decides_although_it_can_not_be_answered_says_why() -> None:
    """`if_unknown: match` is no yes, and is told."""
    made = decisions("example.yaml")[0]
    unknown = replace(made, trace=(RuleTested(made.rule, Verdict.UNKNOWN, ()),))
    assert [line.text for line in reasons(unknown)][1] == f"=> unknown {made.rule}  (it says `if_unknown: match`)"
