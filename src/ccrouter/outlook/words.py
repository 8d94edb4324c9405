"""A decision in words: what was tested, what was seen, what decided, and what becomes of the call.

Fresh decisions and those of the journal are told alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from textwrap import wrap

from ccrouter.outlook.cases import names_of
from ccrouter.routing.conditions import Tested
from ccrouter.routing.decision import Decision, Stay
from ccrouter.routing.destinations import Considered, External
from ccrouter.routing.facts import STALE_AFTER_S
from ccrouter.routing.plan import PlayStep, QueueStep, SiteStep, Step, Treatment, VoicemailStep
from ccrouter.routing.rule import TAKEN_NAMES
from ccrouter.routing.rules import Rules
from ccrouter.routing.thresholds import Verdict
from ccrouter.routing.trace import RuleTested

WIDTH = 80
"""Columns of the narrowest terminal."""


class Tone(Enum):
    """How a line is meant, for whoever colours it."""

    PLAIN = "plain"
    HEAD = "head"
    DECIDES = "decides"
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    FAINT = "faint"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of at most 80 columns."""

    text: str
    tone: Tone = Tone.PLAIN


_TONES = {Verdict.YES: Tone.YES, Verdict.NO: Tone.NO, Verdict.UNKNOWN: Tone.UNKNOWN}


def lines(text: str, *, first: str = "", rest: str | None = None, tone: Tone = Tone.PLAIN) -> Iterator[Line]:
    """Yield a text as lines that begin with `first`, and all but the first with `rest`."""
    rest = " " * len(first) if rest is None else rest
    found = wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return (Line(each, tone) for each in found or [first.rstrip()])


def summary(found: Decision | Stay) -> Iterator[Line]:
    """Yield what becomes of the call, in a sentence."""
    if isinstance(found, Stay):
        yield from lines(f"stays in the queue: {_why(found)}", tone=Tone.DECIDES)
    else:
        way = ", then ".join(names_of(found.plan))
        by = f"`{found.rule}`" if found.rule in TAKEN_NAMES else f"the rule `{found.rule}`"
        yield from lines(f"goes to {way}, by {by}", tone=Tone.DECIDES)


def reasons(found: Decision | Stay, rules: Rules | None = None) -> Iterator[Line]:
    """Yield all that led there, section by section; `rules` are those that decided, where they are at hand."""
    yield Line("Rules, in order", Tone.HEAD)
    yield from rules_tested(found, rules)
    if found.considered:
        yield Line("Destinations", Tone.HEAD)
        yield from _destinations(found)
    if isinstance(found, Decision):
        yield Line("Plan", Tone.HEAD)
        for nth, step in enumerate(found.plan.steps, 1):
            yield from lines(_step(step, rules), first=f"  {nth}. ")
        yield Line("Treatment", Tone.HEAD)
        yield from lines(_treatment(found.treatment), first="  ")


def rules_tested(
    found: Decision | Stay, rules: Rules | None = None, *, whole: bool = True, also: str = ""
) -> Iterator[Line]:
    """Yield the rules that were tested, each with its tests; unless `whole`, those that said no without, but `also`."""
    for i, rule in enumerate(found.trace):
        decides = rule.rule == found.rule and i == len(found.trace) - 1
        yield from _rule(rule, found, decides=decides)
        if whole or decides or rule.verdict is not Verdict.NO or rule.rule == also:
            for test in rule.tests:
                yield from _test(test)
    if not found.trace:
        yield Line("  none was tested", Tone.FAINT)
    left = 0 if rules is None else _not_reached(found, rules)
    if left:
        yield Line(f"  {left} more rule{'s' * (left > 1)} not reached", Tone.FAINT)


def _why(stay: Stay) -> str:
    if stay.rule:
        return f"the rule `{stay.rule}` leads back to it"
    if stay.state_age_s is None or stay.state_age_s > STALE_AFTER_S:
        return "the PABX can't be asked, and nobody is moved blindly"
    return "no rule moves the caller" if stay.trace else "the service has no rules for callers who wait"


