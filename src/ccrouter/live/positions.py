"""Positions: the members of a queue, and which of them would be rung for the next caller."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from ccrouter.live.durations import duration, since
from ccrouter.live.events import DeviceState, PositionSeen
from ccrouter.routing.snapshot import Seconds

UNREACHABLE = frozenset({DeviceState.INVALID, DeviceState.UNAVAILABLE})
"""States in which app_queue rings nobody. UNKNOWN is not among them: it does ring such a member."""

FREE = frozenset({DeviceState.NOT_IN_USE, DeviceState.UNKNOWN})
"""States in which a member is rung (without `ringinuse`)."""

RINGING = frozenset({DeviceState.RINGING, DeviceState.RING_IN_USE})

STATES = ("ready", "ringing", "talking", "wrap_up", "busy", "paused", "out")
"""What a position may be said to do: `busy` is in a call of another kind, `out` can't be reached."""

OUTDATED_S: Seconds = 1.0
"""So long after an answer the PABX may still tell the member's state of before it: the two go different ways in it."""


class Standing(StrEnum):
    """What a position is, as far as callers are concerned."""

    OUT = "out"  # its telephone can't be reached
    READY = "ready"
    BUSY = "busy"  # in a call, ringing or in wrap-up
    PAUSED = "paused"
    BUSY_PAUSED = "busy, then paused"


OUT, READY, BUSY, PAUSED, BUSY_PAUSED = Standing
"""Looked up once: on the class that takes longer than all else that is done to find out a standing."""


class Position(NamedTuple):
    """A member of a queue.

    `wrapup_until` is None outside wrap-up, `answered_at` where no answer was seen to begin the talk; `mark` is when the
    PABX last told of it.
    """

    queue: str
    interface: str
    name: str
    device: DeviceState
    paused: bool
    paused_reason: str
    wrapup_s: Seconds
    last_call_at: float
    in_call: bool
    wrapup_until: float | None
    answered_at: float | None
    mark: int

    @property
    def standing(self) -> Standing:
        """Return what the position is now."""
        if self.device in UNREACHABLE:
            return OUT
        if self.in_call or self.device not in FREE or self.wrapup_until is not None:
            return BUSY_PAUSED if self.paused else BUSY
        return PAUSED if self.paused else READY

    @property
    def state(self) -> str:
        """Return what the position does now, one of STATES; one that is to pause after its talk still talks."""
        if self.device in UNREACHABLE:
            return "out"
        if self.in_call:
            return "talking"
        if self.device in RINGING:
            return "ringing"
        if self.device not in FREE:
            return "busy"
        if self.wrapup_until is not None:
            return "wrap_up"
        return "paused" if self.paused else "ready"


class Tally(NamedTuple):
    """How many members of a queue are what.

    Attributes:
        logged_in: can be reached, paused or not.
        ready: would be rung for the next caller.
        busy: in a call, ringing or in wrap-up, those who are paused as well included.
        paused: asked for a pause, those who are still in a call included.

    """

    logged_in: int
    ready: int
    busy: int
    paused: int


