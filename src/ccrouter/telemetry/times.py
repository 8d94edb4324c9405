"""A histogram in plain numbers, made into series when it is asked for.

The library's own takes two locks for each time that is noted: longer than most of what is done for an event or a call.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import inf

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Times(Collector):
    """How long something took, each time.

    Args:
        bounds: upper bounds of the buckets, in seconds, rising; that of all others is added.

    """

    def __init__(self, name: str, text: str, bounds: Sequence[float], registry: CollectorRegistry) -> None:
        self._name = name
        self._text = text
        self._bounds = (*bounds, inf)
        self._counts = [0] * len(self._bounds)
        self._sum_s = 0.0
        registry.register(self)

    def observe(self, took_s: float) -> None:
        """Note one time."""
        self._counts[bisect_left(self._bounds, took_s)] += 1
        self._sum_s += took_s

    def collect(self) -> Iterator[Metric]:
        """Yield the family."""
        family = HistogramMetricFamily(self._name, self._text)
        buckets = list(zip(map(floatToGoString, self._bounds), accumulate(self._counts), strict=True))
        family.add_metric([], buckets, self._sum_s)
        yield family
