"""Which positions ring for which callers, from the events of app_queue and of its dials."""

from collections.abc import Iterator
from dataclasses import dataclass

from ccrouter.live.queues import CallKey

DeskKey = tuple[str, str]
"""PABX and interface: one position, whatever queues it serves."""


@dataclass(slots=True)
class Ring:
    """A position that rings for a caller of a queue.

    `called` is the uniqueid of its channel; `refused` tells that its telephone said no, or that it was lost.
    """

    caller: CallKey
    queue: str
    interface: str
    called: str
    at: float
    refused: bool = False

    @property
    def desk(self) -> DeskKey:
        """Return the position that rings."""
        return (self.caller[0], self.interface)


class Rings:
    """All rings, by caller and by position. Only who waits in a queue has any: they end with the wait."""

    def __init__(self) -> None:
        self._by_caller: dict[CallKey, dict[tuple[str, str], Ring]] = {}
        self._by_desk: dict[DeskKey, dict[tuple[str, CallKey], Ring]] = {}

    def __iter__(self) -> Iterator[Ring]:
        for rings in self._by_caller.values():
            yield from rings.values()

    def begin(self, ring: Ring) -> None:
        """Let a position ring; the same ring for the same caller of the same queue must have ended."""
        self._by_caller.setdefault(ring.caller, {})[ring.queue, ring.interface] = ring
        self._by_desk.setdefault(ring.desk, {})[ring.queue, ring.caller] = ring

    def end(self, caller: CallKey, queue: str, interface: str) -> Ring | None:
        """Let one ring end; None where there was none."""
        rings = self._by_caller.get(caller)
        ring = None if rings is None else rings.get((queue, interface))
        if ring is not None:
            self._take(ring)
        return ring

    def of(self, caller: CallKey) -> tuple[Ring, ...]:
        """Return all rings for a caller, oldest first."""
        rings = self._by_caller.get(caller)
        return () if rings is None else tuple(rings.values())

    def called(self, caller: CallKey, called: str) -> Ring | None:
        """Return the ring for a caller whose channel has this uniqueid."""
        return next((ring for ring in self._by_caller.get(caller, {}).values() if ring.called == called), None)

    def at(self, desk: DeskKey) -> Ring | None:
        """Return the ring at a position, the newest where several callers ring there; None where none does."""
        rings = self._by_desk.get(desk)
        return None if rings is None else next(reversed(rings.values()))

    def forget(self, pabx: str) -> list[DeskKey]:
        """Forget all rings of a PABX whose link is lost; return the positions concerned."""
        gone = [ring for ring in self if ring.caller[0] == pabx]
        for ring in gone:
            self._take(ring)
        return [ring.desk for ring in gone]

    def _take(self, ring: Ring) -> None:
        rings = self._by_caller[ring.caller]
        del rings[ring.queue, ring.interface]
        if not rings:
            del self._by_caller[ring.caller]
        desk = ring.desk
        at = self._by_desk[desk]
        del at[ring.queue, ring.caller]
        if not at:
            del self._by_desk[desk]
