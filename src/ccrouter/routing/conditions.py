"""Conditions: each answers yes, no or unknown about one call, and writes what it saw into the trace as it does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple, Protocol

from ccrouter.routing.call import Call
from ccrouter.routing.facts import Facts
from ccrouter.routing.measures import Reading
from ccrouter.routing.schedule import Calendar
from ccrouter.routing.snapshot import Health
from ccrouter.routing.thresholds import OFF, Latch, LatchKey, Level, Verdict

YES, NO, UNKNOWN = Verdict
"""Looked up once: on the class that takes as long as half a dozen comparisons."""


class Tested(NamedTuple):
    """One line of a trace: what was tested, in the words of the routing file, the answer, and the value seen."""

    text: str
    verdict: Verdict
    seen: str = ""


@dataclass(slots=True)
class Question:
    """One call asked about at one instant, with what is learnt on the way."""

    call: Call
    facts: Facts
    trace: list[Tested] = field(default_factory=list)
    latches: dict[LatchKey, Latch] = field(default_factory=dict)

    def answer(self, text: str, verdict: Verdict, seen: str = "") -> Verdict:
        """Write a line of trace and return its verdict."""
        self.trace.append(Tested(text, verdict, seen))
        return verdict

    def check(self, text: str, holds: bool, seen: str = "") -> Verdict:  # noqa: FBT001 - the fact itself
        """Write a line of trace for a plain yes or no."""
        return self.answer(text, YES if holds else NO, seen)

    def tell(self, line: Tested) -> Verdict:
        """Write a line of trace that was made before, and return its verdict."""
        self.trace.append(line)
        return line.verdict


class Condition(Protocol):
    """Something that a rule may ask."""

    def test(self, question: Question) -> Verdict:
        """Answer for this call, and write the trace."""
        ...


# --- combinations -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class All:
    """Yes when every part says yes; one no decides."""

    parts: tuple[Condition, ...]

    def test(self, question: Question) -> Verdict:
        """Answer in three values (Kleene)."""
        return _first(self.parts, question, decisive=NO, otherwise=YES)


@dataclass(frozen=True, slots=True)
class Any:
    """Yes when one part says yes."""

    parts: tuple[Condition, ...]

    def test(self, question: Question) -> Verdict:
        """Answer in three values (Kleene)."""
        return _first(self.parts, question, decisive=YES, otherwise=NO)


def _first(parts: Sequence[Condition], question: Question, *, decisive: Verdict, otherwise: Verdict) -> Verdict:
    unknown = False
    for part in parts:
        verdict = part.test(question)
        if verdict is decisive:
            return decisive
        if verdict is UNKNOWN:
            unknown = True
    return UNKNOWN if unknown else otherwise


_OPPOSITE = {YES: Tested("not", NO), NO: Tested("not", YES), UNKNOWN: Tested("not", UNKNOWN)}


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    part: Condition

    def test(self, question: Question) -> Verdict:
        """Answer the opposite."""
        return question.tell(_OPPOSITE[self.part.test(question)])


# --- time, modes, the call --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Open:
    """A calendar is open; `closed: name` is its opposite."""

    calendar: Calendar
    wanted: bool = True
    _lines: tuple[Tested, Tested] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make both lines of trace that there are."""
        text = f"{'open' if self.wanted else 'closed'}: {self.calendar.name}"
        closed, opened = (
            Tested(text, NO if self.wanted else YES, "closed"),
            Tested(text, YES if self.wanted else NO, "open"),
        )
        object.__setattr__(self, "_lines", (closed, opened))

    def test(self, question: Question) -> Verdict:
        """Answer for the instant of the question."""
        return question.tell(self._lines[self.calendar.is_open(question.facts.instant)])


@dataclass(frozen=True, slots=True)
class Dates:
    """The instant lies in [start, end), seconds since 1970-01-01 UTC, None for no bound; `zone` is for the trace.

    It is a calendar too, named by what the file says: open on its dates.
    """

    text: str
    zone: tzinfo
    start: float | None = None
    end: float | None = None

    @property
    def name(self) -> str:
        """Return what the file says."""
        return self.text

    def test(self, question: Question) -> Verdict:
        """Answer for the instant of the question."""
        instant = question.facts.instant
        return question.check(self.text, self.is_open(instant), f"{instant.astimezone(self.zone):%Y-%m-%d %H:%M}")

    def is_open(self, at: datetime) -> bool:
        """Tell whether `at` (aware, any zone) lies on these dates."""
        seconds = at.timestamp()
        return (self.start is None or seconds >= self.start) and (self.end is None or seconds < self.end)

    def next_change(self, at: datetime) -> datetime | None:
        """Return the first bound after `at`, in UTC; None when there is none."""
        bounds = (datetime.fromtimestamp(each, UTC) for each in (self.start, self.end) if each is not None)
        return min((bound for bound in bounds if bound > at), default=None)


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode is on."""

    name: str
    _lines: tuple[Tested, Tested] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make both lines of trace that there are."""
        text = f"mode: {self.name}"
        object.__setattr__(self, "_lines", (Tested(text, NO, "off"), Tested(text, YES, "on")))

    def test(self, question: Question) -> Verdict:
        """Answer from the modes that are on."""
        return question.tell(self._lines[self.name in question.facts.modes])


