"""Conditions as steps and expressions of the dialplan: what a rule asks, as far as a PABX can answer alone."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from ccrouter.fallback.boole import Said, all_of, any_of, opposite
from ccrouter.fallback.text import PREFIX, Context, amount, plain
from ccrouter.routing.conditions import (
    All,
    Any,
    CallerIs,
    Condition,
    Dates,
    LanguageIs,
    Mode,
    Not,
    NumberIs,
    Open,
    SiteIs,
    Threshold,
    Waited,
)
from ccrouter.routing.destinations import External, Site
from ccrouter.routing.measures import FreeLines, LoggedIn, Occupancy, Reading, Ready, SiteCalls, Waiting
from ccrouter.routing.schedule import Calendar
from ccrouter.routing.thresholds import Direction

LATCH = "CCROUTER_LATCH_"
"""Begin of the names of the globals in which a threshold keeps when it was last seen to be on."""

LATCHED_S = 300
"""A threshold that no call has looked at for so long starts anew: nobody has seen whether it stopped."""

LONG = 1000
"""An expression of more characters is worked out in parts."""

OF_QUEUE = (Waiting, Ready, LoggedIn, Occupancy)
OF_SITE = (SiteCalls, FreeLines)


@dataclass(slots=True)
class Shared:
    """What several services ask alike, each compiled once.

    Attributes:
        modes: modes that are on, with the instant of their end, None for no end.
        hours: returns the number of a calendar's context.
        levels: context of the thresholds.
        sets: contexts of the numbers and callers asked about, by what they hold.

    """

    modes: Mapping[str, float | None]
    sites: Mapping[str, Site]
    hours: Callable[[Calendar], int]
    levels: Context
    sets: dict[tuple[str, ...], Context] = field(default_factory=dict)
    thresholds: dict[Threshold, int] = field(default_factory=dict)

    def belongs(self, extensions: tuple[str, ...], value: str) -> str:
        """Return an expression: whether `value` is one of these extensions."""
        found = self.sets.get(extensions)
        if found is None:
            found = self.sets[extensions] = Context(f"{PREFIX}-set{len(self.sets) + 1}")
            for each in extensions:
                found.extension(each, "Return()")
        return f"(0${{DIALPLAN_EXISTS({found.name},{value},1)}} > 0)"

    def level(self, threshold: Threshold) -> int:
        """Return the number of a threshold's extension in `levels`: 2 for yes, 1 for unknown, 0 for no."""
        if threshold not in self.thresholds:
            self.thresholds[threshold] = len(self.thresholds) + 1
            self._add_level(f"k{self.thresholds[threshold]}", threshold)
        return self.thresholds[threshold]

    def _add_level(self, extension: str, threshold: Threshold) -> None:
        level = threshold.level
        sign = ">=" if level.direction is Direction.AT_LEAST else "<="
        on = f"${{value}} {sign} {amount(level.start)}"
        self.levels.note(threshold.text)
        self.levels.extension(extension, *_value(threshold.read))
        if level.stop != level.start:
            latch = LATCH + sha256(threshold.key.encode()).hexdigest()[:12]
            self.levels.step(f"Set(LOCAL(since)=$[${{at}} - 0${{{latch}}}])")
            # A latch from before the clock was set back is none.
            kept = f"(${{since}} >= 0) & (${{since}} < {LATCHED_S}) & (${{value}} {sign} {amount(level.stop)})"
            self.levels.step(f"Set(LOCAL(on)=$[({on}) | ({kept})])")
            self.levels.step(f"Set(GLOBAL({latch})=$[${{on}} * ${{at}}])")
            self.levels.step("Return($[${on} * 2])")
        else:
            self.levels.step(f"Return($[({on}) * 2])")


def _value(read: Reading) -> list[str]:
    """Return the steps after which `value` is known; they end early, with unknown, where it can't be."""
    if isinstance(read, OF_SITE):
        calls = f"${{GROUP_COUNT(${{URIENCODE({plain(read.site)})}}@ccrouter)}}"
        if isinstance(read, SiteCalls):
            return [f"Set(LOCAL(value)={calls})"]
        return [f"Set(LOCAL(value)=$[{read.max_calls} - {calls}])", "ExecIf($[${value} < 0]?Set(value=0))"]
    if not isinstance(read, OF_QUEUE):
        raise TypeError(f"no PABX can tell {read} by itself")
    queue = plain(read.queue)
    known = f"GotoIf($[0${{QUEUE_EXISTS({queue})}} = 0]?unknown,1)"
    if isinstance(read, Waiting):
        return [known, f"Set(LOCAL(value)=${{QUEUE_WAITING_COUNT({queue})}})"]
    if isinstance(read, LoggedIn):
        return [known, f"Set(LOCAL(value)=${{QUEUE_MEMBER({queue},logged)}})"]
    ready = f"${{QUEUE_MEMBER({queue},ready)}}"
    if isinstance(read, Ready):
        return [known, f"Set(LOCAL(value)={ready})"]
    return [
        known,
        f"Gosub({PREFIX}-paused,s,1({queue}))",
        f"Set(LOCAL(there)=$[${{QUEUE_MEMBER({queue},logged)}} - ${{GOSUB_RETVAL}}])",
        "GotoIf($[${there} <= 0]?unknown,1)",
        f"Set(LOCAL(value)=$[(${{there}} - {ready}) * 100 / ${{there}}])",
    ]


def can_tell(read: Reading) -> bool:
    """Tell whether a PABX knows a value by itself."""
    return isinstance(read, (*OF_QUEUE, *OF_SITE))


