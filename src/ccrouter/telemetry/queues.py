"""Counters of queues: how far the forecasts were from the waits that followed, and which positions ring in vain."""

from typing import Final

from prometheus_client import CollectorRegistry, Histogram

from ccrouter.live.effects import PositionMissed, WaitEnded
from ccrouter.live.events import CallerConnected
from ccrouter.telemetry.names import RuleNames
from ccrouter.telemetry.zeros import keep

ERROR_BUCKETS_S: Final = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)

GHOST_RINGS: Final = 3
"""Calls in a row that a position lets ring for its whole time: then nobody sits there."""

MOST_GHOSTS: Final = 5000
"""Positions of which missed calls are remembered; of more the oldest is forgotten."""


class QueueCounts:
    """How waits in queues went, and calls at positions."""

    def __init__(self, registry: CollectorRegistry, names: RuleNames) -> None:
        self._names = names
        self._missed: dict[tuple[str, str], int] = {}
        self._errors = Histogram(
            "ccrouter_queue_wait_forecast_error_seconds",
            "By how much the wait of an answered caller differed from the forecast at the moment of joining.",
            ["pabx", "queue"],
            registry=registry,
            buckets=ERROR_BUCKETS_S,
        )

    def use(self) -> None:
        """Follow the names of a new version."""
        keep(self._errors, {"queue": self._names.queues})

    def waited(self, wait: WaitEnded) -> None:
        """Compare a wait with its forecast: of those answered, for of others nobody knows how long they would be."""
        if wait.answered and wait.forecast_s is not None and wait.queue in self._names.queues:
            self._errors.labels(wait.pabx, wait.queue).observe(abs(wait.waited_s - wait.forecast_s))

    def missed(self, ring: PositionMissed) -> None:
        """Remember a call that rang for its whole time."""
        if ring.ignored:
            key = (ring.pabx, ring.interface)
            self._missed[key] = self._missed.pop(key, 0) + 1
            if len(self._missed) > MOST_GHOSTS:
                del self._missed[next(iter(self._missed))]

    def took(self, answer: CallerConnected) -> None:
        """Forget what a position missed before it took a call, in whatever queue."""
        self._missed.pop((answer.pabx, answer.interface), None)

    def ghosts(self) -> set[tuple[str, str]]:
        """Return PABX and interface of the positions at which nobody seems to sit."""
        return {key for key, rings in self._missed.items() if rings >= GHOST_RINGS}
