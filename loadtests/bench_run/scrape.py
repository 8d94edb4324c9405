"""What a scrape costs, and how long calls wait for it, beside as many gauges of the library that are there already."""

import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bench_run.bench import Bench, Figure, Options, Promise, Subject
from ccrouter.app.sites import limits_of
from ccrouter.config.load import compile_text
from ccrouter.live.events import DeviceState, LinkUp, ListBegan, ListDone, Listing, PositionSeen, QueueListed
from ccrouter.live.state import State
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.telemetry.live import LiveCollector, Sources
from ccrouter.telemetry.metrics import Metrics, new_registry
from ccrouter.telemetry.text import text_of

NOON: Final = 1_795_255_200.0
PABX: Final = "main"
POSITIONS: Final = 100
QUEUES: Final = 50
QUEUES_OF_A_POSITION: Final = 3
SITES: Final = 20
SERVICES: Final = 25
SLICES: Final = "ccrouter, in slices"
AT_ONCE: Final = "ccrouter, in one go"
READY: Final = "ready-made gauges"


class Clock:
    """The machine's steady clock, and an hour that stands still."""

    def now(self) -> float:
        """Return noon."""
        return NOON

    def steady(self) -> float:
        """Return seconds."""
        return time.perf_counter()


def rules() -> Rules:
    """Return rules that use all queues and sites."""
    lines = ["timezone: Europe/Paris", "messages: {closed: {play: ccrouter/closed}}", "modes: [crisis]", "sites:"]
    lines += [f"  desk{n}: {{in_house: {{queue: queue{n}, max_wait: 90s}}}}" for n in range(QUEUES)]
    lines += [
        f"  site{n}: {{external: {{dial: PJSIP/1@trunk{n}, answer_within: 25s, max_calls: 30,"
        " tariff: {per_call: 0.10 EUR, per_minute: 0.32 EUR}}}"
        for n in range(SITES)
    ]
    lines += ["numbers:"]
    lines += [f'  "0800 000 {n:03}": {{service: service{n}}}' for n in range(SERVICES)]
    lines += ["services:"]
    for n in range(SERVICES):
        first, second = (f"desk{(2 * n + each) % QUEUES}" for each in (0, 1))
        site = f"site{n % SITES}"
        peak = f"{{waiting: {{queue: queue{2 * n % QUEUES}, at_least: 5}}}}"
        lines += [
            f"  service{n}:",
            "    service_level: {answered_within: 25s, target: 80%}",
            "    rules:",
            f"      - {{name: crisis, when: {{mode: crisis}}, to: [{site}, closed]}}",
            f"      - {{name: peak, when: {peak}, to: [{site}, {second}]}}",
            f"    otherwise: [{{share: {{{first}: 70, {site}: 30}}}}, {second}, closed]",
            "    while_waiting:",
            f"      - {{name: too long, when: {{waited: 90s}}, to: {site}}}",
        ]
    return compile_text("\n".join(lines).encode(), "routing.yaml")


def state(known: Rules) -> State:
    """Return the live state of a PABX with these queues and positions."""
    found = State(limits_of(known), [PABX])
    found.apply(LinkUp(pabx=PABX, at=NOON, version="22"))
    for listing in Listing:
        found.apply(ListBegan(pabx=PABX, at=NOON, listing=listing))
        if listing is Listing.QUEUES:
            for n in range(QUEUES):
                found.apply(QueueListed(pabx=PABX, at=NOON, queue=f"queue{n}"))
            for n in range(POSITIONS):
                for each in range(QUEUES_OF_A_POSITION):
                    found.apply(_position(f"queue{(n + 7 * each) % QUEUES}", n))
        found.apply(ListDone(pabx=PABX, at=NOON, listing=listing))
    return found


def _position(queue: str, n: int) -> PositionSeen:
    return PositionSeen(
        pabx=PABX,
        at=NOON,
        queue=queue,
        interface=f"PJSIP/agent{n}",
        name=f"Agent {n}",
        device=DeviceState.NOT_IN_USE if n % 2 else DeviceState.RINGING,
        paused=n % 7 == 0,
        paused_reason="",
        penalty=0,
        in_call=n % 3 == 0,
        last_call_at=0.0,
        wrapup_s=10.0,
    )


