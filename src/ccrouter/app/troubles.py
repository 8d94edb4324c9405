"""Looks at every tick at what each degraded state rests on, so that none begins late or stays on by mistake."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from ccrouter.ami.watches import LinkState
from ccrouter.clock import Clock
from ccrouter.routing.facts import STALE_AFTER_S, Facts
from ccrouter.telemetry.degraded import Degraded, DegradedStates

LINKED: Final = frozenset({LinkState.SYNCING, LinkState.IN_SYNC})


PEER_KNOWN_S: Final = 3.0
"""After so long over a link it is known whether a router of a better rank has a heartbeat there: one that is started
along with this one may take as long."""


class Linked(Protocol):
    """The link to a PABX, as far as it tells how it is."""

    @property
    def state(self) -> LinkState:
        """Return how far it is."""
        ...

    @property
    def reason(self) -> str:
        """Return why it is not up; empty while it is."""
        ...

    @property
    def on_duty(self) -> bool:
        """Tell whether it is ours to do what one router of the PABX does alone."""
        ...


@dataclass(slots=True)
class Troubles:
    """Sets the degraded states.

    Attributes:
        whys: by state, what returns why it is on; empty where it is off.
        rank: of this router; one of a worse rank tells when the better one is gone.

    """

    states: DegradedStates
    links: Mapping[str, Linked]
    facts: Callable[[], Facts]
    whys: Mapping[Degraded, Callable[[], str]]
    rank: int
    clock: Clock
    started_at: float
    _up_at: dict[str, float] = field(default_factory=dict)

    def look(self) -> None:
        """Set every state by what is true now."""
        facts = self.facts()
        for name, link in self.links.items():
            self._link(facts, name, link)
        for state, why in self.whys.items():
            self.states.set(state, why())

    def _link(self, facts: Facts, name: str, link: Linked) -> None:
        now, gone = self.clock.steady(), link.state not in LINKED
        if gone:
            self._up_at.pop(name, None)
            if now - self.started_at < STALE_AFTER_S:
                return  # it has just begun to connect
            self.states.begin(Degraded.PABX_GONE, link.reason or "the link is down", name)
            self.states.end(Degraded.AMI_STALE, name)
            self.states.end(Degraded.PEER_GONE, name)
            return
        self.states.end(Degraded.PABX_GONE, name)
        up_s = now - self._up_at.setdefault(name, now)
        self.states.set(Degraded.AMI_STALE, _why_stale(facts, name, up_s), name)
        if self.rank > 1:
            duty = "the router of the better rank has no fresh heartbeat there"
            self.states.set(Degraded.PEER_GONE, duty if link.on_duty and up_s >= PEER_KNOWN_S else "", name)


def _why_stale(facts: Facts, pabx: str, up_s: float) -> str:
    age_s = facts.age_s(pabx)
    if age_s is None:  # a first picture takes its time
        return "" if up_s < STALE_AFTER_S else "its picture is not complete"
    return "" if facts.fresh(pabx) else f"nothing was heard of it for {age_s:.0f} s"
