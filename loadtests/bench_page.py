"""Measures the wallboard in a real Chromium, with a large house: 12 services, 100 positions, 20 sites.

What it weighs, how soon it is painted, and what its renderer takes of a processor while the house is quiet and while
100 things change in it each second.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Final

import psutil
from playwright.async_api import Browser, Page, ViewportSize

from ccrouter.clock import SystemClock
from ccrouter.web.pages import File, files
from support.board_desk import READ, BoardDesk
from support.browser import chromium_browser, live
from support.made_board import STATES, made_board

SCREEN: Final[ViewportSize] = {"width": 1920, "height": 1080}
OTHERS: Final = ("off.", "position")
"""What the wallboard does not load."""

PAINTED: Final = """() => new Promise((done) => new PerformanceObserver((list) => {
  const found = list.getEntriesByName("first-contentful-paint")[0];
  if (found) done(found.startTime);
}).observe({ type: "paint", buffered: true }))"""


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def weight() -> dict[str, int]:
    """Return the bytes of all that the wallboard loads, as written and as they are sent."""
    found = {name: file for name, file in files().items() if not name.startswith(OTHERS)}
    return {"files": len(found), "bytes": _sum(found, "body"), "bytes_packed": _sum(found, "packed")}


def _sum(found: dict[str, File], form: str) -> int:
    return sum(len(getattr(file, form)) for file in found.values())


async def paints(browser: Browser, desk: BoardDesk, times: int) -> dict[str, float]:
    """Return when something, and when the board, was on the screen; medians of several windows without a cache."""
    first, whole = [], []
    for _ in range(times):
        context = await browser.new_context(viewport=SCREEN)
        page = await context.new_page()
        await page.goto(desk.address(READ), wait_until="commit")
        await live(page)
        whole.append(await page.evaluate("performance.now()"))
        first.append(await page.evaluate(PAINTED))
        await context.close()
    return {"first_paint_ms": round(median(first)), "board_ms": round(median(whole)), "times": times}


@asynccontextmanager
async def changing(desk: BoardDesk, per_s: float) -> AsyncIterator[None]:
    """Have so many things change each second: who waits, and what the positions do."""

    async def change() -> None:
        for n in count():
            board = desk.board
            service, position = n % len(board.services), n % len(board.positions)
            busier = replace(board.services[service], waiting=n % 23, oldest_at=desk.clock.now() - n % 90)
            other = replace(board.positions[position], state=STATES[n % len(STATES)], since=desk.clock.now())
            services = (*board.services[:service], busier, *board.services[service + 1 :])
            positions = (*board.positions[:position], other, *board.positions[position + 1 :])
            desk.tell(replace(board, services=services, positions=positions))
            await asyncio.sleep(1 / per_s)

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(change())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def load(page: Page, seconds: float) -> dict[str, float]:
    """Return which share of one processor the page takes, by Chromium's own count and by the kernel's."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    before, used = await _metrics(session), _renderers_s()
    await asyncio.sleep(seconds)
    after, now_used = await _metrics(session), _renderers_s()
    spent = {name: (after[name] - before[name]) / seconds for name in after}
    return {
        "renderer_cpu_share": round((now_used - used) / seconds, 4),
        "task_share": round(spent["TaskDuration"], 4),
        "script_share": round(spent["ScriptDuration"], 4),
        "layout_share": round(spent["LayoutDuration"] + spent["RecalcStyleDuration"], 4),
        "heap_mb": round(after["JSHeapUsedSize"] / 1e6, 1),
    }


async def _metrics(session: Any) -> dict[str, float]:  # noqa: ANN401 - Playwright's CDPSession
    told = await session.send("Performance.getMetrics")
    return {each["name"]: each["value"] for each in told["metrics"]}


def _renderers_s() -> float:
    """Return the processor time of all renderers below this process."""
    below = psutil.Process().children(recursive=True)
    times = [each.cpu_times() for each in below if "--type=renderer" in each.cmdline()]
    return sum(each.user + each.system for each in times)


async def measure(seconds: float, times: int) -> dict[str, Any]:
    """Return all figures."""
    desk = BoardDesk(made_board(SystemClock().now(), services=12, positions=100, sites=20))
    async with desk.served(), chromium_browser() as browser:
        told: dict[str, Any] = {
            "chromium": browser.version,
            "processors": os.cpu_count(),
            "load_average": round(os.getloadavg()[0], 1),
            "weight": weight(),
            "paint": await paints(browser, desk, times),
        }
        page = await (await browser.new_context(viewport=SCREEN)).new_page()
        await page.goto(desk.address(READ))
        await live(page)
        told["quiet"] = await load(page, seconds)
        async with changing(desk, 100):
            told["100_changes_per_s"] = await load(page, seconds)
    return told


def main() -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement of the load")
    parser.add_argument("--times", type=int, default=7, help="how often the page is opened")
    parser.add_argument("--json", type=Path, help="keep the figures here")
    arguments = parser.parse_args()
    told = json.dumps(asyncio.run(measure(arguments.seconds, arguments.times)), indent=2)
    say(told)
    if arguments.json:
        arguments.json.write_text(told + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
