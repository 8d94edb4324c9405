"""Histograms of waits whose buckets differ from service to service: a fixed set, and the service's own target.

With the target among the bounds, the service level is a ratio of two counters. A target may change at any reload, and a
bucket, being a counter, may not go back. So a bound that was counted by stays, and a new one begins with what is sure:
waits that were counted before it came, between its two neighbours, may have been longer than it, so they count above it
only. From then on it is exact.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ccrouter.telemetry.buckets import Buckets

WAIT_BUCKETS_S: Final = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)

MOST_TARGETS: Final = 4
"""Bounds of its own that a service keeps; where its target changes still more often, the oldest goes."""


class WaitHistogram(Collector):
    """Waits by service.

    Args:
        registry: where it is told.
        name: of the metric, in seconds.
        help_text: what it says of itself.

    """

    def __init__(self, registry: CollectorRegistry, name: str, help_text: str) -> None:
        self._name = name
        self._help = help_text
        self._services: dict[str, _Waits] = {}
        registry.register(self)

    def use(self, targets: Mapping[str, float]) -> None:
        """Take the services of a new version, each with its target in seconds; others are told no more."""
        for gone in self._services.keys() - targets.keys():
            del self._services[gone]
        for service, target_s in targets.items():
            self._of(service).aim_at(target_s)

    def observe(self, service: str, wait_s: float) -> None:
        """Count a wait."""
        self._of(service).observe(wait_s)

    def collect(self) -> Iterator[Metric]:
        """Yield the family."""
        family = HistogramMetricFamily(self._name, self._help, labels=["service"])
        for service, waits in self._services.items():
            family.add_metric([service], waits.told(), waits.sum)
        yield family

    def _of(self, service: str) -> "_Waits":
        waits = self._services.get(service)
        if waits is None:
            waits = self._services[service] = _Waits()
        return waits


class _Waits(Buckets):
    """Waits of one service, between bounds of which some are its targets."""

    def __init__(self) -> None:
        super().__init__(WAIT_BUCKETS_S)
        self._targets: list[float] = []

    def aim_at(self, target_s: float) -> None:
        """Let a target be a bound, from now on."""
        if target_s in WAIT_BUCKETS_S:
            return
        if target_s in self._targets:
            self._targets.remove(target_s)
        else:
            place = bisect_left(self._bounds, target_s)
            self._counts.insert(place, 0)
            insort(self._bounds, target_s)
        self._targets.append(target_s)
        if len(self._targets) > MOST_TARGETS:
            self._forget(self._targets.pop(0))

    def _forget(self, bound: float) -> None:
        place = self._bounds.index(bound)
        del self._bounds[place]
        self._counts[place] += self._counts.pop(place + 1)
