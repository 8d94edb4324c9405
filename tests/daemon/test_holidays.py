"""Calendars that lack a holiday are looked for at the start, after a reload, and again when time has passed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ccrouter.app.holidays import Holidays
from ccrouter.config.load import compile_text
from ccrouter.routing.rules import Rules
from support.hand_clock import HandClock

OPEN = """
timezone: Europe/Paris
calendars: {{office: {{hours: "Mo-Su 08:00-18:00"{more}}}}}
messages: {{closed: {{play: ccrouter/closed}}}}
numbers: {{"+33 800 123 456": {{service: support}}}}
services:
  support:
    rules: [{{name: shut, when: {{closed: office}}, to: closed}}]
    otherwise: closed
"""
CHRISTMAS = 1_798_153_200.0


def rules(more: str = "") -> Rules:
    """Return rules with a calendar, and what else it says."""
    return compile_text(OPEN.format(more=more).encode(), "routing.yaml")


@asynccontextmanager
async def looking(holidays: Holidays) -> AsyncIterator[None]:
    """Look while the context lasts."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(holidays.run(), name="holidays")
        yield
        task.cancel()


async def found(holidays: Holidays, expected: dict[str, float]) -> None:
    """Return when this is what was found."""
    async with asyncio.timeout(20):
        while holidays.unplanned() != expected:  # noqa: ASYNC110 - a thread finds it, and tells nobody
            await asyncio.sleep(0.001)


async def test_a_reload_is_looked_at_at_once() -> None:
    """The calendar that was mended alarms nobody any more, and one that was broken does."""
    in_force = [rules()]
    holidays = Holidays(lambda: in_force[0], HandClock(CHRISTMAS - 20 * 86400))
    async with looking(holidays):
        await found(holidays, {"office": CHRISTMAS})
        in_force[0] = rules(", holidays: FR")
        holidays.look()
        await found(holidays, {})
        in_force[0] = rules()
        holidays.look()
        await found(holidays, {"office": CHRISTMAS})
