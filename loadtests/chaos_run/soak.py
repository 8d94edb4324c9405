"""Places as many real calls as a centre of 1,000 calls a day has in ten days, without faults, and accounts for all.

What is looked at is the router: its memory, its open files and tasks at the begin and at the end, and its journal,
whose decisions are deleted at an age that the run reaches several times, once the router has run for ten minutes:
before, the hour of its machine is not believed for good. The exit status is 1 when a call was lost, a
site had too many, files or tasks are left over, memory or the journal grow without end.
"""

import argparse
import json
import random
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from ccrouter.app.clock_watch import CONFIRMED_S
from ccrouter.clock import SystemClock
from chaos_run.__main__ import CALLER, FIRST_CALLS, OVER_WITHIN_S, place, say, start
from chaos_run.accounts import accounts, most_at_once
from chaos_run.house import NUMBERS, House, house
from chaos_run.left_over import GROWTH_LIMIT, Baseline, growth, memory, quiet
from chaos_run.report import Capacity, capacity
from chaos_run.watch import Watch
from phones import Call

WARM_UP_S: Final = 120.0
LOOK_S: Final = 5.0

TIDIED_WITHIN_S: Final = 45
"""How much longer a decision may be there: the old ones are deleted every 10 s, and a busy machine takes its time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The journal at an instant: bytes of its files, decisions in it, and the age in seconds of the oldest."""

    at: float
    size: int
    rows: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Soaked:
    """The figures of a run."""

    asterisk: str
    calls: int
    rate: float
    seed: int
    keep_s: int
    reached: Mapping[str, int]
    lost: Sequence[str]
    capacity: Mapping[str, Capacity]
    memory: Sequence[Mapping[str, object]]
    journal: Sequence[Mapping[str, float]]
    left_over: Sequence[str]

    @property
    def broken(self) -> tuple[str, ...]:
        """Return what was promised and not kept."""
        told = [*self.lost, *self.left_over]
        told += [f"{name} had {each.seen} calls" for name, each in self.capacity.items() if each.seen > each.allowed]
        for life in self.memory:
            grown = growth(life, self.rate)
            if grown is not None and not grown[1]:
                told.append(f"memory grows by {grown[0]}; it may by {GROWTH_LIMIT}")
        sure = [look for look in self.journal if look["at"] - self.journal[0]["at"] > CONFIRMED_S + TIDIED_WITHIN_S]
        oldest_s = max((look["oldest_s"] for look in sure), default=0.0)
        if oldest_s > self.keep_s + TIDIED_WITHIN_S:
            told.append(f"a decision is {oldest_s:.0f} s old, and should be gone after {self.keep_s} s")
        return tuple(told)


class Journal:
    """Looks at the journal's files until it is closed."""

    def __init__(self, folder: Path) -> None:
        self.looks: list[Kept] = []
        self._folder = folder
        self._clock = SystemClock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._closed.wait(LOOK_S):
            size = sum(path.stat().st_size for path in self._folder.glob("journal.db*"))
            with closing(sqlite3.connect(f"file:{self._folder / 'journal.db'}?mode=ro", uri=True)) as database:
                rows, oldest = database.execute("SELECT count(*), min(at) FROM decisions").fetchone()
            at = self._clock.now()
            self.looks.append(Kept(at, size, rows, 0.0 if oldest is None else at - oldest))


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(
        prog="loadtests/soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--version", type=int, choices=(22, 16), default=22, help="of Asterisk (22)")
    options.add_argument("--calls", type=int, default=10_000, help="to place (10000)")
    options.add_argument("--rate", type=float, default=10, help="calls per second (10)")
    options.add_argument("--keep", type=int, default=2, help="minutes for which the journal keeps a decision (2)")
    options.add_argument("--seed", type=int, default=1, help="of the numbers' order (1)")
    options.add_argument("--json", type=Path, metavar="FILE", help="where the figures go, too (nowhere)")
    given = options.parse_args()
    with house(given.version, off_clock=False, keep=f"{given.keep}min") as here:
        soaked = soak(here, given.calls, given.rate, given.seed, given.keep * 60)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(asdict(soaked) | {"broken": soaked.broken}, indent=2) + "\n")
    say(told(soaked))
    sys.exit(1 if soaked.broken else 0)


def soak(here: House, count: int, rate: float, seed: int, keep_s: int) -> Soaked:
    """Place the calls, and account for all."""
    rng = random.Random(seed)  # noqa: S311 - chosen to be repeatable
    asterisk = here.asterisk()
    say(f"Asterisk {asterisk}; {count} calls, {rate:g} a second; the journal keeps them for {keep_s} s")
    place(here, "first", [Call(caller=f"+9980000{n:04}", number=rng.choice(NUMBERS)) for n in range(FIRST_CALLS)])
    left_over = quiet(here)
    baseline = Baseline(here.routers)
    calls = [Call(caller=CALLER.format(n), number=rng.choice(NUMBERS)) for n in range(count)]
    with Watch(here.routers) as watch, Journal(here.state) as journal:
        placed = start(here, "callers", calls, rate).wait(count / rate + OVER_WITHIN_S)
        left_over += quiet(here)
    left_over += baseline.exceeded(here.routers)
    found = accounts(here, placed, [])
    return Soaked(
        asterisk=asterisk,
        calls=count,
        rate=rate,
        seed=seed,
        keep_s=keep_s,
        reached=dict(sorted(Counter(call.reached for call in found if call.reached).items())),
        lost=[f"{call.caller} to {call.number} was lost: {call.why}" for call in found if not call.reached],
        capacity=capacity(most_at_once(here)),
        memory=memory(watch.weights, WARM_UP_S),
        journal=[asdict(look) for look in journal.looks],
        left_over=left_over,
    )


def told(soaked: Soaked) -> str:
    """Return the result for people."""
    reached = ", ".join(f"{count} {kind}" for kind, count in soaked.reached.items())
    looks = soaked.journal
    most = {what: max(look[what] for look in looks) for what in ("rows", "size", "oldest_s")}
    lines = [
        f"{soaked.calls} calls: {reached}; lost {len(soaked.lost)}",
        f"most calls at once: {', '.join(f'{name} {each.seen}' for name, each in soaked.capacity.items())}",
        *(_life(life, soaked.rate) for life in soaked.memory),
        f"journal: at the most {most['rows']:g} decisions, {most['size'] / 1e6:.1f} MB, {most['oldest_s']:.0f} s old",
        f"journal at the end: {looks[-1]['rows']:g} decisions, {looks[-1]['size'] / 1e6:.1f} MB",
        *(f"BROKEN: {what}" for what in soaked.broken),
    ]
    return "\n".join(lines)


def _life(life: Mapping[str, object], rate: float) -> str:
    grown = growth(life, rate)
    return (
        f"memory: {life['rss_mb_at_start']} MB at the start, {life['rss_mb_warm']} MB after {WARM_UP_S:g} s, "
        f"{life['rss_mb_at_end']} MB at the end: {grown[0] if grown else 'too short to tell'}; "
        f"{life['open_files_max']} open files"
    )


if __name__ == "__main__":
    main()
