"""The decision: which rule, which plan, and the reasons."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.routing import measures
from ccrouter.routing.conditions import All, Any, CallerIs, Condition, LanguageIs, Mode, Not, Open, Threshold, Waited
from ccrouter.routing.decide import decide, decide_waiting, watch
from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import Destination, Leg, Share
from ccrouter.routing.facts import Facts
from ccrouter.routing.plan import PlayStep, QueueStep, SiteStep, Treatment, encode
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import Health, PabxFacts, SiteFacts
from ccrouter.routing.thresholds import OFF, Direction, Latch, LatchKey, Level, Verdict
from support.world import Switch, World

WORLD = World()
LEGS = WORLD.legs
OPEN, CLOSED = Open(Switch("office", opened=True)), Open(Switch("office", opened=False))


def crowd(start: float = 5, stop: float = 3, hold_s: float = 0.0) -> Threshold:
    """Return the condition that many callers wait."""
    level = Level(Direction.AT_LEAST, start, stop, hold_s)
    return Threshold("support/peak", f"waiting in support at least {start:g}", measures.Waiting("support"), level)


def route(rules: Rules, facts: Facts | None = None, number: str = "0800123456") -> Decision:
    """Decide for one call."""
    return decide(rules, facts or WORLD.facts(), WORLD.call(number), "d1")


def names(decision: Decision) -> list[str]:
    """Return the sites and the message of a plan, in order."""
    return [step.message if isinstance(step, PlayStep) else step.site for step in decision.plan.steps]  # type: ignore[union-attr] # no voicemail in this world


# --- rules ------------------------------------------------------------------------------------------------------------


def test_the_first_rule_that_matches_decides() -> None:
    """Rules are asked in order, and those behind the first yes are not asked."""
    rules = WORLD.rules(
        Rule("crisis", Mode("crisis"), LEGS("backup")),
        Rule("open", OPEN, LEGS("paris", "tunis")),
        Rule("never asked", OPEN, LEGS("tunis")),
    )
    decision = route(rules)
    assert (decision.rule, names(decision)) == ("open", ["paris", "tunis", "closed"])
    assert [tested.rule for tested in decision.trace] == ["crisis", "open"]
    assert route(rules, WORLD.facts(modes=["crisis"])).rule == "crisis"


def test_otherwise_decides_when_no_rule_does() -> None:
    """A service always has an answer."""
    decision = route(WORLD.rules(Rule("never", CLOSED, LEGS("tunis"))))
    assert (decision.rule, names(decision)) == ("otherwise", ["paris", "tunis", "closed"])


def test_an_unknown_number_has_a_stated_answer() -> None:
    """A number that the file does not know hears a message, and the trace says so."""
    decision = route(WORLD.rules(), number="0800999999")
    assert (decision.rule, decision.service, decision.number) == ("unknown number", "unknown", "")
    assert decision.plan.steps == (PlayStep("unassigned", "ss-noservice"),)


@pytest.mark.parametrize(("match_unknown", "rule"), [(False, "otherwise"), (True, "peak")])
def test_unknown_facts_lead_to_a_stated_result(match_unknown: bool, rule: str) -> None:  # noqa: FBT001 - a table
    """Stale facts are neither yes nor no: the rule says whether it applies then (P9)."""
    rules = WORLD.rules(Rule("peak", crowd(), LEGS("tunis"), match_unknown))
    stale = WORLD.facts(queue=WORLD.queue(waiting=9), heard_at=WORLD.at - 6)
    decision = route(rules, stale)
    assert decision.rule == rule
    assert decision.trace[0].tests[0].verdict is Verdict.UNKNOWN


def test_a_peak_starts_and_stops_at_different_levels() -> None:
    """From 5 callers on until below 3, with the state carried from decision to decision (P8)."""
    rules = WORLD.rules(Rule("peak", crowd(), LEGS("tunis")))
    facts, seen = WORLD.facts(), []
    for waiting in (4, 5, 4, 3, 2, 4):
        now = WORLD.facts(queue=WORLD.queue(waiting=waiting))
        decision = route(rules, replace(now, latches=facts.latches))
        facts = replace(facts, latches={**facts.latches, **decision.latches})
        seen.append(decision.rule)
    assert seen == ["otherwise", "peak", "peak", "peak", "otherwise", "otherwise"]


def test_a_hold_time_runs_between_calls() -> None:
    """`watch` moves thresholds without calls, so that a peak that held for 10 s is on when the next call comes."""
    rules = replace(WORLD.rules(Rule("peak", crowd(hold_s=10), LEGS("tunis"))), thresholds=(crowd(hold_s=10),))
    facts = WORLD.facts(queue=WORLD.queue(waiting=6))
    for second in range(11):
        facts = replace(WORLD.facts(at=WORLD.at + second, queue=WORLD.queue(waiting=6)), latches=facts.latches)
        facts = replace(facts, latches=watch(rules, facts))
    assert route(rules, facts).rule == "peak"
    assert route(rules, replace(facts, latches=MappingProxyType({}))).rule == "otherwise"


def test_a_threshold_is_watched_where_its_queue_is_and_where_it_was() -> None:
    """Only one of two PABXs has the queue; when it is not known there any more, a hold breaks, and what is on stays."""
    short, long = crowd(hold_s=0), replace(crowd(hold_s=10), key="long")
    rules = replace(WORLD.rules(), thresholds=(short, long))
    facts = WORLD.facts(queue=WORLD.queue(waiting=6))
    pabxs = {**facts.snapshot.pabxs, "other": PabxFacts("other", in_sync=True, heard_at=WORLD.at)}
    facts = replace(facts, snapshot=replace(facts.snapshot, pabxs=pabxs))
    latches = watch(rules, facts)
    assert set(latches) == {(short.key, "pbx"), ("long", "pbx")}
    assert latches[short.key, "pbx"].on
    assert latches["long", "pbx"].reached_at == WORLD.at
    gone = replace(facts, snapshot=replace(facts.snapshot, queues={}), latches=latches)
    assert watch(rules, gone) == {(short.key, "pbx"): latches[short.key, "pbx"], ("long", "pbx"): OFF}


def test_a_threshold_of_a_site_is_watched_by_a_pabx_that_is_well() -> None:
    """With the first of two PABXs silent, the hold of a threshold about sites runs all the same."""
    level = Level(Direction.AT_LEAST, 1, 1, 10)
    busy = Threshold("k", "site_calls: tunis at least 1 for 10 s", measures.SiteCalls("tunis"), level, per_pabx=False)
    rules = replace(WORLD.rules(Rule("busy", busy, LEGS("backup"))), thresholds=(busy,))
    latches: Mapping[LatchKey, Latch] = {}
    facts = WORLD.facts()
    for second in range(12):
        facts = WORLD.facts(at=WORLD.at + second, calls={"tunis": 1})
        pabxs = {"silent": PabxFacts("silent", in_sync=False, heard_at=0.0), **facts.snapshot.pabxs}
        facts = replace(facts, snapshot=replace(facts.snapshot, pabxs=pabxs), latches=latches)
        latches = watch(rules, facts)
    assert route(rules, replace(facts, latches=latches)).rule == "busy"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (All((OPEN, OPEN)), Verdict.YES),
        (All((OPEN, CLOSED)), Verdict.NO),
        (Any((CLOSED, OPEN)), Verdict.YES),
        (Any(()), Verdict.NO),
        (All(()), Verdict.YES),
        (Not(OPEN), Verdict.NO),
        (All((crowd(), CLOSED)), Verdict.NO),
        (All((crowd(), OPEN)), Verdict.UNKNOWN),
        (Any((crowd(), OPEN)), Verdict.YES),
        (Any((crowd(), CLOSED)), Verdict.UNKNOWN),
        (Not(crowd()), Verdict.UNKNOWN),
    ],
)
def test_three_valued_logic(condition: Condition, expected: Verdict) -> None:
    """One no decides an `all`, one yes an `any`; else unknown stays unknown."""
    blind = WORLD.facts(heard_at=WORLD.at - 60)
    assert route(WORLD.rules(Rule("asked", condition, LEGS("tunis"))), blind).trace[0].verdict is expected


@pytest.mark.parametrize(
    ("condition", "details", "expected"),
    [
        (CallerIs("prefix +336", prefixes=("+336",)), {"caller": "+33612345678"}, Verdict.YES),
        (CallerIs("prefix +336", prefixes=("+336",)), {"caller": "+33112345678"}, Verdict.NO),
        (CallerIs("prefix +336", prefixes=("+336",)), {"caller": None}, Verdict.NO),
        (CallerIs("anonymous", anonymous=True), {"caller": None}, Verdict.YES),
        (CallerIs("anonymous", anonymous=True), {"caller": "+33612345678"}, Verdict.NO),
        (LanguageIs(("fr",)), {"language": "fr_CA"}, Verdict.YES),
        (LanguageIs(("fr",)), {"language": "en"}, Verdict.NO),
        (CallerIs("anonymous", anonymous=True), {"caller_known": False}, Verdict.UNKNOWN),
        (LanguageIs(("fr",)), {"caller_known": False}, Verdict.UNKNOWN),
        (Waited(90), {"waited_s": 90.0}, Verdict.YES),
        (Waited(90), {"waited_s": 89.9}, Verdict.NO),
        (Waited(90), {}, Verdict.NO),
    ],
)
def test_conditions_on_the_call(condition: Condition, details: dict[str, str], expected: Verdict) -> None:
    """What the caller brings decides; a hidden caller matches no number."""
    rules = WORLD.rules(Rule("asked", condition, LEGS("tunis")))
    decision = decide(rules, WORLD.facts(), WORLD.call(**details), "d1")
    assert decision.trace[0].verdict is expected


def test_the_callers_number_stays_out_of_the_trace() -> None:
    """A trace may be logged; it says whether the caller was known, not who it was."""
    rules = WORLD.rules(Rule("vip", CallerIs("list of 2", numbers=frozenset({"+33612345678"})), LEGS("tunis")))
    decision = decide(rules, WORLD.facts(), WORLD.call(caller="+33612345678"), "d1")
    assert decision.rule == "vip"
    assert "612345678" not in repr(decision.trace)


# --- destinations -----------------------------------------------------------------------------------------------------


def test_a_closed_destination_is_left_out() -> None:
    """A site with a calendar gets no call outside its hours, not even as a second choice."""
    at_night = replace(WORLD.tunis, calendar=Switch("tunis hours", opened=False))
    rules = WORLD.rules(Rule("always", None, (Leg(at_night), *LEGS("paris"), Leg(at_night))))
    assert names(route(rules)) == ["paris", "closed"]


@pytest.mark.parametrize(
    "facts",
    [
        WORLD.facts(calls={"tunis": 30}),
        WORLD.facts(calls={"tunis": 31}),
        WORLD.facts(down=["tunis"]),
    ],
    ids=["full", "over", "down"],
)
def test_a_site_that_cannot_take_the_call_does_not_come_first(facts: Facts) -> None:
    """It moves behind those that can: when its turn comes, the PABX's own guard has the last word (P4)."""
    decision = route(WORLD.rules(Rule("always", None, LEGS("tunis", "paris", "backup"))), facts)
    assert names(decision) == ["paris", "backup", "tunis", "closed"]


