#!/usr/bin/env python3
"""Measures a scrape at 100 positions, 50 queues and 20 sites: its time, its bytes, and how long calls wait for it.

Beside it, in the same run, what the library needs for as many ready-made gauges: what is ours is the difference. Times
are those of the processor, so that other work on the machine does not count.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

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

RESULTS: Final = Path(__file__).parent / "results" / "scrape.json"
NOON: Final = 1_795_255_200.0
PABX: Final = "main"


@dataclass(frozen=True, slots=True)
class Size:
    """How large the house is."""

    positions: int = 100
    queues: int = 50
    sites: int = 20
    services: int = 25
    queues_of_a_position: int = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; times in milliseconds of the processor, medians but for `held_max_ms`.

    Attributes:
        scrape_ms: of the whole text, from the question to the answer.
        in_one_go_ms: the same made at once, as the library does.
        held_ms, held_max_ms: the longest that the event loop was held in one scrape: median and greatest of all.
        gauges_ms, gauges_bytes: the library's own text of as many gauges that are there already.
        ratio: in_one_go_ms / gauges_ms.

    """

    series: int
    bytes: int
    scrape_ms: float
    in_one_go_ms: float
    held_ms: float
    held_max_ms: float
    gauges_ms: float
    gauges_bytes: int
    ratio: float


class Clock:
    """The machine's steady clock, and an hour that stands still."""

    def now(self) -> float:
        """Return noon."""
        return NOON

    def steady(self) -> float:
        """Return seconds."""
        return time.perf_counter()


def rules_of(size: Size) -> Rules:
    """Return rules that use all queues and sites."""
    lines = ["timezone: Europe/Paris", "messages: {closed: {play: ccrouter/closed}}", "modes: [crisis]", "sites:"]
    lines += [f"  desk{n}: {{in_house: {{queue: queue{n}, max_wait: 90s}}}}" for n in range(size.queues)]
    lines += [
        f"  site{n}: {{external: {{dial: PJSIP/1@trunk{n}, answer_within: 25s, max_calls: 30,"
        " tariff: {per_call: 0.10 EUR, per_minute: 0.32 EUR}}}"
        for n in range(size.sites)
    ]
    lines += ["numbers:"]
    lines += [f'  "0800 000 {n:03}": {{service: service{n}}}' for n in range(size.services)]
    lines += ["services:"]
    for n in range(size.services):
        first, second = (f"desk{(2 * n + each) % size.queues}" for each in (0, 1))
        site = f"site{n % size.sites}"
        peak = f"{{waiting: {{queue: queue{2 * n % size.queues}, at_least: 5}}}}"
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


def state_of(size: Size, rules: Rules) -> State:
    """Return the live state of a PABX with these queues and positions."""
    state = State(limits_of(rules), [PABX])
    state.apply(LinkUp(pabx=PABX, at=NOON, version="22"))
    for listing in Listing:
        state.apply(ListBegan(pabx=PABX, at=NOON, listing=listing))
        if listing is Listing.QUEUES:
            for n in range(size.queues):
                state.apply(QueueListed(pabx=PABX, at=NOON, queue=f"queue{n}"))
            for n in range(size.positions):
                for each in range(size.queues_of_a_position):
                    state.apply(_position(f"queue{(n + 7 * each) % size.queues}", n))
        state.apply(ListDone(pabx=PABX, at=NOON, listing=listing))
    return state


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


def house(size: Size) -> CollectorRegistry:
    """Return the registry of a daemon with all of it, where each service had a call."""
    rules = rules_of(size)
    state = state_of(size, rules)
    registry = new_registry()
    metrics = Metrics(registry, [PABX])
    metrics.rules_in_force(rules, NOON)
    facts = Facts(NOON, state.snapshot(NOON))
    for n, number in enumerate(rules.numbers):
        metrics.decisions.decided(decide(rules, facts, Call(PABX, f"{n}.1", number), f"d{n}"), 0.001)
    sources = Sources(
        snapshot=lambda: state.snapshot(NOON),
        rules=lambda: rules,
        names=metrics.names,
        calls=state.calls,
        positions=state.positions,
        desks=state.desks,
        modes=lambda _: (),
        overrides=lambda _: (),
        log_lines=lambda: (0, 0),
        ami_pending=lambda: {PABX: 0},
        on_duty=lambda: {PABX: True},
    )
    LiveCollector(registry, Clock(), sources)
    return registry


def gauges(count: int) -> CollectorRegistry:
    """Return so many gauges of one family, with two labels like ours."""
    registry = CollectorRegistry()
    family = Gauge("ccrouter_ready_made", "Ready-made gauges.", ["pabx", "queue"], registry=registry)
    for n in range(count):
        family.labels(PABX, f"queue{n}").set(n)
    return registry


def took_ms(work: Callable[[], object], times: int) -> float:
    """Return the median time of a piece of work."""
    spent = []
    for _ in range(times):
        gc.collect()
        began = time.thread_time()
        work()
        spent.append((time.thread_time() - began) * 1e3)
    return statistics.median(spent)


async def sliced_ms(registry: CollectorRegistry, times: int) -> tuple[float, list[float]]:
    """Return the median time of a scrape in slices, and for each the longest that the event loop was held."""
    spent, held = [], []
    for _ in range(times):
        gc.collect()
        worst = 0.0

        async def follow() -> None:
            nonlocal worst
            last = time.thread_time()
            while True:
                await asyncio.sleep(0)
                now = time.thread_time()
                worst, last = max(worst, now - last), now

        async with asyncio.TaskGroup() as tasks:
            follower = tasks.create_task(follow(), name="follower")
            await asyncio.sleep(0)
            began = time.thread_time()
            await text_of(registry, time.perf_counter)
            spent.append((time.thread_time() - began) * 1e3)
            follower.cancel()
        held.append(worst * 1e3)
    return statistics.median(spent), held


def measure(size: Size, times: int) -> Figures:
    """Return the figures of one run."""
    registry = house(size)
    text = generate_latest(registry)
    series = sum(not line.startswith(b"#") for line in text.splitlines())
    ready = gauges(series)
    scrape_ms, held = asyncio.run(sliced_ms(registry, times))
    in_one_go_ms = took_ms(lambda: generate_latest(registry), times)
    gauges_ms = took_ms(lambda: generate_latest(ready), times)
    return Figures(
        series=series,
        bytes=len(text),
        scrape_ms=round(scrape_ms, 2),
        in_one_go_ms=round(in_one_go_ms, 2),
        held_ms=round(statistics.median(held), 2),
        held_max_ms=round(max(held), 2),
        gauges_ms=round(gauges_ms, 2),
        gauges_bytes=len(generate_latest(ready)),
        ratio=round(in_one_go_ms / gauges_ms, 2),
    )


def main() -> None:
    """Measure, print, and keep the result where that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30, help="scrapes (default: 30)")
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.name} into {RESULTS.parent.name}/")
    asked = parser.parse_args()
    size = Size()
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    found = {
        "setting": asdict(size) | {"times": asked.times, "machine": machine},
        "figures": asdict(measure(size, asked.times)),
    }
    text = json.dumps(found, indent=2)
    sys.stdout.write(f"{text}\n")
    if asked.keep:
        RESULTS.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
