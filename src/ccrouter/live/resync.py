"""Links, listings and time, applied to the picture: how it is read anew, and how it heals."""

from collections import OrderedDict
from itertools import takewhile

from ccrouter.live.calls import CallRecord
from ccrouter.live.durations import since
from ccrouter.live.events import (
    EndpointSeen,
    Heard,
    LinesLent,
    LinkLost,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    PabxRestarted,
    PeerFault,
    Ticked,
)
from ccrouter.live.lifecycle import EXPIRED, LAPSED, LEFT, ROUTED
from ccrouter.live.picture import Picture
from ccrouter.live.queues import Queue
from ccrouter.routing.snapshot import Seconds

ABSENT_S: Seconds = 1.0
"""A call that a listing does not show has this long for the event of its end, which may be on its way."""

DEPARTED_S: Seconds = 10.0
"""What a caller left a queue for is told within milliseconds; after this long it never will be."""

ENDED_S: Seconds = 10.0
"""What is still on its way about a call that ended arrives sooner."""

_TOUCHED = (
    (("UserEvent", "Hangup", "Dial", "Status", "New"), Listing.CALLS),
    (("Queue", "Agent"), Listing.QUEUES),
    (("Contact", "Endpoint", "Device", "Peer"), Listing.ENDPOINTS),
)


def link_up(picture: Picture, event: LinkUp) -> None:
    """Begin a resync."""
    picture.link(event.pabx).came_up(picture.mark, event.at)
    picture.sites.endpoints.lost.discard(event.pabx)
    picture.sites.reach(event.at)


def link_lost(picture: Picture, event: LinkLost) -> None:
    """Keep the picture of this PABX, as the last one known."""
    picture.link(event.pabx).went_down()
    for desk in picture.rings.forget(event.pabx):
        picture.desks.rang(desk)
    picture.sites.endpoints.lost.add(event.pabx)
    picture.sites.reach(event.at)


def heard(picture: Picture, event: Heard) -> None:
    """Note nothing beyond the sign of life."""


def pabx_restarted(picture: Picture, event: PabxRestarted) -> None:
    """Drop the calls of before: all that it has not told of since the link came up.

    A call that has just been routed may be a new one already, for calls need no link to be routed.
    """
    link = picture.link(event.pabx)
    mark = link.up_mark if link.up else picture.mark
    for queue in picture.queues.of(event.pabx):
        _drop_callers(picture, queue, mark, event.at)
    for call in picture.calls.of(event.pabx):
        if call.mark < mark and call.phase is not ROUTED:
            picture.finish(call, event.at, vanished=True)


# --- listings ---------------------------------------------------------------------------------------------------------


def list_began(picture: Picture, event: ListBegan) -> None:
    """Note the place in the order of events from which on everybody is told of again."""
    picture.link(event.pabx).begin((event.listing, event.queue), picture.mark, event.at)


def list_done(picture: Picture, event: ListDone) -> None:
    """Drop whom the PABX has not told of since the listing began."""
    link = picture.link(event.pabx)
    first = event.listing not in link.done_at
    reading = link.done((event.listing, event.queue), event.at)
    if reading is None:
        picture.refuse(event.pabx, "the end of a listing that did not begin")
    elif event.listing is Listing.QUEUES:
        for queue in picture.queues.of(event.pabx):
            if event.queue in {"", queue.name}:
                _drop_from_queue(picture, queue, reading.mark, event.at)
    elif event.listing is Listing.CALLS:
        _drop_calls(picture, event, reading.mark, at_once=first)
        unseen = picture.calls.unseen  # whoever of them is still there has shown up
        picture.calls.unseen = OrderedDict.fromkeys(key for key in unseen if key[0] != event.pabx)
    else:
        picture.sites.endpoints.drop_older(event.pabx, reading.mark)
        picture.sites.reach(event.at)


def _drop_from_queue(picture: Picture, queue: Queue, mark: int, at: float) -> None:
    _drop_callers(picture, queue, mark, at)
    for interface in queue.positions.drop_older(mark):
        picture.member_changed(queue, interface)
    if queue.mark < mark and not len(queue):
        picture.queues.drop(queue)


