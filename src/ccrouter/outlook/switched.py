"""What a mode changes for callers: each number's way with the mode and without it, now and for the hours to come."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ccrouter.outlook.asked import asked
from ccrouter.outlook.behaviour import Way, way
from ccrouter.outlook.cases import ORDINARY
from ccrouter.outlook.loads import moved
from ccrouter.outlook.stretches import clocks, stretches
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import NumberIs
from ccrouter.routing.decide import decide, decide_waiting
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Number, Rules, Service

Modes = Callable[[float], frozenset[str]]
"""Which modes are on at an instant."""

PREVIEW = "preview"
"""Id of a decision that nobody carries out."""


@dataclass(frozen=True, slots=True)
class Switched:
    """Numbers whose calls go another way for a time.

    Attributes:
        numbers: as the routing file writes them; `labels` are theirs, each once.
        start, end: seconds since 1970-01-01 UTC; `end` None where it lasts beyond the time that was looked at.

    """

    numbers: tuple[str, ...]
    labels: tuple[str, ...]
    service: str
    before: Way
    after: Way
    start: float
    end: float | None

    @property
    def words(self) -> str:
        """Return it as a sentence."""
        label = f" ({', '.join(self.labels)})" if self.labels else ""
        by = f"rule `{self.after.rule}`, in place of `{self.before.rule}`"
        return f"{', '.join(self.numbers)}{label}: {self.after.text}, instead of {self.before.text} ({by})"


@dataclass(frozen=True, slots=True)
class Moved:
    """Callers who wait in a queue and are sent on; `callers` is how many."""

    queue: str
    service: str
    callers: int
    to: Way

    @property
    def words(self) -> str:
        """Return it as a sentence."""
        who = "1 caller who waits" if self.callers == 1 else f"{self.callers} callers who wait"
        return f"{who} in the queue {self.queue}: sent to {self.to.text} (rule `{self.to.rule}`)"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a switch comes to.

    Attributes:
        changes: what differs at once.
        waiting: what becomes of callers who wait, where it differs.
        later: what begins to differ later, in the order of time.
        same: how many numbers are called as before at once.
        unexplored: numbers that were not looked at, for time ran out.

    """

    changes: tuple[Switched, ...]
    waiting: tuple[Moved, ...]
    later: tuple[Switched, ...]
    same: int
    unexplored: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is looked at.

    Attributes:
        facts: those of this instant; the load is taken to stay as it is.
        pabx: carries the calls that are asked about.
        waiting: the calls that wait, with their queues.
        until: how far to look ahead.
        turns: instants at which modes begin or end by themselves.

    """

    rules: Rules
    facts: Facts
    pabx: str
    waiting: Sequence[tuple[Call, str]] = ()
    until: float
    turns: Collection[float] = ()


def switched(present: Present, before: Modes, after: Modes, more: Callable[[], bool]) -> Preview:
    """Return which calls go another way under the modes `after` than under `before`; callers are such as no rule names.

    Args:
        more: tells whether there is time to look at more.

    """
    facts, found = present.facts, list[Switched]()
    same, unexplored = 0, list[str]()
    for members in _alike(present.rules, facts):
        looked = _Looked(present, members)
        if not more():
            unexplored += looked.numbers
            continue
        differing = list(looked.differing(before, after))
        found += differing
        same += 0 if any(each.start == facts.at for each in differing) else len(looked.numbers)
    together = list(_together(found))
    now = tuple(each for each in together if each.start == facts.at)
    later = sorted((each for each in together if each.start > facts.at), key=lambda each: each.start)
    moves = _moves(present, before(facts.at), after(facts.at), more)
    return Preview(now, moves, tuple(later), same, tuple(dict.fromkeys(unexplored)))


def _together(found: Iterable[Switched]) -> Iterator[Switched]:
    """Yield the same changes, those of several numbers as one."""
    same: dict[tuple[object, ...], list[Switched]] = {}
    for each in found:
        ways = each.before, each.before.rule, each.after, each.after.rule
        same.setdefault((each.service, *ways, each.start, each.end), []).append(each)
    for several in same.values():
        numbers = dict.fromkeys(number for each in several for number in each.numbers)
        labels = dict.fromkeys(label for each in several for label in each.labels)
        yield replace(several[0], numbers=tuple(numbers), labels=tuple(labels))


def _moves(
    present: Present, before: frozenset[str], after: frozenset[str], more: Callable[[], bool]
) -> tuple[Moved, ...]:
    rules, counts = present.rules, dict[tuple[str, str, Way], Moved]()
    for call, queue in present.waiting:
        if not more():
            break
        first, second = (
            decide_waiting(rules, replace(present.facts, modes=modes), call, queue, PREVIEW)
            for modes in (before, after)
        )
        if second is None or (first is not None and way(rules, first) == way(rules, second)):
            continue
        to = way(rules, second)
        key = queue, second.service, to
        known = counts.get(key)
        counts[key] = Moved(queue, second.service, 1 + (known.callers if known else 0), to)
    return tuple(counts.values())


Member = tuple[str, Number]
"""A number with a spelling of it."""


def _alike(rules: Rules, facts: Facts) -> Iterator[list[Member]]:
    """Yield the numbers, those together whose calls can't go different ways."""
    groups: dict[tuple[object, ...], list[Member]] = {}
    told: dict[int, list[NumberIs]] = {}
    apart = {each.number for override in facts.overrides if (each := rules.numbers.get(override.number)) is not None}
    for form, number in rules.numbers.items():
        service = number.service
        if id(service) not in told:
            told[id(service)] = [each for each in asked(service) if isinstance(each, NumberIs)]
        answers = tuple(form in each.spellings for each in told[id(service)])
        own = number.number if number.number in apart else ""
        groups.setdefault((id(service), number.treatment.language, answers, own), []).append((form, number))
    yield from groups.values()