def _rule(rule: RuleTested, found: Decision | Stay, *, decides: bool) -> Iterator[Line]:
    remark = ""
    if decides and rule.verdict is Verdict.UNKNOWN:
        remark = "  (it says `if_unknown: match`)"
    elif not decides and rule.verdict is Verdict.YES:
        remark = "  (but none of its destinations can take the call)"
    sign = "=>" if decides else "  "
    text = f"{rule.rule}{remark}"
    if decides and isinstance(found, Stay):
        text = f"{text}  (leads back to the queue)"
    tone = Tone.DECIDES if decides else _TONES[rule.verdict]
    yield from lines(text, first=f"{sign} {rule.verdict:<8}", tone=tone)


def _test(test: Tested) -> Iterator[Line]:
    seen = f"  [{test.seen}]" if test.seen else ""
    yield from lines(f"{test.text}{seen}", first=f"             {test.verdict:<8}", tone=Tone.FAINT)


def _not_reached(found: Decision | Stay, rules: Rules) -> int:
    known = rules.numbers.get(found.call.number)
    service = rules.unknown if known is None else known.service
    asked = service.while_waiting if found.call.waited_s is not None else service.rules
    reached = {rule.rule for rule in found.trace}
    return sum(rule.name not in reached for rule in asked)


# --- what becomes of the call -----------------------------------------------------------------------------------------


def _destinations(found: Decision | Stay) -> Iterator[Line]:
    width = min(24, max(len(seen.destination) for seen in found.considered))
    last = found.plan.last.message if isinstance(found, Decision) else ""
    for seen in found.considered:
        can = "ends the plan" if seen.destination == last else "can take the call"
        tone = Tone.NO if seen.state else Tone.YES
        yield from lines(_state(seen) or can, first=f"  {seen.destination:<{width}}  ", tone=tone)


_SAID = {
    "down": "not tried first: down",
    "not its turn": "passed over: not its turn in the share",
    "in the plan already": "in the plan already, by the share",
}


def _state(seen: Considered) -> str:
    match seen.state:
        case "closed":
            return f"passed over: closed by the calendar {seen.seen}"
        case "full":
            return f"not tried first: full, {seen.seen}"
        case "empty":
            return f"not tried first: {seen.seen}"
        case "absent":
            return f"passed over: {seen.seen}"
        case _:
            return _SAID.get(seen.state, "")


def _step(step: Step, rules: Rules | None) -> str:
    match step:
        case QueueStep(site, queue, max_wait_s):
            return f"wait for {site} in the queue {queue}, at most {max_wait_s} s"
        case SiteStep(site, dial, answer_within_s, max_calls, hide_caller):
            limit = f", unless {max_calls} calls are there" if max_calls else ""
            declared = None if rules is None else rules.sites.get(site)
            if isinstance(declared, External) and declared.max_calls != max_calls:
                of_all = f"the lines that this PABX is lent of {declared.max_calls}"
                limit = f", unless {of_all} are taken ({max(0, max_calls)} where it was lent none)"
            hidden = ", the caller's number hidden" if hide_caller else ""
            return f"ring {site} at {dial}, at most {answer_within_s} s{limit}{hidden}"
        case PlayStep(message, file):
            return f"play {message}, the file {file}, and hang up"
        case VoicemailStep(message, mailbox):
            return f"take a message for {message}, the voicemail box {mailbox}, and hang up"


def _treatment(treatment: Treatment) -> str:
    answer = "answered at once" if treatment.answer_on_entry else "not answered before somebody takes the call"
    language = f"language {treatment.language}" if treatment.language else "the language of the PABX"
    priority = f"priority {treatment.priority} in queues"
    announcement = f"{treatment.announcement} is played first" if treatment.announcement else "no announcement"
    return f"{answer}; {language}; {priority}; {announcement}"
