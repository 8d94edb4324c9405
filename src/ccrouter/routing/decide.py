"""Decide: rules, facts, a call and an instant in; a plan with its reasons out. The only implementation there is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import Question
from ccrouter.routing.decision import Considered, Decision, RuleTested
from ccrouter.routing.facts import Facts
from ccrouter.routing.plan import Plan, QueueStep, SiteStep, TransferStep
from ccrouter.routing.rules import OTHERWISE, Destination, External, Leg, Message, Number, Rule, Rules, Service, Share
from ccrouter.routing.shares import Turns, take_turn
from ccrouter.routing.snapshot import Health
from ccrouter.routing.thresholds import Latch, LatchKey, Verdict

UNKNOWN_NUMBER = "unknown number"
"""Name of the rule that decides for a number which the routing file does not know."""


def decide(rules: Rules, facts: Facts, call: Call, decision_id: str) -> Decision:
    """Return the plan of a call that has just arrived."""
    number = rules.numbers.get(call.number)
    service = rules.unknown if number is None else number.service
    question = Question(_in_language(call, number), facts)
    trace: list[RuleTested] = []
    rule = _first_match(service.rules, question, trace)
    if rule is None:
        rule = Rule(UNKNOWN_NUMBER if number is None else OTHERWISE, None, service.otherwise)
        trace.append(RuleTested(rule.name, Verdict.YES, ()))
    route = _Route(facts, call.pabx)
    route.add_all(rule.to)
    return _decision(rules, facts, call, decision_id, number, service, rule, question, trace, route)


def decide_waiting(rules: Rules, facts: Facts, call: Call, queue: str, decision_id: str) -> Decision | None:
    """Return a new plan for a caller who waits in `queue`, or None when they shall stay.

    A caller is not moved in vain: the first destination must be able to take the call now, and be another one.
    """
    number = rules.numbers.get(call.number)
    if number is None or not number.service.while_waiting:
        return None
    question = Question(_in_language(call, number), facts)
    trace: list[RuleTested] = []
    rule = _first_match(number.service.while_waiting, question, trace)
    if rule is None:
        return None
    route = _Route(facts, call.pabx, leaving=queue)
    route.add_all(rule.to)
    if not route.steps and route.last is None:
        return None
    return _decision(rules, facts, call, decision_id, number, number.service, rule, question, trace, route)


def watch(rules: Rules, facts: Facts) -> dict[LatchKey, Latch]:
    """Return the thresholds' state after a look between calls, so that a hold time runs without them."""
    latches = dict(facts.latches)
    for threshold in rules.thresholds:
        for pabx in facts.snapshot.pabxs if threshold.per_pabx else list(facts.snapshot.pabxs)[:1]:
            key, latch = threshold.watch(facts, pabx)
            latches[key] = latch
    return latches


def _in_language(call: Call, number: Number | None) -> Call:
    if number is not None and number.treatment.language:
        return replace(call, language=number.treatment.language)
    return call


def _first_match(rules: Sequence[Rule], question: Question, trace: list[RuleTested]) -> Rule | None:
    for rule in rules:
        question.trace = []
        verdict = Verdict.YES if rule.when is None else rule.when.test(question)
        trace.append(RuleTested(rule.name, verdict, tuple(question.trace)))
        if verdict is Verdict.YES or (verdict is Verdict.UNKNOWN and rule.match_unknown):
            return rule
    return None


def _decision(  # noqa: PLR0913, PLR0917 - the one place where all threads of a decision are tied together
    rules: Rules,
    facts: Facts,
    call: Call,
    decision_id: str,
    number: Number | None,
    service: Service,
    rule: Rule,
    question: Question,
    trace: list[RuleTested],
    route: "_Route",
) -> Decision:
    return Decision(
        id=decision_id,
        call=call,
        at=facts.at,
        number="" if number is None else number.number,
        service=service.name,
        rule=rule.name,
        plan=route.plan(service.last),
        treatment=service.treatment if number is None else number.treatment,
        trace=tuple(trace),
        considered=tuple(route.considered),
        rules_version=rules.version,
        state_age_s=facts.age_s(call.pabx),
        latches=question.latches,
        turns=route.turns,
    )


@dataclass(slots=True)
class _Route:
    """Turns the destinations of a rule into steps.

    A closed destination is left out. One that is full, down or without positions at this moment does not come first:
    it moves behind those that can take the call now, and the PABX has the last word when its turn comes.
    """

    facts: Facts
    pabx: str
    leaving: str = ""
    steps: list[TransferStep] = field(default_factory=list)
    postponed: list[TransferStep] = field(default_factory=list)
    last: Message | None = None
    considered: list[Considered] = field(default_factory=list)
    turns: dict[str, Turns] = field(default_factory=dict)

    def add_all(self, destinations: Sequence[Destination]) -> None:
        for destination in destinations:
            if isinstance(destination, Message):
                self.last = destination
                self.considered.append(Considered(destination.name, "next" if self.steps else "chosen"))
                return
            if isinstance(destination, Share):
                self._add_share(destination)
            else:
                self._add(destination, self._obstacle(destination))

    def plan(self, last: Message) -> Plan:
        return Plan((*self.steps, *self.postponed), (self.last or last).step)

    def _add(self, leg: Leg, obstacle: tuple[str, str]) -> None:
        state, seen = obstacle
        if state in {"closed", "here"}:
            self.considered.append(Considered(leg.site.name, state, seen))
        elif state and not self.steps:
            self.postponed.append(_step(leg))
            self.considered.append(Considered(leg.site.name, state, seen))
        else:
            self.considered.append(Considered(leg.site.name, "next" if self.steps else "chosen", state and seen))
            self.steps.append(_step(leg))

    def _add_share(self, share: Share) -> None:
        obstacles = [self._obstacle(leg) for leg in share.legs]
        usable = frozenset(i for i, (state, _) in enumerate(obstacles) if not state)
        chosen, turns = take_turn(share.weights, usable, self.facts.turns.get(share.key, {}))
        self.turns[share.key] = turns
        for i, (leg, obstacle) in enumerate(zip(share.legs, obstacles, strict=True)):
            if i == chosen or (chosen is None and share.weights[i]):
                self._add(leg, obstacle)
            else:
                self.considered.append(Considered(leg.site.name, obstacle[0] or "not its turn", obstacle[1]))

    def _obstacle(self, leg: Leg) -> tuple[str, str]:
        """Return why a destination can't take the call now, as (state, value seen), or two empty strings."""
        site = leg.site
        if site.calendar is not None and not site.calendar.is_open(self.facts.instant):
            return "closed", site.calendar.name
        if isinstance(site, External):
            known = self.facts.site(self.pabx, site.name)
            if known is not None and known.health is Health.DOWN:
                return "down", ""
            if known is not None and site.max_calls and known.calls >= site.max_calls:
                return "full", f"{known.calls} of {site.max_calls} calls"
            return "", ""
        if site.queue == self.leaving:
            return "here", ""
        queue = self.facts.queue(self.pabx, site.queue)
        if queue is not None and not queue.logged_in:
            return "empty", "no position logged in"
        return "", ""


def _step(leg: Leg) -> TransferStep:
    site = leg.site
    if isinstance(site, External):
        within = leg.limit_s or site.answer_within_s
        return SiteStep(site.name, site.dial, within, site.max_calls, site.hide_caller)
    return QueueStep(site.name, site.queue, leg.limit_s or site.max_wait_s)
