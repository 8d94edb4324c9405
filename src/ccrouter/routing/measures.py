"""What a threshold can measure. Each function returns a reading: facts and a PABX in, a value or None (unknown) out."""

from collections.abc import Callable

from ccrouter.routing.facts import Facts
from ccrouter.routing.snapshot import QueueFacts, SiteFacts

Reading = Callable[[Facts, str], float | None]
"""Reads a value for a call on the PABX named; None where it is not known."""


def waiting(queue: str) -> Reading:
    """Read how many callers wait in a queue."""
    return _of_queue(queue, lambda known, _: known.waiting)


def longest_wait(queue: str) -> Reading:
    """Read the seconds since the caller who waits longest joined; 0 when nobody waits."""

    def value(known: QueueFacts, at: float) -> float:
        return 0.0 if known.oldest_joined_at is None else max(0.0, at - known.oldest_joined_at)

    return _of_queue(queue, value)


def estimated_wait(queue: str) -> Reading:
    """Read the EWT, in seconds, of a caller who joins now."""
    return _of_queue(queue, lambda known, _: known.estimated_wait_s)


def ready(queue: str) -> Reading:
    """Read how many positions would be rung for the next caller: not those for whom a caller is on the way."""
    return _of_queue(queue, lambda known, _: max(0, known.ready - known.sent))


def logged_in(queue: str) -> Reading:
    """Read how many positions can be reached, paused or not."""
    return _of_queue(queue, lambda known, _: known.logged_in)


def occupancy(queue: str) -> Reading:
    """Read the occupancy in percent: busy / (busy + ready); unknown where there is neither."""
    return _of_queue(queue, lambda known, _: _percent(known.occupancy))


def service_level(queue: str, *, within_s: float, window_s: float) -> Reading:
    """Read the service level in percent: answered within `within_s` / (answered + abandoned) over `window_s`."""
    return _of_queue(queue, lambda known, at: _percent(known.service_level(within_s, window_s, at)))


def site_calls(site: str) -> Reading:
    """Read how many calls are at a site."""
    return _of_site(site, lambda known: known.calls)


def free_lines(site: str, max_calls: int) -> Reading:
    """Read how many lines of a site with a limit are free."""
    return _of_site(site, lambda known: max(0, max_calls - known.calls))


def call_rate(service: str, *, window_s: float) -> Reading:
    """Read the calls per minute that arrived for a service over the last `window_s`."""

    def read(facts: Facts, pabx: str) -> float | None:
        if not facts.fresh(pabx):
            return None
        arrivals = facts.snapshot.arrivals.get(service, ())
        return sum(at > facts.at - window_s for at in arrivals) * 60 / window_s

    return read


def _of_queue(queue: str, value: Callable[[QueueFacts, float], float | None]) -> Reading:
    def read(facts: Facts, pabx: str) -> float | None:
        known = facts.queue(pabx, queue)
        return None if known is None else value(known, facts.at)

    return read


def _of_site(site: str, value: Callable[[SiteFacts], float | None]) -> Reading:
    def read(facts: Facts, pabx: str) -> float | None:
        known = facts.site(pabx, site)
        return None if known is None else value(known)

    return read


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