def _drop_callers(picture: Picture, queue: Queue, mark: int, at: float) -> None:
    """Take out callers who are not there any more; what for, their calls will tell."""
    for caller in [caller for caller in queue if caller.mark < mark]:
        key = (queue.pabx, caller.uniqueid)
        picture.queues.leave(key, at)
        call = picture.calls.records.get(key)
        if call is not None:
            picture.advance(call, LEFT, at)
            picture.settle(call, at)


def _drop_calls(picture: Picture, event: ListDone, mark: int, *, at_once: bool) -> None:
    """Drop calls that are gone; in a resync at once, else after a moment for the event of their end to arrive.

    One that has just been routed always has that moment: its channel may not show the plan yet.
    """
    for call in picture.calls.of(event.pabx):
        if call.mark < mark:
            if at_once and call.phase is not ROUTED:
                picture.finish(call, event.at, vanished=True)
            elif call.absent_at is None:
                call.absent_at = event.at
                picture.settle(call, event.at)


def endpoint_seen(picture: Picture, event: EndpointSeen) -> None:
    """Take in the reachability of an endpoint."""
    picture.sites.endpoints.see(event.pabx, event.endpoint, event.reachable, picture.mark)
    picture.sites.reach(event.at, event.endpoint)


def lines_lent(picture: Picture, event: LinesLent) -> None:
    """Take in how many lines of a site a PABX may use."""
    picture.sites.lend(event.pabx, event.site, event.lines)


def peer_fault(picture: Picture, event: PeerFault) -> None:
    """Have read again what a refused event touches; where that can't be told, queues and calls."""
    reason = "an event was refused"
    link = picture.link(event.pabx)
    if event.queue and picture.queues.get(event.pabx, event.queue) is not None:
        link.want(Listing.QUEUES, reason, event.queue)
        return
    touched = [listing for beginnings, listing in _TOUCHED if event.event.startswith(beginnings)]
    for listing in touched or (Listing.QUEUES, Listing.CALLS):
        link.want(listing, reason)


# --- time -------------------------------------------------------------------------------------------------------------


def ticked(picture: Picture, event: Ticked) -> None:
    """Let what depends on time alone happen."""
    at = event.at
    for key in tuple(picture.calls.timed):
        _expire(picture, picture.calls.records[key], at)
    ended = picture.calls.ended  # in the order of their ends
    # Found in one go: each look for the first one would step over all that were deleted before it.
    for key in tuple(takewhile(lambda key: since(ended[key], at) >= ENDED_S, ended)):
        del ended[key]
    for queue in picture.queues:
        _roll(picture, queue, at)
    for key, departure in list(picture.queues.departed.items()):
        if since(departure.left_at, at) >= DEPARTED_S:
            picture.end_wait(key, at, answered=None)
    for service, window in list(picture.arrivals.items()):
        if window.trim(at):
            picture.services_changed.add(service)
            if not len(window):
                del picture.arrivals[service]
    picture.sites.tick(at)
    for link in picture.links.values():
        link.tick(at)


def _roll(picture: Picture, queue: Queue, at: float) -> None:
    for interface in queue.positions.tick(at):
        picture.member_changed(queue, interface)
    if queue.ended.trim(at):
        picture.queues.refigured.add((queue.pabx, queue.name))


def _expire(picture: Picture, call: CallRecord, at: float) -> None:
    withdrawn = call.withdrawal is not None and call.withdrawal.expires_at <= at
    expired = call.expires_at is not None and call.expires_at <= at
    if call.absent_at is not None and since(call.absent_at, at) >= ABSENT_S:
        picture.finish(call, at, vanished=True)
        return
    if not withdrawn and not expired:
        return  # as most, at each look
    link = picture.link(call.pabx)
    if withdrawn:
        call.withdrawal = None
    if expired:
        call.expires_at = None
        picture.advance(call, EXPIRED, at)
        if call.phase is LAPSED:
            if not link.up:  # nobody will tell of its end
                picture.finish(call, at, vanished=True)
                picture.calls.unsee(call.key)
                return
            link.want(Listing.CALLS, "a routed call was never seen")
    picture.settle(call, at)
