"""What is left of a service's rules at one instant for one number: all that neither the clock nor the number settles.

Nothing is decided here. Conditions that the instant and the number answer are asked, and taken out of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ccrouter.outlook.behaviour import shared
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import All, Any, Condition, Dates, LanguageIs, Not, NumberIs, Open, Question, Threshold
from ccrouter.routing.destinations import Destination, Leg, Message, Share
from ccrouter.routing.facts import Facts
from ccrouter.routing.rule import OTHERWISE, Rule
from ccrouter.routing.rules import Service
from ccrouter.routing.snapshot import Snapshot
from ccrouter.routing.thresholds import Verdict

STAY = Rule("", None, ())
"""What becomes of a waiting caller whom no rule moves."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A number that is dialled at an instant.

    Attributes:
        number: one of its spellings.
        language: that of its treatment; empty where the call brings its own.
        at: seconds since 1970-01-01 UTC.

    """

    number: str
    language: str
    at: float

    def residue(self, service: Service) -> tuple[Rule, ...]:
        """Return the rules that may decide about a call that has just arrived; the last one always would."""
        otherwise = Rule(OTHERWISE, None, service.otherwise)
        return tuple(
            replace(rule, to=self._to(rule.to, service.last)) for rule in self._left([*service.rules, otherwise])
        )

    def waiting_residue(self, service: Service) -> tuple[Rule, ...]:
        """Return the rules that may move a caller who waits; the last stands for staying."""
        left = self._left([*filter(self._leads_on, service.while_waiting), STAY])
        return tuple(rule if rule is STAY else replace(rule, to=self._to(rule.to, service.last)) for rule in left)

    def _left(self, rules: Sequence[Rule]) -> list[Rule]:
        left: list[Rule] = []
        for rule in rules:
            when = True if rule.when is None else self._asked(rule.when)
            if when is True:
                return [*left, replace(rule, when=None, match_unknown=False) if rule is not STAY else rule]
            if when is not False:
                left.append(replace(rule, when=when))
        return left

    def _asked(self, condition: Condition) -> Condition | bool:
        if isinstance(condition, Open | Dates | NumberIs) or (isinstance(condition, LanguageIs) and self.language):
            return self._answer(condition)
        match condition:
            case All(parts) | Any(parts):
                return self._combined(condition, [self._asked(part) for part in parts])
            case Not(part):
                found = self._asked(part)
                return not found if isinstance(found, bool) else Not(found)
            case Threshold():
                return replace(condition, key="")  # which names the rule
        return condition

    def _combined(self, condition: All | Any, parts: Sequence[Condition | bool]) -> Condition | bool:
        decisive = isinstance(condition, Any)
        if any(part is decisive for part in parts):
            return decisive
        kept = tuple(part for part in parts if not isinstance(part, bool))
        return type(condition)(kept) if len(kept) > 1 else kept[0] if kept else not decisive

    def _answer(self, condition: Condition) -> bool:
        call = Call("", "", self.number, language=self.language)
        return condition.test(Question(call, Facts(self.at, Snapshot(self.at)))) is Verdict.YES

    def _to(self, to: Sequence[Destination], last: Message) -> tuple[Destination, ...]:
        """Return destinations without those that are closed, up to the message."""
        left: list[Destination] = []
        for each in to:
            if isinstance(each, Message):
                return (*left, each)
            if isinstance(each, Leg):
                left += [_bare(each)] if self._open(each) else []
                continue
            parts = {
                leg: weight for leg, weight in zip(each.legs, each.weights, strict=True) if weight and self._open(leg)
            }
            if len(parts) > 1:
                left.append(Share("", tuple(map(_bare, parts)), tuple(parts.values())))
            else:
                left += map(_bare, parts)
        return (*left, last)

    def _leads_on(self, rule: Rule) -> bool:
        """Tell whether a rule may move a caller who waits: a message after closed sites moves nobody."""
        first, *_ = rule.to
        parts = (each.legs if isinstance(each, Share) else (each,) for each in rule.to)
        return isinstance(first, Message) or any(
            isinstance(leg, Leg) and self._open(leg) for each in parts for leg in each
        )

    def _open(self, leg: Leg) -> bool:
        calendar = leg.site.calendar
        return calendar is None or calendar.is_open(Facts(self.at, Snapshot(self.at)).instant)


def names(to: Sequence[Destination]) -> tuple[str, ...]:
    """Return destinations by their names, and shares by their parts in the order of the file."""
    return tuple(
        f"{shared(dict(zip(each.legs, each.weights, strict=True)))} {[leg.site.name for leg in each.legs]}"
        if isinstance(each, Share)
        else each.site.name
        if isinstance(each, Leg)
        else each.name
        for each in to
    )


def _bare(leg: Leg) -> Leg:
    return Leg(replace(leg.site, calendar=None), leg.limit_s)
