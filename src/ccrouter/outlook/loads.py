"""Loads that nobody has seen: what a queue or a site would look like, as facts that a decision can be asked with."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import gcd
from types import MappingProxyType

from ccrouter.routing.decide import watch
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.facts import Facts
from ccrouter.routing.overrides import Override
from ccrouter.routing.rules import Rules
from ccrouter.routing.shares import Turns
from ccrouter.routing.snapshot import Ended, Health, PabxFacts, QueueFacts, SiteFacts, Snapshot

REMEMBERED_S = 3600
"""How far back a measure may look."""


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """One queue; by default quiet, with one position that waits for callers.

    Attributes:
        estimated_wait_s: None where no forecast is possible.
        service_level: whole percent, whatever the time and the window asked for; None without calls.

    """

    waiting: int = 0
    longest_wait_s: float = 0.0
    estimated_wait_s: float | None = 0.0
    logged_in: int = 1
    ready: int = 1
    busy: int = 0
    paused: int = 0
    service_level: int | None = 100


@dataclass(frozen=True, slots=True)
class SiteLoad:
    """One external site; by default up and empty."""

    calls: int = 0
    health: Health = Health.UP


@dataclass(frozen=True, slots=True)
class Load:
    """What is true of a whole house; what is not named is quiet.

    Attributes:
        queues: by the queue's name.
        sites: by the site's name.
        call_rates: calls per minute, by service. A measure counts whole calls: over a short window it reads the
            nearest rate that whole calls make.
        known: False stands for a PABX that can't be asked: every measure is unknown.

    """

    queues: Mapping[str, QueueLoad] = field(default_factory=lambda: MappingProxyType({}))
    sites: Mapping[str, SiteLoad] = field(default_factory=lambda: MappingProxyType({}))
    call_rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    known: bool = True


QUIET = Load()


def facts_under(  # noqa: PLR0913 - all that facts are made of
    load: Load,
    rules: Rules,
    at: float,
    *,
    modes: Collection[str] = frozenset(),
    overrides: tuple[Override, ...] = (),
    turns: Mapping[str, Turns] = MappingProxyType({}),
    pabx: str = "main",
) -> Facts:
    """Return the facts of an instant at which this load has lasted for longer than any threshold asks for."""
    lasted_s = 1.0 + max((threshold.level.hold_s for threshold in rules.thresholds), default=0.0)
    before = Facts(at - lasted_s, _snapshot(load, rules, at - lasted_s, pabx))
    latches = watch(rules, before) if rules.thresholds else {}
    return Facts(at, _snapshot(load, rules, at, pabx), frozenset(modes), latches, turns, overrides)


def moved(facts: Facts, at: float) -> Facts:
    """Return the same facts as if they had been seen at another instant; modes and overrides stay as they are."""
    by, seen = at - facts.at, facts.snapshot
    snapshot = Snapshot(
        seen.at + by,
        {name: replace(pabx, heard_at=pabx.heard_at + by) for name, pabx in seen.pabxs.items()},
        {key: _moved(queue, by) for key, queue in seen.queues.items()},
        seen.sites,
        {service: tuple(arrival + by for arrival in arrivals) for service, arrivals in seen.arrivals.items()},
    )
    latches = {
        key: latch if latch.reached_at is None else latch._replace(reached_at=latch.reached_at + by)
        for key, latch in facts.latches.items()
    }
    return replace(facts, at=at, snapshot=snapshot, latches=latches)


def _moved(queue: QueueFacts, by: float) -> QueueFacts:
    joined = queue.oldest_joined_at
    return replace(
        queue,
        oldest_joined_at=None if joined is None else joined + by,
        recent=tuple(replace(ended, at=ended.at + by) for ended in queue.recent),
    )


def _snapshot(load: Load, rules: Rules, at: float, pabx: str) -> Snapshot:
    queues = {site.queue for site in rules.sites.values() if isinstance(site, InHouse)}
    outside = [site.name for site in rules.sites.values() if not isinstance(site, InHouse)]
    sites = {name: load.sites.get(name, SiteLoad()) for name in outside}
    return Snapshot(
        at,
        {pabx: PabxFacts(pabx, in_sync=load.known, heard_at=at)},
        {(pabx, name): _queue(load.queues.get(name, QueueLoad()), at, pabx, name) for name in sorted(queues)},
        {name: SiteFacts(name, site.calls, site.health) for name, site in sites.items()},
        {service: tuple(_arrivals(rate, at)) for service, rate in load.call_rates.items()},
    )


def _queue(load: QueueLoad, at: float, pabx: str, name: str) -> QueueFacts:
    return QueueFacts(
        pabx=pabx,
        queue=name,
        waiting=load.waiting,
        oldest_joined_at=at - load.longest_wait_s if load.waiting or load.longest_wait_s else None,
        logged_in=load.logged_in,
        ready=load.ready,
        busy=load.busy,
        paused=load.paused,
        estimated_wait_s=load.estimated_wait_s,
        recent=_waits(load.service_level, at),
    )


def _waits(service_level: int | None, at: float) -> tuple[Ended, ...]:
    """Return the fewest waits that have this service level: those answered took no time, the others were given up."""
    if service_level is None:
        return ()
    each = gcd(service_level, 100)
    answered = (Ended(at, 0.0, answered=True),) * (service_level // each)
    return answered + (Ended(at, 0.0, answered=False),) * ((100 - service_level) // each)


def _arrivals(rate: float, at: float) -> Iterator[float]:
    """Return the instants of evenly spaced calls, oldest first; none falls on the edge of a window of whole calls."""
    for nth in range(round(rate * REMEMBERED_S / 60), 0, -1):
        yield at - (nth - 0.5) * 60 / rate
