"""Ways to a rule, found by search, against the rules themselves: whatever is proposed is really decided so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice, product
from typing import Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ccrouter.config.load import compile_text
from ccrouter.outlook.ahead import Ahead
from ccrouter.outlook.cubes import Budget, BudgetError, Cube
from ccrouter.outlook.loads import Load, QueueLoad, facts_under
from ccrouter.outlook.prospect import Prospect, entrance
from ccrouter.outlook.reach import Reach
from ccrouter.outlook.situations import described, numbers_of, situations
from ccrouter.outlook.space import Callers, Space, World
from ccrouter.outlook.stretches import clocks
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import All, Any, CallerIs, Condition, LanguageIs, Mode, Not, NumberIs, Open, Threshold
from ccrouter.routing.decide import decide
from ccrouter.routing.destinations import InHouse, Leg, Message
from ccrouter.routing.facts import Facts
from ccrouter.routing.measures import LoggedIn, Ready, Waiting
from ccrouter.routing.plan import PlayStep, Treatment
from ccrouter.routing.rule import OTHERWISE, Rule
from ccrouter.routing.rules import Number, Rules, Service
from ccrouter.routing.thresholds import Direction, Latch, Level
from support.configs import EXAMPLE
from support.routing_files import calls, facts, routing_files

DAY_S: Final = 86_400.0
CLOSED: Final = Message("closed", PlayStep("closed", "ccrouter/closed"))
PARIS: Final = InHouse("paris", "support", 90)


@dataclass(frozen=True)
class Nth:
    """A calendar that is open on every day since 1970 whose number has a certain bit."""

    name: str
    bit: int

    def is_open(self, at: datetime) -> bool:
        """Tell by the number of the day."""
        return bool(int(at.timestamp() / DAY_S) >> self.bit & 1)

    def next_change(self, at: datetime) -> datetime | None:
        """Return the end of the run of days."""
        run = 1 << self.bit
        return datetime.fromtimestamp((int(at.timestamp() / DAY_S / run) + 1) * run * DAY_S, UTC)


EVEN, HIGH = Nth("even", 0), Nth("high", 1)
DAYS: Final = {frozenset(each.name for each in (EVEN, HIGH) if day >> each.bit & 1): day * DAY_S for day in range(4)}
"""An instant at which just these calendars are open."""


def threshold(key: int, read: Waiting | Ready | LoggedIn, level: Level) -> Threshold:
    """Return a threshold whose text is of no importance."""
    return Threshold(f"{key}", f"{type(read).__name__.lower()}: support", read, level)


_levels = st.builds(
    lambda rising, start, gap, hold: Level(
        Direction.AT_LEAST if rising else Direction.AT_MOST, start, start - gap if rising else start + gap, hold
    ),
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from([0, 0, 1]),
    st.sampled_from([0.0, 0.0, 10.0]),
)
_literals: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Open, st.sampled_from([EVEN, HIGH]), st.booleans()),
    st.builds(Mode, st.sampled_from(["crisis", "test"])),
    st.just(CallerIs("anonymous", anonymous=True)),
    st.builds(lambda prefix: CallerIs(f"prefix {prefix}", (prefix,)), st.sampled_from(["+33", "+336", "+3361"])),
    st.builds(lambda form: NumberIs(frozenset([form]), form), st.sampled_from(["1001", "1002"])),
    st.builds(lambda language: LanguageIs((language,)), st.sampled_from(["fr", "en", "fr-CA"])),
    st.builds(threshold, st.integers(0, 99), st.sampled_from([Waiting("support"), Ready("support")]), _levels),
    st.builds(threshold, st.integers(0, 99), st.just(LoggedIn("support")), _levels),
)
_conditions = st.recursive(
    _literals,
    lambda part: st.one_of(
        st.builds(lambda parts: All(tuple(parts)), st.lists(part, min_size=1, max_size=3)),
        st.builds(lambda parts: Any(tuple(parts)), st.lists(part, min_size=1, max_size=3)),
        st.builds(Not, part),
    ),
    max_leaves=5,
)


@st.composite
def _house(draw: st.DrawFn) -> Rules:
    """Return one service with two numbers, of which one has a language of its own, and up to four rules."""
    conditions = draw(st.lists(_conditions, min_size=1, max_size=4))
    rules = tuple(
        Rule(f"rule {at}", _keyed(condition, at), (Leg(PARIS), CLOSED), match_unknown=draw(st.booleans()))
        for at, condition in enumerate(conditions)
    )
    service = Service("support", rules, (Leg(PARIS), CLOSED), CLOSED)
    numbers = {
        "1001": Number("1001", service, Treatment()),
        "1002": Number("1002", service, Treatment(language="en")),
    }
    unknown = Service("unknown", (), (CLOSED,), CLOSED)
    thresholds = tuple(_thresholds(rules))
    return Rules("v", numbers, {"support": service}, unknown, {"paris": PARIS}, thresholds=thresholds)


def _keyed(condition: Condition, rule: int) -> Condition:
    """Return a condition in which like thresholds of one rule share a latch, as no two others do."""
    match condition:
        case All(parts):
            return All(tuple(_keyed(part, rule) for part in parts))
        case Any(parts):
            return Any(tuple(_keyed(part, rule) for part in parts))
        case Not(part):
            return Not(_keyed(part, rule))
        case Threshold():
            return replace(condition, key=f"{condition.read} {condition.level}")
    return condition


def _thresholds(rules: Sequence[Rule]) -> Iterator[Threshold]:
    def found(condition: Condition | None) -> Iterator[Threshold]:
        match condition:
            case All(parts) | Any(parts):
                for part in parts:
                    yield from found(part)
            case Not(part):
                yield from found(part)
            case Threshold():
                yield condition

    for rule in rules:
        yield from found(rule.when)


def _prospect(rules: Rules) -> Prospect:
    service = rules.services["support"]
    return Prospect(service, service.rules, numbers_of(rules, service), list(DAYS), Budget(10**6))


# --- what is proposed is decided --------------------------------------------------------------------------------------


def _asked(rules: Rules, space: Space, cube: Cube) -> str:
    """Return the rule that really decides in the first case that a cube allows of each axis."""
    situation, number = described(space, cube, ()), entrance(space, cube)
    opened = next(iter(DAYS))
    for at, axis in enumerate(space.axes):
        if axis.about == "time":
            allowed = cube.get(at, 1)
            case = axis.cases[(allowed & -allowed).bit_length() - 1]
            assert isinstance(case, frozenset)
            opened = case
    facts = facts_under(situation.load, rules, DAYS[opened], modes=situation.modes)
    call = Call("main", "1.1", number or "1001", situation.caller, situation.language)
    return decide(rules, facts, call, "d").rule


@given(_house())
def test_each_way_leads_to_its_rule(rules: Rules) -> None:
    """A cube found for a rule, past all rules before it, is a situation in which the real decision is that rule's."""
    service = rules.services["support"]
    numbers = numbers_of(rules, service)
    for world in (World.LASTING, World.CUT):
        space = Space(service.rules, Callers(numbers, clocks=list(DAYS)), world)
        reach = Reach(space, [True] * len(service.rules))
        for at, name in enumerate([*(rule.name for rule in service.rules), OTHERWISE]):
            for cube in islice(reach.ways(at, Budget(10**5)), 20):
                assert name == _asked(rules, space, cube)


