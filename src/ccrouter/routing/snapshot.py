"""What is true at one instant, as immutable values: the only picture of the world that a decision sees.

A fact that is not known is None, never zero. Instants are seconds since 1970-01-01 UTC.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType

from ccrouter.routing.values import dataclass

Seconds = float
"""A duration."""


class Health(StrEnum):
    """Whether a site can be expected to answer."""

    UP = "up"
    DOWN = "down"
    PROBE = "probe"  # it failed, and one call may try it again
    UNKNOWN = "unknown"


UP, DOWN, PROBE, UNKNOWN = Health
"""Looked up once: on the class that takes as long as half a dozen comparisons."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A wait in a queue that ended: answered, or given up by the caller."""

    at: float
    wait_s: Seconds
    answered: bool


_ended_at = attrgetter("at")


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One queue on one PABX.

    Attributes:
        waiting: callers in the queue and callers already sent there whom the PABX has not yet confirmed.
        oldest_joined_at: when the caller who waits longest joined; None when nobody waits.
        logged_in: members whose telephone can be reached, paused or not.
        ready: members who would be rung for the next caller.
        busy: members in a call, ringing or in wrap-up.
        paused: members who asked for a pause.
        sent: callers on their way there, who will soon be rung for.
        estimated_wait_s: EWT of a caller who joins now (QLr); None under 20 samples or with nobody logged in.
        recent: waits that ended during the last hour, oldest first.

    """

    pabx: str
    queue: str
    waiting: int
    oldest_joined_at: float | None
    logged_in: int
    ready: int
    busy: int
    paused: int
    estimated_wait_s: Seconds | None = None
    recent: Sequence[Ended] = ()
    sent: int = 0

    @property
    def occupancy(self) -> float | None:
        """Return busy / (busy + ready), 0 to 1; None when there is neither."""
        return self.busy / (self.busy + self.ready) if self.busy + self.ready else None

    def service_level(self, within_s: Seconds, window_s: Seconds, at: float) -> float | None:
        """Return answered within `within_s` / (answered + abandoned) over the last `window_s`; None without calls."""
        first = bisect_right(self.recent, at - window_s, key=_ended_at)
        ended = self.recent[first:]
        return sum([e.answered and e.wait_s <= within_s for e in ended]) / len(ended) if ended else None


@dataclass(frozen=True, slots=True)
class SitePart:
    """What one of several PABXs has of an external site.

    Attributes:
        calls: as for the site, on this PABX.
        lines: that it may use, by its own confirmation; None where none were lent, or that is not known.

    """

    pabx: str
    calls: int
    lines: int | None


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One external site, over all PABXs.

    Attributes:
        calls: calls dialled to or talking at the site, and calls sent there whom the PABX has not yet confirmed.
        health: from qualify and from the outcome of real calls.
        parts: of each PABX, by name; none where there is only one.

    """

    site: str
    calls: int
    health: Health
    parts: tuple[SitePart, ...] = ()

    def part(self, pabx: str) -> SitePart | None:
        """Return the part of a PABX, or None where there are no parts."""
        return next((part for part in self.parts if part.pabx == pabx), None)


@dataclass(frozen=True, slots=True)
class PabxFacts:
    """One PABX: how fresh is what we know of it.

    Attributes:
        in_sync: the link is up and a full picture has been read since it came up.
        heard_at: when its last byte arrived.

    """

    pabx: str
    in_sync: bool
    heard_at: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All facts at `at`.

    Attributes:
        queues: by (PABX, queue).
        sites: by name.
        arrivals: instants of the calls of the last hour, oldest first, by service.

    """

    at: float
    pabxs: Mapping[str, PabxFacts] = field(default_factory=lambda: MappingProxyType({}))
    queues: Mapping[tuple[str, str], QueueFacts] = field(default_factory=lambda: MappingProxyType({}))
    sites: Mapping[str, SiteFacts] = field(default_factory=lambda: MappingProxyType({}))
    arrivals: Mapping[str, Sequence[float]] = field(default_factory=lambda: MappingProxyType({}))
