"""An account of what a live state reports: each call once in each column, each ring with one end."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ccrouter.live.calls import CallRecord
from ccrouter.live.effects import (
    CallAnswered,
    CallFinished,
    CallOffered,
    Effect,
    PositionMissed,
    PositionRang,
    SiteReleased,
    WaitEnded,
)
from ccrouter.live.events import CallerConnected, Event, LinkLost
from ccrouter.live.queues import CallKey
from ccrouter.live.state import State


@dataclass(slots=True)
class Account:
    """Adds up reports, and says after every event whether they agree with each other and with the state."""

    offered: int = 0
    answered: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    open: dict[CallKey, bool] = field(default_factory=dict)
    rings: set[tuple[str, str, str, str]] = field(default_factory=set)

    def take(self, event: Event, effects: Iterable[Effect], state: State) -> None:
        """Take in an event with what followed from it, and look at the sums."""
        if isinstance(event, LinkLost):
            self.rings = {ring for ring in self.rings if ring[0] != event.pabx}
        if isinstance(event, CallerConnected):
            self.rings.discard((event.pabx, event.queue, event.interface, event.uniqueid))
        for effect in effects:
            self._one(effect)
        records = state._picture.calls.records
        progress = [call for call in records.values() if call.offered and not call.again]
        assert {call.key: call.answer_told for call in progress} == self.open
        waiting = sum(not answered for answered in self.open.values())
        assert self.offered == self.answered + sum(self.ends.values()) + waiting
        assert self.rings == {
            (ring.caller[0], ring.queue, ring.interface, ring.caller[1]) for ring in state._picture.rings
        }
        self._lines(records.values())

    def _one(self, effect: Effect) -> None:
        match effect:
            case CallOffered():
                assert (effect.pabx, effect.uniqueid) not in self.open, "offered twice"
                self.open[effect.pabx, effect.uniqueid] = False
                self.offered += 1
            case CallAnswered():
                assert self.open[effect.pabx, effect.uniqueid] is False, "answered twice"
                assert effect.waited_s is None or effect.waited_s >= 0
                self.open[effect.pabx, effect.uniqueid] = True
                self.answered += 1
            case CallFinished(again=False):
                answered = self.open.pop((effect.pabx, effect.uniqueid))
                assert answered == (effect.talked_s is not None)
                if not answered:
                    self.ends[effect.outcome] += 1
            case PositionRang():
                ring = (effect.pabx, effect.queue, effect.interface, effect.uniqueid)
                assert ring not in self.rings
                self.rings.add(ring)
            case PositionMissed():
                self.rings.remove((effect.pabx, effect.queue, effect.interface, effect.uniqueid))
            case SiteReleased():
                assert effect.talked_s >= 0
            case WaitEnded():
                assert effect.waited_s >= 0

    def _lines(self, calls: Iterable[CallRecord]) -> None:
        for call in calls:
            there = call.stand.kind == "site" and call.phase.value in {"dialling", "talking"}
            assert call.line == (call.stand.target if there else "")
