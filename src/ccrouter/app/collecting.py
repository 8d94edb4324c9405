"""Garbage that only Python's collector finds: looked for once a minute, in a moment in which no call asks.

Calls leave next to none of it: what they hold goes when they end. Left to itself, the collector would look through all
that calls in progress hold time and again, and keep the calls that ask meanwhile waiting for up to 20 ms.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import Final, NoReturn

EVERY_S: Final = 60.0

QUIET_WITHIN_S: Final = 1.0
LOOKS_S: Final = 0.005
"""A moment without a call comes soon; where none does, it is looked for all the same."""

MOST: Final = 100_000
"""Objects made and kept meanwhile at which Python looks by itself, for the sake of memory: thousands of calls' own."""


async def collect(quiet: Callable[[], bool]) -> NoReturn:
    """Collect again and again, until cancelled; `quiet` tells whether nobody waits for a decision."""
    while True:
        await asyncio.sleep(EVERY_S)
        for _ in range(round(QUIET_WITHIN_S / LOOKS_S)):
            if quiet():
                break
            await asyncio.sleep(LOOKS_S)
        gc.collect()
