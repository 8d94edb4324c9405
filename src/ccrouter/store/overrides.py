"""Overrides that were set: in memory for the decisions and kept for the next start; each ends by itself."""

import secrets
from dataclasses import replace
from math import inf

from ccrouter.routing.overrides import Override
from ccrouter.store.audit import Deed
from ccrouter.store.standing import Change, Keeper, Standing, over


class Overrides:
    """The overrides that have not ended, newest set first, so that the last word about a number counts.

    See Standing for how they are kept.
    """

    def __init__(self, keeper: Keeper[Override]) -> None:
        self._standing = Standing(keeper)

    def load(self) -> None:
        """Take over what the last run kept.

        Raises:
            StoreError: it can't be read, there is no override; all else works, and it is tried again before each
                change.

        """
        self._standing.load()

    def current(self, at: float) -> tuple[Override, ...]:
        """Return those that count at an instant or will later; cheap enough for each decision."""
        return self._standing.current(at)

    async def set(self, override: Override, at: float) -> Override:
        """Set an override and return it; one without an id gets one that is short enough to be typed.

        It goes before all that were set earlier.

        Raises:
            StoreError: it could not be kept, and all is as before.

        """
        made = override

        def work(overrides: tuple[Override, ...]) -> Change[Override]:
            nonlocal made
            made = override if override.id else replace(override, id=_unused_id(overrides))
            begin = made.since if made.since > at else None
            deed = Deed(at, made.author, "override set", told(made), made.reason, begin, made.until)
            return Change((made, *overrides), [deed])

        await self._standing.change(work)
        return made

    async def cancel(self, override_id: str, author: str, reason: str, at: float) -> Override | None:
        """End an override now, and return it; None where there is none of that id.

        Raises:
            StoreError: it could not be kept, and all is as before.

        """
        found: Override | None = None

        def work(overrides: tuple[Override, ...]) -> Change[Override] | None:
            nonlocal found
            found = next((each for each in overrides if each.id == override_id and not over(each, at)), None)
            if found is None:
                return None
            left = tuple(each for each in overrides if each is not found)
            return Change(left, [Deed(at, author, "override cancelled", told(found), reason)])

        await self._standing.change(work)
        return found

    async def follow(self) -> tuple[tuple[Override, ...], tuple[Override, ...]]:
        """Take over what another router changed; return the overrides of before and of now.

        Raises:
            StoreError: it can't be read; memory says what it said.

        """
        return await self._standing.follow()

    async def end_due(self, at: float, since: float = -inf) -> tuple[Override, ...]:
        """Clear away those that ended after `since`, and return them. They count no more, cleared away or not.

        Raises:
            StoreError: it could not be kept; ask again later.

        """
        return await self._standing.end_due(at, _ended, since)


def _ended(override: Override) -> Deed:
    return Deed(override.until, "ccrouter", "override ended", told(override), override.reason)


def _unused_id(overrides: tuple[Override, ...]) -> str:
    taken = {each.id for each in overrides}
    return next(id_ for id_ in iter(lambda: secrets.token_hex(2), "") if id_ not in taken)


def told(override: Override) -> str:
    """Return which override it is, in the words of the audit journal: `3f9a: 0800 123 456 to tunis, closed`."""
    return f"{override.id}: {override.number} to {', '.join(override.to)}"
