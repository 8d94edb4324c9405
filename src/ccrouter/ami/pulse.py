"""Signs of life, both ways: pings that must be answered, and the heartbeat that the dialplan looks at."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ccrouter.ami.connection import Connection
from ccrouter.ami.duty import Duty
from ccrouter.ami.watches import Fault
from ccrouter.clock import Clock
from ccrouter.contract import RANKS, heartbeat, key_variable
from ccrouter.errors import LinkError

PING_S: Final = 1.0
MOST_SILENT_PINGS: Final = 2
"""After so many pings without a single byte from the PABX the link is cut."""

MOST_MISSED_PINGS: Final = 10
"""After so many without an answer it is cut although bytes come: a PABX that carries out no orders is no use."""

BEAT_S: Final = 0.5
AMISS_S: Final = 0.5
"""When the PABX's clock is found so far from where it was, a heartbeat by the new hour does not wait for its turn."""

BEAT_WITHIN_S: Final = 2.0
"""Then a beat counts for nothing any more: the dialplan does without a router whose last beat is older."""

TIMESTAMP: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
SILENCE: Final = "0"
"""The heartbeat of a router that says goodbye."""

HEARTBEAT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")

READY_WITHIN_S: Final = 5.0
"""How long a router that comes back leaves calls to the other one at the most."""

LOOK_WITHIN_S: Final = 0.5
GOODBYE_WITHIN_S: Final = 0.5

KEY_EVERY: Final = 4
"""The key is written with the first of so many heartbeats: a reload of the dialplan may clear all globals."""


