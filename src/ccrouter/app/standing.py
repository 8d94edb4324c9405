"""Keeps modes and overrides right while time passes and another router on the same state folder changes them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

from structlog.typing import FilteringBoundLogger

from ccrouter.errors import StoreError

ENDS_S: Final = 1.0
"""How often it is looked whether something has ended."""

FOLLOW_S: Final = 0.25
"""How often it is looked whether another router changed something."""

AGAIN_S: Final = 60.0
"""How long to wait after a disk refused an end; what was to end counts no more in any case."""


class Stands(Protocol):
    """What stands until it ends, and may be changed by another router."""

    async def end_due(self, since: float) -> None:
        """Clear away what has ended after an hour; raise StoreError where that can't be kept."""
        ...

    async def follow(self) -> None:
        """Take over what another router changed; raise StoreError where it can't be read."""
        ...


@dataclass(frozen=True, slots=True)
class StandingOrders:
    """Looks after all that stands.

    Attributes:
        mark: returns what differs where another process changed the store; blocks, and may raise StoreError.
        clears_from: the hour after which what has ended is cleared away, infinite for nothing at all: what has ended
            by a wrong hour counts again by the right one.

    """

    stand: Sequence[Stands]
    mark: Callable[[], object]
    log: FilteringBoundLogger
    clears_from: Callable[[], float] = lambda: -inf

    def load(self, loads: Mapping[str, Callable[[], None]]) -> None:
        """Take over what was kept before the start, by name; what can't be read is told, and tried again later."""
        for what, load in loads.items():
            try:
                load()
            except StoreError as error:
                self.log.error("what an admin turned could not be read, none counts", what=what, error=str(error))  # noqa: TRY400 - as below

    async def end_due(self) -> None:
        """Clear away what is over, until cancelled."""
        while True:
            await asyncio.sleep(ENDS_S)
            since = self.clears_from()
            if since == inf:
                continue
            for each in self.stand:
                try:
                    await each.end_due(since)
                except StoreError as error:
                    self.log.error("the end of a mode or an override could not be kept", error=str(error))  # noqa: TRY400 - the text tells it all
                    await asyncio.sleep(AGAIN_S)

    async def follow(self) -> None:
        """Take over what another router changed, until cancelled.

        One thread looks at a time: a disk that hangs holds up this one only.
        """
        seen: object = None
        healthy = True
        while True:
            await asyncio.sleep(FOLLOW_S)
            try:
                mark = await asyncio.to_thread(self.mark)
                if mark != seen:
                    for each in self.stand:
                        await each.follow()
                    seen = mark
            except StoreError as error:
                if healthy:
                    healthy = False
                    self.log.error("what another router switches can't be seen", error=str(error))  # noqa: TRY400 - as above
            else:
                if not healthy:
                    healthy = True
                    self.log.warning("what another router switches is seen again")
