"""The shortlist leaves nothing out that counts: with it and without it, all that a decision says is the same."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import (
    All,
    Any,
    CallerIs,
    Condition,
    Dates,
    LanguageIs,
    Mode,
    Not,
    NumberIs,
    Open,
    Question,
    SiteIs,
    Threshold,
    Waited,
)
from ccrouter.routing.decide import ask_waiting, decide
from ccrouter.routing.facts import Facts
from ccrouter.routing.measures import EstimatedWait, LoggedIn, SiteCalls, Waiting
from ccrouter.routing.rule import Rule
from ccrouter.routing.snapshot import Health, PabxFacts, QueueFacts, SiteFacts, Snapshot
from ccrouter.routing.thresholds import OFF, Direction, Latch, Level, Verdict
from ccrouter.routing.trace import RuleTested, examined
from support.world import NOON, World

WORLD = World()
CALLERS = ("0612345678", "+33612345678", "+33387000000", "+3338", None)
NUMBERS = ("0800123456", "0899999999")
READINGS = (Waiting("support"), EstimatedWait("support"), LoggedIn("support"), Waiting("absent"), SiteCalls("tunis"))


@pytest.fixture(autouse=True, scope="module")
def _few_rules_are_many() -> Iterator[None]:
    """Have the shortest lists gone through as long ones are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ccrouter.routing.shortlist.FEW", 0)
        yield


