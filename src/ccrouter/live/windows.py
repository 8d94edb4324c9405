"""Rolling windows: what happened during the last hour, bounded."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Generic, TypeVar

from ccrouter.routing.snapshot import Seconds

T = TypeVar("T")

HOUR_S: Seconds = 3600.0
SET_BACK_S: Seconds = 1.0
NEWEST = 5000
"""Items kept at the most; beyond, the oldest go first."""


class Window(Generic[T]):
    """Items of the last hour, oldest first, the newest 5,000 at the most.

    Args:
        instant: tells when an item happened, seconds since 1970.

    """

    def __init__(self, instant: Callable[[T], float]) -> None:
        self._instant = instant
        self._items: list[T] = []  # a list is copied to a tuple three times as fast as a deque
        self._tuple: tuple[T, ...] | None = ()

    def __len__(self) -> int:
        return len(self._items)

    def not_before(self, at: float) -> float:
        """Return `at`, or the instant of the newest item where the clock was set back a little.

        Where it was set back by more, what was noted by the wrong time is let go of.
        """
        while self._items and self._instant(self._items[-1]) > at + SET_BACK_S:
            self._items.pop()
            self._tuple = None
        return max(at, self._instant(self._items[-1])) if self._items else at

    def add(self, item: T) -> None:
        """Take in an item that is not older than the newest one (see `not_before`)."""
        if len(self._items) == NEWEST:
            del self._items[0]
        self._items.append(item)
        self._tuple = None

    def trim(self, at: float) -> bool:
        """Let go of what is more than an hour old at `at`; tell whether there was any."""
        before = at - HOUR_S
        if not self._items or self._instant(self._items[0]) > before:
            return False
        old = bisect_right(self._items, before, key=self._instant)
        del self._items[:old]
        self._tuple = None
        return True

    def move(self, moved: Callable[[T], T]) -> None:
        """Put other items in place of all, in the same order: the clock was set."""
        self._items = [moved(item) for item in self._items]
        self._tuple = None

    def items(self) -> tuple[T, ...]:
        """Return all items, oldest first; the same tuple until something changes."""
        if self._tuple is None:
            self._tuple = tuple(self._items)
        return self._tuple
