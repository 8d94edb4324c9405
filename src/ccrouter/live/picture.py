"""The picture: all tables of the live state, and the few operations that keep them of one mind."""

from dataclasses import dataclass, field

from ccrouter.live.calls import CallRecord, Calls
from ccrouter.live.durations import since
from ccrouter.live.effects import CallFinished, Effect, FactRefused, Outcome
from ccrouter.live.events import Listing
from ccrouter.live.lifecycle import TRANSITIONS, Fact, Phase
from ccrouter.live.link import Link
from ccrouter.live.queues import CallKey, Queues
from ccrouter.live.sites import Sites
from ccrouter.live.windows import Window


@dataclass(slots=True)
class Picture:
    """What is known of all PABXs.

    Attributes:
        mark: place of the present event in the order of events. Whoever is told of is marked with it, so that the end
            of a listing finds those who were not.
        arrivals: instants of calls, by service.
        services_changed: services with arrivals that are not in the facts last shown.
        effects: what follows from the present event.

    """

    mark: int = 0
    links: dict[str, Link] = field(default_factory=dict)
    calls: Calls = field(default_factory=Calls)
    queues: Queues = field(default_factory=Queues)
    sites: Sites = field(default_factory=Sites)
    arrivals: dict[str, Window[float]] = field(default_factory=dict)
    services_changed: set[str] = field(default_factory=set)
    effects: list[Effect] = field(default_factory=list)

    def link(self, pabx: str) -> Link:
        """Return the link to a PABX, new where it was not known."""
        link = self.links.get(pabx)
        if link is None:
            link = self.links[pabx] = Link(pabx)
            self.sites.changed.update(self.sites.directory.by_name, self.calls.at_site)
        return link

    def refuse(self, pabx: str, reason: str, *listings: Listing) -> None:
        """Report a fact that was not applied, and have what it touches read again."""
        self.effects.append(FactRefused(pabx=pabx, reason=reason))
        for listing in listings:
            self.link(pabx).want(listing, reason)

    def drain(self, at: float) -> list[Effect]:
        """Return what followed from an event: reports first, then requests that are due."""
        effects, self.effects = self.effects, []
        if self.sites.effects:
            effects += self.sites.effects
            self.sites.effects.clear()
        for link in self.links.values():
            if link.wanted:
                effects += link.requests(at)
        return effects

    def call(self, key: CallKey) -> CallRecord | None:
        """Return a call that the PABX tells of now, or None where it is not known."""
        call = self.calls.records.get(key)
        if call is not None:
            call.mark, call.absent_at = self.mark, None
        return call

    def new_call(self, key: CallKey, at: float) -> CallRecord:
        """Return the record of a call that was not known; it counts once it is settled."""
        return CallRecord(*key, began_at=at, mark=self.mark)

    def arrived(self, service: str, at: float) -> None:
        """Count the arrival of a call."""
        window = self.arrivals.get(service)
        if window is None:
            window = self.arrivals[service] = Window(float)
        window.add(window.not_before(at))
        self.services_changed.add(service)

    def advance(self, call: CallRecord, fact: Fact, at: float) -> bool:
        """Let a fact move a call by the table; an impossible one is refused, and False returned."""
        phase = TRANSITIONS[call.phase].get(fact)
        if phase is None:
            self.refuse(call.pabx, f"{fact} while {call.phase}", Listing.CALLS, Listing.QUEUES)
            return False
        call.go(phase, at)
        return True

    def leave_queue(self, call: CallRecord, at: float, *, answered: bool | None) -> None:
        """End a call's wait, where it waits or has just left: answered, given up, or (None) neither."""
        self.queues.leave(call.key, at)
        call.queued_s += self.queues.settle(call.key, at, answered=answered)

    def settle(self, call: CallRecord, at: float) -> None:
        """Count a call where it is now, after any change to it."""
        if call.phase is Phase.WAITING:  # what is shown of the caller may have changed, wherever they count
            self.queues.changed.add((call.pabx, call.stand.queue))
        before, after = self.calls.settle(call)
        if before == after:
            return
        if before.site != after.site:
            if before.site is not None:
                self.sites.left(before.site, call.key, at)
                self.sites.changed.add(before.site)
            if after.site is not None:
                self.sites.arrived(after.site, call.key, at)
                self.sites.changed.add(after.site)
        for queue in (before.sent_to, before.leaving, after.sent_to, after.leaving):
            if queue is not None:
                self.queues.changed.add(queue)

    def finish(self, call: CallRecord, at: float, *, vanished: bool = False) -> None:
        """Let a call end; `vanished` when nothing told of its end, so that nobody knows how it was."""
        if vanished:
            call.talking_since = None
        elif call.phase is Phase.TALKING and call.stand.kind == "site":
            self.sites.talk_ended(call.stand.target)
        self.leave_queue(call, at, answered=None if vanished else False)
        call.go(Phase.FINISHED, at)
        self.settle(call, at)
        if not vanished:
            self.calls.ended[call.key] = at
        answered_at = call.answered_at
        self.effects.append(
            CallFinished(
                pabx=call.pabx,
                uniqueid=call.uniqueid,
                number=call.number,
                service=call.service,
                rule=call.rule,
                decision=call.decision,
                outcome=Outcome.UNKNOWN if vanished else _outcome(call),
                target=call.stand.target,
                waited_s=since(call.began_at, at if answered_at is None else answered_at),
                talked_s=None if answered_at is None else call.talked_s,
                at=at,
            )
        )


def _outcome(call: CallRecord) -> Outcome:
    if call.answered_at is not None:
        return Outcome.ANSWERED
    return Outcome.MESSAGE if call.heard_message else Outcome.ABANDONED
