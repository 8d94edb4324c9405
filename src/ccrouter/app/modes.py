"""The one switch of modes: the command line and the telephones turn it, and whoever shows modes is told."""

from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from math import inf

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock, utc
from ccrouter.config.instants import InstantError, instant
from ccrouter.routing.rules import Rules
from ccrouter.store.modes import ModeOn, Modes
from ccrouter.web.orders import ModeOrder, OrderError, UnknownNameError
from ccrouter.web.status import ModeStatus


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
        return self._switched(mode, on=order.on)

    async def turn(self, name: str, author: str, reason: str) -> ModeStatus:
        """Switch a mode the other way round; of two at the same instant the second finds what the first did.

        Raises:
            UnknownNameError: the routing file declares no such mode.
            StoreError: the switch could not be saved, and was not made.

        """
        at, rules = self._clock.now(), self._rules()
        if name not in rules.modes:
            raise UnknownNameError(f"the routing file declares no mode {name}")
        mode = ModeOn(name, author, reason, at, _end(ModeOrder(name, on=True, author=author, reason=reason), at, rules))
        return self._switched(mode, on=await self._kept.turn(mode))

    async def end_due(self, since: float) -> None:
        """Clear away modes whose time has ended after an hour.

        Raises:
            StoreError: it could not be kept; they are off all the same.

        """
        ended = await self._kept.end_due(self._clock.now(), since)
        for mode in ended:
            self._log.info("mode ended", mode=mode.name, author=mode.author, reason=mode.reason)
        if ended:
            self._changed()

    async def follow(self) -> None:
        """Take over what another router switched.

        Raises:
            StoreError: it can't be read.

        """
        before, now = await self._kept.follow()
        if before == now:
            return
        for mode in now:
            if mode not in before:
                self._log.info(
                    "mode switched by another router", mode=mode.name, on=True, author=mode.author, reason=mode.reason
                )
        for name in sorted({mode.name for mode in before} - {mode.name for mode in now}):
            self._log.info("mode switched by another router", mode=name, on=False)
        self._changed()

    def _switched(self, mode: ModeOn, *, on: bool) -> ModeStatus:
        self._log.info("mode switched", mode=mode.name, on=on, author=mode.author, reason=mode.reason)
        self._changed()
        return self._state(mode.name, mode if on else None)

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
