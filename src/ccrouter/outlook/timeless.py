"""What the time can change: rules that say no whatever the clocks say are out of the question at any time."""

from dataclasses import dataclass

from ccrouter.routing.conditions import All, Any, Condition, Dates, Not, Open, Question
from ccrouter.routing.rule import Rule
from ccrouter.routing.thresholds import Verdict


@dataclass(frozen=True, slots=True)
class _AnyTime:
    """Stands for a question to a clock: it may be answered either way."""

    def test(self, _: Question) -> Verdict:
        return Verdict.UNKNOWN


def may_apply(rule: Rule, question: Question) -> bool:
    """Tell whether a rule may apply at some time, while all else is as in a question."""
    return rule.when is None or _at_any_time(rule.when).test(question) is not Verdict.NO


def _at_any_time(condition: Condition) -> Condition:
    match condition:
        case Open() | Dates():
            return _AnyTime()
        case All(parts) | Any(parts):
            return type(condition)(tuple(map(_at_any_time, parts)))
        case Not(part):
            return Not(_at_any_time(part))
    return condition
