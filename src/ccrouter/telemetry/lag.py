"""Measures how late the event loop runs: what every call and every heartbeat would feel; and counts its tasks."""

import asyncio
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 0.25


async def watch_loop(seen: Callable[[float, int], None], every_s: float = EVERY_S) -> None:
    """Ask to be woken again and again, and report each time how many seconds late that was, and the number of tasks.

    Runs until cancelled.
    """
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every_s
        await asyncio.sleep(every_s)
        seen(max(0.0, loop.time() - due), len(asyncio.all_tasks()))
