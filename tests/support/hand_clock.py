"""A clock that a test turns by hand."""

from dataclasses import dataclass


@dataclass
class HandClock:
    """Stands at `at` until a test moves it: 2026-11-21 19:37:15.25 UTC."""

    at: float = 1_795_289_835.25

    def now(self) -> float:
        """Return the instant set."""
        return self.at

    def steady(self) -> float:
        """Return the same."""
        return self.at
