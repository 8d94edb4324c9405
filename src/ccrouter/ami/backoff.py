"""How long to wait before the next try."""

import random
from collections.abc import Callable


class Backoff:
    """Waits that double from `least_s` up to `most_s`, each drawn between half of itself and itself."""

    def __init__(self, least_s: float, most_s: float, draw: Callable[[float, float], float] = random.uniform) -> None:
        self._least_s = least_s
        self._most_s = most_s
        self._draw = draw
        self._tries = 0

    def next_s(self) -> float:
        """Return the next wait."""
        wait_s = min(self._most_s, self._least_s * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return self._draw(wait_s / 2, wait_s)

    def reset(self) -> None:
        """Start again from the shortest."""
        self._tries = 0
