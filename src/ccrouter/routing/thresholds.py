"""Thresholds that do not flap: one level to start, another to stop, and a time to hold."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

LatchKey = tuple[str, str]
"""Key of a threshold, and the PABX whose facts it looks at (empty where it looks at all)."""


class Verdict(StrEnum):
    """The answer of a condition. Missing facts are never taken for a no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Which side of its level starts a threshold."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


AT_LEAST = Direction.AT_LEAST


class Latch(NamedTuple):
    """State of a threshold: on or off, and since when the start level has been reached without a break."""

    on: bool = False
    reached_at: float | None = None


OFF = Latch()


@dataclass(frozen=True, slots=True)
class Level:
    """Start at `start`, stop beyond `stop`, and only after the start level held for `hold_s` seconds.

    AT_LEAST starts at value >= start and stops at value < stop; AT_MOST starts at value <= start and stops at
    value > stop.
    """

    direction: Direction
    start: float
    stop: float
    hold_s: float = 0.0

    def step(self, latch: Latch, value: float | None, at: float) -> Latch:
        """Return the state after seeing `value` at `at`; an unknown value breaks a hold and changes nothing else."""
        if value is None:
            return latch if latch.reached_at is None or latch.on else OFF
        if latch.on:
            return OFF if self._beyond(value, self.stop) else latch
        if value < self.start if self.direction is AT_LEAST else value > self.start:
            return OFF  # without a call: most thresholds are off, and each is looked at again and again
        # The clock may have been set back: a hold that seems to begin in the future begins now.
        reached_at = at if latch.reached_at is None else min(latch.reached_at, at)
        return Latch(on=at - reached_at >= self.hold_s, reached_at=reached_at)

    def reached(self, value: float) -> bool:
        """Tell whether a value is on the side of the start level that starts it."""
        return not self._beyond(value, self.start)

    def _beyond(self, value: float, limit: float) -> bool:
        return value < limit if self.direction is AT_LEAST else value > limit
