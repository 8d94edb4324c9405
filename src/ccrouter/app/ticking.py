"""The passing of time: what changes by it alone is looked at twice a second, and systemd hears that the loop runs."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol

from structlog.typing import FilteringBoundLogger

from ccrouter.app.clock_watch import ClockWatch
from ccrouter.app.troubles import Troubles
from ccrouter.clock import Clock
from ccrouter.live.events import ClockSet, Event, Ticked
from ccrouter.router import Router
from ccrouter.telemetry.notify import Supervisor

TICK_S: Final = 0.5
"""How often time is looked at: hold times, waits that grow, reservations that expire, the watchdog of systemd."""


class KeepsTime(Protocol):
    """What reckons with our clock against that of a PABX."""

    def clock_set(self) -> None:
        """Learn the PABX's clock anew: ours was set, and its own perhaps too."""
        ...


@dataclass(frozen=True, slots=True)
class Ticking:
    """Lets time pass.

    Attributes:
        apply: takes an event into the live state.
        fault: counts a fault, by a word for where.

    """

    clock: Clock
    hour: ClockWatch
    apply: Callable[[Event], None]
    router: Router
    links: Iterable[KeepsTime]
    troubles: Troubles
    fault: Callable[[str], None]
    log: FilteringBoundLogger

    async def run(self, supervisor: Supervisor) -> NoReturn:
        """Tick until cancelled; a fault is told and counted, and the next tick comes."""
        while True:
            for what, step in (("clock", self._follow), ("tick", self._tick), ("states", self.troubles.look)):
                try:
                    step()
                except Exception:
                    self.fault(what)
                    self.log.exception("the passing of time could not be followed", step=what)
            supervisor.beat()
            await asyncio.sleep(TICK_S)

    def _follow(self) -> None:
        by_s = self.hour.look()
        if by_s:
            self.log.warning("the machine's clock was set", by_s=round(by_s, 1))
            self.apply(ClockSet(at=self.clock.now(), by_s=by_s))
            self.router.clock_set(by_s)
            for link in self.links:
                link.clock_set()

    def _tick(self) -> None:
        self.apply(Ticked(at=self.clock.now()))
        self.router.watch()