def house() -> CollectorRegistry:
    """Return the registry of a daemon with all of it, where each service had a call."""
    known = rules()
    live = state(known)
    registry = new_registry()
    metrics = Metrics(registry, [PABX])
    metrics.rules_in_force(known, NOON)
    facts = Facts(NOON, live.snapshot(NOON))
    for n, number in enumerate(known.numbers):
        metrics.decisions.decided(decide(known, facts, Call(PABX, f"{n}.1", number), f"d{n}"), 0.001)
    sources = Sources(
        snapshot=lambda: live.snapshot(NOON),
        rules=lambda: known,
        names=metrics.names,
        calls=live.calls,
        positions=live.positions,
        desks=live.desks,
        modes=lambda _: (),
        overrides=lambda _: (),
        log_lines=lambda: (0, 0),
        ami_pending=lambda: {PABX: 0},
        on_duty=lambda: {PABX: True},
    )
    LiveCollector(registry, Clock(), sources)
    return registry


def gauges(number: int) -> CollectorRegistry:
    """Return so many gauges of one family, with two labels like ours."""
    registry = CollectorRegistry()
    family = Gauge("ccrouter_ready_made", "Ready-made gauges.", ["pabx", "queue"], registry=registry)
    for n in range(number):
        family.labels(PABX, f"queue{n}").set(n)
    return registry


def in_one_go(registry: CollectorRegistry, times: int) -> Mapping[str, float]:
    """Return the median cost of a text that is made at once, as the library does."""
    spent = [_spent_ms(lambda: generate_latest(registry)) for _ in range(times)]
    return {"cost": statistics.median(spent), "held": statistics.median(spent), **_size(generate_latest(registry))}


def in_slices(registry: CollectorRegistry, times: int) -> Mapping[str, float]:
    """Return the median cost of a scrape, and of the longest that the event loop was held in one."""
    found = [asyncio.run(_sliced_ms(registry)) for _ in range(times)]
    spent, held = (statistics.median(each) for each in zip(*found, strict=True))
    return {"cost": spent, "held": held, **_size(generate_latest(registry))}


def _spent_ms(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.thread_time()
    work()
    return (time.thread_time() - began) * 1e3


def _size(text: bytes) -> Mapping[str, float]:
    return {"series": sum(not line.startswith(b"#") for line in text.splitlines()), "size": len(text) / 1024}


async def _sliced_ms(registry: CollectorRegistry) -> tuple[float, float]:
    worst = 0.0

    async def follow() -> None:
        nonlocal worst
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            worst, last = max(worst, now - last), now

    gc.collect()
    async with asyncio.TaskGroup() as tasks:
        follower = tasks.create_task(follow(), name="follower")
        await asyncio.sleep(0)
        began = time.thread_time()
        await text_of(registry, time.perf_counter)
        spent = time.thread_time() - began
        follower.cancel()
    return spent * 1e3, worst * 1e3


@contextmanager
def subjects(options: Options) -> Iterator[Sequence[Subject]]:
    """Give the three."""
    times = options.of(30, 3)
    ours = house()
    ready = gauges(int(_size(generate_latest(ours))["series"]))
    yield [
        Subject(SLICES, partial(in_slices, ours, times)),
        Subject(AT_ONCE, partial(in_one_go, ours, times)),
        Subject(READY, partial(in_one_go, ready, times)),
    ]


BENCH: Final = Bench(
    name="scrape",
    title="A scrape of the metrics",
    about=(
        f"The text of the metrics of {POSITIONS} positions in {QUEUES_OF_A_POSITION} queues each, {QUEUES} queues, "
        f"{SITES} sites and {SERVICES} services, which had a call each: in slices, as the daemon makes it, and in one "
        "go, as the library does. Beside it the library's text of as many gauges that need not be worked out: what is "
        "ours is the difference. All is time of the processor."
    ),
    figures=(
        Figure("cost", "Processor for a scrape", "ms"),
        Figure("held", "The longest that calls wait for it", "ms"),
        Figure("series", "Series", ""),
        Figure("size", "Text", "KiB"),
    ),
    promises=(
        Promise(
            "a scrape costs little more than as many ready-made gauges",
            lambda taken: taken.ratio("cost", SLICES, READY),
            "at most",
            1.5,
        ),
        Promise(
            "calls wait for a slice of it only", lambda taken: taken.ratio("held", SLICES, AT_ONCE), "at most", 0.25
        ),
    ),
    subjects=subjects,
)