@dataclass(slots=True)
class Asking:
    """The questions of one service, written into its context as its rules need them.

    A fact is worked out where the first rule asks for it; each later rule can only be reached past that one.
    """

    shared: Shared
    context: Context
    number: str
    _known: set[str] = field(default_factory=set)
    _parts: int = 0

    def holds(self, condition: Condition, *, unknown: bool) -> Said:
        """Return that a condition says yes; where `unknown`, that it does not say no."""
        match condition:
            case All(parts):
                return self._joined(all_of, (self.holds(part, unknown=unknown) for part in parts))
            case Any(parts):
                return self._joined(any_of, (self.holds(part, unknown=unknown) for part in parts))
            case Not(part):
                return opposite(self.holds(part, unknown=not unknown))
            case Threshold():
                return self._level(condition, unknown=unknown)
            case SiteIs():
                return self._site(condition, unknown=unknown)
            case _:
                return self._of_call(condition)

    def _of_call(self, condition: Condition) -> Said:
        said: Said
        match condition:
            case Open(calendar, wanted):
                opened = self._open(calendar)
                said = opened if wanted else opposite(opened)
            case Dates():
                said = during(condition.start, condition.end)
            case Mode(name):
                said = name in self.shared.modes and during(None, self.shared.modes[name])
            case NumberIs():
                said = self.shared.belongs(tuple(sorted(condition.spellings)), self.number)
            case CallerIs():
                said = self._caller(condition)
            case LanguageIs(languages):
                said = self._language(languages)
            case Waited(at_least_s):
                said = at_least_s <= 0
            case _:
                raise TypeError(f"there is no dialplan for {condition}")
        return said

    def _language(self, languages: tuple[str, ...]) -> Said:
        self._first("base", ("Set(LOCAL(base)=${CUT(language,-,1)})", "Set(base=${CUT(base,_,1)})"))
        words = [plain(each) for each in languages]
        return self._joined(any_of, (f'("${{{name}}}" = "{word}")' for word in words for name in ("language", "base")))

    def _caller(self, asked: CallerIs) -> Said:
        # The letter in front lets a hidden caller be asked about, too: an empty extension can't be.
        numbers = (f"c{number}" for number in asked.numbers)
        prefixes = (f"_c{prefix}!" for prefix in asked.prefixes)
        extensions = tuple(sorted({*numbers, *prefixes}))
        hidden: Said = '("${caller}" = "")'
        if not extensions:
            return asked.anonymous and hidden
        belongs: Said = self.shared.belongs(extensions, "c${caller}")
        return any_of((hidden, belongs)) if asked.anonymous else all_of((opposite(hidden), belongs))

    def _open(self, calendar: Calendar) -> Said:
        if isinstance(calendar, Dates):
            return during(calendar.start, calendar.end)
        number = self.shared.hours(calendar)
        steps = (f"Gosub({PREFIX}-hours{number},${{day}},1)", f"Set(LOCAL(h{number})=${{GOSUB_RETVAL}})")
        self._first(f"h{number}", steps)
        return f"${{h{number}}}"

    def _level(self, threshold: Threshold, *, unknown: bool) -> Said:
        if not can_tell(threshold.read):
            return unknown
        number = self.shared.level(threshold)
        steps = (f"Gosub({PREFIX}-levels,k{number},1)", f"Set(LOCAL(k{number})=${{GOSUB_RETVAL}})")
        self._first(f"k{number}", steps)
        return f"(${{k{number}}} > {0 if unknown else 1})"

    def _site(self, asked: SiteIs, *, unknown: bool) -> Said:
        site = self.shared.sites.get(asked.site)
        if not isinstance(site, External) or not site.endpoint:
            return unknown
        endpoint = plain(site.endpoint)
        name = f"e{sha256(endpoint.encode()).hexdigest()[:6]}"
        self._first(name, (trunk(endpoint), f"Set(LOCAL({name})=${{GOSUB_RETVAL}})"))
        wanted, other = ("up", "down") if asked.wanted else ("down", "up")
        return f'("${{{name}}}" != "{other}")' if unknown else f'("${{{name}}}" = "{wanted}")'

    def _first(self, name: str, steps: tuple[str, ...]) -> None:
        if name not in self._known:
            self._known.add(name)
            for each in steps:
                self.context.step(each)

    def _joined(self, join: Callable[[list[Said]], Said], parts: Iterable[Said]) -> Said:
        """Return the parts as one; a list of any length fits into lines that a PABX reads."""
        said: list[Said] = []
        for part in parts:
            said.append(part)
            if sum(len(each) for each in said if isinstance(each, str)) > LONG:
                said = [self._short(join(said))]
        return self._short(join(said))

    def _short(self, said: Said) -> Said:
        if isinstance(said, bool) or len(said) <= LONG:
            return said
        self._parts += 1
        self.context.step(f"Set(LOCAL(x{self._parts})=$[{said}])")
        return f"${{x{self._parts}}}"


def trunk(endpoint: str) -> str:
    """Return the step after which GOSUB_RETVAL is up, down or unknown."""
    technology, _, name = endpoint.partition("/")
    asked = f"sip,1({name})" if technology == "PJSIP" else f"other,1({endpoint})"
    return f"Gosub({PREFIX}-trunk,{asked})"


def during(start: float | None, end: float | None) -> Said:
    """Return that the instant lies in [start, end), seconds since 1970, None for no bound."""
    after = True if start is None else f"(${{at}} >= {math.ceil(start)})"
    before = True if end is None else f"(${{at}} < {math.ceil(end)})"
    return all_of((after, before))
