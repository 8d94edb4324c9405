"""The picture: all tables of the live state, and the few operations that keep them of one mind."""

from dataclasses import dataclass, field

from ccrouter.live import reports
from ccrouter.live.calls import CallRecord, Calls
from ccrouter.live.desks import Desks
from ccrouter.live.effects import Effect, FactRefused, Outcome, PositionMissed, WaitEnded
from ccrouter.live.events import Listing
from ccrouter.live.lifecycle import FINISHED, TALKING, TRANSITIONS, WAITING, Fact
from ccrouter.live.link import Link
from ccrouter.live.queues import CallKey, Queue, Queues
from ccrouter.live.rings import Ring, Rings
from ccrouter.live.sites import Sites
from ccrouter.live.windows import Window
from ccrouter.routing.snapshot import Seconds


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
    rings: Rings = field(default_factory=Rings)
    desks: Desks = field(init=False)
    sites: Sites = field(default_factory=Sites)
    arrivals: dict[str, Window[float]] = field(default_factory=dict)
    services_changed: set[str] = field(default_factory=set)
    effects: list[Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let the positions look at their rings."""
        self.desks = Desks(self.rings)

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
        if self.desks.touched:
            self.desks.refresh(at)
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

    def new_call(self, key: CallKey, at: float) -> CallRecord | None:
        """Return the record of a call that was not known; it counts once it is settled.

        None where the end of that call was told a moment ago: what is told of it now was late.
        """
        if key in self.calls.ended:
            return None
        again = key in self.calls.unseen
        if again:
            del self.calls.unseen[key]
        return CallRecord(*key, began_at=at, mark=self.mark, offered=again, again=again)

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
        key = call.key
        self.queues.leave(key, at)
        if key in self.queues.departed:
            call.queued_s += self.end_wait(key, at, answered=answered)

    def end_wait(self, key: CallKey, at: float, *, answered: bool | None) -> Seconds:
        """Say what a departure from a queue was: answered, given up, or (None) neither.

        Whoever still rings for the caller stops. Returns the wait, 0 where the caller was in no queue.
        """
        for ring in self.rings.of(key):
            self.ceased(ring, at, ignored=False)
        departure = self.queues.settle(key, at, answered=answered)
        if departure is None:
            return 0.0
        waited_s = departure.wait_s
        self.wait_ended(key, departure.queue, waited_s, departure.forecast_s, at, answered=answered)
        return waited_s

    def wait_ended(  # noqa: PLR0913 - the report, field by field
        self,
        key: CallKey,
        queue: str,
        waited_s: Seconds,
        forecast_s: Seconds | None,
        at: float,
        *,
        answered: bool | None,
    ) -> None:
        """Report the end of a wait."""
        pabx, uniqueid = key
        self.effects.append(WaitEnded(pabx, queue, uniqueid, answered, waited_s, forecast_s, at))

    def ceased(self, ring: Ring, at: float, *, ignored: bool) -> None:
        """Let a position stop ringing that did not answer."""
        pabx, uniqueid = ring.caller
        self.rings.end(ring.caller, ring.queue, ring.interface)
        self.desks.rang(ring.desk)
        missed = ignored and self.desks.missed(ring.desk)
        self.effects.append(PositionMissed(pabx, ring.queue, ring.interface, uniqueid, missed, at))

    def member_changed(self, queue: Queue, interface: str) -> None:
        """Have all that shows a member of a queue shown anew."""
        self.queues.refigured.add((queue.pabx, queue.name))
        self.desks.touch(queue, interface)

    def settle(self, call: CallRecord, at: float) -> None:
        """Count a call where it is now, after any change to it."""
        if call.phase is WAITING:  # what is shown of the caller may have changed, wherever they count
            self.queues.changed.add((call.pabx, call.stand.queue))
        answered = call.answered_at is not None and not call.answer_told
        if answered or not call.offered or call.line or call.stand.kind == "site":
            reports.tell(call, at, self.effects)
        moved = self.calls.settle(call)
        if moved is None:
            return
        before, after = moved
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

    def finish(self, call: CallRecord, at: float, *, vanished: bool = False, by: str = "") -> None:
        """Let a call end.

        Args:
            call: whose end it is.
            at: instant of the end.
            vanished: nothing told of its end, so that nobody knows how it was.
            by: who ended it, as the dialplan tells it (events.CallEnded).

        """
        if vanished:
            call.talking_since = None
        elif call.phase is TALKING and call.stand.kind == "site":
            self.sites.talk_ended(call.stand.target)
        self.leave_queue(call, at, answered=None if vanished else False)
        call.go(FINISHED, at)
        self.settle(call, at)
        if call.interface:
            self.desks.talk(call.pabx, call.interface, call.uniqueid, begins=False)
        if not vanished:
            self.calls.ended[call.key] = at
        self.effects.append(reports.finished(call, Outcome.UNKNOWN if vanished else self._outcome(call, by), at))

    def _outcome(self, call: CallRecord, by: str) -> Outcome:
        """Return what became of a call, whose end was seen.

        A call is lost only where it is certain that its caller did not hang up, and that nothing of it was missed.
        """
        if call.answered_at is not None:
            return Outcome.ANSWERED
        if call.heard_message:
            return Outcome.MESSAGE
        if by not in {"plan", "other"}:
            return Outcome.ABANDONED
        up_at = self.link(call.pabx).up_at
        watched = up_at is not None and up_at <= call.began_at and not call.listed and not call.again
        return Outcome.LOST if watched else Outcome.UNKNOWN
