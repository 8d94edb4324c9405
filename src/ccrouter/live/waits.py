"""What happens in queues, to callers and to positions, applied to the picture."""

from dataclasses import replace

from ccrouter.live.calls import CallRecord, Stand
from ccrouter.live.durations import duration
from ccrouter.live.events import (
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallerListed,
    PositionLeft,
    PositionSeen,
    QueueListed,
    TalkEnded,
)
from ccrouter.live.lifecycle import Fact, Phase
from ccrouter.live.picture import Picture
from ccrouter.live.queues import Caller, Queue
from ccrouter.routing.snapshot import Seconds

ROUNDING_S: Seconds = 2.0
"""A listing tells waits in whole seconds: a join that was seen is believed against one that differs by less."""


# --- callers ----------------------------------------------------------------------------------------------------------


def caller_joined(picture: Picture, event: CallerJoined) -> None:
    """Let a caller wait; one who is known to wait there already stays as they are."""
    key = (event.pabx, event.uniqueid)
    queue = picture.queues.known(event.pabx, event.queue, picture.mark)
    call = picture.call(key)
    known = queue.get(event.uniqueid)
    if known is not None:
        known.mark = picture.mark
    elif call is None or picture.advance(call, Fact.JOINED, event.at):
        _wait(picture, event, queue, event.at)


def caller_listed(picture: Picture, event: CallerListed) -> None:
    """Let a caller wait where the listing shows them: that is newer than all that was heard before."""
    queue = picture.queues.known(event.pabx, event.queue, picture.mark)
    known = queue.get(event.uniqueid)
    joined_at = event.at - duration(event.wait_s)
    if known is not None and abs(known.joined_at - joined_at) <= ROUNDING_S:
        joined_at = known.joined_at
    call = picture.call((event.pabx, event.uniqueid))
    if call is not None:
        call.go(Phase.WAITING, event.at)
    _wait(picture, event, queue, joined_at)


def _wait(picture: Picture, event: CallerJoined | CallerListed, queue: Queue, joined_at: float) -> None:
    """Put a caller into a queue and out of any other, and their call, if it is known, into step with that."""
    key = (event.pabx, event.uniqueid)
    moved = picture.queues.where(key) is not queue
    waited_s = 0.0
    if moved:
        picture.queues.leave(key, event.at)
        waited_s = picture.queues.settle(key, event.at, answered=None)
    picture.queues.join(queue, Caller(event.uniqueid, event.channel, joined_at, picture.mark), event.position)
    call = picture.calls.records.get(key)
    if call is not None:
        call.queued_s += waited_s
        call.channel = event.channel
        _stand_at(picture, call, queue)
        if moved:
            call.withdrawal = None
        picture.settle(call, event.at)


def _stand_at(picture: Picture, call: CallRecord, queue: Queue) -> None:
    """Let a call stand at the step of this queue, as far as the queue tells which that is."""
    stand, site = call.stand, picture.sites.directory.site_of(queue.name)
    if stand.kind == "queue" and (stand.queue in {"", queue.name} or site in {"", stand.target}):
        call.stand = replace(stand, queue=queue.name)
    else:
        call.stand = Stand("queue", site, queue.name)


def caller_left(picture: Picture, event: CallerLeft) -> None:
    """Take a caller out; what for is told by what comes next. One who is not known to wait there left already."""
    key = (event.pabx, event.uniqueid)
    queue = picture.queues.where(key)
    if queue is None or queue.name != event.queue:
        return
    picture.queues.leave(key, event.at)
    call = picture.call(key)
    if call is not None:
        picture.advance(call, Fact.LEFT, event.at)
        picture.settle(call, event.at)


def caller_connected(picture: Picture, event: CallerConnected) -> None:
    """End a wait with an answer, and begin a talk."""
    key = (event.pabx, event.uniqueid)
    queue = picture.queues.known(event.pabx, event.queue, picture.mark)
    queue.positions.talk(event.interface, event.at, begins=True)
    picture.queues.changed.add((event.pabx, event.queue))
    call = picture.call(key)
    if call is not None:
        if call.phase is Phase.TALKING or not picture.advance(call, Fact.CONNECTED, event.at):
            return
        _stand_at(picture, call, queue)
        picture.settle(call, event.at)
    picture.queues.leave(key, event.at)
    if key in picture.queues.departed:
        waited_s = picture.queues.settle(key, event.at, answered=True)
    else:  # the join was not seen
        waited_s = duration(event.hold_s)
        queue.end_wait(event.at, waited_s, answered=True)
    if call is not None:
        call.queued_s += waited_s


def talk_ended(picture: Picture, event: TalkEnded) -> None:
    """End a talk with a position, who may need some time for wrap-up."""
    queue = picture.queues.known(event.pabx, event.queue, picture.mark)
    queue.positions.talk(event.interface, event.at, begins=False)
    picture.queues.changed.add((event.pabx, event.queue))
    talk_s = duration(event.talk_s)
    call = picture.call((event.pabx, event.uniqueid))
    if call is not None:
        before = call.phase
        if call.stand.queue != event.queue or not picture.advance(call, Fact.TALK_ENDED, event.at):
            return
        if call.phase is before:
            return  # told twice, or late
        if before is not Phase.TALKING:  # the answer was not seen
            call.answered_at = event.at - talk_s if call.answered_at is None else call.answered_at
            call.talked_s += talk_s
            picture.leave_queue(call, event.at, answered=True)
        picture.settle(call, event.at)
    queue.forecast.handled(talk_s + queue.positions.wrapup_s(event.interface))


# --- queues and positions ---------------------------------------------------------------------------------------------


def queue_listed(picture: Picture, event: QueueListed) -> None:
    """Know a queue."""
    picture.queues.known(event.pabx, event.queue, picture.mark)


def position_seen(picture: Picture, event: PositionSeen) -> None:
    """Take in a position, whole."""
    queue = picture.queues.known(event.pabx, event.queue, picture.mark)
    if queue.positions.see(event, picture.mark):
        picture.queues.changed.add((event.pabx, event.queue))


def position_left(picture: Picture, event: PositionLeft) -> None:
    """Forget a position that logged out."""
    queue = picture.queues.get(event.pabx, event.queue)
    if queue is not None and queue.positions.leave(event.interface):
        picture.queues.changed.add((event.pabx, event.queue))
