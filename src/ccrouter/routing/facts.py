"""All that a decision may look at besides the rules and the call. The same facts always give the same decision."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field
from datetime import UTC, datetime
from types import MappingProxyType

from ccrouter.routing.overrides import Override
from ccrouter.routing.shares import Turns
from ccrouter.routing.snapshot import QueueFacts, SiteFacts, Snapshot
from ccrouter.routing.thresholds import Latch, LatchKey
from ccrouter.routing.values import dataclass

STALE_AFTER_S = 5.0
"""A PABX that has been silent for longer is not believed any more; pings are sent every second."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is true at one instant.

    Attributes:
        at: the instant asked about, seconds since 1970-01-01 UTC.
        snapshot: the live load.
        modes: names of the modes that are on.
        latches: state of the thresholds, as the last look at them left it.
        turns: state of the shares.
        overrides: those that were set and have not ended yet; where several are about one number, the first counts.

    """

    at: float
    snapshot: Snapshot
    modes: frozenset[str] = frozenset()
    latches: Mapping[LatchKey, Latch] = field(default_factory=lambda: MappingProxyType({}))
    turns: Mapping[str, Turns] = field(default_factory=lambda: MappingProxyType({}))
    overrides: tuple[Override, ...] = ()
    instant: datetime = field(init=False, repr=False, compare=False)
    _fresh: AbstractSet[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what every rule asks: `at` as an aware datetime in UTC, and which PABXs may be believed."""
        at = self.at
        object.__setattr__(self, "instant", datetime.fromtimestamp(at, UTC))
        known = self.snapshot.pabxs.values()
        fresh = {pabx.pabx for pabx in known if pabx.in_sync and at - pabx.heard_at <= STALE_AFTER_S}
        object.__setattr__(self, "_fresh", fresh)

    def age_s(self, pabx: str) -> float | None:
        """Return how old the picture of a PABX is, in seconds; None where there is none."""
        known = self.snapshot.pabxs.get(pabx)
        return max(0.0, self.at - known.heard_at) if known is not None and known.in_sync else None

    def fresh(self, pabx: str) -> bool:
        """Tell whether the picture of a PABX may be believed."""
        return pabx in self._fresh

    def queue(self, pabx: str, queue: str) -> QueueFacts | None:
        """Return the facts of a queue, or None where they are missing or stale."""
        return self.snapshot.queues.get((pabx, queue)) if pabx in self._fresh else None

    def site(self, pabx: str, site: str) -> SiteFacts | None:
        """Return the facts of a site for a call on `pabx`, or None where they are missing or stale."""
        return self.snapshot.sites.get(site) if pabx in self._fresh else None
