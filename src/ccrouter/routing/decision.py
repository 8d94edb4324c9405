"""A decision: the plan of one call, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from ccrouter.routing.call import Call
from ccrouter.routing.destinations import Considered
from ccrouter.routing.plan import Plan, Treatment, encode
from ccrouter.routing.shares import Turns
from ccrouter.routing.thresholds import Latch, LatchKey
from ccrouter.routing.trace import RuleTested
from ccrouter.routing.values import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """The plan of a call with all that led to it.

    Attributes:
        at: the instant of the facts, seconds since 1970-01-01 UTC.
        number: as the routing file writes it; empty where the file does not know the number dialled.
        state_age_s: age of the picture of the call's PABX; None where there was none.
        latches, turns: state of the thresholds and shares that this decision moved, for whoever carries it out.

    """

    id: str
    call: Call
    at: float
    number: str
    service: str
    rule: str
    plan: Plan
    treatment: Treatment
    trace: Sequence[RuleTested]
    considered: tuple[Considered, ...]
    rules_version: str
    state_age_s: float | None
    latches: Mapping[LatchKey, Latch]
    turns: Mapping[str, Turns]
    _text: str = field(default="", init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        """Return the plan as the dialplan reads it; the journal keeps it too."""
        if not self._text:
            made = encode(self.plan, decision=self.id, service=self.service, rule=self.rule, treatment=self.treatment)
            object.__setattr__(self, "_text", made)
        return self._text

    @property
    def destination(self) -> str:
        """Return the name of the site or message that comes first."""
        return self.plan.destination


@dataclass(frozen=True, slots=True)
class Stay:
    """What keeps a waiting caller in their queue.

    Attributes:
        at: the instant of the facts, seconds since 1970-01-01 UTC.
        number: as the routing file writes it; empty where the file does not know the number dialled.
        rule: the one that leads back to the queue; empty where none moves the caller.
        trace: the rules that were tested; none where the PABX can't be asked.
        considered: the destinations of `rule`.
        state_age_s: age of the picture of the call's PABX; None where there was none.

    """

    call: Call
    at: float
    number: str
    service: str
    rule: str
    trace: Sequence[RuleTested]
    considered: tuple[Considered, ...]
    rules_version: str
    state_age_s: float | None
