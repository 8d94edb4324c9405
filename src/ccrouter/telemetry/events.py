"""What the PABXs told: how many events of each kind, and how long they took to be applied.

Counted here in plain numbers, and made into series when they are asked for: nothing happens as often as an event, and
the library's own counters take longer than most of what is done with one.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from ccrouter.live.events import PabxEvent
from ccrouter.telemetry.series import Histograms

BUCKETS_S: Final = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05)


class EventCounts(Collector):
    """Events by kind, and their times.

    Attributes:
        told: how many there were, by PABX and kind.
        applied: notes how many seconds an event took to be applied.

    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.told: defaultdict[tuple[str, type[PabxEvent]], int] = defaultdict(int)
        times = Histograms(
            "ccrouter_event_apply_seconds",
            "Time from the handing over of an event until it was applied and what follows from it seen to.",
            [],
            registry=registry,
            buckets=BUCKETS_S,
        )
        self.applied = times.labels().observe
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield the family."""
        told = CounterMetricFamily(
            "ccrouter_events_total", "Events that the PABXs told, by kind.", labels=["pabx", "event"]
        )
        for (pabx, kind), count in list(self.told.items()):
            told.add_metric([pabx, kind.__name__], count)
        yield told
