"""What the store tests share."""

from dataclasses import dataclass

import pytest


@dataclass
class HandClock:
    """A clock that a test turns by hand."""

    at: float = 1_795_289_835.25

    def now(self) -> float:
        """Return the instant set."""
        return self.at

    def steady(self) -> float:
        """Return the same."""
        return self.at


@pytest.fixture
def clock() -> HandClock:
    """Give a clock that stands still."""
    return HandClock()
