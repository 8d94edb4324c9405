"""Decide: rules, facts, a call and an instant in; a plan with its reasons out. The only implementation there is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import UNKNOWN, YES, Question, Tested
from ccrouter.routing.decision import Decision, Stay
from ccrouter.routing.destinations import Destination, InHouse, Leg, Message
from ccrouter.routing.facts import Facts
from ccrouter.routing.measures import OfQueue
from ccrouter.routing.plan import QueueStep
from ccrouter.routing.route import Route
from ccrouter.routing.rule import OTHERWISE, OVERRIDE, SENT_BY_HAND, UNKNOWN_NUMBER, Rule
from ccrouter.routing.rules import Rules
from ccrouter.routing.shortlist import Shortlist
from ccrouter.routing.thresholds import Latch, LatchKey
from ccrouter.routing.trace import RuleTested, Trace, examined


def decide(rules: Rules, facts: Facts, call: Call, decision_id: str) -> Decision:
    """Return the plan of a call that has just arrived."""
    inquiry = _Inquiry(rules, facts, call)
    rule = inquiry.overridden() or inquiry.arriving() or inquiry.otherwise()
    route = Route(facts, call.pabx)
    route.add_all(rule.to)
    return inquiry.decision(rule, route, decision_id)


def decide_waiting(rules: Rules, facts: Facts, call: Call, queue: str, decision_id: str) -> Decision | None:
    """Return a new plan for a caller who waits in `queue`, or None when they shall stay; see `ask_waiting`."""
    found = ask_waiting(rules, facts, call, queue, decision_id)
    return found if isinstance(found, Decision) else None


def ask_waiting(rules: Rules, facts: Facts, call: Call, queue: str, decision_id: str) -> Decision | Stay:
    """Return a new plan for a caller who waits in `queue`, or why they shall stay.

    A caller is not moved in vain: a rule counts only when a destination can take the call now, or when it leads to a
    message before all else. Where the first that can is the queue itself, the caller stays. On a PABX that can't be
    asked nobody is moved.
    """
    inquiry = _Inquiry(rules, facts, call)
    if not facts.fresh(call.pabx):
        return inquiry.stay()
    service = inquiry.service
    for rule in inquiry.matching(service.while_waiting, service.waiting_shortlist):
        route = Route(facts, call.pabx)
        route.add_all(rule.to)
        if route.steps or isinstance(rule.to[0], Message):
            first = route.steps[0] if route.steps else None
            stays = isinstance(first, QueueStep) and first.queue == queue
            return inquiry.stay(rule, route) if stays else inquiry.decision(rule, route, decision_id)
    return inquiry.stay()


def send(  # noqa: PLR0913 - the caller, where to, and who says so
    rules: Rules, facts: Facts, call: Call, queue: str, decision_id: str, *, to: Sequence[str], by: str
) -> Decision | Stay:
    """Return the plan of a caller who waits in `queue` and whom a person sends elsewhere, or why they shall stay.

    The sites are taken in the order given, each as the routing file describes it. A caller is not moved in vain, and
    not lost to a site that does not answer either: unless a message is to come last, they come back to the queue.

    Args:
        to: names of sites, the last perhaps that of a message; what the rules do not know is left out.
        by: who sends them, and why, in words for the trace.

    """
    inquiry = _Inquiry(rules, facts, call)
    if not facts.fresh(call.pabx):
        return inquiry.stay()
    rule = inquiry.sent(to, by)
    route = Route(facts, call.pabx)
    route.add_all((*rule.to, *inquiry.back(rule, queue)))
    first = route.steps[0] if route.steps else None
    if isinstance(first, QueueStep) and first.queue == queue:
        return inquiry.stay(rule, route)
    if first is None and not (rule.to and isinstance(rule.to[0], Message)):
        return inquiry.stay(rule, route)
    return inquiry.decision(rule, route, decision_id)


def watch(rules: Rules, facts: Facts) -> dict[LatchKey, Latch]:
    """Return the thresholds' state after a look between calls, so that a hold time runs without them."""
    latches = dict(facts.latches)
    known = list(facts.snapshot.pabxs)
    seeing = [pabx for pabx in known if facts.fresh(pabx)] or known
    having: defaultdict[str, set[str]] = defaultdict(set)
    for pabx, queue in facts.snapshot.queues:
        having[queue].add(pabx)
    moved: defaultdict[str, set[str]] = defaultdict(set)
    for name, pabx in facts.latches:
        moved[name].add(pabx)
    for threshold in rules.thresholds:
        looked_at: Iterable[str] = known if threshold.per_pabx else seeing[:1]
        if isinstance(threshold.read, OfQueue):
            # Of a queue that a PABX does not have nothing is known there, and that moves no threshold that is off.
            looked_at = having[threshold.read.queue] | moved[threshold.key]
        for pabx in looked_at:
            key, latch = threshold.watch(facts, pabx)
            latches[key] = latch
    return latches


