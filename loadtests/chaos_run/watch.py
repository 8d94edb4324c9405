"""How the routers fare during a run: whether they are ready, their memory and open files, look by look."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.error import HTTPError
from urllib.request import urlopen

from ccrouter.clock import SystemClock
from support.real_daemon import RealDaemon

LOOK_S: Final = 0.25
WEIGH_S: Final = 1.0
ANSWERS_WITHIN_S: Final = 1.0

PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Look:
    """Whether a router could route at an instant (seconds since 1970)."""

    at: float
    rank: int
    ready: bool


@dataclass(frozen=True, slots=True)
class Weight:
    """Memory (bytes) and open files of a router's process at an instant."""

    at: float
    rank: int
    pid: int
    rss: int
    files: int


class Watch:
    """Looks until it is closed.

    Attributes:
        looks, weights: so far, in order.
        late_s: the longest that this program itself was held up by the machine.
        load: the highest load average of a minute.

    """

    def __init__(self, routers: Sequence[RealDaemon]) -> None:
        self.looks: list[Look] = []
        self.weights: list[Weight] = []
        self.late_s = 0.0
        self.load = 0.0
        self._clock = SystemClock()
        self._closed = threading.Event()
        self._threads = [threading.Thread(target=self._follow, args=(each,), daemon=True) for each in routers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join()

    def recovered(self, rank: int, since: float) -> float:
        """Return when router `rank` was ready for the first time from `since` on; `inf` where it was not yet."""
        return next((look.at for look in self.looks if look.rank == rank and look.at >= since and look.ready), INF)

    def _follow(self, router: RealDaemon) -> None:
        weighed_at = -WEIGH_S
        slept_at = self._clock.steady()
        while not self._closed.wait(LOOK_S):
            self.late_s = max(self.late_s, self._clock.steady() - slept_at - LOOK_S)
            self.load = max(self.load, os.getloadavg()[0])
            at = self._clock.now()
            self.looks.append(Look(at, router.rank, _ready(router)))
            if self._clock.steady() - weighed_at >= WEIGH_S and router.runs:
                weighed_at = self._clock.steady()
                weight = weigh(router, at)
                if weight is not None:
                    self.weights.append(weight)
            slept_at = self._clock.steady()


INF: Final = float("inf")


def weigh(router: RealDaemon, at: float) -> Weight | None:
    """Return what its process takes; None where it has just ended."""
    pid = router.pid
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        files = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names are enough
    except OSError:
        return None
    return Weight(at, router.rank, pid, pages * PAGE_BYTES, files)


def _ready(router: RealDaemon) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{router.http_port}/readyz", timeout=ANSWERS_WITHIN_S) as answer:
            return bool(answer.status == 200)
    except (HTTPError, OSError):
        return False
