"""Counters of queues: how far the forecasts were from the waits that followed."""

from typing import Final

from prometheus_client import CollectorRegistry

from ccrouter.live.effects import WaitEnded
from ccrouter.telemetry.names import RuleNames
from ccrouter.telemetry.series import Histograms

ERROR_BUCKETS_S: Final = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)


class QueueCounts:
    """How waits in queues went."""

    def __init__(self, registry: CollectorRegistry, names: RuleNames) -> None:
        self._names = names
        self._errors = Histograms(
            "ccrouter_queue_wait_forecast_error_seconds",
            "By how much the wait of an answered caller differed from the forecast at the moment of joining.",
            ["pabx", "queue"],
            registry=registry,
            buckets=ERROR_BUCKETS_S,
        )

    def use(self) -> None:
        """Follow the names of a new version."""
        if self._names.lost:
            self._errors.keep({"queue": self._names.queues})

    def waited(self, wait: WaitEnded) -> None:
        """Compare a wait with its forecast: of those answered, for of others nobody knows how long they would be."""
        if wait.answered and wait.forecast_s is not None and wait.queue in self._names.queues:
            self._errors.labels(wait.pabx, wait.queue).observe(abs(wait.waited_s - wait.forecast_s))
