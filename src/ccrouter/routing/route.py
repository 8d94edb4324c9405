"""From the destinations of a rule to the steps of a plan, by what each site can take at this moment."""

from collections.abc import Sequence
from typing import Final

from ccrouter.routing.destinations import Considered, Destination, External, InHouse, Leg, Message, Share
from ccrouter.routing.facts import Facts
from ccrouter.routing.lines import own_lines
from ccrouter.routing.plan import LENT_ONLY, Plan, QueueStep, SiteStep, TransferStep
from ccrouter.routing.shares import Turns, take_turn
from ccrouter.routing.snapshot import DOWN

PLACED: Final = "in the plan already"
"""State of a destination that the turn of a share has brought."""

NEVER_TAKES: Final = frozenset({"closed", "absent", PLACED})
"""States of a destination that has no place in the plan at all."""


class Route:
    """The destinations of a rule, turned into steps.

    A closed destination is left out, and so is a queue that the call's PABX does not have. One that is full, down or
    without positions at this moment does not come first: it moves behind those that can take the call now, and the PABX
    has the last word when its turn comes. What a share's turn has brought is not tried again where the list goes on
    with the parts of the share.
    """

    __slots__ = (
        "_fresh",
        "_pabxs",
        "_shared",
        "considered",
        "facts",
        "last",
        "pabx",
        "postponed",
        "steps",
        "turns",
    )

    def __init__(self, facts: Facts, pabx: str) -> None:
        self.facts = facts
        self.pabx = pabx
        self.steps: list[TransferStep] = []
        self.postponed: list[TransferStep] = []
        self.last: Message | None = None
        self.considered: list[Considered] = []
        self.turns: dict[str, Turns] = {}
        self._fresh = facts.fresh(pabx)
        self._pabxs = len(facts.snapshot.pabxs)
        self._shared: set[tuple[str, int | None]] = set()

    def add_all(self, destinations: Sequence[Destination]) -> None:
        """Add destinations in order, up to the first message."""
        for destination in destinations:
            if isinstance(destination, Leg):
                placed = self._shared and (destination.site.name, destination.limit_s) in self._shared
                seen = Considered(destination.site.name, PLACED) if placed else self._look(destination)
                self._add(destination, seen)
            elif isinstance(destination, Share):
                self._add_share(destination)
            else:
                self.last = destination
                self.considered.append(Considered(destination.name))
                return

    def plan(self, last: Message) -> Plan:
        """Return the plan, with `last` where the rule brought no message of its own."""
        return Plan((*self.steps, *self.postponed), (self.last or last).step)

    def _add(self, leg: Leg, seen: Considered) -> None:
        self.considered.append(seen)
        if seen.state in NEVER_TAKES:
            return
        comes_first = not self.steps
        its_step = leg.steps.get(self._pabxs) or step(leg, self._pabxs)
        (self.postponed if seen.state and comes_first else self.steps).append(its_step)

    def _add_share(self, share: Share) -> None:
        legs = [(leg, self._look(leg)) for leg in share.legs]
        usable = frozenset([i for i, (_, seen) in enumerate(legs) if not seen.state])
        chosen, turns = take_turn(share.weights, usable, self.facts.turns.get(share.key, {}))
        self.turns[share.key] = turns
        for i, (leg, seen) in enumerate(legs):
            if i == chosen or (chosen is None and share.weights[i]):
                self._add(leg, seen)
                self._shared.add((leg.site.name, leg.limit_s))
            else:
                self.considered.append(seen if seen.state else seen._replace(state="not its turn"))

    def _look(self, leg: Leg) -> Considered:
        """Return what keeps a destination from taking the call now, if anything that is known does."""
        site = leg.site
        if site.calendar is not None and not site.calendar.is_open(self.facts.instant):
            return Considered(site.name, "closed", site.calendar.name)
        if not self._fresh:
            return leg.free
        return self._look_in_house(leg, site) if isinstance(site, InHouse) else self._look_outside(leg, site)

    def _look_outside(self, leg: Leg, site: External) -> Considered:
        known = self.facts.snapshot.sites.get(site.name)
        if known is None:
            return leg.free
        if known.health is DOWN:
            return Considered(site.name, "down")
        if not site.max_calls:
            return leg.free
        if known.calls >= site.max_calls:
            return Considered(site.name, "full", f"{known.calls} of {site.max_calls} calls")
        part = known.part(self.pabx) if known.parts else None
        if part is not None and part.lines is not None and part.calls >= part.lines:
            # Others may be lent in a moment, but the call would be there before them.
            seen = f"{part.calls} of the {part.lines} lines that this PABX has, {known.calls} of all"
            return Considered(site.name, "full", seen)
        return leg.free

    def _look_in_house(self, leg: Leg, site: InHouse) -> Considered:
        known = self.facts.snapshot.queues.get((self.pabx, site.queue))
        if known is None:
            return Considered(site.name, "absent", f"this PABX has no queue {site.queue}")
        return leg.free if known.logged_in else Considered(site.name, "empty", "no position logged in")


def step(leg: Leg, pabxs: int = 1) -> TransferStep:
    """Return the step that a destination stands for, on one of so many PABXs."""
    found = leg.steps.get(pabxs)
    if found is None:
        found = leg.steps[pabxs] = _step(leg, pabxs)
    return found


def _step(leg: Leg, pabxs: int) -> TransferStep:
    site = leg.site
    if isinstance(site, External):
        within = leg.limit_s or site.answer_within_s
        own = own_lines(site.max_calls, pabxs)
        most = LENT_ONLY if site.max_calls and not own else own
        return SiteStep(site.name, site.dial, within, most, site.hide_caller)
    return QueueStep(site.name, site.queue, leg.limit_s or site.max_wait_s)
