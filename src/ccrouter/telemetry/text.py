"""The text of the metrics, made in slices: calls are decided in the same thread, and none waits for a whole scrape."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

SLICE_S: Final = 0.001
"""After so long all else has its turn; the samples at hand are written first, so it may last a little longer."""

MOST_SAMPLES: Final = 100
"""Of a family that are written in one go."""


@dataclass(frozen=True, slots=True)
class _Some(Collector):
    """A family, or a part of one."""

    family: Metric

    def collect(self) -> Iterator[Metric]:
        yield self.family


async def text_of(registry: CollectorRegistry, steady: Callable[[], float]) -> tuple[bytes, float]:
    """Return the metrics in Prometheus' text format, and for how many seconds the event loop was held in all.

    Each family is true at one instant; the whole takes some milliseconds longer.
    """
    parts: list[bytes] = []
    held_s, began = 0.0, steady()
    for family in registry.collect():
        for part in _parts(family):
            parts.append(part)
            spent_s = steady() - began
            if spent_s >= SLICE_S:
                held_s += spent_s
                await asyncio.sleep(0)
                began = steady()
    return b"".join(parts), held_s + steady() - began


def _parts(family: Metric) -> Iterator[bytes]:
    """Yield the text of a family, so many samples at a time; the head stands before the first of them."""
    samples = family.samples
    for at in range(0, max(1, len(samples)), MOST_SAMPLES):
        family.samples = samples[at : at + MOST_SAMPLES]
        text = generate_latest(_Some(family))
        yield text if at == 0 else b"".join(text.splitlines(keepends=True)[2:])