def test_a_queue_with_nobody_logged_in_does_not_come_first() -> None:
    """A caller is not sent to wait where nobody will answer, as long as somebody else can."""
    decision = route(WORLD.rules(), WORLD.facts(queue=WORLD.queue(logged_in=0, ready=0)))
    assert names(decision) == ["tunis", "paris", "closed"]


def test_an_unknown_load_leaves_the_order_of_the_file() -> None:
    """Without fresh facts no site is taken for full, down or empty."""
    facts = WORLD.facts(calls={"tunis": 30}, down=["backup"], heard_at=WORLD.at - 60)
    decision = route(WORLD.rules(Rule("always", None, LEGS("tunis", "backup", "paris"))), facts)
    assert names(decision) == ["tunis", "backup", "paris", "closed"]


def share(**weights: int) -> Share:
    """Return a share by site name."""
    return Share("support/both", tuple(Leg(getattr(WORLD, name)) for name in weights), tuple(weights.values()))


def flow(rules: Rules, count: int, facts: Facts) -> Counter[str]:
    """Route calls one after the other, each with the turns that the one before left."""
    first: Counter[str] = Counter()
    for _ in range(count):
        decision = route(rules, facts)
        first[decision.destination] += 1
        facts = replace(facts, turns={**facts.turns, **decision.turns})
    return first


