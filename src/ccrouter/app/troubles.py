"""Looks at every tick at what each degraded state rests on, so that none begins late or stays on by mistake."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from ccrouter.ami.watches import LinkState
from ccrouter.clock import Clock
from ccrouter.routing.facts import STALE_AFTER_S, Facts
from ccrouter.telemetry.degraded import Degraded, DegradedStates

LINKED: Final = frozenset({LinkState.SYNCING, LinkState.IN_SYNC})


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

    def look(self) -> None:
        """Set every state by what is true now."""
        facts = self.facts()
        for name, link in self.links.items():
            self._link(facts, name, link)
        for state, why in self.whys.items():
            self.states.set(state, why())

    def _link(self, facts: Facts, name: str, link: Linked) -> None:
        if self.clock.steady() - self.started_at < STALE_AFTER_S and not facts.fresh(name):
            return  # it has just begun to connect
        gone = link.state not in LINKED
        self.states.set(Degraded.PABX_GONE, (link.reason or "the link is down") if gone else "", name)
        stale = ""
        if not facts.fresh(name):
            age_s = facts.age_s(name)
            stale = "its picture is not complete" if age_s is None else f"nothing was heard of it for {age_s:.0f} s"
        self.states.set(Degraded.AMI_STALE, stale, name)
        if self.rank > 1:
            duty = "the router of the better rank has no fresh heartbeat there" if link.on_duty else ""
            self.states.set(Degraded.PEER_GONE, duty, name)
