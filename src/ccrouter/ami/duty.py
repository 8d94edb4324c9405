"""Which of the routers of a PABX does there what only one may do, such as to withdraw waiting callers.

It is the one of the best rank whose heartbeat is fresh. Each router judges for itself, and so that two never do it at
the same time: whoever comes back waits until the other has seen it, and whoever was paused finds that its own last
heartbeat is old, and waits too.
"""

from collections.abc import Collection
from math import inf
from typing import Final

from ccrouter.clock import Clock

HANDOVER_S: Final = 1.0
"""From the first heartbeat to the duty, where another router lives: it looks twice in this time."""


class Duty:
    """The duty of one router for one PABX, over one connection.

    Args:
        rank: of this router, from 1, the best.
        fresh_s: age at which a heartbeat counts for nothing any more.

    """

    def __init__(self, clock: Clock, rank: int, fresh_s: float) -> None:
        self._clock = clock
        self._rank = rank
        self._fresh_s = fresh_s
        self._beaten_at = -inf
        self._since = inf
        self._better_lives = True

    @property
    def held(self) -> bool:
        """Tell whether it is this router's now."""
        now = self._clock.steady()
        return self.lives and not self._better_lives and now >= self._since

    @property
    def lives(self) -> bool:
        """Tell whether this router's own heartbeat is fresh."""
        return self._clock.steady() - self._beaten_at <= self._fresh_s

    def beaten(self, sent_at: float, others: Collection[int]) -> None:
        """Take in that the PABX confirmed a heartbeat.

        Args:
            sent_at: when it was sent, by the steady clock.
            others: ranks of the other routers with a fresh heartbeat.

        """
        better = any(rank < self._rank for rank in others)
        if not self.lives:
            self._since = sent_at + (HANDOVER_S if others else 0.0)
        self._beaten_at, self._better_lives = sent_at, better

    def end(self) -> None:
        """Leave it to others, for good."""
        self._since, self._better_lives = inf, True