def test_what_a_share_chose_is_not_tried_again() -> None:
    """A list that goes on with the parts of its share tries the others: nobody waits twice in one queue by it."""
    rules = WORLD.rules(Rule("both", None, (share(paris=70, tunis=30), *LEGS("paris", "tunis", "backup"))))
    facts, sites = WORLD.facts(), []
    for _ in range(2):
        decision = decide(rules, facts, WORLD.call(), "id")
        facts = replace(facts, turns=decision.turns)
        sites.append([step.site for step in decision.plan.transfers])
    assert sites == [["paris", "tunis", "backup"], ["tunis", "paris", "backup"]]


def test_a_limit_of_its_own_is_another_try() -> None:
    """A part of the share that comes again with another limit is meant to be tried twice."""
    paris = Leg(WORLD.paris, 30)
    rules = WORLD.rules(Rule("both", None, (share(paris=70, tunis=30), paris, *LEGS("tunis"))))
    decision = decide(rules, WORLD.facts(), WORLD.call(), "id")
    assert [step.site for step in decision.plan.transfers] == ["paris", "paris", "tunis"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (WORLD.facts(), {"paris": 70, "tunis": 30}),
        (WORLD.facts(down=["tunis"]), {"paris": 100}),
        (WORLD.facts(calls={"tunis": 30}), {"paris": 100}),
        (WORLD.facts(queue=WORLD.queue(logged_in=0, ready=0)), {"tunis": 100}),
        (WORLD.facts(queue=WORLD.queue(logged_in=0, ready=0), down=["tunis"]), {"backup": 100}),
    ],
    ids=["both", "tunis down", "tunis full", "nobody in paris", "neither"],
)
def test_a_share_gives_each_its_part(facts: Facts, expected: dict[str, int]) -> None:
    """70/30 is exact, and who can't take calls gives their part to the other (P5)."""
    rules = WORLD.rules(Rule("both", None, (share(paris=70, tunis=30), *LEGS("backup"))))
    assert flow(rules, 100, facts) == expected