@dataclass(frozen=True)
class Halves:
    """A calendar that is open in every other stretch of so many seconds."""

    name: str
    lasts_s: int

    def is_open(self, at: datetime) -> bool:
        """Tell by the seconds since 1970."""
        return bool(int(at.timestamp() // self.lasts_s) % 2)

    def next_change(self, at: datetime) -> datetime:
        """Return the end of the stretch."""
        return datetime.fromtimestamp((at.timestamp() // self.lasts_s + 1) * self.lasts_s, UTC)


SIMPLE = st.one_of(
    st.builds(Open, st.sampled_from([Halves("minutes", 60), Halves("hours", 3600)]), st.booleans()),
    st.builds(Dates, st.just("dates"), st.just(UTC), st.sampled_from([None, NOON + 30]), st.sampled_from([None, NOON])),
    st.builds(Mode, st.sampled_from(["crisis", "outside"])),
    st.builds(NumberIs, st.frozensets(st.sampled_from(NUMBERS)), st.just("a number")),
    st.builds(LanguageIs, st.sampled_from([("fr",), ("en", "de")])),
    st.builds(Waited, st.sampled_from([30.0, 90.0])),
    st.builds(SiteIs, st.sampled_from(["tunis", "backup", "absent"]), st.booleans()),
    st.builds(
        CallerIs,
        st.just("a caller"),
        st.sampled_from([(), ("+333",), ("+336", "06"), ("+33387",)]),
        st.frozensets(st.sampled_from([each for each in CALLERS if each]), max_size=2),
        st.booleans(),
    ),
)

THRESHOLDS = st.builds(
    Threshold,
    st.uuids().map(str),
    st.just("a threshold"),
    st.sampled_from(READINGS),
    st.builds(
        lambda direction, start, apart, hold: Level(
            direction, start, start - apart if direction is Direction.AT_LEAST else start + apart, hold
        ),
        st.sampled_from(list(Direction)),
        st.integers(0, 6),
        st.integers(0, 2),
        st.sampled_from([0.0, 10.0]),
    ),
    st.booleans(),
)

CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    SIMPLE | THRESHOLDS,
    lambda parts: st.one_of(
        st.builds(All, st.lists(parts, min_size=1, max_size=4).map(tuple)),
        st.builds(Any, st.lists(parts, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, parts),
    ),
    max_leaves=6,
)

PARTS = SIMPLE | THRESHOLDS | st.builds(Any, st.lists(SIMPLE | THRESHOLDS, min_size=1, max_size=3).map(tuple))
WRITTEN = st.builds(All, st.lists(PARTS, min_size=1, max_size=4).map(tuple))
"""Conditions as files mostly have them."""

DESTINATIONS = (WORLD.legs("tunis", "closed"), WORLD.legs("closed"), WORLD.legs("paris"))
RULES = st.lists(
    st.tuples(st.none() | WRITTEN | WRITTEN | CONDITIONS, st.sampled_from(DESTINATIONS), st.booleans()).map(
        lambda made: Rule("", *made)
    ),
    max_size=12,
).map(lambda rules: tuple(replace(rule, name=f"rule {n}") for n, rule in enumerate(rules)))


@st.composite
def facts(draw: st.DrawFn, rules: tuple[Rule, ...]) -> Facts:
    """Draw what may be true, with thresholds in any state."""
    at = NOON + draw(st.integers(-100, 100)) + draw(st.sampled_from([0.0, 0.25]))
    waits = draw(st.none() | st.floats(0, 7))
    queue = QueueFacts("pbx", "support", draw(st.integers(0, 7)), None, draw(st.integers(0, 7)), 0, 0, 0, waits)
    sites = {
        name: SiteFacts(name, draw(st.integers(0, 7)), draw(st.sampled_from(list(Health))))
        for name in ("tunis", "backup")
    }
    pabx = PabxFacts(
        "pbx", in_sync=draw(st.integers(0, 5)) > 0, heard_at=at - draw(st.sampled_from([0.0, 0.0, 5.0, 6.0]))
    )
    states = st.sampled_from([None, OFF, Latch(on=True, reached_at=at - 20), Latch(reached_at=at - 5)])
    keys = [each.key for rule in rules for each in _thresholds(rule.when)]
    drawn = {(key, where): draw(states) for key in keys for where in ("pbx", "")}
    latches = {key: latch for key, latch in drawn.items() if latch is not None}
    modes = draw(st.frozensets(st.sampled_from(["crisis", "outside"])))
    return Facts(at, Snapshot(at, {"pbx": pabx}, {("pbx", "support"): queue}, sites), modes, latches)


def _thresholds(condition: Condition | None) -> list[Threshold]:
    match condition:
        case Threshold():
            return [condition]
        case All(parts) | Any(parts):
            return [each for part in parts for each in _thresholds(part)]
        case Not(part):
            return _thresholds(part)
    return []


def one_by_one(rules: tuple[Rule, ...], question: Question) -> tuple[Rule | None, list[RuleTested]]:
    """Return the first rule that applies, and what became of each up to it: all are tested."""
    trace = []
    for rule in rules:
        trace.append(examined(rule, question))
        verdict = trace[-1].verdict
        if verdict is Verdict.YES or (verdict is Verdict.UNKNOWN and rule.match_unknown):
            return rule, trace
    return None, trace


CALLS = st.builds(
    Call,
    st.just("pbx"),
    st.just("1.1"),
    st.just(NUMBERS[0]),
    st.sampled_from(CALLERS),
    st.sampled_from(["", "fr", "en_GB"]),
    st.sampled_from([None, 10.0, 100.0]),
    st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(st.data(), RULES)
def test_the_same_as_one_by_one(data: st.DataObject, rules: tuple[Rule, ...]) -> None:
    """Rule, trace with its values, and thresholds are those of testing all rules one by one, call after call."""
    known = WORLD.rules(*rules)
    for _ in range(4):  # what the shortlist keeps of one call must be right for the next
        now, call = data.draw(facts(rules)), data.draw(CALLS)
        question = Question(call, now)
        expected, trace = one_by_one(rules, question)
        decision = decide(known, now, call, "d")
        assert (expected.name if expected else "otherwise") == decision.rule
        assert question.latches == decision.latches
        assert trace == list(decision.trace)[: len(trace)]
        assert len(decision.trace) == len(list(decision.trace)) == len(trace) + (expected is None)


@settings(max_examples=100, deadline=None)
@given(st.data(), RULES)
def test_the_same_for_callers_who_wait(data: st.DataObject, rules: tuple[Rule, ...]) -> None:
    """Whether a caller who waits stays or goes, all rules that were passed on the way are told."""
    known = WORLD.rules(while_waiting=rules)
    now, call = data.draw(facts(rules)), data.draw(CALLS)
    found = ask_waiting(known, now, call, "support", "d")
    question = Question(call, now)
    told = [examined(rule, question) for rule in rules] if now.fresh("pbx") else []
    assert told[: len(found.trace)] == list(found.trace)
    if found.rule:
        assert found.trace[-1].rule == found.rule
    else:
        assert len(found.trace) == len(told)


@pytest.mark.parametrize("index", [0, 1, -1, slice(0, 2)])
def test_a_trace_is_a_sequence(index: int | slice) -> None:
    """The deciding rule can be had alone, and all else as from a tuple."""
    rules = tuple(Rule(f"rule {n}", Mode("crisis"), DESTINATIONS[0]) for n in range(3))
    known = WORLD.rules(*rules, Rule("last", None, DESTINATIONS[0]))
    trace = decide(known, WORLD.facts(), WORLD.call(), "d").trace
    whole = tuple(decide(known, WORLD.facts(), WORLD.call(), "d").trace)
    assert whole[index] == trace[index]
    assert trace == whole
    assert repr(whole) == repr(trace)


@pytest.mark.parametrize(
    ("caller", "known", "rule"),
    [(None, True, "hidden"), ("+33387000000", True, "east"), ("0612345678", True, "one"), (None, False, "otherwise")],
)
def test_callers(caller: str | None, known: bool, rule: str) -> None:  # noqa: FBT001 - as a call has it
    """A hidden caller, a prefix and a whole number each find their rule; of whom nothing is known finds none."""
    asked = (
        CallerIs("prefix +33 3 87", prefixes=("+33387",)),
        CallerIs("1 number", numbers=frozenset({"0612345678"})),
        CallerIs("anonymous", anonymous=True),
    )
    names = ("east", "one", "hidden")
    rules = [Rule(name, when, DESTINATIONS[0]) for name, when in zip(names, asked, strict=True)]
    call = WORLD.call(caller=caller, caller_known=known)
    assert rule == decide(WORLD.rules(*rules), WORLD.facts(), call, "d").rule


STATES = (OFF, Latch(on=True, reached_at=NOON - 20), Latch(reached_at=NOON - 5), Latch(reached_at=NOON - 15))
LEVELS = (Level(Direction.AT_LEAST, 5, 3, 10.0), Level(Direction.AT_MOST, 2, 4, 10.0))


@pytest.mark.parametrize("first", STATES)
@pytest.mark.parametrize("second", [None, *STATES])
@pytest.mark.parametrize("level", LEVELS)
def test_a_threshold_that_moves_is_tested(first: Latch, second: Latch | None, level: Level) -> None:
    """A rule that says no behind a threshold moves it all the same: it starts, holds, stops, or stays."""
    states = [each for each in (first, second) if each is not None]
    thresholds = [Threshold(f"t{n}", "waiting", Waiting("support"), level) for n in range(len(states))]
    rules = (Rule("no", All((*thresholds, Mode("crisis"))), DESTINATIONS[0]),)
    latches = {("t0", "pbx"): first} | ({} if second is None else {("t1", "pbx"): second})
    for waiting in range(7):
        now = replace(WORLD.facts(at=NOON, queue=WORLD.queue(waiting=waiting)), latches=latches)
        question = Question(WORLD.call(), now)
        one_by_one(rules, question)
        assert question.latches == decide(WORLD.rules(*rules), now, WORLD.call(), "d").latches


def test_a_language_that_is_not_known() -> None:
    """What was said of a caller without a language is not said of one of whom nothing is known."""
    known = WORLD.rules(Rule("french", LanguageIs(("fr",)), DESTINATIONS[0], match_unknown=True))
    asked = [WORLD.call(caller_known=each) for each in (True, False, True)]
    decided = [decide(known, WORLD.facts(), call, "d").rule for call in asked]
    assert decided == ["otherwise", "french", "otherwise"]


def test_rules_that_were_prepared_have_been_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call after a reload waits for nothing, and meets no fault that a reload could have met."""
    known = WORLD.rules(Rule("crisis", Mode("crisis"), DESTINATIONS[0]))
    known.prepare()
    monkeypatch.setattr("ccrouter.routing.shortlist._gates", None)
    assert decide(known, WORLD.facts(), WORLD.call(), "d").rule == "otherwise"
