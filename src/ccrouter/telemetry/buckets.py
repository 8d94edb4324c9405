"""What a histogram counts, in plain numbers, made into samples when it is asked for: for one thread.

The library's own takes two locks for each value that is noted: longer than most of what is done for an event or a call.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from math import inf

from prometheus_client.utils import floatToGoString


class Buckets:
    """Counts between bounds, each for itself: what lies below a bound is their sum, and so never less than before.

    Args:
        bounds: upper bounds of the buckets, rising; that of all others is added.

    Attributes:
        sum: of all values.

    """

    def __init__(self, bounds: Iterable[float]) -> None:
        self.sum = 0.0
        self._bounds = [*bounds, inf]
        self._counts = [0] * len(self._bounds)

    def observe(self, value: float) -> None:
        """Note a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def told(self) -> list[tuple[str, float]]:
        """Return each bound with how many values were not above it."""
        return list(zip(map(floatToGoString, self._bounds), accumulate(self._counts), strict=True))