class Pulse:
    """Pings and heartbeats over one connection.

    Attributes:
        ahead_s: how far the PABX's clock is ahead of our steady one, which nobody sets; None until it told.
        duty: whether it is ours to do for this PABX what only one of its routers may do.
        rival: another router of the same rank serves the PABX with a key of its own: each shuts the other's calls out.

    Args:
        rank: of this router among those of the PABX, from 1.
        key: what the dialplan must bring along when it asks this router.
        leaving: the router is about to stop: no heartbeat is written any more.
        relieved: told when the duty may have changed hands.
        ready: tells whether the whole picture of the PABX was read.
        able: tells whether calls are decided in time; while they are not, no heartbeat is written.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        connection: Connection,
        clock: Clock,
        answered: Callable[[float], None],
        failed: Callable[[Fault], None],
        *,
        rank: int,
        key: str,
        leaving: bool,
        relieved: Callable[[], None],
        ready: Callable[[], bool],
        able: Callable[[], bool],
    ) -> None:
        self.ahead_s: float | None = None
        self.duty = Duty(clock, rank, BEAT_WITHIN_S)
        self.rival = False
        self._rank = rank
        self._key = key
        self._beats = 0
        self._connection = connection
        self._clock = clock
        self._answered = answered
        self._failed = failed
        self._leaving = leaving
        self._relieved = relieved
        self._able = able
        self._hurry = asyncio.Event()
        self._ready = ready
        self._begin_at = clock.steady() + READY_WITHIN_S
        self._begun = False
        self._others: set[int] = set()
        self._beat_now = asyncio.Event()

    async def ping(self) -> None:
        """Ping once; tell how long it took, and learn the PABX's clock.

        Raises:
            LinkError: no answer in time.

        """
        began = self._clock.steady()
        response = await self._connection.ask("Ping", {}, PING_S)
        took_s = self._clock.steady() - began
        timestamp = response.fields.get("Timestamp", "")
        if TIMESTAMP.fullmatch(timestamp):
            ahead_s = float(timestamp) - (began + took_s / 2)
            if self.ahead_s is None or abs(ahead_s - self.ahead_s) > AMISS_S:
                self._beat_now.set()
            self.ahead_s = ahead_s
        self._answered(took_s)

    async def watch(self) -> None:
        """Ping for ever; raise LinkError when the PABX is silent."""
        missed = silent = 0
        loop = asyncio.get_running_loop()
        while True:
            began, received = loop.time(), self._connection.received
            try:
                await self.ping()
            except LinkError:
                self._connection.check()
                self._failed(Fault.MISSED_PING)
                missed += 1
                # Bytes count, not time alone: after a pause of this very process they are there, and the time is late.
                silent = silent + 1 if self._connection.received == received else 0
            else:
                missed = silent = 0
            if silent >= MOST_SILENT_PINGS:
                raise LinkError(f"the PABX sent nothing during {silent} pings")
            if missed >= MOST_MISSED_PINGS:
                raise LinkError(f"the PABX answered none of {missed} pings")
            with suppress(TimeoutError):
                async with asyncio.timeout_at(began + PING_S):
                    await self._hurry.wait()
            self._hurry.clear()

    def clock_set(self) -> None:
        """Ask for the PABX's clock at once, for ours was set, and it may be the same."""
        self._hurry.set()

    async def beat(self) -> None:
        """Write the heartbeat for ever, as soon as the PABX's clock is known.

        One that is not confirmed is waited for, not followed by others.
        """
        loop = asyncio.get_running_loop()
        await self._beat_now.wait()
        while True:
            self._beat_now.clear()
            began = loop.time()
            if self.ahead_s is not None and not self._leaving and self._able():
                sent_at = self._clock.steady()
                if not await self._prepared(self.ahead_s) or self._leaving:
                    pass
                elif await self._keyed() and await self._write_beat():
                    await self._look_for_others(self.ahead_s)
                    if not self._leaving:
                        self.duty.beaten(sent_at, self._others)
                        self._relieved()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(began + BEAT_S):
                    await self._beat_now.wait()

    async def end(self) -> None:
        """Tell the dialplan that this router is no more."""
        self._leaving = True
        self.duty.end()
        self._relieved()
        await self._write(heartbeat(self._rank), SILENCE, GOODBYE_WITHIN_S)

    async def _prepared(self, ahead_s: float) -> bool:
        """Tell whether to begin: while another router decides, not before all that the PABX knows is known here too."""
        if not self._begun:
            await self._look_for_others(ahead_s)
            self._begun = not self._others or self._ready() or self._clock.steady() >= self._begin_at
        return self._begun

    async def _look_for_others(self, ahead_s: float) -> None:
        """Learn which other routers have a fresh heartbeat on the PABX; where it does not tell, all is as before.

        One of a worse rank matters only to a router that comes back.
        """
        for rank in RANKS:
            if rank == self._rank or (rank > self._rank and self.duty.lives):
                continue
            try:
                response = await self._connection.ask("Getvar", {"Variable": heartbeat(rank)}, LOOK_WITHIN_S)
            except LinkError:
                continue
            told = response.fields.get("Value", "")
            self._others.discard(rank)
            if HEARTBEAT.fullmatch(told) and abs(self._clock.steady() + ahead_s - float(told)) <= BEAT_WITHIN_S:
                self._others.add(rank)

    async def _keyed(self) -> bool:
        """Tell whether the PABX has the key: who is not let in must not be asked to come."""
        if self._beats % KEY_EVERY == 0:
            if self._beats:
                await self._look_for_a_rival()
            if not await self._write(key_variable(self._rank), self._key, BEAT_WITHIN_S):
                return False
        self._beats += 1
        return True

    async def _look_for_a_rival(self) -> None:
        """See whether the key that was written is still there; a reload of the dialplan may have cleared it."""
        try:
            response = await self._connection.ask("Getvar", {"Variable": key_variable(self._rank)}, LOOK_WITHIN_S)
        except LinkError:
            return
        self.rival = response.fields.get("Value", "") not in {"", self._key}
        if self.rival:
            self._failed(Fault.RIVAL)

    async def _write_beat(self) -> bool:
        if self.ahead_s is None or self._leaving:  # by now
            return False
        return await self._write(heartbeat(self._rank), f"{self._clock.steady() + self.ahead_s:.3f}", BEAT_WITHIN_S)

    async def _write(self, variable: str, value: str, within_s: float) -> bool:
        try:
            response = await self._connection.ask("Setvar", {"Variable": variable, "Value": value}, within_s)
        except LinkError:
            self._failed(Fault.MISSED_BEAT)
            return False
        if not response.ok:
            self._failed(Fault.MISSED_BEAT)
        return response.ok
