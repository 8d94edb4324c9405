"""What the PABXs told: how many events of each kind, and how long they took to be applied.

Counted here in plain numbers, and made into series when they are asked for: nothing happens as often as an event, and
the library's own counters take longer than most of what is done with one.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from math import inf
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from ccrouter.live.events import PabxEvent

BUCKETS_S: Final = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, inf)


class EventCounts(Collector):
    """Events by kind, and their times."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._told: defaultdict[tuple[str, type[PabxEvent]], int] = defaultdict(int)
        self._took = [0] * len(BUCKETS_S)
        self._took_s = 0.0
        registry.register(self)

    def told(self, event: PabxEvent) -> None:
        """Count an event of a PABX."""
        self._told[event.pabx, type(event)] += 1

    def applied(self, took_s: float) -> None:
        """Note how long an event took to be applied."""
        self._took[bisect_left(BUCKETS_S, took_s)] += 1
        self._took_s += took_s

    def collect(self) -> Iterator[Metric]:
        """Yield both families."""
        told = CounterMetricFamily(
            "ccrouter_events_total", "Events that the PABXs told, by kind.", labels=["pabx", "event"]
        )
        for (pabx, kind), count in list(self._told.items()):
            told.add_metric([pabx, kind.__name__], count)
        yield told
        took = HistogramMetricFamily(
            "ccrouter_event_apply_seconds",
            "Time from the handing over of an event until it was applied and what follows from it seen to.",
        )
        buckets = list(zip(map(floatToGoString, BUCKETS_S), accumulate(self._took), strict=True))
        took.add_metric([], buckets, self._took_s)
        yield took
