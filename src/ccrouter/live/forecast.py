"""EWT: the forecast wait of a caller who joins a queue now (QLr).

The predictor looks at the length of the queue and lets callers ahead give up: R. Ibrahim and W. Whitt, "Real-Time Delay
Estimation in Overloaded Multiserver Queues with Abandonments", Management Science 55(10), 2009, the queue-length
predictors for M/M/s+M. It beats the plain (n + 1) / (s * mu) wherever callers give up, and equals it where none does.
"""

from collections import deque
from collections.abc import Iterator
from itertools import accumulate, count, islice, repeat

from ccrouter.routing.snapshot import Seconds

MIN_SAMPLES = 20
"""Fewer handling times say nothing: the forecast is unknown."""

HANDLED = 100
"""Handling times that the rolling mean covers."""

MICROS = 1_000_000
"""In a second."""

WAITS = 500
"""Ended waits that the rate of abandonment covers."""


def estimated_waits(serving: int, handling_s: Seconds, give_up_rate: float) -> Iterator[Seconds]:
    """Yield the waits behind n = 0, 1, 2, ... callers, each the sum over j = 0..n of 1 / (serving * mu + j * theta).

    Args:
        serving: positions logged in and not paused, 1 or more (s).
        handling_s: mean of talk and wrap-up, 1 / mu.
        give_up_rate: abandonments for each second that callers wait (theta), 0 or more.

    """
    if handling_s <= 0.0:
        return repeat(0.0)
    served_rate = serving / handling_s
    return accumulate(1.0 / (served_rate + j * give_up_rate) for j in count())


class _Rolling:
    """The newest whole numbers, so many at the most, and their sum, which is exact for that."""

    def __init__(self, most: int) -> None:
        self.sum = 0
        self._kept: deque[int] = deque(maxlen=most)

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, number: int) -> None:
        """Take in a number; the oldest goes where there are too many."""
        if len(self._kept) == self._kept.maxlen:
            self.sum -= self._kept[0]
        self.sum += number
        self._kept.append(number)


class Forecast:
    """What one queue has shown of late: how long positions need for a call, and how callers lose patience."""

    def __init__(self) -> None:
        self._handled = _Rolling(HANDLED)
        self._waits = _Rolling(WAITS)
        self._given_up = _Rolling(WAITS)
        self._rates: tuple[int, Seconds, float] | None = None
        self._estimates: list[Seconds] = []
        self._further: Iterator[Seconds] = iter(())

    def handled(self, handling_s: Seconds) -> None:
        """Take in one handling time: talk and wrap-up."""
        self._handled.add(round(handling_s * MICROS))

    def waited(self, wait_s: Seconds, *, gave_up: bool) -> None:
        """Take in one wait that ended: answered, given up, timed out or withdrawn.

        All of them are time in which the caller could have given up; only an abandonment is one.
        """
        self._waits.add(round(wait_s * MICROS))
        self._given_up.add(gave_up)

    def estimate(self, waiting: int, serving: int, ready: int) -> Seconds | None:
        """Return the EWT of a caller who joins now; None where nothing can be said.

        A position that is ready, with nobody waiting, takes the caller at once: that is seen, not forecast, so it needs
        no samples.
        """
        if ready and not waiting:
            return 0.0
        handled, waited = len(self._handled), self._waits.sum
        if not serving or handled < MIN_SAMPLES:
            return None
        rates = (
            serving,
            self._handled.sum / MICROS / handled,
            self._given_up.sum * MICROS / waited if waited else 0.0,
        )
        if rates != self._rates:
            self._rates, self._estimates, self._further = rates, [], estimated_waits(*rates)
        # One more who waits is one more term: from decision to decision nothing else changes.
        self._estimates.extend(islice(self._further, max(0, waiting + 1 - len(self._estimates))))
        return self._estimates[waiting]
