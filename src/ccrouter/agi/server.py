"""The FastAGI server: where it listens, how many it serves at once, how it stops."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ccrouter.agi.desk import Desk, Outcome
from ccrouter.agi.door import Door
from ccrouter.agi.roll import ANSWER_S, Roll, silent_s
from ccrouter.agi.session import Session
from ccrouter.errors import CcrouterError
from ccrouter.listening import bound

LATE_S: Final = 1 - ANSWER_S
"""After so long no dialplan waits for an answer any more."""

LATE_AT_THE_DOOR: Final = ((1.0, 0.5), (0.0, 0.15))
"""The same for a call that is let in behind others, from so many seconds of the dialplan's patience on: their decisions
take the rest of its time. Without, a flood would have those let in whose time is nearly over, and decide for nobody."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much the server takes on.

    Attributes:
        sessions: connections served at once; a further one is closed at once, and its caller goes on without delay.
        undecided: requests that wait for their decision; of more the oldest are closed, and their callers go on. A
            decision takes a millisecond or two, so that the last of them gets its own in time.
        backlog: connections that may wait while the event loop is busy. A caller who finds it full loses 2 s (the
            kernel caps it at net.core.somaxconn).
        stop_s: seconds that sessions under way have when the server stops.

    """

    sessions: int = 400
    undecided: int = 200
    backlog: int = 4096
    stop_s: float = 2.0


class AgiServer:
    """Listens on every address given, from start to stop; `port` 0 lets the kernel choose."""

    def __init__(self, desk: Desk, addresses: Sequence[tuple[str, int]], bounds: Bounds = Bounds()) -> None:
        self._desk = desk
        self._wanted = tuple(addresses)
        self._bounds = bounds
        self._roll = Roll(bounds.sessions, bounds.undecided, desk.clock)
        self._door = Door(self._roll, self._let_in, desk.decides.routed, desk.log)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Return where the server listens now."""
        return self._door.addresses

    @property
    def shed(self) -> int:
        """Return how many calls got no decision because of too many others, since the start."""
        return self._roll.shed

    @property
    def sessions(self) -> int:
        """Return how many connections are under way."""
        return len(self._roll.sessions)

    @property
    def waiting(self) -> int:
        """Return how many calls wait for their decision."""
        return self._roll.waiting

    async def start(self) -> None:
        """Listen on all addresses, or on none.

        Raises:
            CcrouterError: an address can't be had; the text says which and why.

        """
        for host, port in self._wanted:
            try:
                self._door.listen(await asyncio.to_thread(bound, host, port), self._bounds.backlog)
            except OSError as error:
                self._door.close()
                raise CcrouterError(f"FastAGI can't listen on {host}:{port}: {error.strerror or error}") from error
        self._door.open()
        self._desk.log.info("FastAGI listens", addresses=self.addresses)

    def _let_in(self, connection: socket.SocketType) -> bool:
        """Make a session for a connection that came in time; return whether it goes on."""
        quiet_s = silent_s(connection)
        if quiet_s > LATE_S or (self._roll.busy and quiet_s > self._late_s()):
            self._turn_away(connection, Outcome.LATE)
            return False
        if self._roll.crowded:
            self._turn_away(connection, Outcome.CROWDED)
            self._roll.turn_away(self._desk.log)
            return False
        session = Session(self._desk, self._roll, connection)
        session.begin(quiet_s)
        return not session.over

    def _turn_away(self, connection: socket.SocketType, outcome: Outcome) -> None:
        connection.close()
        self._roll.shed += 1
        self._desk.watches.session_ended(outcome, 0.0)

    def _late_s(self) -> float:
        # What a connection waits for is not read yet: its PABX most likely waits as it did for the call before.
        return next(late_s for patience_s, late_s in LATE_AT_THE_DOOR if self._roll.patience_s >= patience_s)

    async def stop(self) -> None:
        """Let nobody in any more, and return when the last session has ended: within `stop_s`."""
        self._door.shut()
        await self._roll.finish(self._bounds.stop_s)
        self._door.close()
