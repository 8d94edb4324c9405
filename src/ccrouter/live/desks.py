"""Positions over all their queues, as people see them: one telephone, one state, and since when."""

from collections.abc import Callable, Iterator
from dataclasses import field

from ccrouter.live.positions import Position
from ccrouter.live.queues import Queue
from ccrouter.live.rings import DeskKey, Rings
from ccrouter.routing.values import dataclass

GHOST = 3
"""Rings in a row that nobody took, at a telephone that can be reached: nobody sits there."""

_FIRST = ("talking", "ringing", "wrap_up", "busy", "ready", "paused", "out")
"""States of a position in its queues: the first of these that it has in any of them is what it does."""

_MAY_RING = frozenset({"wrap_up", "busy", "ready", "paused"})

_ALIVE = frozenset({"talking", "wrap_up", "busy", "paused"})
"""States into which a telephone comes by somebody's hand."""


@dataclass(frozen=True, slots=True)
class PositionOnBoard:
    """One position over all its queues.

    Attributes:
        interface: such as `PJSIP/101`; with the PABX it names the position.
        name: for people, as the PABX tells it.
        state: out, ready, ringing, talking, wrap_up, busy (in a call of another kind), paused. It is paused where it
            paused in every queue; in one of several, it is what it is in the others.
        since: when it came to this state, seconds since 1970; None where that was not seen.
        queues: those that it serves, in the order of their names.
        paused: it asked for a pause in every queue, perhaps while it still talks.
        reason: of a pause, in any queue.
        wrap_up_until: end of a wrap-up.
        ghost: it rang three times in a row, could be reached, and nobody took a call or touched the telephone.

    """

    pabx: str
    interface: str
    name: str
    state: str
    since: float | None
    queues: tuple[str, ...]
    paused: bool = False
    reason: str = ""
    wrap_up_until: float | None = None
    ghost: bool = False


@dataclass(frozen=True, slots=True)
class PositionView(PositionOnBoard):
    """A position, with the call that it is concerned with, which not everybody may see who sees the position.

    Attributes:
        rings_for, talks_with: uniqueid of the caller's channel; empty where there is none, or it is not known.

    """

    rings_for: str = ""
    talks_with: str = ""


@dataclass(slots=True)
class Desk:
    """What the queues do not know of a position: its state and since when, rings missed in a row, its talk.

    `members` is what each of its queues, by name, knows of it.
    """

    members: dict[str, Position] = field(default_factory=dict)
    state: str = ""
    since: float | None = None
    missed: int = 0
    talks_with: str = ""


class Desks:
    """All positions. Who changes a member of a queue says so by `touch`; `refresh` then looks what became of it.

    Attributes:
        touched: positions that were changed since the last look.

    """

    def __init__(self, rings: Rings) -> None:
        self._rings = rings
        self._desks: dict[DeskKey, Desk] = {}
        self._views: dict[DeskKey, PositionView] = {}
        self.touched: set[DeskKey] = set()
        self._stale: set[DeskKey] = set()

    def touch(self, queue: Queue, interface: str) -> None:
        """Take in that a member of a queue came, left, or changed."""
        key, member = (queue.pabx, interface), queue.positions.get(interface)
        desk = self._desks.get(key)
        if desk is None:
            if member is None:
                return
            desk = self._desks[key] = Desk()
        if member is None:
            desk.members.pop(queue.name, None)
        else:
            desk.members[queue.name] = member
        self.touched.add(key)

    def talk(self, pabx: str, interface: str, uniqueid: str, *, begins: bool) -> None:
        """Take in that a position took a caller's call, or that their talk ended."""
        desk = self._desks.get((pabx, interface))
        if desk is None:
            return
        if begins:
            desk.talks_with, desk.missed = uniqueid, 0
        elif desk.talks_with == uniqueid:
            desk.talks_with = ""
        self.touched.add((pabx, interface))

    def rang(self, key: DeskKey) -> None:
        """Take in that a position began or ceased to ring."""
        if key in self._desks:
            self.touched.add(key)

    def missed(self, key: DeskKey) -> bool:
        """Take in that nobody took a call that rang to its end; False where the telephone can't be reached."""
        desk = self._desks.get(key)
        if desk is None or desk.state == "out":
            return False
        desk.missed = min(desk.missed + 1, GHOST)
        return True

    def refresh(self, at: float) -> None:
        """Look at what was touched, and note when its state changed."""
        for key in self.touched:
            desk = self._desks[key]
            if not desk.members:
                del self._desks[key]
                self._views.pop(key, None)
                self._stale.discard(key)
                continue
            state = self._state(key, desk)
            if state != desk.state:
                desk.since = at if desk.state else None
                desk.state = state
            if state in _ALIVE:
                desk.missed = 0
            self._stale.add(key)
        self.touched.clear()

    def views(self) -> Iterator[PositionView]:
        """Yield all positions; what did not change is the same object as last time."""
        for key in self._stale:
            self._views[key] = self._view(key)
        self._stale.clear()
        return iter(list(self._views.values()))

    def move(self, moved: Callable[[float], float]) -> None:
        """Move the instants: the clock was set."""
        for desk in self._desks.values():
            desk.since = None if desk.since is None else moved(desk.since)
        self._stale.update(self._desks)

    def _state(self, key: DeskKey, desk: Desk) -> str:
        states = [member.state for member in desk.members.values()]
        state = states[0] if len(states) == 1 else next(each for each in _FIRST if each in states)
        if state in _MAY_RING and self._rings.at(key) is not None:
            return "ringing"
        return state

    def _view(self, key: DeskKey) -> PositionView:
        desk, ring = self._desks[key], self._rings.at(key)
        members = [member for _, member in sorted(desk.members.items())]
        ends = [member.wrapup_until for member in members if member.wrapup_until is not None]
        return PositionView(
            pabx=key[0],
            interface=key[1],
            name=next((member.name for member in members if member.name), ""),
            state=desk.state,
            since=desk.since,
            queues=tuple(member.queue for member in members),
            paused=all(member.paused for member in members),
            reason=next((member.paused_reason for member in members if member.paused and member.paused_reason), ""),
            wrap_up_until=max(ends, default=None),
            rings_for="" if ring is None else ring.caller[1],
            talks_with=desk.talks_with if desk.state == "talking" else "",
            ghost=desk.missed >= GHOST and desk.state in {"ready", "ringing"},
        )
