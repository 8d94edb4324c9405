"""Cases: a call at an instant under a load, and what must become of it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ccrouter.outlook.loads import Load, QueueLoad, facts_under
from ccrouter.routing.call import Call
from ccrouter.routing.decide import ask_waiting, decide
from ccrouter.routing.decision import Decision, Stay
from ccrouter.routing.facts import Facts
from ccrouter.routing.plan import Plan, QueueStep, SiteStep
from ccrouter.routing.rules import Rules

STAYS = "stays"
"""What is expected of a waiting caller whom no rule moves."""

PABX = "main"

CASE = "case"
"""Id of decisions that nobody carries out."""

ORDINARY = ""
"""Stands for the number of a caller whom no rule names: it is like none, and it is not hidden."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question to the rules, and the answer expected.

    Attributes:
        at: seconds since 1970-01-01 UTC.
        queue: where the caller waits; empty for a call that has just arrived.
        calls: how many such calls come in a row.
        expect: names of sites and the message, in the plan's order from the front, or `stays`; empty for any.
        counts: how many of `calls` come first to each name; empty unless there are several.
        rule: the one that must decide; empty for any.
        line: where it stands in its file.

    """

    name: str
    call: Call
    at: float
    load: Load
    modes: frozenset[str] = frozenset()
    queue: str = ""
    calls: int = 1
    expect: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    rule: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a case.

    Attributes:
        decision: of the last of its calls.
        counts: how many of its calls came first to each name.
        failures: what was expected and what was found, in words; empty where all is as expected.
        deciders: the rules that decided its calls, as `service/rule`.

    """

    case: Case
    facts: Facts
    decision: Decision | Stay
    counts: Mapping[str, int]
    failures: tuple[tuple[str, str], ...]
    deciders: frozenset[str]

    @property
    def good(self) -> bool:
        """Tell whether all is as expected."""
        return not self.failures


def answer(rules: Rules, case: Case) -> Answer:
    """Ask the rules under the case's own facts, and compare."""
    return judged(rules, case, facts_of_case(rules, case))


def judged(rules: Rules, case: Case, facts: Facts) -> Answer:
    """Ask the rules under any facts, and compare with what the case expects."""
    found: list[Decision | Stay] = [*in_a_row(rules, facts, case.call, case.calls)] if case.calls > 1 else []
    found = found or [ask(rules, facts, case.call, case.queue, CASE)]
    counts = Counter(destinations(each)[0] for each in found)
    failures = tuple(unmet(found[-1], case.expect, case.rule))
    if case.counts and {name: count for name, count in case.counts.items() if count} != counts:
        failures = ((_counted(case.counts), _counted(counts)), *failures)
    deciders = frozenset(f"{each.service}/{each.rule}" for each in found if each.rule)
    return Answer(case, facts, found[-1], counts, failures, deciders)


def ask(rules: Rules, facts: Facts, call: Call, queue: str, decision_id: str) -> Decision | Stay:
    """Return what becomes of a call that has just arrived, or of one that waits in `queue`."""
    if queue:
        return ask_waiting(rules, facts, call, queue, decision_id)
    return decide(rules, facts, call, decision_id)


def facts_of_case(rules: Rules, case: Case) -> Facts:
    """Return the facts that a case is asked with."""
    load = case.load
    if case.queue:
        load = with_waiting(load, case.queue, case.call.waited_s or 0.0)
    return facts_under(load, rules, case.at, modes=case.modes, pabx=case.call.pabx)


def with_waiting(load: Load, queue: str, waited_s: float) -> Load:
    """Return a load in which a caller waits in a queue: they are one of those who do."""
    known = load.queues.get(queue, QueueLoad())
    longest = max(known.longest_wait_s, waited_s)
    return replace(
        load, queues={**load.queues, queue: replace(known, waiting=max(known.waiting, 1), longest_wait_s=longest)}
    )


def in_a_row(rules: Rules, facts: Facts, call: Call, calls: int) -> Iterator[Decision]:
    """Return the decisions of such calls in a row: shares take turns, the load stays as it is."""
    for _ in range(calls):
        decision = decide(rules, facts, call, CASE)
        latches, turns = {**facts.latches, **decision.latches}, {**facts.turns, **decision.turns}
        facts = replace(facts, latches=latches, turns=turns)
        yield decision


def destinations(found: Decision | Stay) -> tuple[str, ...]:
    """Return the names of a plan's steps in order, or `stays`."""
    return (STAYS,) if isinstance(found, Stay) else names_of(found.plan)


def names_of(plan: Plan) -> tuple[str, ...]:
    """Return the names of a plan's steps in order."""
    return tuple(step.site if isinstance(step, QueueStep | SiteStep) else step.message for step in plan.steps)


def unmet(found: Decision | Stay, expect: tuple[str, ...], rule: str) -> Iterator[tuple[str, str]]:
    """Return what was expected and what was found in its place, where the two differ."""
    names = destinations(found)
    if expect and names[: len(expect)] != expect:
        yield ", ".join(expect), ", ".join(names)
    if rule and found.rule != rule:
        yield f"rule {rule}", f"rule {found.rule}" if found.rule else "no rule"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


# --- coverage ---------------------------------------------------------------------------------------------------------


def rules_of(rules: Rules) -> tuple[str, ...]:
    """Return all rules in the order of the file, as `service/rule`; `otherwise` is none that somebody wrote."""
    return tuple(
        f"{service.name}/{rule.name}"
        for service in rules.services.values()
        for rule in (*service.rules, *service.while_waiting)
    )
