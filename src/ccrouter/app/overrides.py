"""Sets and cancels overrides, holds them against the rules in force, and ends those whose time is over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock, utc
from ccrouter.config.instants import InstantError, instant
from ccrouter.config.problems import suggest
from ccrouter.config.telephone import dialled
from ccrouter.routing.overrides import Override
from ccrouter.routing.rules import Rules
from ccrouter.store.overrides import Overrides
from ccrouter.web.orders import OrderError, UnknownNameError
from ccrouter.web.overrides import LONGEST_S, OverrideOrder
from ccrouter.web.status import OverrideStatus

ROUNDED_S: Final = 1e-5
"""A datetime holds whole microseconds, so that `now` can come back from it a little later."""

FROM_TODAY: Final = ("in", "now", "today", "tomorrow")
"""First words of instants that are said of today, even where the override begins later."""


@dataclass(frozen=True, slots=True)
class OverrideSwitch:
    """Answers the control API (web.overrides.OverrideControls).

    Attributes:
        kept: the overrides, safe on disk.
        rules: the version in force: it says which numbers and destinations there are, and whose clock counts.

    """

    kept: Overrides
    rules: Callable[[], Rules]
    clock: Clock
    log: FilteringBoundLogger

    def states(self) -> list[OverrideStatus]:
        """Return all that count now or will later, newest set first."""
        at = self.clock.now()
        return [self._state(each, at) for each in self.kept.current(at)]

    async def set(self, order: OverrideOrder) -> OverrideStatus:
        """Set an override and return it.

        Raises:
            UnknownNameError: the routing file has no such number or destination.
            OrderError: it can't be carried out as it was given.
            StoreError: it could not be saved, and was not set.

        """
        at, rules = self.clock.now(), self.rules()
        number = number_in(rules, order.number)
        check_destinations(rules, order.to)
        since, until = _times(order, utc(at), rules)
        if abs(since - at) < ROUNDED_S:
            since = at
        override = Override("", number, order.to, since, until, order.author, order.reason)
        override = await self.kept.set(override, at)
        self._tell("override set", override)
        return self._state(override, at)

    async def cancel(self, override_id: str, author: str, reason: str) -> OverrideStatus:
        """End an override now and return it.

        Raises:
            UnknownNameError: there is none of that id.
            StoreError: it could not be saved, and the override goes on.

        """
        at = self.clock.now()
        found = await self.kept.cancel(override_id, author, reason, at)
        if found is None:
            there = ", ".join(each.id for each in self.kept.current(at)) or "none"
            raise UnknownNameError(f"there is no override {override_id}; there are: {there}")
        self.log.info("override cancelled", override=found.id, number=found.number, author=author, reason=reason)
        return self._state(found, at)

    def check(self) -> None:
        """Log what the rules in force lack of an override; for the start and after a reload."""
        for each in self.states():
            if each.gone:
                self.log.warning("override without its place in the routing file", override=each.id, gone=each.gone)

    async def end_due(self, since: float) -> None:
        """Clear away overrides whose time has ended after an hour.

        Raises:
            StoreError: it could not be kept; they count no more all the same.

        """
        for each in await self.kept.end_due(self.clock.now(), since):
            self._tell("override ended", each)

    async def follow(self) -> None:
        """Take over what another router set or cancelled.

        Raises:
            StoreError: it can't be read.

        """
        before, now = await self.kept.follow()
        for each in now:
            if each not in before:
                self._tell("override set by another router", each)
        for each in before:
            if each not in now:
                self._tell("override ended by another router", each)

    def _tell(self, what: str, override: Override) -> None:
        self.log.info(
            what,
            override=override.id,
            number=override.number,
            to=override.to,
            author=override.author,
            reason=override.reason,
        )

    def _state(self, override: Override, at: float) -> OverrideStatus:
        rules = self.rules()
        known = rules.numbers.get(override.number)
        gone = tuple(name for name in override.to if rules.named(name) is None)
        return OverrideStatus(
            id=override.id,
            number=override.number if known is None else known.number,
            to=override.to,
            since=override.since,
            until=override.until,
            author=override.author,
            reason=override.reason,
            active=override.active(at),
            gone=gone if known is not None else (override.number, *gone),
            zone=str(rules.zone),
        )


def number_in(rules: Rules, written: str) -> str:
    """Return a spelling under which the rules know a number, whatever stands between its digits.

    Raises:
        UnknownNameError: they do not know it; the text names the nearest.

    """
    digits = dialled(written.strip())
    if digits in rules.numbers:
        return digits
    known = sorted({number.number for number in rules.numbers.values()})
    raise UnknownNameError(f"the routing file has no number {written}. {suggest(written, known)}")


def check_destinations(rules: Rules, names: tuple[str, ...]) -> None:
    """Check that names are destinations in an order in which calls can go to them.

    Raises:
        UnknownNameError: the routing file has no such site or message.
        OrderError: one stands there twice, or a message stands before others.

    """
    for place, name in enumerate(names):
        if rules.named(name) is None:
            cure = suggest(name, [*rules.sites, *rules.messages])
            raise UnknownNameError(f"the routing file has no site or message {name}. {cure}")
        if name in names[:place]:
            raise OrderError(f"{name} stands there twice; name each destination once")
        if name in rules.messages and place + 1 < len(names):
            raise OrderError(f"{name} is a message, and nothing comes after it; name it last")


def _times(order: OverrideOrder, now: datetime, rules: Rules) -> tuple[float, float]:
    try:
        since = instant(order.since, now, rules.zone)
        if order.for_s is not None:
            end = since.timestamp() + order.for_s
        else:
            until = instant(order.until, now, rules.zone)
            if until <= since and order.until.strip().lower().split(" ")[0] not in FROM_TODAY:
                until = instant(order.until, since, rules.zone)  # the monday that follows the friday asked for
            end = until.timestamp()
    except InstantError as error:
        raise OrderError(str(error)) from error
    if end <= since.timestamp():
        raise OrderError(f"it would end before it begins: from {since:%a %Y-%m-%d %H:%M}, give a later end")
    if end <= now.timestamp():
        raise OrderError(f"its end, {order.until}, is past; give one to come")
    if end - since.timestamp() > LONGEST_S:
        raise OrderError("an override lasts a year at most; change the routing file for more")
    return since.timestamp(), end
