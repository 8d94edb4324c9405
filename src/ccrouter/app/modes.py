"""The one switch of modes: the command line and the telephones turn it, and whoever shows modes is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from difflib import get_close_matches
from math import inf

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock, utc
from ccrouter.config.instants import InstantError, instant
from ccrouter.errors import StoreError
from ccrouter.routing.rules import Rules
from ccrouter.store.modes import ModeOn, Modes
from ccrouter.web.orders import ModeOrder, OrderError, UnknownNameError
from ccrouter.web.status import ModeStatus

LOOK_S = 1.0
"""How often it is looked whether a mode's end has come."""

AGAIN_S = 60.0
"""How long to wait after a disk refused; a mode that was to end is off in any case."""

TURN_S = 0.4
"""How long a switch waits for one before it. A telephone hears within 0.9 s that it failed, and is then dialled again:
behind a disk that hangs, all that was given up would be switched later, to and fro."""


class ModeSwitch:
    """Switches modes, and ends those whose time is over.

    Args:
        kept: the modes that are on, safe on disk.
        rules: the version in force, which declares modes and says after which time they end.
        changed: called after each change, so that lamps and waiting callers follow at once.

    """

    def __init__(
        self,
        kept: Modes,
        rules: Callable[[], Rules],
        clock: Clock,
        log: FilteringBoundLogger,
        changed: Callable[[], None],
    ) -> None:
        self._kept = kept
        self._rules = rules
        self._clock = clock
        self._log = log
        self._changed = changed
        self._one_at_a_time = asyncio.Lock()

    def states(self) -> list[ModeStatus]:
        """Return all modes that are declared or on, by name."""
        on = {mode.name: mode for mode in self._kept.all(self._clock.now())}
        return [self._state(name, on.get(name)) for name in sorted({*on, *self._rules().modes})]

    def is_on(self, name: str) -> bool:
        """Tell whether a mode is on now."""
        return name in self._kept.on(self._clock.now())

    async def switch(self, order: ModeOrder) -> ModeStatus:
        """Switch a mode and return its state; one that is switched on without an end gets that of the routing file.

        Raises:
            UnknownNameError: the routing file declares no such mode (one that is on may still be switched off).
            OrderError: it would end before it begins.
            StoreError: the switch could not be saved, and was not made.

        """
        async with self._alone():
            return await self._switch(order)

    async def turn(self, name: str, author: str, reason: str) -> ModeStatus:
        """Switch a mode the other way round; of two at the same instant the second finds what the first did.

        Raises as `switch` does.
        """
        async with self._alone():
            return await self._switch(ModeOrder(name, not self.is_on(name), author, reason))

    async def end_due(self) -> None:
        """End modes whose time is over, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                ended = await self._kept.end_due(self._clock.now())
            except StoreError as error:
                self._log.error("the end of a mode could not be kept", error=str(error))
                await asyncio.sleep(AGAIN_S)
                continue
            for mode in ended:
                self._log.info("mode ended", mode=mode.name, author=mode.author, reason=mode.reason)
            if ended:
                self._changed()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TURN_S):
                await self._one_at_a_time.acquire()
        except TimeoutError:
            raise StoreError("another switch still waits for the disk, so this one was not made") from None
        try:
            yield
        finally:
            self._one_at_a_time.release()

    async def _switch(self, order: ModeOrder) -> ModeStatus:
        at, rules = self._clock.now(), self._rules()
        if order.name not in rules.modes and (order.on or not self.is_on(order.name)):
            near = get_close_matches(order.name, rules.modes, 1)
            cure = f"did you mean {near[0]}?" if near else f"it has: {', '.join(sorted(rules.modes)) or 'none'}"
            raise UnknownNameError(f"the routing file declares no mode {order.name}; {cure}")
        mode = ModeOn(order.name, order.author, order.reason, at, _end(order, at, rules))
        if order.on:
            await self._kept.switch_on(mode)
        elif not await self._kept.switch_off(order.name, order.author, order.reason, at):
            return replace(self._state(order.name, None), changed=False)
        self._log.info("mode switched", mode=order.name, on=order.on, author=order.author, reason=order.reason)
        self._changed()
        return self._state(order.name, mode if order.on else None)

    def _state(self, name: str, on: ModeOn | None) -> ModeStatus:
        rules = self._rules()
        off = ModeStatus(name, on=False, declared=name in rules.modes, zone=str(rules.zone))
        if on is None:
            return off
        return replace(off, on=True, author=on.author, reason=on.reason, since=on.since, until=on.until)


def _end(order: ModeOrder, at: float, rules: Rules) -> float | None:
    if order.until:
        try:
            end = instant(order.until, utc(at), rules.zone)
        except InstantError as error:
            raise OrderError(str(error)) from error
        if end.timestamp() <= at:
            raise OrderError(f"the end, {order.until}, is past; give one to come")
        return end.timestamp()
    lasts_s = rules.mode_ends.get(order.name, inf) if order.for_s is None else order.for_s
    return None if lasts_s == inf else at + lasts_s
