"""What happens in queues, to callers and to positions, applied to the picture."""

from ccrouter.live.calls import CallRecord, Stand
from ccrouter.live.durations import duration, since
from ccrouter.live.effects import PositionRang
from ccrouter.live.events import (
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallerListed,
    DialFailed,
    PositionCalled,
    PositionLeft,
    PositionSeen,
    PositionSilent,
    QueueListed,
    TalkEnded,
)
from ccrouter.live.lifecycle import CONNECTED, JOINED, LEFT, TALK_ENDED, TALKING, WAITING
from ccrouter.live.picture import Picture
from ccrouter.live.queues import Caller, Queue
from ccrouter.live.rings import Ring
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
    elif call is None or picture.advance(call, JOINED, event.at):
        _wait(picture, event, queue, event.at, queue.forecast_at(max(0, event.position - 1)))


def caller_listed(picture: Picture, event: CallerListed) -> None:
    """Let a caller wait where the listing shows them: that is newer than all that was heard before."""
    queue = picture.queues.known(event.pabx, event.queue, picture.mark)
    known = queue.get(event.uniqueid)
    joined_at = event.at - duration(event.wait_s)
    forecast_s = None
    if known is not None and abs(known.joined_at - joined_at) <= ROUNDING_S:
        joined_at, forecast_s = known.joined_at, known.forecast_s
    call = picture.call((event.pabx, event.uniqueid))
    if call is not None:
        call.go(WAITING, event.at)
    _wait(picture, event, queue, joined_at, forecast_s)


def _wait(
    picture: Picture, event: CallerJoined | CallerListed, queue: Queue, joined_at: float, forecast_s: Seconds | None
) -> None:
    """Put a caller into a queue and out of any other, and their call, if it is known, into step with that."""
    key = (event.pabx, event.uniqueid)
    moved = picture.queues.where(key) is not queue
    waited_s = 0.0
    if moved:
        picture.queues.leave(key, event.at)
        waited_s = picture.end_wait(key, event.at, answered=None)
    caller = Caller(event.uniqueid, event.channel, joined_at, picture.mark, forecast_s)
    picture.queues.join(queue, caller, event.position)
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
    if stand.kind == "queue" and stand.queue == queue.name:
        return
    if stand.kind == "queue" and (not stand.queue or site in {"", stand.target}):
        call.stand = stand._replace(queue=queue.name)
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
        picture.advance(call, LEFT, event.at)
        picture.settle(call, event.at)


def caller_connected(picture: Picture, event: CallerConnected) -> None:
    """End a wait with an answer, and begin a talk."""
    key = (event.pabx, event.uniqueid)
    queue = picture.queues.known(event.pabx, event.queue, picture.mark)
    queue.positions.talk(event.interface, event.at, begins=True)
    if picture.rings.end(key, event.queue, event.interface) is not None:
        picture.desks.rang((event.pabx, event.interface))
    picture.desks.talk(event.pabx, event.interface, event.uniqueid, begins=True)
    picture.member_changed(queue, event.interface)
    call = picture.call(key)
    if call is not None:
        call.interface = event.interface
        if call.phase is TALKING or not picture.advance(call, CONNECTED, event.at):
            return
        _stand_at(picture, call, queue)
        picture.settle(call, event.at)
    picture.queues.leave(key, event.at)
    if key in picture.queues.departed:
        waited_s = picture.end_wait(key, event.at, answered=True)
    else:  # the join was not seen
        waited_s = duration(event.hold_s)
        queue.end_wait(event.at, waited_s, answered=True)
        picture.wait_ended(key, event.queue, waited_s, None, event.at, answered=True)
    if call is not None:
        call.queued_s += waited_s


def talk_ended(picture: Picture, event: TalkEnded) -> None:
    """End a talk with a position, who may need some time for wrap-up."""
    queue = picture.queues.known(event.pabx, event.queue, picture.mark)
    queue.positions.talk(event.interface, event.at, begins=False)
    picture.desks.talk(event.pabx, event.interface, event.uniqueid, begins=False)
    picture.member_changed(queue, event.interface)
    talk_s = duration(event.talk_s)
    call = picture.call((event.pabx, event.uniqueid))
    if call is not None:
        before = call.phase
        if call.stand.queue != event.queue or not picture.advance(call, TALK_ENDED, event.at):
            return
        if call.phase is before:
            return  # told twice, or late
        if before is not TALKING:  # the answer was not seen
            call.interface = event.interface
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
    """Take in a position, whole; the wrap-up time of its queue counts where it has none of its own."""
    queue = picture.queues.known(event.pabx, event.queue, picture.mark)
    wrapup_s = event.wrapup_s or picture.sites.directory.wrap_ups.get(event.queue, 0.0)
    if queue.positions.see(event, wrapup_s, picture.mark):
        picture.queues.refigured.add((event.pabx, event.queue))
    picture.desks.touch(queue, event.interface)


def position_left(picture: Picture, event: PositionLeft) -> None:
    """Forget a position that logged out."""
    queue = picture.queues.get(event.pabx, event.queue)
    if queue is not None and queue.positions.leave(event.interface):
        picture.member_changed(queue, event.interface)


# --- positions that ring ----------------------------------------------------------------------------------------------

RANG_S: Seconds = 1.0
"""A telephone that is silent sooner was not left ringing: it said no at once, whatever the PABX made of that."""


def position_called(picture: Picture, event: PositionCalled) -> None:
    """Let a position ring for a caller who waits; for anybody else nothing would tell when it stops."""
    key = (event.pabx, event.uniqueid)
    queue = picture.queues.where(key)
    if queue is None or queue.name != event.queue:
        return
    before = picture.rings.end(key, event.queue, event.interface)
    if before is not None:
        picture.ceased(before, event.at, ignored=False)
    picture.rings.begin(Ring(key, event.queue, event.interface, event.called, event.at))
    picture.desks.rang((event.pabx, event.interface))
    picture.effects.append(PositionRang(event.pabx, event.queue, event.interface, event.uniqueid, event.at))


def dial_failed(picture: Picture, event: DialFailed) -> None:
    """Note that a telephone ended its ring itself; where that was called off, nothing else tells of it.

    Of a telephone that says no, app_queue tells the end of the dial first and then of the silence; of one that rang for
    its whole time, the other way round. The result is NOANSWER for both (seen with 486 and 480 in 16.28 and 22.10).
    """
    ring = picture.rings.called((event.pabx, event.uniqueid), event.called)
    if ring is None:
        return
    if event.result == "CANCEL":
        picture.ceased(ring, event.at, ignored=False)
    else:
        ring.refused = True


def position_silent(picture: Picture, event: PositionSilent) -> None:
    """Let a position stop ringing."""
    ring = picture.rings.end((event.pabx, event.uniqueid), event.queue, event.interface)
    if ring is not None:
        picture.ceased(ring, event.at, ignored=not ring.refused and since(ring.at, event.at) >= RANG_S)
