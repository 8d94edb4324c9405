"""Gates: parts of conditions that are about the same thing, asked once for all rules that have them.

The conditions themselves answer; what is kept is what they said to the same modes, number, instant and so on. Sets of
rules are bits of an integer, the first rule the lowest.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import (
    NO,
    CallerIs,
    Condition,
    Dates,
    LanguageIs,
    Mode,
    NumberIs,
    Open,
    Question,
    SiteIs,
)
from ccrouter.routing.facts import Facts
from ccrouter.routing.literals import literals
from ccrouter.routing.schedule import Calendar

MOST_KEPT: Final = 1000
"""Answers that are kept of one kind; callers can dial anything."""

NEVER: Final = datetime.min.replace(tzinfo=UTC)
FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)


class Gates(Protocol):
    """Parts of conditions that are about the same thing."""

    def rules(self, call: Call, facts: Facts) -> int:
        """Return the rules of those that say no now (of alternatives: of those that do not)."""
        ...


Parts = Mapping[Condition, int]
"""Parts of conditions, each with its rules."""


def subject(part: Condition) -> Hashable:
    """Return what a part is about: a class of conditions (Open for dates too), the name of a site; None for several."""
    subjects = {_subject(each) for each in literals(part)}
    return subjects.pop() if len(subjects) == 1 else None


def _subject(condition: Condition) -> Hashable:
    if isinstance(condition, SiteIs):
        return condition.site
    if isinstance(condition, Open | Dates):
        return Open
    return type(condition) if type(condition) in _KEYS else None


_KEYS: Final[dict[Hashable, Callable[[Call, Facts], Hashable]]] = {
    Mode: lambda _, facts: facts.modes,
    NumberIs: lambda call, _: call.number,
    LanguageIs: lambda call, _: (call.language, call.caller_known),
}
"""By what the answer of a condition is known, for those that look at nothing else."""


def _health_of(site: str) -> Callable[[Call, Facts], Hashable]:
    def health(call: Call, facts: Facts) -> Hashable:
        known = facts.site(call.pabx, site)
        return None if known is None else known.health

    return health


def gates(about: Hashable, parts: Parts, *, no: bool = True) -> Gates:
    """Return the gates of parts that are about one subject: of those that say no, or of those that do not."""
    if about is Open:
        return _Timed(parts, no)
    return _Kept(parts, no, _health_of(about) if isinstance(about, str) else _KEYS[about])


def _said(parts: Parts, call: Call, facts: Facts, *, no: bool) -> int:
    """Return the rules of the parts that say no, or of those that do not."""
    question, rules = Question(call, facts), 0
    for part, its_rules in parts.items():
        if (part.test(question) is NO) is no:
            rules |= its_rules
    return rules


@dataclass(slots=True)
class _Kept:
    """Parts that say the same again where the key is the same."""

    parts: Parts
    no: bool
    key: Callable[[Call, Facts], Hashable]
    _known: dict[Hashable, int] = field(default_factory=dict)

    def rules(self, call: Call, facts: Facts) -> int:
        key = self.key(call, facts)
        rules = self._known.get(key)
        if rules is None:
            if len(self._known) >= MOST_KEPT:
                self._known = {}
            rules = self._known[key] = _said(self.parts, call, facts, no=self.no)
        return rules


@dataclass(slots=True)
class _Timed:
    """Parts that say the same until a calendar opens or closes, or a date comes."""

    parts: Parts
    no: bool
    _known: tuple[datetime, datetime, int] = (NEVER, NEVER, 0)

    def rules(self, call: Call, facts: Facts) -> int:
        since, until, rules = self._known
        if not since <= facts.instant < until:
            rules = _said(self.parts, call, facts, no=self.no)
            calendars = {_calendar(each) for part in self.parts for each in literals(part)}
            changes = (None if each is None else each.next_change(facts.instant) for each in calendars)
            until = min((change for change in changes if change is not None), default=FOR_EVER)
            self._known = (facts.instant, until, rules)  # in one piece: threads share it
        return rules


def _calendar(condition: Condition) -> Calendar | None:
    if isinstance(condition, Open):
        return condition.calendar
    return condition if isinstance(condition, Dates) else None


class Callers:
    """Parts that ask for a caller, by how the numbers begin that they mean."""

    def __init__(self) -> None:
        self._rules = 0
        self._hidden = 0
        self._whole: dict[str, int] = {}
        self._begins: dict[int, dict[str, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, part: CallerIs, rule: int) -> None:
        """Take a part of a rule."""
        self._rules |= rule
        self._hidden |= rule if part.anonymous else 0
        for number in part.numbers:
            self._whole[number] = self._whole.get(number, 0) | rule
        for prefix in part.prefixes:
            begins = self._begins.setdefault(len(prefix), {})
            begins[prefix] = begins.get(prefix, 0) | rule

    def rules(self, call: Call, _: Facts) -> int:
        """Return the rules that mean somebody else."""
        caller = call.caller
        if not call.caller_known:
            return 0
        if caller is None:
            return self._rules & ~self._hidden
        meant = self._whole.get(caller, 0)
        for length, begins in self._begins.items():
            meant |= begins.get(caller[:length], 0)
        return self._rules & ~meant
