"""Modes that are on: named switches with an author, a reason and perhaps an end, which survive a restart."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Protocol

from ccrouter.store.audit import Deed


@dataclass(frozen=True, slots=True)
class ModeOn:
    """A mode that is on.

    Attributes:
        since, until: seconds since 1970-01-01 UTC; `until` None for until it is switched off.

    """

    name: str
    author: str
    reason: str
    since: float
    until: float | None = None


class ModeKeeper(Protocol):
    """Where modes are kept. Both methods block, and the second returns only when all of it is safe."""

    def load(self) -> tuple[ModeOn, ...]:
        """Return the modes kept.

        Raises:
            StoreError: they can't be read; the text tells what became of them.

        """
        ...

    def save(self, modes: Iterable[ModeOn], deed: Deed) -> None:
        """Keep these modes in place of the former ones, with the deed that led to them.

        Raises:
            StoreError: nothing was kept of either.

        """
        ...


class Modes:
    """The modes that are on, in memory for the decisions and in the keeper for the next start.

    A switch is made only when it is kept: what memory says, a restart will say too.
    """

    def __init__(self, keeper: ModeKeeper) -> None:
        self._keeper = keeper
        self._kept: Mapping[str, ModeOn] = MappingProxyType({})
        self._on: frozenset[str] = frozenset()
        self._next_end = inf
        self._loaded = False
        self._one_at_a_time = asyncio.Lock()

    def load(self) -> None:
        """Take over what the last run kept.

        Raises:
            StoreError: it can't be read, no mode is on; all else works, and it is tried again before each change.

        """
        self._loaded_now(self._keeper.load())

    def on(self, at: float) -> frozenset[str]:
        """Return the names of the modes that are on at an instant; cheap enough for each decision."""
        if at < self._next_end:
            return self._on
        return frozenset(mode.name for mode in self.all(at))

    def all(self, at: float) -> tuple[ModeOn, ...]:
        """Return the modes that are on at an instant, by name."""
        return tuple(mode for _, mode in sorted(self._kept.items()) if mode.until is None or at < mode.until)

    def ends(self, at: float) -> Mapping[str, float | None]:
        """Return the modes that are on at an instant, each with its end."""
        return {mode.name: mode.until for mode in self.all(at)}

    async def switch_on(self, mode: ModeOn) -> None:
        """Switch a mode on, or give one that is on a new reason and end.

        Raises:
            StoreError: it could not be kept, and all is as before.

        """
        deed = Deed(mode.since, mode.author, "mode on", mode.name, mode.reason, until=mode.until)
        async with self._one_at_a_time:
            await self._caught_up()
            await self._keep({**self._kept, mode.name: mode}, deed)

    async def switch_off(self, name: str, author: str, reason: str, at: float) -> bool:
        """Switch a mode off; return False for one that is off already, of which the audit journal hears nothing.

        Raises:
            StoreError: it could not be kept, and all is as before.

        """
        async with self._one_at_a_time:
            await self._caught_up()
            if all(mode.name != name for mode in self.all(at)):
                return False
            await self._keep(_without(self._kept, name), Deed(at, author, "mode off", name, reason))
            return True

    async def end_due(self, at: float) -> tuple[ModeOn, ...]:
        """Clear away the modes whose end has come, and return them. They are off since then, cleared away or not.

        Raises:
            StoreError: it could not be kept; ask again later.

        """
        ended = []
        async with self._one_at_a_time:
            await self._caught_up()
            for mode in list(self._kept.values()):
                if mode.until is not None and mode.until <= at:
                    deed = Deed(mode.until, "ccrouter", "mode ended", mode.name, mode.reason)
                    await self._keep(_without(self._kept, mode.name), deed)
                    ended.append(mode)
        return tuple(ended)

    async def _caught_up(self) -> None:
        """Take over what the last run kept, where the start could not: a change would be written in its place."""
        if not self._loaded:
            self._loaded_now(await asyncio.to_thread(self._keeper.load))

    def _loaded_now(self, modes: Iterable[ModeOn]) -> None:
        self._take({mode.name: mode for mode in modes})
        self._loaded = True

    async def _keep(self, modes: Mapping[str, ModeOn], deed: Deed) -> None:
        # A disk may take long over a sync, and calls must not wait for it.
        await asyncio.to_thread(self._keeper.save, tuple(modes.values()), deed)
        self._take(modes)

    def _take(self, modes: Mapping[str, ModeOn]) -> None:
        self._kept = MappingProxyType(dict(modes))
        self._on = frozenset(modes)
        self._next_end = min((mode.until for mode in modes.values() if mode.until is not None), default=inf)


def _without(modes: Mapping[str, ModeOn], name: str) -> dict[str, ModeOn]:
    return {key: mode for key, mode in modes.items() if key != name}