# --- never means never ------------------------------------------------------------------------------------------------


def _everything(rules: Rules) -> Iterator[tuple[Facts, Call]]:
    """Yield all that may be true in this small world: time, modes, load, history, and the call."""
    levels = [each for each in rules.thresholds if each.level.hold_s or each.level.start != each.level.stop]
    keys = sorted({each.latch_key("main") for each in levels})
    people = [(logged, ready) for logged in range(6) for ready in range(logged + 1)]
    reads = {type(each.read) for each in rules.thresholds}
    waiting = range(6) if Waiting in reads else [0]
    manning = people if reads & {Ready, LoggedIn} else [(1, 1)]
    loads = [
        Load({"support": QueueLoad(waiting=many, logged_in=logged, ready=ready)})
        for many in waiting
        for logged, ready in manning
    ]
    callers = [
        Call("main", "1.1", number, caller, language)
        for number in ("1001", "1002")
        for caller in ("+441", "+331", "+3362", "+33612", None)
        for language in ("", "fr", "en", "fr-CA")
    ]
    for load, day in product([*loads, Load(known=False)], DAYS.values()):
        bare = facts_under(load, replace(rules, thresholds=()), day)
        for on in product([False, True], repeat=len(keys)):
            latches = {key: Latch(on=each, reached_at=day) for key, each in zip(keys, on, strict=True)}
            for modes in ((), ("crisis",), ("test",), ("crisis", "test")):
                for call in callers:
                    yield replace(bare, latches=latches, modes=frozenset(modes)), call


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(_house())
def test_never_is_said_of_a_rule_exactly_where_nothing_makes_it_decide(rules: Rules) -> None:
    """A rule is said to decide never if, and only if, nothing that may be true in a small world makes it decide."""
    keys = {
        each.latch_key("main") for each in rules.thresholds if each.level.hold_s or each.level.start != each.level.stop
    }
    assume(len(keys) <= 1 and len({type(each.read) for each in rules.thresholds}) <= 2)
    prospect = _prospect(rules)
    never = {rule.name for at, rule in enumerate(prospect.rules) if prospect.never(at)}
    left = {rule.name for rule in prospect.rules}
    for known, call in _everything(rules):
        left.discard(decide(rules, known, call, "d").rule)
        if left == never:
            break
    assert never == left


