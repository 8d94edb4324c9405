"""Positions as the board shows them: one over all queues that it serves."""

from collections.abc import Iterable, Sequence
from typing import Final

from ccrouter.live.positions import Position
from ccrouter.web.board import PositionOnBoard

Key = tuple[str, str]
"""PABX and interface."""

BUSIEST_FIRST: Final = ("talking", "ringing", "busy", "wrap_up", "ready", "paused", "out")
"""What a position does is the first of these that it does in any queue: who is paused in one queue alone is ready."""


class PositionsOnBoard:
    """Puts the places of a position in its queues together; what did not change is the same object as before."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[Sequence[Position], PositionOnBoard]] = {}

    def of(self, places: Iterable[tuple[str, Position]]) -> tuple[PositionOnBoard, ...]:
        """Return the positions, by PABX and interface, of these places in queues, each with its PABX."""
        by_key: dict[Key, list[Position]] = {}
        for pabx, place in places:
            by_key.setdefault((pabx, place.interface), []).append(place)
        known: dict[Key, tuple[Sequence[Position], PositionOnBoard]] = {}
        for key, own in by_key.items():
            before = self._known.get(key)
            known[key] = before if before is not None and before[0] == own else (own, _shown(key, own))
        self._known = known
        return tuple(known[key][1] for key in sorted(known))


def _shown(key: Key, places: Sequence[Position]) -> PositionOnBoard:
    pabx, interface = key
    state = min((place.state for place in places), key=BUSIEST_FIRST.index)
    ends = [place.wrapup_until for place in places if place.wrapup_until is not None]
    return PositionOnBoard(
        pabx=pabx,
        interface=interface,
        name=next((place.name for place in places if place.name), ""),
        state=state,
        since=None,
        queues=tuple(sorted(place.queue for place in places)),
        paused=all(place.paused for place in places),
        reason=next((place.paused_reason for place in places if place.paused and place.paused_reason), ""),
        wrap_up_until=max(ends) if state == "wrap_up" else None,
    )
