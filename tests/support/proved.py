"""What the compiled rules answer on a real Asterisk, held against what the router decides."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from ccrouter.config.cases import Cases
from ccrouter.fallback.compile import Fallback, compile_fallback
from ccrouter.fallback.when import LATCHED_S
from ccrouter.outlook.cases import ORDINARY, Case, facts_of_case, in_a_row, names_of
from ccrouter.outlook.loads import QUIET
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import All, Any, Condition, Not, Threshold
from ccrouter.routing.decide import decide, watch
from ccrouter.routing.decision import Decision
from ccrouter.routing.facts import Facts
from ccrouter.routing.literals import literals
from ccrouter.routing.measures import CallRate, EstimatedWait, LongestWait, Reading, ServiceLevel
from ccrouter.routing.plan import decode, encode
from ccrouter.routing.rules import Rules, Service
from ccrouter.routing.shares import Turns
from ccrouter.routing.thresholds import OFF, Latch, LatchKey
from support.bed import Bed, Question

LANGUAGE: Final = "en"
"""Of a call for which nobody says one: the PABX's own."""

SOMEBODY: Final = "0999000001"
"""A caller whom no rule names."""

SILENT: Final = "a PABX that can't be asked always knows itself"

FactsAt = Callable[[float], Facts]
"""Returns the facts of an instant."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One case, or one question.

    Attributes:
        about: what it was, in words.
        expected, blind, found: the plan of the router, of a router that knows what the PABX knows by itself, and of
            the PABX, as texts without an id.
        reasons: why the first two may differ, as said beforehand.

    """

    about: str
    expected: str
    blind: str
    found: str
    reasons: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Tell whether the PABX has the router's plan."""
        return self.found == self.expected

    @property
    def good(self) -> bool:
        """Tell whether the PABX decides by the rules, and any difference from the router's plan was said before."""
        return self.found == self.blind and (self.same or bool(self.reasons))

    def __str__(self) -> str:
        """Return it for people."""
        because = f"; said before: {'; '.join(self.reasons)}" if self.reasons else "; nothing was said of it"
        return (
            f"{self.about}:\n  router      {self.expected}\n  as far as a PABX can see  {self.blind}\n"
            f"  PABX        {self.found}{because}"
        )


def reasons(fallback: Fallback, decision: Decision) -> tuple[str, ...]:
    """Return what is unsaid of the rules that the router tested until one decided."""
    tested = {decision.rule, *(each.rule for each in decision.trace)}
    return tuple(
        dict.fromkeys(
            f"{each.rule}: {each.what}: {each.instead}"
            for each in fallback.unsaid
            if each.service == decision.service and each.rule in tested
        )
    )


class _NotKnown:
    """What a PABX can't measure."""

    def __call__(self, facts: Facts, pabx: str) -> None:
        """Read nothing."""


def blind(rules: Rules) -> Rules:
    """Return the same rules with all that a PABX can't know by itself not known, and nothing held for a time."""
    services = {name: _blind_service(service) for name, service in rules.services.items()}
    numbers = {
        spelling: replace(number, service=services[number.service.name]) for spelling, number in rules.numbers.items()
    }
    return replace(rules, services=services, numbers=numbers)


def _blind_service(service: Service) -> Service:
    return replace(
        service,
        rules=tuple(
            replace(rule, when=None if rule.when is None else _blind_condition(rule.when)) for rule in service.rules
        ),
    )


def _blind_condition(condition: Condition) -> Condition:
    match condition:
        case All(parts):
            return All(tuple(map(_blind_condition, parts)))
        case Any(parts):
            return Any(tuple(map(_blind_condition, parts)))
        case Not(part):
            return Not(_blind_condition(part))
        case Threshold(read=LongestWait() | EstimatedWait() | ServiceLevel() | CallRate()):
            return replace(condition, read=cast(Reading, _NotKnown()))
        case Threshold():
            return replace(condition, level=replace(condition.level, hold_s=0.0))
        case _:
            return condition


def text_of(decision: Decision) -> str:
    """Return the plan's text, without the id of the decision."""
    return encode(
        decision.plan, decision="", service=decision.service, rule=decision.rule, treatment=decision.treatment
    )


def anonymised(text: str) -> str:
    """Return a plan's text without the id of its decision."""
    version, _, rest = text.partition("|")
    return f"{version}||{rest.partition('|')[2]}"


class Levels:
    """Thresholds as a PABX keeps them: moved by the calls that look at them, forgotten when none does for long."""

    def __init__(self) -> None:
        self._kept: dict[LatchKey, tuple[float, Latch]] = {}

    def at(self, at: float) -> dict[LatchKey, Latch]:
        """Return what is kept at an instant."""
        return {key: latch for key, (seen_at, latch) in self._kept.items() if 0 <= at - seen_at < LATCHED_S}

    def seen(self, rules: Rules, facts: Facts, decision: Decision) -> None:
        """Take in that a call looked at every threshold of each rule up to the one that decided."""
        service = rules.services.get(decision.service, rules.unknown)
        tested = {each.rule for each in decision.trace}
        kept = self.at(facts.at)
        for leaf in (leaf for rule in service.rules if rule.name in tested for leaf in literals(rule.when)):
            if not isinstance(leaf, Threshold):
                continue
            key, value = leaf.latch_key(decision.call.pabx), leaf.read(facts, decision.call.pabx)
            if value is not None:
                self._kept[key] = (facts.at, leaf.level.step(kept.get(key, OFF), value, facts.at))


