"""Views: immutable pictures of the live state, built anew only where something changed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from types import MappingProxyType

from ccrouter.live.calls import CallRecord
from ccrouter.live.lifecycle import Phase
from ccrouter.live.picture import Picture
from ccrouter.live.queues import CallKey, Queue, QueueKey, WaitingCaller
from ccrouter.routing.snapshot import DOWN, UNKNOWN, UP, Health, PabxFacts, QueueFacts, SiteFacts, SitePart, Snapshot
from ccrouter.routing.values import dataclass


@dataclass(frozen=True, slots=True)
class CallView:
    """A call as it is shown; `step` is queue, site, play or voicemail, `target` its site or message.

    Attributes:
        caller, language: of the call; None for a hidden caller.
        caller_known: False where the call came before this router was there: then its caller is not known.
        answered_at: first answer; None before it.

    """

    pabx: str
    uniqueid: str
    channel: str
    number: str
    service: str
    rule: str
    decision: str
    phase: Phase
    step: str
    target: str
    began_at: float
    caller: str | None = None
    language: str = ""
    caller_known: bool = False
    answered_at: float | None = None


class Views:
    """What readers see of a picture. Whatever did not change is the same object as last time.

    The mappings are copied, never changed: they have been shown. `copy` of a proxy costs a tenth of what dict() does.
    """

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._queues: MappingProxyType[QueueKey, QueueFacts] = MappingProxyType({})
        self._sites: MappingProxyType[str, SiteFacts] = MappingProxyType({})
        self._arrivals: MappingProxyType[str, Sequence[float]] = MappingProxyType({})
        self._waiting: dict[QueueKey, tuple[WaitingCaller, ...]] = {}
        self._waiting_changed: set[QueueKey] = set()

    def snapshot(self, at: float) -> Snapshot:
        """Return all facts as of the last event, stamped `at`."""
        self._refresh()
        pabxs = {name: PabxFacts(name, link.in_sync, link.heard_at) for name, link in self._picture.links.items()}
        return Snapshot(at, MappingProxyType(pabxs), self._queues, self._sites, self._arrivals)

    def waiting(self) -> Iterator[WaitingCaller]:
        """Return the callers in all queues, each queue in its order."""
        self._refresh()
        for key in self._waiting_changed:
            queue = self._picture.queues.get(*key)
            if queue is not None and len(queue):
                self._waiting[key] = tuple(self._callers(queue))
            else:
                self._waiting.pop(key, None)
        self._waiting_changed.clear()
        return chain.from_iterable([*self._waiting.values()])

    def waits(self, caller: WaitingCaller) -> bool:
        """Tell whether a caller still waits where they were seen, and may still be asked for as they might then."""
        key = (caller.pabx, caller.uniqueid)
        queue, call = self._picture.queues.where(key), self._picture.calls.records.get(key)
        return (
            queue is not None
            and queue.name == caller.queue
            and call is not None
            and (call.withdrawal is not None, call.stays_until) == (caller.withdrawing, caller.stays_until)
        )

    def calls(self) -> Iterator[CallView]:
        """Yield all calls, oldest first."""
        for call in list(self._picture.calls.records.values()):
            yield _shown(call)

    def call(self, key: CallKey) -> CallView | None:
        """Return a call, or None where it is not known, or over."""
        call = self._picture.calls.records.get(key)
        return None if call is None else _shown(call)

    def _refresh(self) -> None:
        picture = self._picture
        if picture.queues.changed or picture.queues.refigured:
            self._refresh_queues()
        if picture.sites.changed:
            self._refresh_sites()
        if picture.services_changed:
            arrivals = self._arrivals.copy()
            for service in picture.services_changed:
                window = picture.arrivals.get(service)
                if window is None:
                    arrivals.pop(service, None)
                else:
                    arrivals[service] = window.shown()
            self._arrivals = MappingProxyType(arrivals)
            picture.services_changed.clear()

    def _refresh_queues(self) -> None:
        picture, facts = self._picture, self._queues.copy()
        changed, refigured = picture.queues.changed, picture.queues.refigured
        for key in changed | refigured:
            queue = picture.queues.get(*key)
            if queue is None:
                now, before = None, facts.pop(key, None)
            else:
                now, before = self._queue_facts(key, queue), facts.get(key)
                facts[key] = now
            if _served(now) is not _served(before):  # all that is shown of it at its site
                site = picture.sites.directory.site_of(key[1])
                if site:
                    picture.sites.changed.add(site)
        self._queues = MappingProxyType(facts)
        self._waiting_changed |= changed
        changed.clear()
        refigured.clear()

    def _queue_facts(self, key: QueueKey, queue: Queue) -> QueueFacts:
        calls = self._picture.calls
        logged_in, ready, busy, paused = queue.positions.tally()
        leaving, sent = calls.leaving.get(key, _NOBODY), len(calls.sent_to.get(key, _NOBODY))
        joined = [caller.joined_at for caller in queue if not leaving or (key[0], caller.uniqueid) not in leaving]
        waiting = len(joined) + sent
        estimated_wait_s = queue.forecast.estimate(waiting, logged_in - paused, ready)
        oldest, recent = min(joined, default=None), queue.ended.shown()
        return QueueFacts(*key, waiting, oldest, logged_in, ready, busy, paused, estimated_wait_s, recent, sent)

    def _refresh_sites(self) -> None:
        picture, facts = self._picture, self._sites.copy()
        at_site, by_name, several = picture.calls.at_site, picture.sites.directory.by_name, len(picture.links) > 1
        for name in picture.sites.changed:
            calls = len(at_site.get(name, ()))
            limits = by_name.get(name)
            if limits is None and not calls:
                facts.pop(name, None)
            elif limits is not None and limits.queue:
                facts[name] = SiteFacts(name, calls, self._in_house_health(limits.queue))
            else:
                facts[name] = SiteFacts(name, calls, picture.sites.health(name), self._parts(name) if several else ())
        self._sites = MappingProxyType(facts)
        picture.sites.changed.clear()

    def _parts(self, site: str) -> tuple[SitePart, ...]:
        picture = self._picture
        carried = Counter(pabx for pabx, _ in picture.calls.at_site.get(site, ()))
        lent = picture.sites.lines.get(site, {})
        return tuple(SitePart(pabx, carried[pabx], lent.get(pabx)) for pabx in sorted(picture.links))

    def _in_house_health(self, queue: str) -> Health:
        """Return UP where a position is logged in on any PABX; an in-house site that nobody serves answers nothing."""
        served = {_served(self._queues.get((pabx, queue))) for pabx in self._picture.links}
        return UP if True in served else DOWN if False in served else UNKNOWN

    def _callers(self, queue: Queue) -> Iterator[WaitingCaller]:
        records, pabx, name = self._picture.calls.records, queue.pabx, queue.name
        for position, caller in enumerate(queue, start=1):
            here = (pabx, name, caller.uniqueid, caller.channel, position, caller.joined_at)
            call = records.get((pabx, caller.uniqueid))
            if call is None:
                yield WaitingCaller(*here)
            else:
                yield WaitingCaller(
                    *here,
                    call.queued_s,
                    True,  # noqa: FBT003 - routed; in the order of the attributes, which takes half as long as by name
                    call.number,
                    call.service,
                    call.decision,
                    call.caller,
                    call.language,
                    call.asked,
                    call.stays_until,
                    call.withdrawal is not None,
                )


def _served(facts: QueueFacts | None) -> bool | None:
    """Tell whether a position is logged in to a queue; None where there is no such queue."""
    return None if facts is None else facts.logged_in > 0


_NOBODY: frozenset[CallKey] = frozenset()


def _shown(call: CallRecord) -> CallView:
    return CallView(
        pabx=call.pabx,
        uniqueid=call.uniqueid,
        channel=call.channel,
        number=call.number,
        service=call.service,
        rule=call.rule,
        decision=call.decision,
        phase=call.phase,
        step=call.stand.kind,
        target=call.stand.target,
        began_at=call.began_at,
        caller=call.caller,
        language=call.language,
        caller_known=call.asked,
        answered_at=call.answered_at,
    )
