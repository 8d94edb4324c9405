"""A running PABX with a router that answers by script, and sites for each way in which a site can answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from phones import FOREVER_MS
from small_pabx import SITES_ADDRESS
from support.parties import CalleeHabits, Parties
from support.scripted_router import Behaviour, Heartbeat, ScriptedRouter, answer

SITES: Final[Mapping[str, CalleeHabits]] = {
    "tunis": {"answer_ms": 20},
    "backup": {"answer_ms": 20, "talk_ms": 100},
    "busy": {"status": 486},
    "congested": {"status": 503},
    "unknown": {"status": 404},
    "away": {"status": 480},
    "moved": {"status": 302, "contact": f"sip:elsewhere@{SITES_ADDRESS}:9"},
    "ringing": {"answer_ms": FOREVER_MS},
    "silent": {"answer_ms": FOREVER_MS, "rings": False},
    "slow": {"answer_ms": 200, "talk_ms": 500},
    "dying": {"answer_ms": 20},
    "failing": {"answer_ms": 20, "talk_ms": 100, "cause": 38},
    "deaf": {"answer_ms": 20},
}
"""The other sites, by their way of answering; `dead` is one where nobody ever listens."""

STATICS: Final[Mapping[str, str]] = {
    "": "play|closed|beep",
    "0900000001": "v1||orders|static||entry|0|&play|closed|beep",
    "0900000002": "nonsense",
}
"""Static plans by number; the empty one is that of all others."""

POSITIONS: Final = tuple(f"agent{number}" for number in range(1, 41))
QUEUES: Final = tuple(f"queue{number}" for number in range(1, 81))


@dataclass(slots=True)
class Rig(Parties):
    """See Parties for callers, positions and what they saw."""

    router: ScriptedRouter = field(kw_only=True)
    heartbeat: Heartbeat = field(kw_only=True)
    _queues: Iterator[str] = field(default_factory=lambda: iter(QUEUES))

    def number(self, plan: str | Behaviour) -> str:
        """Return a number to dial, for which the router gives this plan, or behaves like this."""
        number = f"0800{self.fresh():06}"
        self.router.behaviours[number] = answer(plan) if isinstance(plan, str) else plan
        return number

    def queue(self) -> str:
        """Return a queue that nobody else uses."""
        return next(self._queues)