@dataclass(frozen=True, slots=True)
class _Looked:
    """Numbers that are looked at together; the first stands for all."""

    present: Present
    members: Sequence[Member]

    @property
    def numbers(self) -> tuple[str, ...]:
        """Return them as the file writes them: one may have several spellings."""
        return tuple(dict.fromkeys(number.number for _, number in self.members))

    @property
    def service(self) -> Service:
        """Return what they reach."""
        return self.members[0][1].service

    def differing(self, before: Modes, after: Modes) -> Iterator[Switched]:
        """Yield the times at which the ways differ, each as long as both stay the same."""
        labels = tuple(dict.fromkeys(number.label for _, number in self.members if number.label))
        runs: list[tuple[float, Way, Way]] = []
        for at in self._instants():
            first, second = self._way(at, before(at)), self._way(at, after(at))
            if not runs or runs[-1][1:] != (first, second):
                runs.append((at, first, second))
        ends = [*(at for at, _, _ in runs[1:]), None]
        for (start, first, second), end in zip(runs, ends, strict=True):
            if first != second:
                yield Switched(self.numbers, labels, self.service.name, first, second, start, end)

    def _instants(self) -> list[float]:
        """Return the present, and all instants after it at which something turns that the service looks at."""
        facts, until = self.present.facts, self.present.until
        start, end = (datetime.fromtimestamp(at, UTC) for at in (facts.at, until))
        found = {each.start.timestamp() for each in stretches(clocks(self.service), start, end)}
        found |= {at for each in facts.overrides for at in (each.since, each.until)}
        return [facts.at, *sorted(at for at in {*found, *self.present.turns} if facts.at < at < until)]

    def _way(self, at: float, modes: frozenset[str]) -> Way:
        facts, rules = self.present.facts, self.present.rules
        then = replace(moved(facts, at) if at != facts.at else facts, modes=modes)
        return way(rules, decide(rules, then, Call(self.present.pabx, PREVIEW, self.members[0][0], ORDINARY), PREVIEW))
