"""Tasks that last as long as the daemon: what goes wrong in one is told, counted and tried again, and ends nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock

AGAIN_S: Final = (0.5, 60.0)
"""Least and longest pause after a fault; each one that follows closely doubles it."""

STEADY_S: Final = 60.0
"""Work that went well for so long starts again from the shortest pause."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Keeps tasks going.

    Attributes:
        fault: counts a fault, by the task's name.

    """

    fault: Callable[[str], None]
    clock: Clock
    log: FilteringBoundLogger

    async def keep(self, task: str, work: Callable[[], Awaitable[object]]) -> NoReturn:
        """Do the work for ever, until cancelled: begin it anew after a fault, and where it ends by itself."""
        pause = AGAIN_S[0]
        while True:
            began = self.clock.steady()
            try:
                await work()
            except Exception:  # whatever it is: a daemon that ends over it would leave all callers alone
                if self.clock.steady() - began >= STEADY_S:
                    pause = AGAIN_S[0]
                self.fault(task)
                self.log.exception("a task failed and begins anew", task=task, again_in_s=pause)
            else:
                self.fault(task)
                self.log.error("a task ended that should last, and begins anew", task=task, again_in_s=pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, AGAIN_S[1])