def test_a_leg_may_have_its_own_limit() -> None:
    """`{site: paris, for: 30s}` waits 30 s, whatever the site says."""
    rules = WORLD.rules(Rule("short", None, (Leg(WORLD.paris, 30), Leg(WORLD.tunis, 10))))
    assert route(rules).plan.transfers == (
        QueueStep("paris", "support", 30),
        SiteStep("tunis", WORLD.tunis.dial, 10, 30),
    )


# --- while waiting ----------------------------------------------------------------------------------------------------

TOO_LONG = Rule("too long", Waited(90), LEGS("tunis", "backup"))


@pytest.mark.parametrize(
    ("rule", "waited_s", "facts", "expected"),
    [
        (TOO_LONG, 89.0, WORLD.facts(), None),
        (TOO_LONG, 90.0, WORLD.facts(), ["tunis", "backup", "closed"]),
        (TOO_LONG, 90.0, WORLD.facts(calls={"tunis": 30}), ["backup", "tunis", "closed"]),
        (TOO_LONG, 90.0, WORLD.facts(calls={"tunis": 30}, down=["backup"]), None),
        (Rule("r", Waited(90), LEGS("tunis", "paris")), 95.0, WORLD.facts(), ["tunis", "paris", "closed"]),
        (Rule("r", Waited(90), LEGS("tunis", "paris")), 95.0, WORLD.facts(down=["tunis"]), None),
        (Rule("r", Waited(600), LEGS("closed")), 601.0, WORLD.facts(), ["closed"]),
        (Rule("r", Waited(90), LEGS("tunis", "closed")), 95.0, WORLD.facts(down=["tunis"]), None),
    ],
    ids=[
        "not yet",
        "now",
        "first full",
        "in vain",
        "with a way back",
        "way back only",
        "message",
        "no message in vain",
    ],
)
def test_while_waiting(rule: Rule, waited_s: float, facts: Facts, expected: list[str] | None) -> None:
    """A caller is pulled out only for a destination that can take them now, never in vain."""
    rules = WORLD.rules(while_waiting=(rule,))
    decision = decide_waiting(rules, facts, WORLD.call(waited_s=waited_s), "support", "d1")
    assert (None if decision is None else names(decision)) == expected


# --- for all rules and facts ------------------------------------------------------------------------------------------

