"""The course of a number through the year: where its calls go at every minute, day by day, while all else stays."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol, runtime_checkable

from ccrouter.outlook.asked import of_service
from ccrouter.outlook.behaviour import Way, way
from ccrouter.outlook.loads import QUIET, Load, facts_under
from ccrouter.outlook.stretches import clocks, stretches
from ccrouter.outlook.timeless import may_apply
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import Question
from ccrouter.routing.decide import decide
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.routing.schedule import Calendar

Asking = Callable[[datetime], Way]
"""Tells where a call goes that arrives at an instant."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that a decision looks at besides the instant: who calls, under which load, with which modes on.

    `caller` "" stands for somebody whose number no rule names; None for a hidden number.
    """

    load: Load = QUIET
    modes: frozenset[str] = frozenset()
    caller: str | None = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A time [start, end) in UTC in which calls go one way."""

    start: datetime
    end: datetime
    way: Way


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a day on the clock on the wall, in minutes from midnight; the clock does not jump within it."""

    start: int
    end: int
    way: Way


Kind = tuple[tuple[int, Way], ...]
"""What a day is like: from which minute on calls go which way. Days of one kind are alike."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the place.

    Attributes:
        reason: why it may be unlike others: a holiday, an exception, a date in a rule; empty where nothing is known.
        clock_h: hours by which the clock is turned on this day, 0 on most.

    """

    on: date
    parts: tuple[Part, ...]
    kind: Kind
    reason: str
    clock_h: float


@dataclass(frozen=True, slots=True)
class Year:
    """The days of a number, and what there is to say of them.

    Attributes:
        usual: what most days of each weekday (0 is Monday) are like.
        signs: a letter for each kind of day, those of the usual week first.

    """

    number: str
    zone: tzinfo
    pieces: tuple[Piece, ...]
    days: tuple[Day, ...]
    usual: Mapping[int, Kind]
    signs: Mapping[Kind, str]

    @property
    def ways(self) -> list[Way]:
        """Return every way that calls go, the one that takes most hours first."""
        spent = Counter[Way]()
        for piece in self.pieces:
            spent[piece.way] += int((piece.end - piece.start).total_seconds())
        return [each for each, _ in spent.most_common()]

    @property
    def unusual(self) -> list[Day]:
        """Return the days that are unlike most days of their weekday."""
        return [day for day in self.days if day.kind != self.usual[day.on.weekday()]]

    @property
    def turned(self) -> list[Day]:
        """Return the days on which the clocks are turned."""
        return [day for day in self.days if day.clock_h]


@runtime_checkable
class Almanac(Protocol):
    """A calendar that knows what is special about a day."""

    def occasion(self, day: date) -> str:
        """Return it by its name, or nothing."""
        ...


def asking(rules: Rules, number: str, circumstances: Circumstances) -> Asking:
    """Return who tells where calls to a number go: `decide` itself, while these stay as they are."""
    rules = _at_some_time(rules, number, circumstances)

    def ask(at: datetime) -> Way:
        facts = facts_under(circumstances.load, rules, at.timestamp(), modes=circumstances.modes)
        return way(rules, decide(rules, facts, _call(facts, number, circumstances), ""))

    return ask


def _at_some_time(rules: Rules, number: str, circumstances: Circumstances) -> Rules:
    """Return the rules with the one service of a number, and of that only what may apply at some time."""
    known = rules.numbers.get(number)
    service = rules.unknown if known is None else known.service
    rules = of_service(rules, service)
    facts = facts_under(circumstances.load, rules, 0.0, modes=circumstances.modes)
    call = _call(facts, number, circumstances)
    treatment = service.treatment if known is None else known.treatment
    question = Question(replace(call, language=treatment.language or call.language), facts)
    service = replace(service, rules=tuple(rule for rule in service.rules if may_apply(rule, question)))
    rules = of_service(rules, service)
    if known is None:
        return replace(rules, unknown=service)
    return replace(rules, numbers={number: replace(known, service=service)}, services={service.name: service})


def _call(facts: Facts, number: str, circumstances: Circumstances) -> Call:
    return Call(next(iter(facts.snapshot.pabxs)), "", number, circumstances.caller, circumstances.language)


def course(calendars: Mapping[str, Calendar], ask: Asking, start: datetime, end: datetime) -> list[Piece]:
    """Return where calls go from `start` to `end`, without a gap; each piece is as long as it can be.

    Between two changes of the calendars an answer holds, and wherever the same ones are open it is the same.
    """
    known: dict[frozenset[str], Way] = {}
    pieces: list[Piece] = []
    for stretch in stretches(calendars, start, end):
        if stretch.open not in known:
            known[stretch.open] = ask(stretch.start)
        found = known[stretch.open]
        last = pieces[-1].way if pieces else None
        if last is not None and (last, last.rule) == (found, found.rule):
            pieces[-1] = Piece(pieces[-1].start, stretch.end, found)
        else:
            pieces.append(Piece(stretch.start, stretch.end, found))
    return pieces


def year(rules: Rules, number: str, first: date, days: int, circumstances: Circumstances) -> Year:
    """Return the course of a number over some days from 00:00 of the first one on, on the clock of the rules' zone.

    `number` is one of the spellings of a number; one that the rules do not know is routed as any such number is.
    """
    known = rules.numbers.get(number)
    service = rules.unknown if known is None else known.service
    calendars = clocks(service)
    start, end = (_midnight(first + timedelta(days=ahead), rules.zone) for ahead in (0, days))
    pieces = course(calendars, asking(rules, number, circumstances), start, end)
    found = tuple(_days(pieces, rules.zone, calendars))
    kinds: dict[int, Counter[Kind]] = {}
    for day in found:
        kinds.setdefault(day.on.weekday(), Counter())[day.kind] += 1
    usual = {weekday: kinds[weekday].most_common(1)[0][0] for weekday in sorted(kinds)}
    ordered = dict.fromkeys([*usual.values(), *(day.kind for day in found)])
    return Year(
        number=number if known is None else known.number,
        zone=rules.zone,
        pieces=tuple(pieces),
        days=found,
        usual=usual,
        signs={kind: _sign(nth) for nth, kind in enumerate(ordered)},
    )


def _sign(nth: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return letters[nth] if nth < len(letters) else "+"


def _midnight(on: date, zone: tzinfo) -> datetime:
    return datetime.combine(on, time(), zone).astimezone(UTC)


def _days(pieces: list[Piece], zone: tzinfo, calendars: Mapping[str, Calendar]) -> Iterator[Day]:
    at = 0
    on = pieces[0].start.astimezone(zone).date()
    while at < len(pieces):
        start, end = _midnight(on, zone), _midnight(on + timedelta(days=1), zone)
        parts: list[Part] = []
        while at < len(pieces) and pieces[at].start < end:
            parts += _parts(max(start, pieces[at].start), min(end, pieces[at].end), pieces[at].way, zone)
            if pieces[at].end > end:
                break
            at += 1
        if parts:
            turned_h = 24 - (end - start).total_seconds() / 3600
            yield Day(on, tuple(parts), _kind(parts), _reason(on, zone, calendars, turned_h), turned_h)
        on += timedelta(days=1)


def _parts(start: datetime, end: datetime, taken: Way, zone: tzinfo) -> Iterator[Part]:
    """Yield a part of a day by the wall; in two where the clock is turned within it."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    begin = first.hour * 60 + first.minute
    lasts = int((end - start).total_seconds()) // 60
    turned = round(((last.utcoffset() or timedelta()) - (first.utcoffset() or timedelta())).total_seconds() / 60)
    if not turned:
        yield Part(begin, begin + lasts, taken)
        return
    before, after = start, end
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        if middle.astimezone(zone).utcoffset() == first.utcoffset():
            before = middle
        else:
            after = middle
    until = int((after - start).total_seconds()) // 60
    yield Part(begin, begin + until, taken)
    yield Part(begin + until + turned, begin + lasts + turned, taken)


def _kind(parts: list[Part]) -> Kind:
    changes: list[tuple[int, Way]] = []
    for part in parts:
        if not changes or changes[-1][1] != part.way:
            changes.append((part.start, part.way))
    return tuple(changes)


def _reason(on: date, zone: tzinfo, calendars: Mapping[str, Calendar], turned_h: float) -> str:
    reasons = _occasions(on, calendars)
    if turned_h:
        reasons.append(f"the clocks are turned {'forward' if turned_h > 0 else 'back'}")
    start, end = _midnight(on, zone), _midnight(on + timedelta(days=1), zone)
    for name, calendar in calendars.items():
        if not isinstance(calendar, Almanac):
            change = calendar.next_change(start - timedelta(microseconds=1))
            if change is not None and change < end:
                reasons.append(name)
    if not reasons:
        reasons = [f"the day after: {each}" for each in _occasions(on - timedelta(days=1), calendars)]
    return ", ".join(dict.fromkeys(reasons))


def _occasions(on: date, calendars: Mapping[str, Calendar]) -> list[str]:
    told = [each.occasion(on) for each in calendars.values() if isinstance(each, Almanac)]
    return [each for each in told if each]
