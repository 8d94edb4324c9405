"""What an admin turned and what stands until it ends, modes and overrides: in memory for the decisions, and kept.

Two routers may keep the same. What is kept has the last word: a change is made on that, and memory follows it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, Generic, Protocol, TypeVar

from ccrouter.errors import StoreError
from ccrouter.store.audit import Deed

TURN_S: Final = 0.4
"""How long a change waits for one before it. A telephone hears within 0.9 s that it failed, and is then dialled again:
behind a disk that hangs, all that was given up would be switched later, to and fro."""


class Order(Protocol):
    """What stands until it ends."""

    @property
    def until(self) -> float | None:
        """Return when it ends by itself, in seconds since 1970-01-01 UTC; None for never."""
        ...


OrderT = TypeVar("OrderT", bound=Order)


@dataclass(frozen=True, slots=True)
class Change(Generic[OrderT]):
    """What is to stand in place of what stands now, with the deeds that lead there."""

    orders: tuple[OrderT, ...]
    deeds: Sequence[Deed]


Work = Callable[[tuple[OrderT, ...]], Change[OrderT] | None]
"""Returns from what stands what is to stand; None where nothing is to be changed."""


class Keeper(Protocol[OrderT]):
    """Where they are kept. Both methods block."""

    def load(self, memory: tuple[OrderT, ...] = ()) -> tuple[OrderT, ...]:
        """Return what is kept; it is `memory` where what was kept got lost, and that is kept again.

        Raises:
            StoreError: it can't be read; the text tells what became of it.

        """
        ...

    def change(self, work: Work[OrderT], memory: tuple[OrderT, ...]) -> tuple[OrderT, ...]:
        """Change what is kept (`memory` where that got lost), return it when all of it is safe, with its deeds.

        Nobody else changes it while `work` runs, another process neither.

        Raises:
            StoreError: nothing was changed.

        """
        ...


class Standing(Generic[OrderT]):
    """All that stands. A change is made only when it is kept: what memory says, a restart will say too."""

    def __init__(self, keeper: Keeper[OrderT]) -> None:
        self._keeper = keeper
        self._orders: tuple[OrderT, ...] = ()
        self._next_end = inf
        self._loaded = False
        self._one_at_a_time = asyncio.Lock()

    def load(self) -> None:
        """Take over what was kept before the start.

        Raises:
            StoreError: it can't be read, nothing stands; all else works, and it is tried again before each change.

        """
        self._take(self._keeper.load())
        self._loaded = True

    def current(self, at: float) -> tuple[OrderT, ...]:
        """Return those that have not ended at an instant, in the order kept; cheap enough for each decision."""
        if at < self._next_end:
            return self._orders
        return tuple(each for each in self._orders if not over(each, at))

    async def change(self, work: Work[OrderT]) -> None:
        """Change what stands.

        Raises:
            StoreError: it could not be kept, or another change still waits for the disk; all is as before.

        """
        async with _Turn(self._one_at_a_time):
            await self._caught_up()
            # A disk may take long over a sync, and calls must not wait for it.
            self._take(await asyncio.to_thread(self._keeper.change, work, self._orders))

    async def follow(self) -> tuple[tuple[OrderT, ...], tuple[OrderT, ...]]:
        """Take over what another router changed; return what stood, and what stands now.

        Raises:
            StoreError: it can't be read; memory says what it said.

        """
        async with _Turn(self._one_at_a_time):
            before = self._orders
            self._take(await asyncio.to_thread(self._keeper.load, before))
            self._loaded = True
            return before, self._orders

    async def end_due(self, at: float, deed: Callable[[OrderT], Deed], since: float = -inf) -> tuple[OrderT, ...]:
        """Clear away those whose end has come after `since`, and return those that nobody else had cleared away.

        They are over since their end, cleared away or not.

        Raises:
            StoreError: it could not be kept; ask again later.

        """
        if self._loaded and (at < self._next_end or not any(_ended(each, since, at) for each in self._orders)):
            return ()
        ended: list[OrderT] = []

        def work(orders: tuple[OrderT, ...]) -> Change[OrderT] | None:
            ended[:] = sorted((each for each in orders if _ended(each, since, at)), key=lambda each: each.until or 0.0)
            left = tuple(each for each in orders if not _ended(each, since, at))
            return Change(left, [deed(each) for each in ended]) if ended else None

        await self.change(work)
        return tuple(ended)

    async def _caught_up(self) -> None:
        """Take over what the last run kept, where the start could not: a change would be written in its place."""
        if not self._loaded:
            self._take(await asyncio.to_thread(self._keeper.load))
            self._loaded = True

    def _take(self, orders: tuple[OrderT, ...]) -> None:
        self._orders = orders
        self._next_end = min((each.until for each in orders if each.until is not None), default=inf)


class _Turn:
    """Has one change wait for another, but not for long."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(TURN_S):
                await self._lock.acquire()
        except TimeoutError:
            raise StoreError("another switch still waits for the disk, so this one was not made") from None

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


def over(order: Order, at: float) -> bool:
    """Tell whether something has ended at an instant."""
    return order.until is not None and order.until <= at


def _ended(order: Order, since: float, at: float) -> bool:
    return order.until is not None and since < order.until <= at
