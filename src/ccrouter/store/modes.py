"""Modes that are on: named switches with an author, a reason and perhaps an end, which survive a restart."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from ccrouter.store.audit import Deed
from ccrouter.store.standing import Change, Keeper, Standing, over


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


class Modes:
    """The modes that are on; see Standing for how they are kept."""

    def __init__(self, keeper: Keeper[ModeOn]) -> None:
        self._standing = Standing(keeper)
        self._of: tuple[ModeOn, ...] = ()
        self._names: frozenset[str] = frozenset()

    def load(self) -> None:
        """Take over what the last run kept.

        Raises:
            StoreError: it can't be read, no mode is on; all else works, and it is tried again before each change.

        """
        self._standing.load()

    def on(self, at: float) -> frozenset[str]:
        """Return the names of the modes that are on at an instant; cheap enough for each decision."""
        modes = self._standing.current(at)
        if modes is not self._of:
            self._of, self._names = modes, frozenset(mode.name for mode in modes)
        return self._names

    def all(self, at: float) -> tuple[ModeOn, ...]:
        """Return the modes that are on at an instant, by name."""
        return tuple(sorted(self._standing.current(at), key=lambda mode: mode.name))

    def ends(self, at: float) -> Mapping[str, float | None]:
        """Return the modes that are on at an instant, each with its end."""
        return {mode.name: mode.until for mode in self.all(at)}

    async def switch_on(self, mode: ModeOn) -> None:
        """Switch a mode on, or give one that is on a new reason and end.

        Raises:
            StoreError: it could not be kept, and all is as before.

        """
        await self._standing.change(lambda modes: _with(modes, mode))

    async def switch_off(self, name: str, author: str, reason: str, at: float) -> bool:
        """Switch a mode off; return False for one that is off already, of which the audit journal hears nothing.

        Raises:
            StoreError: it could not be kept, and all is as before.

        """
        was_on = False

        def work(modes: tuple[ModeOn, ...]) -> Change[ModeOn] | None:
            nonlocal was_on
            was_on = _is_on(modes, name, at)
            return _without(modes, Deed(at, author, "mode off", name, reason)) if was_on else None

        await self._standing.change(work)
        return was_on

    async def turn(self, mode: ModeOn) -> bool:
        """Switch a mode the other way round at its `since`, and return whether it is on now.

        Of two at the same instant the second finds what the first did, in another router too.

        Raises:
            StoreError: it could not be kept, and all is as before.

        """
        was_on = False

        def work(modes: tuple[ModeOn, ...]) -> Change[ModeOn]:
            nonlocal was_on
            was_on = _is_on(modes, mode.name, mode.since)
            off = Deed(mode.since, mode.author, "mode off", mode.name, mode.reason)
            return _without(modes, off) if was_on else _with(modes, mode)

        await self._standing.change(work)
        return not was_on

    async def follow(self) -> tuple[tuple[ModeOn, ...], tuple[ModeOn, ...]]:
        """Take over what another router switched; return the modes of before and of now.

        Raises:
            StoreError: it can't be read; memory says what it said.

        """
        return await self._standing.follow()

    async def end_due(self, at: float, since: float = -inf) -> tuple[ModeOn, ...]:
        """Clear away the modes that ended after `since`, and return them. They are off, cleared away or not.

        Raises:
            StoreError: it could not be kept; ask again later.

        """
        return await self._standing.end_due(at, _ended, since)


def _ended(mode: ModeOn) -> Deed:
    return Deed(mode.until or 0.0, "ccrouter", "mode ended", mode.name, mode.reason)


def _is_on(modes: tuple[ModeOn, ...], name: str, at: float) -> bool:
    return any(mode.name == name and not over(mode, at) for mode in modes)


def _with(modes: tuple[ModeOn, ...], mode: ModeOn) -> Change[ModeOn]:
    deed = Deed(mode.since, mode.author, "mode on", mode.name, mode.reason, until=mode.until)
    return Change((*(each for each in modes if each.name != mode.name), mode), [deed])


def _without(modes: tuple[ModeOn, ...], deed: Deed) -> Change[ModeOn]:
    return Change(tuple(each for each in modes if each.name != deed.subject), [deed])
