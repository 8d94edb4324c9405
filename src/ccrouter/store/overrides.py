"""Overrides that were set: in memory for the decisions and kept for the next start; each ends by itself."""

import asyncio
import secrets
from collections.abc import Iterable
from math import inf
from typing import Protocol

from ccrouter.routing.overrides import Override
from ccrouter.store.audit import Deed


class OverrideKeeper(Protocol):
    """Where overrides are kept. Both methods block, and the second returns only when all of it is safe."""

    def load(self) -> tuple[Override, ...]:
        """Return the overrides kept, newest set first.

        Raises:
            StoreError: they can't be read; the text tells what became of them.

        """
        ...

    def save(self, overrides: Iterable[Override], deed: Deed) -> None:
        """Keep these overrides, newest set first, in place of the former ones, with the deed that led to them.

        Raises:
            StoreError: nothing was kept of either.

        """
        ...


class Overrides:
    """The overrides that have not ended, newest set first, so that the last word about a number counts.

    A change is made only when it is kept: what memory says, a restart will say too.
    """

    def __init__(self, keeper: OverrideKeeper) -> None:
        self._keeper = keeper
        self._kept: tuple[Override, ...] = ()
        self._next_end = inf
        self._loaded = False
        self._one_at_a_time = asyncio.Lock()

    def load(self) -> None:
        """Take over what the last run kept.

        Raises:
            StoreError: it can't be read, there is no override; all else works, and it is tried again before each
                change.

        """
        self._take(self._keeper.load())
        self._loaded = True

    def current(self, at: float) -> tuple[Override, ...]:
        """Return those that count at an instant or will later; cheap enough for each decision."""
        if at < self._next_end:
            return self._kept
        return tuple(each for each in self._kept if at < each.until)

    def unused_id(self) -> str:
        """Return an id that no override has now, short enough to be typed."""
        taken = {each.id for each in self._kept}
        return next(id_ for id_ in iter(lambda: secrets.token_hex(2), "") if id_ not in taken)

    async def set(self, override: Override, at: float) -> None:
        """Set an override; it goes before all that were set earlier.

        Raises:
            StoreError: it could not be kept, and all is as before.

        """
        deed = Deed(
            at,
            override.author,
            "override set",
            told(override),
            override.reason,
            override.since if override.since > at else None,
            override.until,
        )
        async with self._one_at_a_time:
            await self._caught_up()
            await self._keep((override, *self._kept), deed)

    async def cancel(self, override_id: str, author: str, reason: str, at: float) -> Override | None:
        """End an override now, and return it; None where there is none of that id.

        Raises:
            StoreError: it could not be kept, and all is as before.

        """
        async with self._one_at_a_time:
            await self._caught_up()
            found = next((each for each in self.current(at) if each.id == override_id), None)
            if found is not None:
                await self._keep(self._without(found), Deed(at, author, "override cancelled", told(found), reason))
        return found

    async def end_due(self, at: float) -> tuple[Override, ...]:
        """Clear away those whose end has come, and return them. They count no more since then, cleared or not.

        Raises:
            StoreError: it could not be kept; ask again later.

        """
        ended = []
        async with self._one_at_a_time:
            await self._caught_up()
            for each in reversed(self._kept):
                if each.until <= at:
                    deed = Deed(each.until, "ccrouter", "override ended", told(each), each.reason)
                    await self._keep(self._without(each), deed)
                    ended.append(each)
        return tuple(ended)

    async def _caught_up(self) -> None:
        """Take over what the last run kept, where the start could not: a change would be written in its place."""
        if not self._loaded:
            self._take(await asyncio.to_thread(self._keeper.load))
            self._loaded = True

    def _without(self, override: Override) -> tuple[Override, ...]:
        return tuple(each for each in self._kept if each is not override)

    async def _keep(self, overrides: tuple[Override, ...], deed: Deed) -> None:
        # A disk may take long over a sync, and calls must not wait for it.
        await asyncio.to_thread(self._keeper.save, overrides, deed)
        self._take(overrides)

    def _take(self, overrides: tuple[Override, ...]) -> None:
        self._kept = overrides
        self._next_end = min((each.until for each in overrides), default=inf)


def told(override: Override) -> str:
    """Return which override it is, in the words of the audit journal: `3f9a: 0800 123 456 to tunis, closed`."""
    return f"{override.id}: {override.number} to {', '.join(override.to)}"
