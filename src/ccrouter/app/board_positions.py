"""Positions as the board shows them."""

from collections.abc import Iterable

from ccrouter.live.desks import PositionView
from ccrouter.web.board import PositionOnBoard

Key = tuple[str, str]
"""PABX and interface."""


class PositionsOnBoard:
    """Turns positions into what the board shows; what did not change is the same object as before."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[PositionView, PositionOnBoard]] = {}

    def of(self, views: Iterable[PositionView]) -> tuple[PositionOnBoard, ...]:
        """Return them by PABX and interface."""
        known: dict[Key, tuple[PositionView, PositionOnBoard]] = {}
        for view in views:
            key = (view.pabx, view.interface)
            before = self._known.get(key)
            known[key] = before if before is not None and before[0] is view else (view, on_board(view))
        self._known = known
        return tuple(known[key][1] for key in sorted(known))


def on_board(view: PositionView) -> PositionOnBoard:
    """Return a position as the board shows it."""
    return PositionOnBoard(
        pabx=view.pabx,
        interface=view.interface,
        name=view.name,
        state=view.state,
        since=view.since,
        queues=view.queues,
        paused=view.paused,
        reason=view.reason,
        wrap_up_until=view.wrap_up_until,
        ghost=view.ghost,
    )
