"""What became of calls: service by service, now, today and minute by minute; talks at sites and what they cost.

Made from what the live state reports. What is asked of it costs no look at the journal, and what it keeps is bounded by
the services and sites of the routing file and by an hour of minutes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from math import ceil
from operator import add, attrgetter
from types import MappingProxyType
from typing import Any

from ccrouter.live.effects import CallAnswered, CallFinished, CallOffered, Effect, Outcome, SiteReleased
from ccrouter.live.queues import CallKey
from ccrouter.routing import values
from ccrouter.routing.destinations import External, Tariff
from ccrouter.routing.rules import Goal, Rules
from ccrouter.routing.snapshot import Seconds

MINUTE_S: Seconds = 60.0
MINUTES = 60
"""Minutes that are kept, the present one included."""

NOW_MINUTES = 15
"""Minutes that `now` covers, the present one included: so 14 to 15 of them."""


@values.dataclass(frozen=True, slots=True)
class Figures:
    """Calls of one service over a time, by what became of them.

    `offered` is the sum of answered, abandoned, refused, lost and unknown, and of the calls that are in progress and
    not answered, where the time is a whole one.

    Attributes:
        offered: calls that arrived.
        answered: by positions or sites; `in_time` of them within the service's target.
        inside, outside: answered by positions in house, by external sites.
        abandoned: hung up before anybody answered; `short` of them before the service's `short_abandon`.
        refused: heard a last message without having been answered.
        overflowed: sent elsewhere because of load, at entry or while waiting.
        lost: ended otherwise, which must never be.
        waited_s: waits of answered calls, added up; `timed` answered calls whose wait is known.
        unknown: how they ended was not seen.

    """

    offered: int = 0
    answered: int = 0
    in_time: int = 0
    inside: int = 0
    outside: int = 0
    abandoned: int = 0
    short: int = 0
    refused: int = 0
    overflowed: int = 0
    lost: int = 0
    waited_s: float = 0.0
    timed: int = 0
    unknown: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        """Return the figures of both."""
        return Figures(*map(add, _all(self), _all(other)))

    @property
    def service_level(self) -> float | None:
        """Return in time / (offered - short abandons), 0 to 1; None where there was no such call."""
        asked = self.offered - self.short
        return min(1.0, self.in_time / asked) if asked > 0 else None

    @property
    def mean_wait_s(self) -> float | None:
        """Return the mean wait of answered calls (ASA); None where there was none."""
        return self.waited_s / self.timed if self.timed else None


_all = attrgetter(*(each.name for each in fields(Figures)))


@values.dataclass(frozen=True, slots=True)
class Minute:
    """Calls in one minute that began at `at`, by where they ended up."""

    at: float
    inside: int = 0
    outside: int = 0
    refused: int = 0
    abandoned: int = 0


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """Calls at one external site today.

    Attributes:
        seizures: calls that were dialled to it; `answered` those that it took.
        talked_s: its talks, added up.
        cost: of them, by currency, as the tariff says that was in force at the end of each: `per_call` for each call
            that it answered, and for each second of talk that was begun a sixtieth of `per_minute`. Nothing is charged
            for ringing; a talk whose end was not seen costs its call.

    """

    seizures: int = 0
    answered: int = 0
    talked_s: float = 0.0
    cost: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))

    def __add__(self, other: "SiteFigures") -> "SiteFigures":
        """Return the figures of both."""
        cost = dict(self.cost)
        for currency, amount in other.cost.items():
            cost[currency] = cost.get(currency, Decimal(0)) + amount
        return SiteFigures(
            self.seizures + other.seizures,
            self.answered + other.answered,
            self.talked_s + other.talked_s,
            MappingProxyType(cost),
        )


def cost_of(tariff: Tariff, talked_s: Seconds) -> Decimal:
    """Return what an answered call of this length costs, exactly: see SiteFigures."""
    return tariff.per_call + tariff.per_minute * ceil(talked_s) / 60


def midnight_after(at: float, zone: tzinfo) -> float:
    """Return the end of the day in which `at` lies, by the clock of `zone`: 23, 24 or 25 hours after its begin."""
    day = datetime.fromtimestamp(at, zone).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


class _Sums:
    """Figures of several services that are being added up."""

    def __init__(self) -> None:
        self._calls: dict[str, Counter[str]] = {}
        self._waited_s: dict[str, Seconds] = {}
        self._total: Counter[str] = Counter()
        self._figures: dict[str, Figures] = {}

    def add(self, service: str, names: Iterable[str], waited_s: Seconds) -> None:
        """Count a call by these names, and its wait."""
        calls = self._calls.get(service)
        if calls is None:
            calls = self._calls[service] = Counter()
        self._figures.pop(service, None)
        for name in names:
            calls[name] += 1
            self._total[name] += 1
        if waited_s:
            self._wait(service, waited_s)

    def _wait(self, service: str, waited_s: Seconds) -> None:
        self._waited_s[service] = self._waited_s.get(service, 0.0) + waited_s

    def include(self, other: "_Sums") -> None:
        """Add all of another time."""
        for service, calls in other._calls.items():  # noqa: SLF001 - of its own kind
            self._calls.setdefault(service, Counter()).update(calls)
            self._wait(service, other._waited_s.get(service, 0.0))  # noqa: SLF001 - as above
        self._total.update(other._total)  # noqa: SLF001 - as above
        self._figures.clear()

    def services(self) -> Iterator[str]:
        """Return the services with calls."""
        return iter(self._calls)

    def figures(self, service: str) -> Figures:
        """Return the figures of a service; where no call was counted since, the same object as last time."""
        made, calls = self._figures.get(service, _NONE), self._calls.get(service)
        if made is _NONE and calls is not None:
            made = self._figures[service] = Figures(**calls, waited_s=self._waited_s.get(service, 0.0))
        return made

    def total(self, name: str) -> int:
        """Return a figure of all services together."""
        return self._total[name]


_NONE = Figures()


def _sum(one: Figures, other: Figures) -> Figures:
    return other if one is _NONE else one if other is _NONE else one + other


def _added(parts: Iterable[_Sums]) -> dict[str, Figures]:
    """Return the figures of several times together, by service."""
    added = _Sums()
    for part in parts:
        added.include(part)
    return {name: added.figures(name) for name in added.services()}


class DayBook:
    """What became of calls today and during the last hour. Not for several threads.

    A day ends at midnight by the clock of the rules' time zone; who takes in an event of the next day begins that day,
    and `tick` does where there is none. Calls count when they arrive, are answered, end: one that comes before midnight
    and is answered after it is offered today and answered tomorrow.

    Args:
        rules: in force; see `configure`.
        at: the instant of the begin.

    """

    def __init__(self, rules: Rules, at: float) -> None:
        self._ends = 0.0
        self._today = _Sums()
        self._sites: dict[str, SiteFigures] = {}
        self._minutes: list[tuple[float, _Sums]] = []
        self._over: tuple[tuple[float, float], dict[str, Figures]] | None = None
        self._seeded: dict[str, Figures] = {}
        self._under_way: dict[CallKey, str] = {}
        self._takes: dict[type[Effect], Callable[[Any], None]] = {
            CallOffered: self._offered,
            CallAnswered: self._answered,
            CallFinished: self._finished,
            SiteReleased: self._released,
        }
        self.configure(rules, at)

    def configure(self, rules: Rules, at: float) -> None:
        """Take the goals, tariffs and the time zone of a version of the rules; what was counted stays."""
        services = (*rules.services.values(), rules.unknown)
        self._goals = {service.name: service.goal for service in services}
        self._tariffs = {site.name: site.tariff for site in rules.sites.values() if isinstance(site, External)}
        self._zone = rules.zone
        self._ends = midnight_after(at, self._zone)

    def seed(
        self,
        today: Mapping[str, Figures],
        sites: Mapping[str, SiteFigures] | None = None,
        under_way: Mapping[CallKey, str] | None = None,
    ) -> None:
        """Add what the journal tells of today's calls of before this start.

        Calls that `today` counts as offered, and whose end the journal does not tell, are named in `under_way`, each
        with its service: one of them that is still there is reported as offered once more when a listing shows it, and
        is not counted twice; for the others see `give_up`. To be called before the first event of a PABX.
        """
        for name, figures in today.items():
            service = self._service(name)
            self._seeded[service] = self._seeded.get(service, _NONE) + figures
        for name, each in (sites or {}).items():
            if name in self._tariffs:
                self._sites[name] = self._sites.get(name, SiteFigures()) + each
        self._under_way |= under_way or {}

    @property
    def awaited(self) -> frozenset[str]:
        """Return the PABXs of the calls of before this start that neither ended nor showed up yet."""
        return frozenset(pabx for pabx, _ in self._under_way)

    def give_up(self, pabx: str) -> None:
        """Count these calls of a PABX that was read whole since: they are gone, and nobody saw how they ended."""
        for key in [key for key in self._under_way if key[0] == pabx]:
            service = self._service(self._under_way.pop(key))
            self._seeded[service] = self._seeded.get(service, _NONE) + Figures(unknown=1)

    def clock_set(self, at: float, by_s: Seconds) -> None:
        """Move the minutes with the clock, which is now `at`; what was counted today stays today's."""
        self._minutes = [((begun + by_s) // MINUTE_S * MINUTE_S, sums) for begun, sums in self._minutes]
        self._over = None
        self._ends = midnight_after(at, self._zone)

    def tick(self, at: float) -> None:
        """Let the day end where it is over, and minutes be forgotten."""
        if at >= self._ends:
            self._today = _Sums()
            for table in (self._sites, self._seeded, self._under_way):
                table.clear()
            self._ends = midnight_after(at, self._zone)
        oldest = (at // MINUTE_S - MINUTES + 1) * MINUTE_S
        while self._minutes and self._minutes[0][0] < oldest:
            del self._minutes[0]

    # --- what is taken in ---------------------------------------------------------------------------------------------

    def take(self, effect: Effect) -> None:
        """Take in a report of the live state; most are none of calls."""
        take = self._takes.get(type(effect))
        if take is not None:
            take(effect)

    def overflowed(self, service: str, at: float) -> None:
        """Count a call that was sent elsewhere because of load."""
        self._count(service, at, "overflowed")

    def _offered(self, call: CallOffered) -> None:
        key = (call.pabx, call.uniqueid)
        if self._under_way.pop(key, None) is not None:
            return
        self._count(call.service, call.at, "offered")

    def _answered(self, call: CallAnswered) -> None:
        where, waited_s = "inside" if call.queue else "outside", call.waited_s
        if waited_s is None:
            self._count(call.service, call.at, "answered", where)
        elif waited_s <= self._goal(call.service).within_s:
            self._count(call.service, call.at, "answered", where, "timed", "in_time", waited_s=waited_s)
        else:
            self._count(call.service, call.at, "answered", where, "timed", waited_s=waited_s)

    def _finished(self, call: CallFinished) -> None:
        if call.again or call.talked_s is not None or call.outcome not in ENDS:
            return  # its answer was counted
        if call.outcome is Outcome.ABANDONED and call.waited_s <= self._goal(call.service).short_abandon_s:
            self._count(call.service, call.at, "abandoned", "short")
        else:
            self._count(call.service, call.at, ENDS[call.outcome])

    def _released(self, call: SiteReleased) -> None:
        if call.site not in self._tariffs:
            return
        self.tick(call.at)
        tariff = self._tariffs[call.site]
        cost = {tariff.currency: cost_of(tariff, call.talked_s)} if tariff is not None and call.answered else {}
        added = SiteFigures(1, int(call.answered), call.talked_s, MappingProxyType(cost))
        self._sites[call.site] = self._sites.get(call.site, SiteFigures()) + added

    def _count(self, service: str, at: float, *names: str, waited_s: Seconds = 0.0) -> None:
        """Count a call by these names, and its wait, today and in this minute."""
        self.tick(at)
        begun = at // MINUTE_S * MINUTE_S
        if not self._minutes or self._minutes[-1][0] < begun:
            self._minutes.append((begun, _Sums()))
        for sums in (self._today, self._minutes[-1][1]):
            sums.add(self._service(service), names, waited_s)

    def _service(self, name: str) -> str:
        return name if name in self._goals else ""

    def _goal(self, service: str) -> Goal:
        return self._goals.get(service, Goal())

    # --- what is shown ------------------------------------------------------------------------------------------------

    def today(self) -> dict[str, Figures]:
        """Return today's figures of every service; those of names that no service has, under the empty name."""
        names = {*self._goals, *self._today.services(), *self._seeded}
        return {name: _sum(self._seeded.get(name, _NONE), self._today.figures(name)) for name in sorted(names)}

    def now(self, at: float) -> dict[str, Figures]:
        """Return the figures of the last 15 minutes, as `today` does."""
        found = dict.fromkeys(sorted(self._goals), _NONE)
        oldest = (at // MINUTE_S - NOW_MINUTES + 1) * MINUTE_S
        minutes = [minute for minute in self._minutes if minute[0] >= oldest]
        if not minutes:
            return found
        *over, (begun, last) = minutes
        # Calls are counted in the last minute alone: those before it are added up once, and not at each look.
        if self._over is None or self._over[0] != (oldest, begun):
            self._over = (oldest, begun), _added(sums for _, sums in over)
        found |= self._over[1]
        for name in last.services():
            found[name] = _sum(found.get(name, _NONE), last.figures(name))
        return found

    def hour(self, at: float) -> tuple[Minute, ...]:
        """Return the last 60 minutes, oldest first, those without a call included; the last one is not over."""
        known = dict(self._minutes)
        begins = [(at // MINUTE_S - back) * MINUTE_S for back in range(MINUTES - 1, -1, -1)]
        return tuple(_minute(begun, known.get(begun)) for begun in begins)

    def sites(self) -> dict[str, SiteFigures]:
        """Return today's figures of every external site."""
        return {name: self._sites.get(name, SiteFigures()) for name in sorted(self._tariffs)}


ENDS: Mapping[str, str] = {
    Outcome.ABANDONED: "abandoned",
    Outcome.MESSAGE: "refused",
    Outcome.LOST: "lost",
    Outcome.UNKNOWN: "unknown",
}
"""The figure in which a call counts that ended so without having been answered."""


def _minute(begun: float, sums: _Sums | None) -> Minute:
    empty = Minute(begun)
    if sums is None:
        return empty
    return replace(empty, **{name: sums.total(name) for name in ("inside", "outside", "refused", "abandoned")})
