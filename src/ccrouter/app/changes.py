"""That something changed, for all who follow it, each at their own pace."""

import asyncio


class Changes:
    """Tells its followers that something changed; whoever was told clears their own mark."""

    def __init__(self) -> None:
        self._marks: list[asyncio.Event] = []

    def follow(self) -> asyncio.Event:
        """Return a mark of one's own: it is set at each change, and only its owner clears it."""
        mark = asyncio.Event()
        self._marks.append(mark)
        return mark

    def set(self) -> None:
        """Tell of a change; never waits."""
        for mark in self._marks:
            mark.set()
