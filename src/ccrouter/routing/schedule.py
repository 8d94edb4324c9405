"""What the decision asks of a calendar. Calendars are compiled in config/, which knows the libraries behind them."""

from datetime import datetime
from typing import Protocol


class Calendar(Protocol):
    """Opening hours with holidays and dated exceptions, half-open: [08:30, 18:30)."""

    @property
    def name(self) -> str:
        """Return the calendar's name in the routing file."""
        ...

    def is_open(self, at: datetime) -> bool:
        """Tell whether `at` (aware, any zone) lies inside the opening hours."""
        ...

    def next_change(self, at: datetime) -> datetime | None:
        """Return the first instant after `at` at which open turns to closed or back; None when it never does."""
        ...