class Positions:
    """The members of one queue, by interface, sorted by their standing.

    Figures are sizes of sets, each position being in exactly one: nothing is counted up and down.
    """

    def __init__(self) -> None:
        self._members: dict[str, Position] = {}
        self._standing: dict[Standing, set[str]] = {standing: set() for standing in Standing}
        self._stands: dict[str, Standing] = {}
        self._in_wrapup: set[str] = set()

    def __iter__(self) -> Iterator[Position]:
        return iter(self._members.values())

    def __len__(self) -> int:
        return len(self._members)

    def get(self, interface: str) -> Position | None:
        """Return a member, or None."""
        return self._members.get(interface)

    def wrapup_s(self, interface: str) -> Seconds:
        """Return the wrap-up time of a member, 0 for one who is not known."""
        member = self._members.get(interface)
        return 0.0 if member is None else member.wrapup_s

    def see(self, event: PositionSeen, wrapup_s: Seconds, mark: int) -> bool:
        """Take in a member, whole, whose wrap-up time this is; tell whether its standing changed."""
        before = self._members.get(event.interface)
        wrapup_s = duration(wrapup_s) if wrapup_s else 0.0
        in_call = event.in_call or (before is not None and _is_outdated(before, event))
        after = Position(
            event.queue,
            event.interface,
            event.name,
            event.device,
            event.paused,
            event.paused_reason,
            wrapup_s,
            event.last_call_at,
            in_call,
            None if in_call or not wrapup_s else _wrapup_until(before, event, wrapup_s),
            before.answered_at if before is not None and in_call else None,
            mark,
        )
        return self._put(after)

    def talk(self, interface: str, at: float, *, begins: bool) -> None:
        """Take in the begin or end of a talk with a caller.

        The PABX tells a member's whole state beside it, but not always after it.
        """
        member = self._members.get(interface)
        if member is not None and member.in_call != begins:
            until = None if begins or not member.wrapup_s else at + member.wrapup_s
            self._put(Position(*member[:8], begins, until, at if begins else None, member.mark))

    def leave(self, interface: str) -> bool:
        """Forget a member; tell whether there was one."""
        member = self._members.pop(interface, None)
        if member is None:
            return False
        self._standing[self._stands.pop(interface)].discard(interface)
        self._in_wrapup.discard(interface)
        return True

    def drop_older(self, mark: int) -> list[str]:
        """Forget members of whom the PABX has not told since `mark`; return their interfaces."""
        gone = [member.interface for member in self if member.mark < mark]
        for interface in gone:
            self.leave(interface)
        return gone

    def tick(self, at: float) -> list[str]:
        """End the wrap-ups that are over at `at`; return the interfaces of whom."""
        if not self._in_wrapup:
            return []
        over = [name for name in self._in_wrapup if (self._members[name].wrapup_until or 0.0) <= at]
        for name in over:
            self._put(self._members[name]._replace(wrapup_until=None))
        return over

    def move(self, moved: Callable[[float], float]) -> None:
        """Move the instants of our own clock, which was set; the end of the last call is by that of the PABX."""
        for member in tuple(self):
            until, answered_at = member.wrapup_until, member.answered_at
            self._put(
                member._replace(
                    wrapup_until=None if until is None else moved(until),
                    answered_at=None if answered_at is None else moved(answered_at),
                )
            )

    def serving(self) -> tuple[int, int]:
        """Return how many are logged in and not paused, and how many of them are ready."""
        ready = len(self._standing[READY])
        return ready + len(self._standing[BUSY]), ready

    def tally(self) -> Tally:
        """Return the figures."""
        # In the order of Standing.
        out, ready, busy, paused, busy_paused = map(len, self._standing.values())
        return Tally(len(self._members) - out, ready, busy + busy_paused, paused + busy_paused)

    def _put(self, member: Position) -> bool:
        """Keep a member; tell whether its standing changed."""
        interface = member.interface
        self._members[interface] = member
        if member.wrapup_until is not None:
            self._in_wrapup.add(interface)
        elif self._in_wrapup:
            self._in_wrapup.discard(interface)
        before, after = self._stands.get(interface), member.standing
        if before is after:
            return False
        if before is not None:
            self._standing[before].discard(interface)
        self._standing[after].add(interface)
        self._stands[interface] = after
        return True


def _is_outdated(before: Position, event: PositionSeen) -> bool:
    """Tell whether an event shows a member who has just answered as before the answer.

    The end of a talk would have changed the end of the last call.
    """
    if event.in_call or before.answered_at is None or before.last_call_at != event.last_call_at:
        return False
    return since(before.answered_at, event.at) < OUTDATED_S


def _wrapup_until(before: Position | None, event: PositionSeen, wrapup_s: Seconds) -> float | None:
    """Return when the wrap-up of a member who is in no call ends, by our clock; None where it is over.

    The PABX tells the end of the last call in whole seconds of its own clock. Where the end of the call was seen, our
    clock decides; and a PABX whose clock is ahead can't stretch a wrap-up.
    """
    if before is not None and before.in_call:
        until = event.at + wrapup_s
    elif before is not None and before.last_call_at == event.last_call_at:
        until = before.wrapup_until or 0.0
    else:
        until = min(event.last_call_at, event.at) + wrapup_s
    return until if until > event.at else None