@dataclass(frozen=True, slots=True)
class NumberIs:
    """The number dialled is one of `spellings`; `text` is what the file says."""

    spellings: frozenset[str]
    text: str

    def test(self, question: Question) -> Verdict:
        """Compare as dialled and in E.164."""
        return question.check(f"number: {self.text}", question.call.number in self.spellings, question.call.number)


@dataclass(frozen=True, slots=True)
class CallerIs:
    """The caller's number starts with one of `prefixes`, is one of `numbers`, or is hidden where `anonymous`."""

    text: str
    prefixes: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    anonymous: bool = False
    _lines: tuple[Tested, Tested] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the lines of trace for another caller and for one that is meant."""
        text = f"caller: {self.text}"
        object.__setattr__(self, "_lines", (Tested(text, NO, "another"), Tested(text, YES, "known")))

    def test(self, question: Question) -> Verdict:
        """Answer; a hidden caller matches no number. The number itself stays out of the trace."""
        if not question.call.caller_known:
            return question.answer(f"caller: {self.text}", UNKNOWN, "not known")
        caller = question.call.caller
        if caller is None:
            return question.check(f"caller: {self.text}", self.anonymous, "hidden")
        return question.tell(self._lines[caller in self.numbers or caller.startswith(self.prefixes)])


@dataclass(frozen=True, slots=True)
class LanguageIs:
    """The language of the call is one of `languages`; `fr` also covers `fr-CA` and `fr_CA`."""

    languages: tuple[str, ...]

    def test(self, question: Question) -> Verdict:
        """Compare whole, then by the part before the region."""
        language = question.call.language
        if not language and not question.call.caller_known:
            return question.answer(f"language: {', '.join(self.languages)}", UNKNOWN, "not known")
        base = language.replace("_", "-").split("-")[0]
        return question.check(
            f"language: {', '.join(self.languages)}",
            language in self.languages or base in self.languages,
            language or "none",
        )


@dataclass(frozen=True, slots=True)
class Waited:
    """The caller has waited for at least `at_least_s` seconds; a call that has just arrived has waited 0."""

    at_least_s: float

    def test(self, question: Question) -> Verdict:
        """Answer from the caller's own wait."""
        waited = question.call.waited_s or 0.0
        return question.check(f"waited: {self.at_least_s:g} s", waited >= self.at_least_s, f"{waited:.1f} s")


# --- load -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Threshold:
    """A measured value against a level that may hold and stop elsewhere.

    Attributes:
        key: path of the condition in the routing file; names the latch and survives a reload.
        text: what the file says, such as `waiting in support at least 5 until below 3`.
        read: reads the value.
        per_pabx: whether the value belongs to one PABX (queues) or to all (sites).
        unit: of the value, for the trace.

    """

    key: str
    text: str
    read: Reading
    level: Level
    per_pabx: bool = True
    unit: str = ""

    def test(self, question: Question) -> Verdict:
        """Move the latch by what is seen now, and answer by it."""
        facts, pabx = question.facts, question.call.pabx
        key, value = (self.key, pabx if self.per_pabx else ""), self.read(facts, pabx)
        before = question.latches.get(key) or facts.latches.get(key, OFF)
        latch = self.level.step(before, value, facts.at)
        if latch != before:
            question.latches[key] = latch
        if value is None:
            return question.answer(self.text, UNKNOWN, "not known")
        more = ""
        if latch.on:
            if not self.level.reached(value):
                more = ", not yet stopped"
        elif latch.reached_at is not None:
            more = f", held for {facts.at - latch.reached_at:.0f} s"
        return question.tell(_measured(self.text, YES if latch.on else NO, value, self.unit, more))

    def latch_key(self, pabx: str) -> LatchKey:
        """Return the key of the latch that a call on `pabx` looks at."""
        return (self.key, pabx if self.per_pabx else "")

    def watch(self, facts: Facts, pabx: str) -> tuple[LatchKey, Latch]:
        """Return the latch after a look between calls."""
        key = self.latch_key(pabx)
        return key, self.level.step(facts.latches.get(key, OFF), self.read(facts, pabx), facts.at)


@lru_cache(4096)
def _measured(text: str, verdict: Verdict, value: float, unit: str, more: str) -> Tested:
    """Return the line of trace about a value; the same few come again and again."""
    return Tested(text, verdict, f"{value:.4g}{unit}{more}")


@dataclass(frozen=True, slots=True)
class SiteIs:
    """A site is up (or, with `wanted` False, down)."""

    site: str
    wanted: bool = True

    def test(self, question: Question) -> Verdict:
        """Answer from the site's health; a site that may be probed counts as down."""
        text = f"{'site_up' if self.wanted else 'site_down'}: {self.site}"
        known = question.facts.site(question.call.pabx, self.site)
        if known is None or known.health is Health.UNKNOWN:
            return question.answer(text, UNKNOWN, "not known")
        return question.check(text, (known.health is Health.UP) == self.wanted, known.health)
