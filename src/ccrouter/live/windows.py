"""Rolling windows: what happened during the last hour, bounded."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar, overload

from ccrouter.routing.snapshot import Seconds

T = TypeVar("T")

HOUR_S: Seconds = 3600.0
SET_BACK_S: Seconds = 1.0
NEWEST = 5000
"""Items kept at the most; beyond, the oldest go first."""
CLEARED_AT = 1000
"""Items that are no longer in a window, but still in its list."""


class Shown(Sequence[T]):
    """What a window held at one moment: a part of a list that is only ever added to, so that nothing is copied."""

    __slots__ = ("_begin", "_end", "_items")

    def __init__(self, items: list[T], begin: int, end: int) -> None:
        self._items = items
        self._begin = begin
        self._end = end

    def __len__(self) -> int:
        return self._end - self._begin

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...

    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return self._items[self._begin : self._end][index]
        if 0 <= index < self._end - self._begin:
            return self._items[self._begin + index]
        return self._items[range(self._begin, self._end)[index]]

    def __iter__(self) -> Iterator[T]:
        return islice(self._items, self._begin, self._end)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shown | tuple) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment] # as for a list: it is equal by what it holds

    def __repr__(self) -> str:
        return repr(tuple(self))


class Window(Generic[T]):
    """Items of the last hour, oldest first, the newest 5,000 at the most.

    Args:
        instant: tells when an item happened, seconds since 1970.

    """

    def __init__(self, instant: Callable[[T], float]) -> None:
        self._instant = instant
        self._items: list[T] = []  # only added to: what was shown looks at it
        self._begin = 0

    def __len__(self) -> int:
        return len(self._items) - self._begin

    def not_before(self, at: float) -> float:
        """Return `at`, or the instant of the newest item where the clock was set back a little.

        Where it was set back by more, what was noted by the wrong time is let go of.
        """
        if len(self._items) == self._begin or self._instant(self._items[-1]) <= at:
            return at
        end = len(self._items)
        while end > self._begin and self._instant(self._items[end - 1]) > at + SET_BACK_S:
            end -= 1
        if end < len(self._items):
            self._put(self._items[self._begin : end])
        return max(at, self._instant(self._items[-1])) if len(self) else at

    def add(self, item: T) -> None:
        """Take in an item that is not older than the newest one (see `not_before`)."""
        if len(self._items) - self._begin == NEWEST:
            self._let_go(self._begin + 1)
        self._items.append(item)

    def trim(self, at: float) -> bool:
        """Let go of what is more than an hour old at `at`; tell whether there was any."""
        old = bisect_right(self._items, at - HOUR_S, self._begin, key=self._instant)
        if old == self._begin:
            return False
        self._let_go(old)
        return True

    def move(self, moved: Callable[[T], T]) -> None:
        """Put other items in place of all, in the same order: the clock was set."""
        self._put([moved(item) for item in self.shown()])

    def shown(self) -> Sequence[T]:
        """Return all items, oldest first, without a copy: they change with each call."""
        return Shown(self._items, self._begin, len(self._items))

    def _let_go(self, begin: int) -> None:
        """Begin later; what is no longer looked at is cleared away once it is a good deal."""
        self._begin = begin
        if begin > CLEARED_AT:
            self._put(self._items[begin:])

    def _put(self, items: list[T]) -> None:
        self._items, self._begin = items, 0
