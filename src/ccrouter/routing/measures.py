"""What a threshold can measure. Each reading takes facts and a PABX, and gives a value or None (not known)."""

from bisect import bisect_right
from dataclasses import dataclass

from ccrouter.routing.facts import Facts


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many callers wait in a queue."""

    queue: str

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        known = facts.queue(pabx, self.queue)
        return None if known is None else known.waiting


@dataclass(frozen=True, slots=True)
class LongestWait:
    """Seconds since the caller who waits longest in a queue joined; 0 when nobody waits."""

    queue: str

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        known = facts.queue(pabx, self.queue)
        if known is None:
            return None
        return 0.0 if known.oldest_joined_at is None else max(0.0, facts.at - known.oldest_joined_at)


@dataclass(frozen=True, slots=True)
class EstimatedWait:
    """The EWT, in seconds, of a caller who joins a queue now."""

    queue: str

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        known = facts.queue(pabx, self.queue)
        return None if known is None else known.estimated_wait_s


@dataclass(frozen=True, slots=True)
class Ready:
    """How many positions would be rung for the next caller: not those for whom a caller is on the way."""

    queue: str

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        known = facts.queue(pabx, self.queue)
        return None if known is None else max(0, known.ready - known.sent)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """How many positions can be reached, paused or not."""

    queue: str

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        known = facts.queue(pabx, self.queue)
        return None if known is None else known.logged_in


@dataclass(frozen=True, slots=True)
class Occupancy:
    """The occupancy in percent: busy / (busy + ready); not known where there is neither."""

    queue: str

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        known = facts.queue(pabx, self.queue)
        return None if known is None else _percent(known.occupancy)


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """The service level in percent: answered within `within_s` / (answered + abandoned) over `window_s`."""

    queue: str
    within_s: float
    window_s: float

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        known = facts.queue(pabx, self.queue)
        return None if known is None else _percent(known.service_level(self.within_s, self.window_s, facts.at))


@dataclass(frozen=True, slots=True)
class SiteCalls:
    """How many calls are at a site."""

    site: str

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        known = facts.site(pabx, self.site)
        return None if known is None else known.calls


@dataclass(frozen=True, slots=True)
class FreeLines:
    """How many lines of a site with a limit are free."""

    site: str
    max_calls: int

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        known = facts.site(pabx, self.site)
        return None if known is None else max(0, self.max_calls - known.calls)


@dataclass(frozen=True, slots=True)
class CallRate:
    """The calls per minute that arrived for a service over the last `window_s`."""

    service: str
    window_s: float

    def __call__(self, facts: Facts, pabx: str) -> float | None:
        """Read it for a call on a PABX."""
        if not facts.fresh(pabx):
            return None
        arrivals = facts.snapshot.arrivals.get(self.service, ())
        return (len(arrivals) - bisect_right(arrivals, facts.at - self.window_s)) * 60 / self.window_s


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


OfQueue = Waiting | LongestWait | EstimatedWait | Ready | LoggedIn | Occupancy | ServiceLevel
OfSite = SiteCalls | FreeLines
Reading = OfQueue | OfSite | CallRate
"""Reads a value for a call on the PABX named; None where it is not known. Says of what: `queue`, `site`, `service`."""