@settings(max_examples=60)
@given(routing_files(), st.data())
def test_whatever_a_file_decides_was_thought_possible(text: str, data: st.DataObject) -> None:
    """A rule that decides under any load, at any time, after any history, was never said to decide never."""
    rules = compile_text(text.encode(), "routing.yaml")
    known, call = _real(data.draw(facts(rules))), data.draw(calls(rules))
    history = {key: Latch(on=data.draw(st.booleans()), reached_at=known.at) for key in known.latches}
    decision = decide(rules, replace(known, latches=data.draw(st.sampled_from([known.latches, history]))), call, "d")
    service = rules.services.get(decision.service)
    if service is None:
        return
    at = next((at for at, rule in enumerate(service.rules) if rule.name == decision.rule), len(service.rules))
    together = list(Ahead(known.at - 1).together(clocks(service)))
    prospect = Prospect(service, service.rules, numbers_of(rules, service), together, Budget(10**6))
    assert prospect.can_decide(at) is not False


def _real(known: Facts) -> Facts:
    """Return facts of queues as they can be: who works is logged in, and nobody waits without waiting."""
    queues = {
        key: replace(
            queue,
            ready=min(queue.ready, queue.logged_in),
            busy=min(queue.busy, max(0, queue.logged_in - queue.ready)),
            oldest_joined_at=queue.oldest_joined_at if queue.waiting else None,
        )
        for key, queue in known.snapshot.queues.items()
    }
    return replace(known, snapshot=replace(known.snapshot, queues=queues))


@settings(max_examples=40)
@given(routing_files())
def test_situations_begin_with_a_quiet_one_and_are_all_different(text: str) -> None:
    """The first situation is quiet and has no words; no two have the same words, or are the same."""
    rules = compile_text(text.encode(), "routing.yaml")
    for service in rules.services.values():
        found = situations(rules, service)
        assert found[0].text == ""
        assert found[0].load == Load()
        assert found[0].modes == frozenset()
        assert len(found) == len({repr(replace(each, text="")) for each in found})


def test_what_can_not_be_laid_out_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that tell too many cases apart are given up once in each world, not again for each of them."""
    tried: list[World] = []

    def laid_out(_rules: object, _who: object, world: World) -> Space:
        tried.append(world)
        raise BudgetError

    monkeypatch.setattr("ccrouter.outlook.prospect.Space", laid_out)
    rules = compile_text(EXAMPLE.read_bytes(), "routing.yaml")
    service = rules.services["support"]
    prospect = Prospect(service, service.rules, numbers_of(rules, service), [frozenset()], Budget(10**6))
    assert [prospect.can_decide(at) for at in range(len(service.rules))] == [None] * len(service.rules)
    assert tried == [World.LASTING, World.CUT, World.ANY]
