"""Tries every now and then whether the state database can be written: before somebody needs it, and to see it heal."""

import asyncio
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol

from ccrouter.clock import Clock
from ccrouter.errors import StoreError

EVERY_S: Final = 30.0
AGAIN_S: Final = 5.0
"""While it can't be written."""

WITHIN_S: Final = 5.0
"""A disk that takes longer hangs; one trial waits for it, and no second one is begun."""

LOOK_S: Final = 0.5
"""How often it is looked whether somebody else's use of the database failed."""

LOST_S: Final = 600.0
"""How long it is told that a damaged database was moved aside: an admin must switch on again what should be."""


class Tried(Protocol):
    """The database.

    Attributes:
        faults: uses that failed since the start.
        lost: what became of a damaged file; empty where none was.

    """

    faults: int
    lost: str

    def try_writing(self) -> None:
        """Write something that changes nothing, or raise StoreError; blocks."""
        ...


@dataclass(slots=True)
class StateTrial:
    """Knows whether the state database works.

    Attributes:
        why: it does not; empty where it does.

    """

    database: Tried
    clock: Clock
    why: str = ""
    _lost_at: float | None = None

    async def run(self) -> NoReturn:
        """Try until cancelled."""
        while True:
            self.why = await self._try() or self._loss()
            if self.why:
                await asyncio.sleep(AGAIN_S)
                continue
            seen, due = self.database.faults, self.clock.steady() + EVERY_S
            while self.database.faults == seen and self.clock.steady() < due:  # noqa: ASYNC110 - threads count them
                await asyncio.sleep(LOOK_S)

    async def _try(self) -> str:
        trial = asyncio.get_running_loop().run_in_executor(None, self._written)
        done, _ = await asyncio.wait([trial], timeout=WITHIN_S)
        if not done:
            self.why = f"its disk has not answered for {WITHIN_S:g} s; look at the disk"
        return await trial

    def _written(self) -> str:
        try:
            self.database.try_writing()
        except StoreError as error:
            return str(error)
        return ""

    def _loss(self) -> str:
        if self.database.lost and self._lost_at is None:
            self._lost_at = self.clock.steady()
        told = self._lost_at is None or self.clock.steady() - self._lost_at >= LOST_S
        return "" if told else self.database.lost
