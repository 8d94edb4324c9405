"""What is left when the last call is over: nothing may be."""

import re
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Final

from ccrouter.clock import SystemClock
from chaos_run.house import House
from chaos_run.watch import Weight, weigh
from support.daemon_process import DaemonError
from support.real_daemon import RealDaemon
from support.real_house import at_rest, in_sync

QUIET_WITHIN_S: Final = 40.0
WATCHED_S: Final = 600
"""For so long memory must be watched for its slope to tell something: Python's own allocator breathes."""

HOUR_S: Final = 3600
"""Arrivals and waits are kept for an hour, for load rules: until then memory grows with each call, and then no more."""

KB_PER_CALL: Final = 0.5
"""What a call of the first hour may take: its arrival and its wait."""

MB_PER_LATER_HOUR: Final = 3.0

LOOKS: Final = 6
LOOK_EVERY_S: Final = 0.3

ACTIVE: Final = re.compile(r"^(\d+) active channel", re.MULTILINE)


def quiet(house: House) -> list[str]:
    """Wait until nobody knows of a call any more; return what was still known after QUIET_WITHIN_S."""
    clock = SystemClock()
    deadline = clock.steady() + QUIET_WITHIN_S
    told: list[str] = []
    for command in ("core show channels count", "group show channels"):
        while (left := _count(house.pabx.cli(command))) and clock.steady() < deadline:
            pass
        if left:
            told.append(f"`{command}` on the PABX: {left} left: {house.pabx.cli('core show channels concise')}")
    for router in house.routers:
        try:
            router.wait_until(lambda status: at_rest(status) and in_sync(status), QUIET_WITHIN_S)
        except DaemonError as error:
            told.append(f"router {router.rank} still sees calls: {str(error).partition(chr(10))[0]}")
    return told


def _count(text: str) -> int:
    found = ACTIVE.search(text)
    return int(found[1]) if found else 0


class Baseline:
    """What each router has open when nobody calls, after the first calls."""

    def __init__(self, routers: Sequence[RealDaemon]) -> None:
        self._before = {router.rank: _open(router) for router in routers}

    def exceeded(self, routers: Sequence[RealDaemon]) -> list[str]:
        """Return what is more now."""
        told = []
        for router in routers:
            now = _open(router)
            told += [
                f"router {router.rank} has {now[what]:g} {what}, at the begin it had {before:g}"
                for what, before in self._before[router.rank].items()
                if now[what] > before
            ]
        return told


def _open(router: RealDaemon) -> Mapping[str, float]:
    """Return the least of some looks: who asks for it opens something, too."""
    looks = []
    for _ in range(LOOKS):
        time.sleep(LOOK_EVERY_S)
        weight = weigh(router, 0.0)
        looks.append((weight.files if weight else 0, router.metrics()["ccrouter_tasks"]))
    return {"open files": min(files for files, _ in looks), "tasks": min(tasks for _, tasks in looks)}


def memory(weights: Sequence[Weight], warm_up_s: float) -> list[dict[str, object]]:
    """Return, for each life of a router, how its memory went after its first `warm_up_s` seconds."""
    lives: dict[tuple[int, int], list[Weight]] = {}
    for weight in weights:
        lives.setdefault((weight.rank, weight.pid), []).append(weight)
    return [_life(rank, found, warm_up_s) for (rank, _), found in lives.items()]


def growth(life: Mapping[str, object], rate: float) -> tuple[str, bool] | None:
    """Return how memory grew in a life at `rate` calls a second, and whether that is as it may be.

    None where the life was too short to tell.
    """
    first, later = life["mb_per_hour"], life["mb_per_later_hour"]
    told, kept = [], True
    if isinstance(first, float):
        kb_per_call = first * 1e3 / (rate * HOUR_S)
        told.append(f"{kb_per_call:.2f} kB a call in the first hour")
        kept = kb_per_call <= KB_PER_CALL
    if isinstance(later, float):
        told.append(f"{later:+.1f} MB/h after it")
        kept = kept and later <= MB_PER_LATER_HOUR
    return (", ".join(told), kept) if told else None


GROWTH_LIMIT: Final = f"{KB_PER_CALL} kB a call in the first hour, {MB_PER_LATER_HOUR:g} MB/h after it"


def _life(rank: int, weights: Sequence[Weight], warm_up_s: float) -> dict[str, object]:
    born = weights[0].at
    warm = [weight for weight in weights if weight.at - born >= warm_up_s]
    kept = warm or weights
    return {
        "router": rank,
        "lived_s": round(weights[-1].at - born),
        "rss_mb_at_start": _mb(weights[0].rss),
        "rss_mb_warm": _mb(kept[0].rss),
        "rss_mb_at_end": _mb(kept[-1].rss),
        "rss_mb_max": _mb(max(weight.rss for weight in weights)),
        "mb_per_hour": _mb_per_hour([weight for weight in warm if weight.at - born <= HOUR_S]),
        "mb_per_later_hour": _mb_per_hour([weight for weight in warm if weight.at - born > HOUR_S]),
        "open_files_max": max(weight.files for weight in weights),
    }


def _mb(count: int) -> float:
    return round(count / 1e6, 1)


def _mb_per_hour(weights: Sequence[Weight]) -> float | None:
    """Return the slope of the straight line of least squares; None where it was not watched for long enough."""
    if not weights or weights[-1].at - weights[0].at < WATCHED_S:
        return None
    line = statistics.linear_regression([each.at for each in weights], [each.rss for each in weights])
    return round(line.slope * 3600 / 1e6, 2)
