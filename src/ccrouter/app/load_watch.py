"""Says when ccrouter has more to do than it can in time: the event loop runs late, or calls must be let go."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ccrouter.clock import Clock
from ccrouter.telemetry.counts import LoopLag

LATE_S: Final = 0.25
"""A lag that begins the state."""

IN_TIME_S: Final = 0.1
"""A lag below which the state may end."""

STEADY_S: Final = 5.0
"""How long it must have gone well for the state to end."""

DEAF_S: Final = 0.5
"""A lag at which the dialplan has given up when its call is read: such a router must not look alive."""

WINDOW_S: Final = 60.0


@dataclass(slots=True)
class LoadWatch:
    """Takes the measurements of the loop's lag, and the count of calls that were let go.

    Attributes:
        shed: returns how many calls were let go since the start.

    """

    clock: Clock
    counts: LoopLag
    shed: Callable[[], int] = lambda: 0
    why: str = ""
    _last: tuple[float, float] = (0.0, 0.0)
    _worst: deque[tuple[float, float]] = field(default_factory=deque)
    _seen: int = 0
    _bad_at: float = 0.0

    def seen(self, lag_s: float, tasks: int) -> None:
        """Take in how late the loop was, and how many tasks it has."""
        self.counts.seen(lag_s, tasks)
        now = self.clock.steady()
        self._last = (self._last[1], lag_s)
        # What can't be the greatest any more goes: a later one is greater.
        while self._worst and self._worst[-1][1] <= lag_s:
            self._worst.pop()
        self._worst.append((now, lag_s))
        while self._worst[0][0] < now - WINDOW_S:
            self._worst.popleft()
        self.counts.worst(self._worst[0][1])
        self._judge(now, lag_s)

    @property
    def able(self) -> bool:
        """Tell whether calls are decided in time: twice in a row too late is no hiccup."""
        return min(self._last) < DEAF_S

    def _judge(self, now: float, lag_s: float) -> None:
        let_go, self._seen = self.shed() - self._seen, self.shed()
        if let_go:
            self.why = f"{let_go} calls were let go without a decision at {now:.0f}"
        if lag_s > LATE_S:
            self.why = f"the event loop ran {lag_s:.2f} s late"
        if let_go or lag_s > LATE_S or (self.why and lag_s > IN_TIME_S):
            self._bad_at = now
        elif now - self._bad_at >= STEADY_S:
            self.why = ""