class _Inquiry:
    """One call held against the rules of its service, with the trace of what was tested."""

    __slots__ = (
        "after",
        "asked",
        "before",
        "found",
        "number",
        "question",
        "rules",
        "rules_asked",
        "service",
        "treatment",
    )

    def __init__(self, rules: Rules, facts: Facts, call: Call) -> None:
        self.rules = rules
        self.number = rules.numbers.get(call.number)
        self.service = rules.unknown if self.number is None else self.number.service
        self.treatment = self.service.treatment if self.number is None else self.number.treatment
        language = self.treatment.language
        asked = call if not language or language == call.language else replace(call, language=language)
        self.question = Question(asked, facts)
        self.before: list[RuleTested] = []
        self.rules_asked: Sequence[Rule] = ()
        self.asked = 0
        self.found: dict[int, RuleTested] = {}
        self.after: list[RuleTested] = []

    def overridden(self) -> Rule | None:
        """Return the rule of an override that counts now; one whose destinations are all gone does not."""
        facts, number = self.question.facts, self.number
        for override in facts.overrides:
            meant = self.rules.numbers.get(override.number)
            if number is None or meant is None or meant.number != number.number or not override.active(facts.at):
                continue
            to = tuple(each for each in map(self.rules.named, override.to) if each is not None)
            verdict = YES if to else UNKNOWN
            seen = f"by {override.author}: {override.reason}" if to else "not in the routing file any more"
            test = Tested(f"override {override.id}: {', '.join(override.to)}", verdict, seen)
            self.before.append(RuleTested(OVERRIDE, verdict, (test,)))
            if to:
                return Rule(OVERRIDE, None, to)
        return None

    def sent(self, to: Sequence[str], by: str) -> Rule:
        """Return the rule that a person makes for this one call."""
        known = tuple(each for each in map(self.rules.named, to) if each is not None)
        test = Tested(f"sent to {', '.join(to)}", YES, by)
        self.before.append(RuleTested(SENT_BY_HAND, YES, (test,)))
        return Rule(SENT_BY_HAND, None, known)

    def back(self, rule: Rule, queue: str) -> Iterator[Destination]:
        """Yield the way back to the queue in which the caller waits, unless the rule names it, or ends otherwise."""
        for site in self.rules.sites.values():
            if isinstance(site, InHouse) and site.queue == queue:
                if not any(isinstance(each, Message) or each == Leg(site) for each in rule.to):
                    yield Leg(site)
                return

    def arriving(self) -> Rule | None:
        """Return the rule of the service that applies to a call that has just arrived, or None."""
        return next(self.matching(self.service.rules, self.service.shortlist), None)

    def matching(self, rules: Sequence[Rule], shortlist: Shortlist) -> Iterator[Rule]:
        """Test rules in order and yield those that apply."""
        question, self.rules_asked = self.question, rules
        left = shortlist.of(question.call, question.facts)
        while left:
            lowest = left & -left
            left ^= lowest
            place = lowest.bit_length() - 1
            rule = rules[place]
            became = self.found[place] = examined(rule, question)
            if became.verdict is YES or (became.verdict is UNKNOWN and rule.match_unknown):
                self.asked = place + 1
                yield rule
        self.asked = len(rules)

    def otherwise(self) -> Rule:
        """Return the rule that applies when no other does."""
        rule = Rule(UNKNOWN_NUMBER if self.number is None else OTHERWISE, None, self.service.otherwise)
        self.after.append(RuleTested(rule.name, YES, ()))
        return rule

    def trace(self) -> Sequence[RuleTested]:
        """Return what became of all rules so far."""
        question = self.question
        if len(self.found) == self.asked:  # each was tested: nothing is left to be told by the facts
            return (*self.before, *self.found.values(), *self.after)
        of, asked = (question.call, question.facts), (self.rules_asked, self.asked)
        return Trace(of, self.before, asked, self.found, self.after)

    def decision(self, rule: Rule, route: Route, decision_id: str) -> Decision:
        """Tie the threads together."""
        facts, call = self.question.facts, self.question.call
        return Decision(
            id=decision_id,
            call=call,
            at=facts.at,
            number="" if self.number is None else self.number.number,
            service=self.service.name,
            rule=rule.name,
            plan=route.plan(self.service.last),
            treatment=self.treatment,
            trace=self.trace(),
            considered=tuple(route.considered),
            rules_version=self.rules.version,
            state_age_s=facts.age_s(call.pabx),
            latches=self.question.latches,
            turns=route.turns,
        )

    def stay(self, rule: Rule | None = None, route: Route | None = None) -> Stay:
        """Tell what keeps a caller in their queue."""
        facts = self.question.facts
        return Stay(
            call=self.question.call,
            at=facts.at,
            number="" if self.number is None else self.number.number,
            service=self.service.name,
            rule="" if rule is None else rule.name,
            trace=self.trace(),
            considered=() if route is None else tuple(route.considered),
            rules_version=self.rules.version,
            state_age_s=facts.age_s(self.question.call.pabx),
        )
