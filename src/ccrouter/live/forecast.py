"""EWT: the forecast wait of a caller who joins a queue now (QLr).

The predictor looks at the length of the queue and lets callers ahead give up: R. Ibrahim and W. Whitt, "Real-Time Delay
Estimation in Overloaded Multiserver Queues with Abandonments", Management Science 55(10), 2009, the queue-length
predictors for M/M/s+M. It beats the plain (n + 1) / (s * mu) wherever callers give up, and equals it where none does.
"""

from collections import deque

from ccrouter.routing.snapshot import Seconds

MIN_SAMPLES = 20
"""Fewer handling times say nothing: the forecast is unknown."""

HANDLED = 100
"""Handling times that the rolling mean covers."""

WAITS = 500
"""Ended waits that the rate of abandonment covers."""


def estimated_wait(ahead: int, serving: int, handling_s: Seconds, give_up_rate: float) -> Seconds:
    """Return the sum over j = 0..ahead of 1 / (serving * mu + j * theta), in seconds.

    Args:
        ahead: callers who wait already; the last term is the caller asked about.
        serving: positions logged in and not paused, 1 or more (s).
        handling_s: mean of talk and wrap-up, 1 / mu.
        give_up_rate: abandonments for each second that callers wait (theta), 0 or more.

    """
    if handling_s <= 0.0:
        return 0.0
    served_rate = serving / handling_s
    return sum(1.0 / (served_rate + j * give_up_rate) for j in range(ahead + 1))


class Forecast:
    """What one queue has shown of late: how long positions need for a call, and how callers lose patience."""

    def __init__(self) -> None:
        self._handled: deque[Seconds] = deque(maxlen=HANDLED)
        self._waits: deque[Seconds] = deque(maxlen=WAITS)
        self._given_up: deque[bool] = deque(maxlen=WAITS)
        self._given_up_count = 0
        self._rates: tuple[Seconds, float] | None = None

    def handled(self, handling_s: Seconds) -> None:
        """Take in one handling time: talk and wrap-up."""
        self._handled.append(handling_s)
        self._rates = None

    def waited(self, wait_s: Seconds, *, gave_up: bool) -> None:
        """Take in one wait that ended: answered, given up, timed out or withdrawn.

        All of them are time in which the caller could have given up; only an abandonment is one.
        """
        if len(self._given_up) == WAITS:
            self._given_up_count -= self._given_up[0]
        self._given_up_count += gave_up
        self._waits.append(wait_s)
        self._given_up.append(gave_up)
        self._rates = None

    def estimate(self, waiting: int, serving: int, ready: int) -> Seconds | None:
        """Return the EWT of a caller who joins now; None where nothing can be said.

        A position that is ready, with nobody waiting, takes the caller at once: that is seen, not forecast, so it needs
        no samples.
        """
        if ready and not waiting:
            return 0.0
        if not serving or len(self._handled) < MIN_SAMPLES:
            return None
        if self._rates is None:
            waited_s = sum(self._waits)
            handling_s = sum(self._handled) / len(self._handled)
            self._rates = (handling_s, self._given_up_count / waited_s if waited_s > 0.0 else 0.0)
        return estimated_wait(waiting, serving, *self._rates)
