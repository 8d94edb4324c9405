"""There is one decision: the daemon's, the explained one, the tested one and the journalled one are the same."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ccrouter.config.load import compile_text
from ccrouter.live.queues import WaitingCaller
from ccrouter.outlook.cases import Case, ask, judged
from ccrouter.outlook.loads import QUIET
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision, Stay
from ccrouter.routing.facts import Facts
from ccrouter.routing.records import decision_of, facts_of
from ccrouter.routing.rules import Rules
from ccrouter.store.decisions import Decisions
from ccrouter.store.schema import journal_database
from support.hand_clock import HandClock
from support.made_decisions import keep
from support.random_house import RandomHouse
from support.routing_files import routing_files

FILES = 100
QUESTIONS = 100
"""To each file by chance, and each is asked in four ways."""

CONFIGS = Path(__file__).parents[2] / "configs"
WRITTEN = ("example.yaml", "scenarios/overflow-at-peak.yaml", "scenarios/growing-centre.yaml")
"""Files as people write them, with many thresholds."""

MANY_QUESTIONS = 1000


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Decisions:
    """Give an empty journal on disk."""
    return Decisions(journal_database(tmp_path_factory.mktemp("journal"), HandClock()), mask_callers=False)


class Asker:
    """Whoever asks what the daemon would do: with rules of their own, compiled from its text, and facts from JSON."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.answers: Counter[str] = Counter()

    def same(self, made: Decision | None, call: Call, facts: Facts, queue: str = "") -> None:
        """Check that explain and test find what the daemon decided; None stands for a caller who stays."""
        decision_id = "case" if made is None else made.id
        explained = ask(self.rules, facts, call, queue, decision_id)
        tested = judged(self.rules, Case("case", call, facts.at, QUIET, queue=queue), facts).decision
        if made is None:
            assert isinstance(explained, Stay)
            assert explained == tested
        else:
            assert made == explained
            assert isinstance(tested, Decision)
            assert made == replace(tested, id=made.id)
        self.answers["stays" if made is None else made.rule] += 1


def of_waiting(caller: WaitingCaller, at: float) -> Call:
    """Return the call of a caller who waits, as the router asks about it."""
    waited_s = at - caller.joined_at + caller.waited_before_s
    about = (caller.pabx, caller.uniqueid, caller.number, caller.caller, caller.language, waited_s)
    return Call(*about, caller_known=caller.caller_known)


def drained(house: RandomHouse, asker: Asker) -> Iterator[Decision]:
    """Yield the decisions about the callers who wait, each checked, and check those who stay."""
    waiting, orders, handed = house.drain()
    made = iter(orders)
    order = next(made, None)
    facts = iter([facts_of(json.loads(each)) for each in handed])
    seen = next(facts, None)
    for caller in waiting:
        if seen is None or not house.rules.services[caller.service].while_waiting:
            continue
        if order is not None and order.caller.uniqueid == caller.uniqueid:
            asker.same(order.decision, of_waiting(caller, seen.at), seen, caller.queue)
            yield order.decision
            order, seen = next(made, None), next(facts, None)
        else:
            asker.same(None, of_waiting(caller, seen.at), seen, caller.queue)
    assert order is None


def ask_all(journal: Decisions, text: str, chance: Random, questions: int) -> None:
    """Let a house live by the rules in `text`, and check every decision that its daemon makes."""
    house = RandomHouse(compile_text(text.encode(), "routing.yaml"), chance)
    asker = Asker(compile_text(text.encode(), "routing.yaml"))
    made: list[Decision] = []
    while asker.answers.total() < questions:
        for _ in range(chance.randrange(3)):
            house.happen()
        if chance.random() < 0.3:
            made += drained(house, asker)
        decision, handed = house.route()
        asker.same(decision, decision.call, facts_of(json.loads(handed)))
        made.append(decision)
    keep(journal, made)
    for decision in made:
        kept = {
            record.id: record
            for record in map(decision_of, (each for each, _ in journal.of_call(decision.call.uniqueid)))
        }
        assert replace(decision, latches={}, turns={}) == kept[decision.id]


@settings(
    max_examples=FILES,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(text=routing_files(), chance=st.integers(0, 2**32).map(Random))
def test_whoever_asks_gets_the_daemons_answer(journal: Decisions, text: str, chance: Random) -> None:
    """Explained, tested and journalled, a decision of a living daemon is the same in every field.

    The daemon's rules meet a live state in which positions, callers, sites, modes, overrides, thresholds and shares
    change by chance. What it tells over its socket, read back from JSON, is all that the others know.
    """
    ask_all(journal, text, chance, QUESTIONS)


@pytest.mark.parametrize("file", WRITTEN)
def test_so_does_whoever_asks_the_examples(journal: Decisions, file: str) -> None:
    """The same, by rules that ask for all kinds of load."""
    ask_all(journal, (CONFIGS / file).read_text("utf-8"), Random(file), MANY_QUESTIONS)  # noqa: S311 - a test's chance
