"""That something changed, for all who follow it, each at their own pace."""

import asyncio


class Changes:
    """Tells its followers that something changed; whoever was told clears their own mark."""

    def __init__(self) -> None:
        self._untold: set[_Mark] = set()

    def follow(self) -> asyncio.Event:
        """Return a mark of one's own: it is set at each change, and only its owner clears it."""
        mark = _Mark(self._untold)
        mark.clear()
        return mark

    def set(self) -> None:
        """Tell of a change; never waits. Most changes come together, and tell nobody anything new."""
        if self._untold:
            for mark in self._untold:
                mark.set()
            self._untold.clear()


class _Mark(asyncio.Event):
    """A mark that says by itself when it is to be set again."""

    def __init__(self, untold: "set[_Mark]") -> None:
        super().__init__()
        self._untold = untold

    def clear(self) -> None:
        super().clear()
        self._untold.add(self)
