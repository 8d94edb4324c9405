"""The only place where ccrouter reads the time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol


class Clock(Protocol):
    """What tells the time; tests hand in one that they turn by hand."""

    def now(self) -> float:
        """Return the wall clock as seconds since 1970-01-01 UTC."""
        ...

    def steady(self) -> float:
        """Return seconds that never go back, from an arbitrary start: for time-outs and durations."""
        ...


STEP_S: Final = 2.0
"""What the machine's clock gains or loses at once beyond this is a step: it was set, or the machine slept. NTP corrects
less than half of it at once, and what reckons with instants bears that much."""


class SystemClock:
    """The clock of the machine, which goes evenly between two looks at how it was set.

    Instants that are told by it, and differences of them, make no step on their own: `follow` makes it, where whoever
    keeps instants can move them along.

    Args:
        wall: the machine's wall clock, in seconds since 1970-01-01 UTC.
        steady: seconds that never go back.

    Attributes:
        steady: returns the kernel's monotonic clock in seconds; handed on as it is, for it is asked often.

    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,  # noqa: TID251 - this is the one place
        steady: Callable[[], float] = time.monotonic,  # noqa: TID251 - this is the one place
    ) -> None:
        self.steady = steady
        self._wall = wall
        self._ahead = wall() - steady()

    def now(self) -> float:
        """Return the wall clock as seconds since 1970-01-01 UTC, as it was when it was last followed."""
        return self.steady() + self._ahead

    def follow(self) -> float:
        """Take over how the machine's clock is set; return by how much it stepped, 0 for what is no step."""
        before, self._ahead = self._ahead, self._wall() - self.steady()
        by_s = self._ahead - before
        return by_s if abs(by_s) > STEP_S else 0.0


def utc(at: float) -> datetime:
    """Turn seconds since 1970 into an aware datetime in UTC."""
    return datetime.fromtimestamp(at, UTC)
