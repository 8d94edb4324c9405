"""The only place where ccrouter reads the time."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time; tests hand in one that they turn by hand."""

    def now(self) -> float:
        """Return the wall clock as seconds since 1970-01-01 UTC."""
        ...

    def steady(self) -> float:
        """Return seconds that never go back, from an arbitrary start: for time-outs and durations."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Return the wall clock as seconds since 1970-01-01 UTC."""
        return time.time()  # noqa: TID251 - this is the one place

    def steady(self) -> float:
        """Return the kernel's monotonic clock in seconds."""
        return time.monotonic()  # noqa: TID251 - this is the one place


def utc(at: float) -> datetime:
    """Turn seconds since 1970 into an aware datetime in UTC."""
    return datetime.fromtimestamp(at, UTC)
