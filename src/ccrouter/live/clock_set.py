"""The clock was set: every instant that is remembered moves with it, so that no wait or hold grows or shrinks."""

from collections.abc import Callable
from dataclasses import replace

from ccrouter.live.calls import CallRecord
from ccrouter.live.events import ClockSet
from ccrouter.live.link import Link, Reading
from ccrouter.live.picture import Picture
from ccrouter.live.queues import Queue

Moved = Callable[[float], float]
"""Turns an instant by the former clock into one by the present clock."""


def clock_set(picture: Picture, event: ClockSet) -> None:
    """Move all instants; those that a PABX told by its own clock stay."""

    def moved(at: float) -> float:
        return at + event.by_s

    for link in picture.links.values():
        _link(link, moved)
    for call in picture.calls.records.values():
        _call(call, moved)
    calls, queues = picture.calls, picture.queues
    calls.ended = {key: moved(at) for key, at in calls.ended.items()}
    queues.departed = {
        key: replace(each, joined_at=moved(each.joined_at), left_at=moved(each.left_at))
        for key, each in queues.departed.items()
    }
    for ring in picture.rings:
        ring.at = moved(ring.at)
    picture.desks.move(moved)
    for queue in queues:
        _queue(queue, moved)
        queues.changed.add((queue.pabx, queue.name))
        for position in queue.positions:
            picture.desks.touch(queue, position.interface)
    for service, window in picture.arrivals.items():
        window.move(moved)
        picture.services_changed.add(service)
    picture.sites.clock_set(event.by_s)


def _link(link: Link, moved: Moved) -> None:
    link.up_at = None if link.up_at is None else moved(link.up_at)
    link.heard_at = moved(link.heard_at)
    link.reading = {key: Reading(each.mark, moved(each.at)) for key, each in link.reading.items()}
    link.done_at = {listing: moved(at) for listing, at in link.done_at.items()}
    link.asked_at = {key: moved(at) for key, at in link.asked_at.items()}


def _call(call: CallRecord, moved: Moved) -> None:
    call.began_at, call.stays_until = moved(call.began_at), moved(call.stays_until)
    call.expires_at = None if call.expires_at is None else moved(call.expires_at)
    call.answered_at = None if call.answered_at is None else moved(call.answered_at)
    call.talking_since = None if call.talking_since is None else moved(call.talking_since)
    call.absent_at = None if call.absent_at is None else moved(call.absent_at)
    if call.withdrawal is not None:
        call.withdrawal = replace(call.withdrawal, expires_at=moved(call.withdrawal.expires_at))


def _queue(queue: Queue, moved: Moved) -> None:
    for caller in queue:
        caller.joined_at = moved(caller.joined_at)
    queue.positions.move(moved)
    queue.ended.move(lambda wait: replace(wait, at=moved(wait.at)))
