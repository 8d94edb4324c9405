"""The live state: one way in, immutable pictures out."""

from collections.abc import Iterable, Iterator

from ccrouter.live.effects import Effect
from ccrouter.live.events import Event
from ccrouter.live.queues import WaitingCaller
from ccrouter.live.sites import SiteLimits
from ccrouter.routing.snapshot import Snapshot


class State:
    """Everything that is true now on all PABXs. Not thread-safe: one writer."""

    def __init__(self, sites: Iterable[SiteLimits]) -> None:
        self._sites = {site.name: site for site in sites}

    def apply(self, event: Event) -> list[Effect]:
        """Take in one event, and return what follows from it. Never raises on account of an event."""
        raise NotImplementedError(event)

    def configure(self, sites: Iterable[SiteLimits]) -> None:
        """Replace the sites after a reload; what is known of those that stay is kept."""
        self._sites = {site.name: site for site in sites}

    def snapshot(self, at: float) -> Snapshot:
        """Return the facts as of the last event applied, stamped `at`."""
        raise NotImplementedError(at)

    def waiting(self) -> Iterator[WaitingCaller]:
        """Return the callers in all queues, each queue in its order."""
        raise NotImplementedError