class Asker:
    """Asks compiled rules about one call after the other, and a router beside them; shares take turns at both."""

    def __init__(self, bed: Bed, fallback: Fallback, rules: Rules, facts_at: FactsAt) -> None:
        self.bed = bed
        self.fallback = fallback
        self.rules = rules
        self.facts_at = facts_at
        self._blind = blind(rules)
        self._turns: Mapping[str, Turns] = {}
        self._levels = Levels()
        self._watched: Mapping[LatchKey, Latch] | None = None

    def turn(self, facts_at: FactsAt, at: float) -> None:
        """Go on with other facts from an instant on; the router, who watches all the time, sees them come."""
        before = self.facts_at(at).latches if self._watched is None else self._watched
        self._watched = watch(self.rules, replace(facts_at(at), latches=before))
        self.facts_at = facts_at

    def compare(self, call: Call) -> Compared:
        """Ask about a call now, under a load that the PABX is under."""
        (answered,) = self.bed.ask([Question(call.number, call.caller, call.language)])
        met = []
        for at in sorted(answered.seconds):
            facts = replace(self.facts_at(at), turns=self._turns)
            decision = decide(self._blind, replace(facts, latches=self._levels.at(at)), call, "")
            if self._watched is not None:
                facts = replace(facts, latches=watch(self.rules, replace(facts, latches=self._watched)))
            compared = _compared(self.fallback, self.rules, decision, facts, anonymised(answered.plan))
            met.append((not compared.good, decision, facts, compared))
        _, decision, facts, compared = min(met, key=lambda each: each[0])
        self._turns = {**self._turns, **decision.turns}
        self._levels.seen(self._blind, facts, decision)
        return compared


def _compared(fallback: Fallback, rules: Rules, seeing_less: Decision, facts: Facts, found: str) -> Compared:
    call = seeing_less.call
    decision = decide(rules, facts, call, "")
    when = facts.instant.astimezone(rules.zone)
    return Compared(
        about=f"{call.number} from {call.caller} in {call.language} at {when:%a %F %T %z}",
        expected=text_of(decision),
        blind=text_of(seeing_less),
        found=found,
        reasons=reasons(fallback, decision),
    )


def proved(bed: Bed, cases: Cases) -> Iterator[Compared]:
    """Place a real call for each case of a file, at its instant and under its load, and compare.

    About a case of several calls the compiled rules are asked as often, too. Cases of callers who wait already are left
    out: without a router nobody is moved.
    """
    coming = sorted((case for case in cases.cases if not case.queue), key=lambda case: case.at)
    compiled: dict[frozenset[str], Fallback] = {}
    for case in coming:
        if case.modes not in compiled:
            modes = dict.fromkeys(case.modes)
            compiled[case.modes] = compile_fallback(cases.rules, coming[0].at, modes=modes)
        assert bed.install(compiled[case.modes].text) == []
        bed.show(case.at)
        with bed.under(case.load, cases.rules):
            yield _proved(bed, compiled[case.modes], cases.rules, case)


def _proved(bed: Bed, fallback: Fallback, rules: Rules, case: Case) -> Compared:
    caller = SOMEBODY if case.call.caller == ORDINARY else case.call.caller
    call = replace(case.call, caller=caller, language=case.call.language or LANGUAGE)
    facts = facts_of_case(rules, case)
    question = Question(call.number, call.caller, call.language)
    taken = bed.call(question)
    found = anonymised(taken.plan)
    if taken.entry != "fallback" or taken.step != _first_step(taken.plan):
        found = f"{found}; carried out: {taken.entry}, {' '.join(taken.step)}"
    # A PABX always knows itself: where the router can't ask it, what it does is what its own load says.
    seen = facts if case.load.known else facts_of_case(rules, replace(case, load=QUIET))
    compared = _compared(fallback, rules, decide(blind(rules), seen, call, ""), seen, found)
    if not case.load.known:
        silent = text_of(decide(rules, facts, call, ""))
        compared = replace(compared, expected=silent, reasons=(*compared.reasons, SILENT))
    if case.calls > 1 and compared.good:
        bed.forget()
        met = Counter(names_of(decode(each.plan).plan)[0] for each in bed.ask([question] * case.calls))
        wanted = Counter(names_of(each.plan)[0] for each in in_a_row(rules, facts, call, case.calls))
        seen_by_pabx = Counter(names_of(each.plan)[0] for each in in_a_row(blind(rules), seen, call, case.calls))
        compared = replace(compared, expected=_counted(wanted), blind=_counted(seen_by_pabx), found=_counted(met))
    return replace(compared, about=case.name)


def _first_step(text: str) -> tuple[str, str]:
    kind, name = text.split("&")[1].split("|")[:2]
    return kind, name


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def summed_up(name: str, found: Sequence[Compared]) -> str:
    """Return a line that tells what came of the cases of a file."""
    same, good = sum(each.same for each in found), sum(each.good for each in found)
    return f"{name}: {len(found)} cases, {same} as the router, {good - same} differ as said, {len(found) - good} wrong"
