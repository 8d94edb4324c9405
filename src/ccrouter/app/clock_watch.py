"""Watches how the machine's clock is set against the steady one.

Decisions follow the hour that the machine tells, for a correction is mostly right; but nothing is deleted on the word
of an hour that has just jumped: what a wrong hour has ended counts again when it is put right.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Final, Protocol

from ccrouter.clock import STEP_S

CONFIRMED_S: Final = 600.0
"""An hour that has stood for so long is taken for right."""


class SetClock(Protocol):
    """A clock that goes evenly, and takes over how the machine's is set when it is told to."""

    def now(self) -> float:
        """Return the wall clock as seconds since 1970-01-01 UTC."""
        ...

    def steady(self) -> float:
        """Return seconds that never go back."""
        ...

    def follow(self) -> float:
        """Take over how the machine's clock is set; return by how much it stepped, 0 for what is no step."""
        ...


@dataclass(slots=True)
class ClockWatch:
    """Follows the machine's clock.

    Attributes:
        moved_s: by how much the hour differs from the one that was sure last.

    """

    clock: SetClock
    moved_s: float = 0.0
    _stepped_at: float = 0.0
    _begun: float = field(init=False)
    _begun_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun, self._begun_at = self.clock.steady(), self.clock.now()

    def look(self) -> float:
        """Follow the clock; return by how much it has stepped since the last look, 0 mostly."""
        by_s = self.clock.follow()
        if by_s:
            self.moved_s += by_s
            self._stepped_at = self.clock.steady()
        back = abs(self.moved_s) <= STEP_S
        if back or self.clock.steady() - self._stepped_at >= CONFIRMED_S:
            self.moved_s = 0.0
        return by_s

    @property
    def sure(self) -> bool:
        """Tell whether the hour may be believed where something would be deleted for good."""
        return not self.moved_s

    @property
    def proven(self) -> bool:
        """Tell whether the hour is sure and has stood for a while: that of a machine that just started may be wrong."""
        return self.sure and self.clock.steady() - self._begun >= CONFIRMED_S

    @property
    def clears_from(self) -> float:
        """Return the hour (seconds since 1970-01-01 UTC) after which what has ended may be cleared away for good.

        What was over before the start waits until the hour is proven, or a machine that starts without a clock of its
        own, years ahead, would clear away all that stands.
        """
        if self.proven:
            return -inf
        return self._begun_at if self.sure else inf

    @property
    def why(self) -> str:
        """Return what is wrong with the hour; empty where it is sure."""
        if self.sure:
            return ""
        return f"the clock was set {'ahead' if self.moved_s > 0 else 'back'} by {abs(self.moved_s):.0f} s"
