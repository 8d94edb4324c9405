"""Wrong tokens, counted by address, so that who tries them fills neither the log nor the processor.

A token can't be guessed, so nobody is locked out: a right one passes, also from an address that showed wrong ones.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST: Final = 10
"""Wrong tokens of one address in a window that are answered and logged each."""

WINDOW_S: Final = 60.0
MOST_ADDRESSES: Final = 1024


@dataclass(slots=True)
class _Window:
    ends: float
    count: int = 0


class Attempts:
    """Counts; `steady` tells seconds that never go back."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Count a wrong token, and return how long its address should wait before the next; 0 for not at all."""
        now = self._steady()
        window = self._windows.get(address)
        if window is None or window.ends <= now:
            window = self._windows[address] = _Window(now + WINDOW_S)
        self._windows.move_to_end(address)
        while len(self._windows) > MOST_ADDRESSES:
            self._windows.popitem(last=False)
        window.count += 1
        return window.ends - now if window.count > MOST else 0.0
