"""Hypothesis strategies: what a PABX without a router may meet: instants that matter, loads that it can have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ccrouter.outlook.loads import Load, QueueLoad, SiteLoad
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import Dates, Open
from ccrouter.routing.destinations import External, InHouse
from ccrouter.routing.literals import literals
from ccrouter.routing.overrides import Override
from ccrouter.routing.rules import Rules
from ccrouter.routing.schedule import Calendar
from ccrouter.routing.snapshot import Health
from support.routing_files import FIRST_DAY

DAYS: Final = 730
CALLERS: Final = ("0612345678", "+33612345678", "0033612345678", "0387000000", "33698000001", None)
LANGUAGES: Final = ("fr", "en", "fr_CA", "en-GB", "de")
UNKNOWN: Final = "0899999999"
DOWN: Final = st.sampled_from([False, False, False, True])
"""Whether trunks may be down: a PABX takes seconds to see that."""


@dataclass(frozen=True, slots=True)
class Chance:
    """What happens to one routing file.

    Attributes:
        compiled_at: when it was compiled, seconds since 1970.
        modes: those that were on then, with their ends.
        overrides: those that were set then.
        instants: after `compiled_at`, in order.
        calls: asked about at each of them.
        moves: loads that follow after the last instant, each with the pause in seconds before it.

    """

    compiled_at: float
    modes: Mapping[str, float | None]
    overrides: tuple[Override, ...]
    load: Load
    instants: tuple[float, ...]
    calls: tuple[Call, ...]
    moves: tuple[tuple[int, Load], ...]


def calendars_of(rules: Rules) -> list[Calendar]:
    """Return all that opens and closes in a routing file."""
    found: list[Calendar] = [site.calendar for site in rules.sites.values() if site.calendar is not None]
    for service in rules.services.values():
        for rule in service.rules:
            for part in literals(rule.when):
                if isinstance(part, Open):
                    found.append(part.calendar)
                elif isinstance(part, Dates):
                    found.append(part)
    return found


@cache
def _turns(zone: tzinfo) -> tuple[float, ...]:
    """Return the instants at which the clocks are turned."""
    hours = (FIRST_DAY + timedelta(hours=hour) for hour in range(24 * DAYS))
    offsets = [(hour, hour.astimezone(zone).utcoffset()) for hour in hours]
    return tuple(after[0].timestamp() for before, after in pairwise(offsets) if before[1] != after[1])


def _bounds(rules: Rules, at: float) -> Iterator[float]:
    """Yield the next instants at which something opens or closes."""
    for calendar in calendars_of(rules):
        change = calendar.next_change(datetime.fromtimestamp(at, UTC))
        if change is not None:
            yield change.timestamp()


@st.composite
def chances(draw: st.DrawFn, rules: Rules) -> Chance:
    """Return what happens to a file."""
    first, last = FIRST_DAY.timestamp(), FIRST_DAY.timestamp() + DAYS * 86400
    at = float(int(first) + draw(st.integers(0, 365)) * 86400 + draw(st.integers(0, 86399)))
    turns = [turn for turn in _turns(rules.zone) if turn > at] or [at]
    instants: set[float] = set()
    for _ in range(draw(st.integers(2, 5))):
        near = at + draw(st.one_of(st.integers(0, 7200), st.integers(0, 400 * 86400), st.integers(0, 7 * 86400)))
        instants.add(near)
        for bound in _bounds(rules, near):
            instants |= {bound - 1, bound, bound + 60}
    turn = draw(st.sampled_from(turns))
    instants |= {turn + 900 * draw(st.integers(-12, 12)) for _ in range(4)}
    modes = {name: _end(draw, at) for name in sorted(rules.modes) if draw(st.booleans())}
    load = draw(visible_loads(rules, some_down=draw(DOWN)))
    numbers = sorted(rules.numbers)
    calls = [
        Call("main", "1.1", number, draw(st.sampled_from(CALLERS)), draw(st.sampled_from(LANGUAGES)))
        for number in [*draw(st.lists(st.sampled_from(numbers), min_size=2, max_size=5)), UNKNOWN]
    ]
    return Chance(
        compiled_at=at,
        modes=modes,
        overrides=draw(_overrides(rules, at)),
        load=load,
        instants=tuple(sorted(instant for instant in instants if at <= instant < last)),
        calls=tuple(calls),
        moves=draw(_moves(rules, load)),
    )


def _end(draw: st.DrawFn, at: float) -> float | None:
    return draw(st.none() | st.integers(1, 14 * 86400).map(lambda seconds: at + seconds))


@st.composite
def _overrides(draw: st.DrawFn, rules: Rules, at: float) -> tuple[Override, ...]:
    known = [*rules.sites, *rules.messages, "a site that is gone"]
    found = []
    for n in range(draw(st.sampled_from([0, 0, 1, 2]))):
        since = at + draw(st.integers(-86400, 86400))
        until = since + draw(st.integers(1, 14 * 86400))
        to = tuple(draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True)))
        number = draw(st.sampled_from(sorted(rules.numbers)))
        if until > at:
            found.append(Override(f"o{n}", number, to, since, until, "anna", "by chance"))
    return tuple(found)


@st.composite
def _moves(draw: st.DrawFn, rules: Rules, load: Load) -> tuple[tuple[int, Load], ...]:
    """Return how a load moves: in queues and at sites, while trunks stay as they are."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        other = draw(visible_loads(rules, some_down=False))
        sites = {name: replace(site, health=load.sites[name].health) for name, site in other.sites.items()}
        pause_s = draw(st.sampled_from([1, 10, 60, 299, 300, 301]))
        found.append((pause_s, replace(other, sites=sites)))
    return tuple(found)


def visible_loads(rules: Rules, *, some_down: bool) -> SearchStrategy[Load]:
    """Return loads that a PABX can be under, with measures beside that only a router knows."""
    queues = sorted({site.queue for site in rules.sites.values() if isinstance(site, InHouse)})
    outside = sorted(site.name for site in rules.sites.values() if isinstance(site, External))
    health = st.sampled_from([Health.UP, Health.DOWN]) if some_down else st.just(Health.UP)
    sites = st.builds(SiteLoad, calls=st.integers(0, 10), health=health)
    return st.builds(
        Load,
        queues=st.fixed_dictionaries(dict.fromkeys(queues, _queue_loads())),
        sites=st.fixed_dictionaries(dict.fromkeys(outside, sites)),
        call_rates=st.fixed_dictionaries(dict.fromkeys(sorted(rules.services), st.integers(0, 60).map(float))),
    )


@st.composite
def _queue_loads(draw: st.DrawFn) -> QueueLoad:
    ready, busy, paused = (draw(st.integers(0, most)) for most in (3, 3, 1))
    return QueueLoad(
        waiting=draw(st.integers(0, 5)) if ready + busy else 0,
        estimated_wait_s=draw(st.none() | st.integers(0, 120).map(float)),
        logged_in=ready + busy + paused,
        ready=ready,
        busy=busy,
        paused=paused,
        service_level=draw(st.none() | st.integers(0, 100)),
    )