CONDITIONS = st.recursive(
    st.sampled_from([OPEN, CLOSED, Mode("crisis"), crowd(), Waited(5), CallerIs("anonymous", anonymous=True)]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Any(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=6,
)
DESTINATIONS = st.lists(
    st.sampled_from([*LEGS("paris", "tunis", "backup", "closed"), share(paris=70, tunis=30), share(backup=0)]),
    min_size=1,
    max_size=5,
).map(tuple[Destination, ...])
RULES = st.lists(st.builds(Rule, st.just("r"), st.none() | CONDITIONS, DESTINATIONS, st.booleans()), max_size=6)
FACTS = st.builds(
    lambda waiting, logged_in, calls, down, modes, age: WORLD.facts(
        queue=WORLD.queue(waiting=waiting, logged_in=logged_in, ready=0),
        calls=calls,
        down=down,
        modes=modes,
        heard_at=WORLD.at - age,
    ),
    st.integers(0, 20),
    st.integers(0, 5),
    st.dictionaries(st.sampled_from(["tunis", "backup"]), st.integers(0, 40)),
    st.sets(st.sampled_from(["tunis", "backup"])),
    st.sets(st.just("crisis")),
    st.sampled_from([0.0, 4.9, 5.1, 3600.0]),
)


@given(RULES, DESTINATIONS, FACTS, st.sampled_from(["0800123456", "0899", ""]))
def test_every_decision_ends_in_a_last_step(
    table: list[Rule], otherwise: tuple[Destination, ...], facts: Facts, number: str
) -> None:
    """Any rules, any facts: a plan that takes the call at its end, carried by a text, with a rule that was tested."""
    rules = WORLD.rules(*table, otherwise=otherwise)
    decision = route(rules, facts, number)
    assert isinstance(decision.plan.steps[-1], PlayStep)
    assert all(isinstance(step, QueueStep | SiteStep) for step in decision.plan.steps[:-1])
    assert decision.text.startswith("v1|d1|")
    assert decision.trace[-1].rule == decision.rule
    free = [c.destination for c in decision.considered if not c.state and c.destination not in {"closed", "unassigned"}]
    assert not free or decision.destination == free[0]


@given(RULES, FACTS)
def test_the_same_question_has_the_same_answer(table: list[Rule], facts: Facts) -> None:
    """Nothing but rules, facts and call enters a decision (P2)."""
    rules = WORLD.rules(*table)
    assert route(rules, facts) == route(rules, facts)


# --- the text of a plan -----------------------------------------------------------------------------------------------


def test_the_text_of_a_plan() -> None:
    """The form that the dialplan reads, field by field."""
    treatment = Treatment(language="fr", answer_on_entry=True, priority=5, announcement="ccrouter/welcome")
    decision = route(WORLD.rules(Rule("out of hours", None, LEGS("tunis", "paris")), treatment=treatment))
    assert decision.text == (
        "v1|d1|support|out of hours|fr|entry|5|ccrouter/welcome"
        "&site|tunis|PJSIP/+21671000000@trunk-tunis|25|30|pass"
        "&queue|paris|support|90"
        "&play|closed|ccrouter/closed"
    )


@pytest.mark.parametrize("sign", list('&|,;"\\${}[]()\r\n\0'))
def test_a_plan_carries_no_sign_that_changes_its_meaning(sign: str) -> None:
    """A separator, a quote, an expression or a line end in any value is refused, wherever it came from."""
    plan = route(WORLD.rules()).plan
    with pytest.raises(ValueError, match="can't carry"):
        encode(plan, decision="d1", service="support", rule=f"a{sign}b", treatment=Treatment())


def test_a_plan_that_no_pabx_would_accept_is_refused() -> None:
    """AMI refuses long lines; better said here than there."""
    rules = WORLD.rules(Rule("long", None, LEGS(*["tunis"] * 40)))
    with pytest.raises(ValueError, match="more than the 900"):
        assert route(rules).text


def test_a_probe_may_take_a_call() -> None:
    """A site whose breaker lets one call through is tried like any other."""
    facts = WORLD.facts()
    sites = {**facts.snapshot.sites, "tunis": SiteFacts("tunis", 0, Health.PROBE)}
    facts = replace(facts, snapshot=replace(facts.snapshot, sites=sites))
    assert route(WORLD.rules(Rule("always", None, LEGS("tunis", "paris"))), facts).destination == "tunis"
