"""Looks for public holidays that the calendars of the rules do not know of: after each reload, and once an hour."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, NoReturn

from ccrouter.clock import Clock, utc
from ccrouter.config.unplanned import unplanned_holidays
from ccrouter.outlook.stretches import clocks
from ccrouter.routing.rules import Rules

LOOKS_EVERY_S: Final = 3600.0


class Holidays:
    """What the last look found.

    Args:
        rules: the version in force.
        clock: tells the day.

    """

    def __init__(self, rules: Callable[[], Rules], clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        self._changed = asyncio.Event()
        self._found: Mapping[str, float] = {}

    def unplanned(self) -> Mapping[str, float]:
        """Return calendars that lack a holiday, with its begin in seconds since 1970."""
        return self._found

    def look(self) -> None:
        """Look at once, for the rules are others."""
        self._changed.set()

    async def run(self) -> NoReturn:
        """Look in a thread, for the first day of a year takes milliseconds; until cancelled."""
        while True:
            self._changed.clear()
            rules, at = self._rules(), utc(self._clock.now())
            calendars = {
                name: calendar
                for service in (*rules.services.values(), rules.unknown)
                for name, calendar in clocks(service).items()
            }
            self._found = await asyncio.to_thread(unplanned_holidays, calendars.values(), rules.country, at)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOKS_EVERY_S):
                    await self._changed.wait()
