"""What the router costs at scale: positions, queues, calls in progress, PABXs; with people who watch, and without."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Final

from bench_run.bench import Bench, Figure, Options, Promise, Subject
from scale_run.house import ScaleHouse, scale_house
from scale_run.size import Size

MIDDLE: Final = Size()
LARGE: Final = Size(positions=1000, queues=200, calls=5000, pabxs=16)
AXES: Final[Mapping[str, Sequence[int]]] = {
    "positions": (100, 300, 1000),
    "queues": (10, 50, 200),
    "calls": (100, 1000, 5000),
    "pabxs": (1, 4, 16),
}
TITLES: Final = {"positions": "positions", "queues": "queues", "calls": "calls in progress", "pabxs": "PABXs"}
CLIENTS: Final = 200
SETTLES_S: Final = 1.5

ALONE: Final = "ccrouter, nobody watches"
WATCHED: Final = f"ccrouter, {CLIENTS} watch"
LARGEST: Final = "ccrouter, all at their most"
RESYNC: Final = "ccrouter, all 16 links come back at once"

Measured = dict[str, float]


def measured(house: ScaleHouse, seconds: float) -> Measured:
    """Return what the router takes while calls come and go."""
    house.told()
    cpu_s, began = house.cpu_s(), house.clock.steady()
    time.sleep(seconds)
    told, took_s = house.told(), house.clock.steady() - began
    cpu_s = house.cpu_s() - cpu_s
    if told["withdrawn"] or house.doubts:
        raise RuntimeError(f"{told['withdrawn']} callers were taken out of queues; {house.doubts} events not believed")
    return {
        "unanswered": told["unanswered"],
        "cpu_percent": 100 * cpu_s / took_s,
        "call_us": 1e6 * cpu_s / told["came"],
        "event_us": 1e6 * cpu_s / told["events"],
        "rss_mb": house.rss_mb(),
        **waits(told["waits_ms"]),
        "lag_ms": house.lag_ms,
    }


def waits(waits_ms: list[float]) -> Measured:
    """Return how long calls waited for their plan."""
    told = sorted(waits_ms)
    return {"agi_p50_ms": told[len(told) // 2], "agi_p99_ms": told[int(0.99 * len(told))]}


def run(size: Size, seconds: float, clients: int = 0) -> Measured:
    """Bring a house up, measure, and take it down."""
    with scale_house(size) as house:
        house.go()
        with house.watched(clients) if clients else nullcontext():
            time.sleep(SETTLES_S)
            return measured(house, seconds)


def links_come_back(seconds: float) -> Measured:
    """Break all links of the largest house off at once, and measure what calls feel until all is known again."""
    with scale_house(LARGE) as house:
        house.go()
        time.sleep(SETTLES_S)
        house.told()
        cpu_s = house.cpu_s()
        resync_s = house.cut_links()
        cpu_s = house.cpu_s() - cpu_s
        time.sleep(seconds)
        lag_ms = house.lag_ms
        return {
            "resync_s": resync_s,
            "resync_cpu_s": cpu_s,
            "lag_ms": lag_ms,
            **waits(house.told()["waits_ms"]),
        }


class Shared:
    """A run that several subjects show, once in each round, whoever of them comes first."""

    def __init__(self, once: Callable[[], Measured]) -> None:
        self._once = once
        self._runs: list[Measured] = []

    def view(self, shown: Callable[[Measured], Measured]) -> Callable[[], Measured]:
        """Return a way to measure that shows a part of it."""
        numbers = count()

        def measure() -> Measured:
            number = next(numbers)
            while len(self._runs) <= number:
                self._runs.append(self._once())
            return shown(self._runs[number])

        return measure


def along(axis: str, taken: Measured) -> Measured:
    """Return what the plot of an axis shows."""
    return {f"{key}_{axis}": taken[key] for key in ("call_us", "rss_mb", "agi_p99_ms")}


@contextmanager
def subjects(options: Options) -> Iterator[Sequence[Subject]]:
    """Give the houses; each is brought up for its turn, for the idle ones would take of the processor too."""
    long_s, short_s = options.of(20, 3), options.of(3, 2)
    middle = Shared(partial(run, MIDDLE, long_s))
    made = [
        Subject(ALONE, middle.view(lambda taken: taken)),
        Subject(WATCHED, partial(run, MIDDLE, long_s, CLIENTS)),
        Subject(LARGEST, partial(run, LARGE, short_s)),
        Subject(RESYNC, partial(links_come_back, 1.0)),
    ]
    for axis, values in AXES.items():
        for value in values:
            size = replace(MIDDLE, **{axis: value})
            house = middle if size == MIDDLE else Shared(partial(run, size, short_s))
            made.append(Subject(f"ccrouter by {TITLES[axis]}", house.view(partial(along, axis)), float(value)))
    yield made


def figures() -> tuple[Figure, ...]:
    """Return all figures: of the whole, then along each axis."""
    made = [
        Figure("cpu_percent", "Processor of the router, of one core", "%"),
        Figure("call_us", "Processor for a call, all of its events and the decision", "µs"),
        Figure("event_us", "The same for each event", "µs"),
        Figure("rss_mb", "Memory of the router", "MB"),
        Figure("agi_p50_ms", "A call waits for its plan, p50", "ms"),
        Figure("agi_p99_ms", "A call waits for its plan, p99", "ms"),
        Figure("unanswered", "Calls that got no plan", ""),
        Figure("lag_ms", "Worst lateness of the event loop", "ms"),
        Figure("resync_s", "From the loss of all links until all is known again", "s"),
        Figure("resync_cpu_s", "Processor for that", "s"),
    ]
    for axis, title in TITLES.items():
        made += [
            Figure(f"call_us_{axis}", f"Processor for a call, by {title}", "µs", title),
            Figure(f"rss_mb_{axis}", f"Memory, by {title}", "MB", title),
            Figure(f"agi_p99_ms_{axis}", f"A call waits for its plan, p99, by {title}", "ms", title),
        ]
    return tuple(made)


BENCH: Final = Bench(
    name="scale",
    title="At scale",
    about=(
        f"The whole daemon as a process, with journal, log and metrics on, at {MIDDLE.per_s:g} calls/s. Scripted PABXs "
        "say what a real Asterisk 22 was recorded to say through the filter of manager_ccrouter.conf, call by call, "
        f"and ask over FastAGI for each. Where nothing else is said there are {MIDDLE.positions} positions, "
        f"{MIDDLE.queues} queues, {MIDDLE.calls} calls in progress and one PABX; all at their most are "
        f"{LARGE.positions} positions, {LARGE.queues} queues, {LARGE.calls} calls and {LARGE.pabxs} PABXs. Half of the "
        "calls go to queues, half to other sites. Those who watch follow the stream of the wallboard, from a process "
        "of their own."
    ),
    figures=figures(),
    promises=(
        Promise(
            "at 1,000 calls in progress and 50 calls/s the router takes under half a core",
            lambda taken: taken.median("cpu_percent", ALONE),
            "at most",
            50,
            "%",
        ),
        Promise("its memory", lambda taken: taken.median("rss_mb", ALONE), "at most", 150, "MB"),
        Promise(
            "calls that got no plan, with those who watch and without",
            lambda taken: max(max(taken.of("unanswered", name)) for name in (ALONE, WATCHED)),
            "at most",
            0,
        ),
        Promise(
            f"what a call waits, p99, with {CLIENTS} who watch, to that without",
            lambda taken: taken.ratio("agi_p99_ms", WATCHED, ALONE),
            "at most",
            2,
        ),
    ),
    subjects=subjects,
)
