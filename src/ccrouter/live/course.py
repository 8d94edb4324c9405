"""What happens to a call on its way through a plan, applied to the picture."""

from dataclasses import replace
from math import inf

from ccrouter.live.calls import NOWHERE, CallRecord, Stand, Withdrawal
from ccrouter.live.durations import duration
from ccrouter.live.effects import CallFinished, CallOffered, Outcome, SiteTried
from ccrouter.live.events import (
    CallEnded,
    CallHungUp,
    CallListed,
    CallRouted,
    Listing,
    SiteAnswered,
    StepBegan,
    StepEnded,
    WithdrawAccepted,
    WithdrawAsked,
    WithdrawRefused,
)
from ccrouter.live.lifecycle import (
    ASKED,
    BETWEEN,
    DIALLING,
    ENTERING,
    LAPSED,
    LAST_BEGAN,
    LEAVING,
    PLAYING,
    QUEUE_BEGAN,
    ROUTED,
    SITE_ANSWERED,
    SITE_BEGAN,
    STEP_ENDED,
    TALKING,
    WAITING,
    Phase,
)
from ccrouter.live.picture import Picture
from ccrouter.routing.snapshot import Seconds

SETTLE_S: Seconds = 5.0
"""Time for a caller whose queue step began to be seen in the queue."""

GIVE_UP_S: Seconds = 1.0
"""A caller without a plan who hangs up this soon after leaving a queue gave up in it; later, they were elsewhere."""

_BEGAN = {
    "queue": QUEUE_BEGAN,
    "site": SITE_BEGAN,
    "play": LAST_BEGAN,
    "voicemail": LAST_BEGAN,
}

_DECIDED = frozenset({ROUTED, LAPSED})
"""Phases between a decision and its first step."""

_UNSEEN = _DECIDED | {BETWEEN}
"""Phases in which no step is under way."""


# --- the router's own doings ------------------------------------------------------------------------------------------


def call_routed(picture: Picture, event: CallRouted) -> None:
    """Reserve a place at the first step. A call that asks again stands nowhere else: its channel asked."""
    key = (event.pabx, event.uniqueid)
    call = picture.call(key) or picture.new_call(key, event.at)
    if call is None:
        return  # the caller hung up while the router was asked
    if call.stand == NOWHERE:  # a listing may have shown its channel while the router was asked
        picture.arrived(event.service, event.at)
    picture.leave_queue(call, event.at, answered=None)
    picture.advance(call, ASKED, event.at)
    call.listed &= call.offered  # the listing that showed it was ahead of the decision
    call.number, call.service = event.number, event.service
    call.caller, call.language, call.asked = event.caller, event.language, True
    call.decision, call.rule = event.decision, event.rule
    call.stand, call.expires_at = Stand.at(event.first), event.expires_at
    picture.settle(call, event.at)


def withdraw_asked(picture: Picture, event: WithdrawAsked) -> None:
    """Count a waiting caller where they are sent, as long as the PABX has not said what became of it."""
    call = picture.calls.records.get((event.pabx, event.uniqueid))
    if call is None or call.phase is not WAITING or call.withdrawal is not None:
        picture.refuse(event.pabx, "withdrawal of a caller who can't be withdrawn")
        return
    call.withdrawal = Withdrawal(event.decision, event.rule, Stand.at(event.first), event.expires_at)
    picture.settle(call, event.at)


def withdraw_accepted(picture: Picture, event: WithdrawAccepted) -> None:
    """Hold the caller's place until the PABX moves them, or somebody answers."""
    call = picture.calls.records.get((event.pabx, event.uniqueid))
    if call is not None and call.withdrawal is not None and call.withdrawal.decision == event.decision:
        call.withdrawal = replace(call.withdrawal, expires_at=inf)


def withdraw_refused(picture: Picture, event: WithdrawRefused) -> None:
    """Let the caller keep what they have."""
    call = picture.calls.records.get((event.pabx, event.uniqueid))
    if call is not None and call.withdrawal is not None and call.withdrawal.decision == event.decision:
        call.withdrawal, call.stays_until = None, event.stays_until
        picture.settle(call, event.at)


# --- steps ------------------------------------------------------------------------------------------------------------


def step_began(picture: Picture, event: StepBegan) -> None:
    """Put a call where the PABX says that it is now."""
    key = (event.pabx, event.uniqueid)
    fact = _BEGAN.get(event.kind)
    if fact is None:
        picture.refuse(event.pabx, "a step of an unknown kind")
        return
    call = picture.call(key)
    if call is None:
        call = picture.new_call(key, event.at)
        if call is None:
            return
        if event.step == 1:
            picture.arrived(event.service, event.at)
    elif call.decision == event.decision and not _goes_on(picture, call, event):
        picture.settle(call, event.at)
        return
    routed_here = call.phase in _DECIDED and call.stand.is_at(event.kind, event.target)
    queue, expires_at = call.stand.queue if routed_here else "", call.expires_at if routed_here else None
    if call.withdrawal is not None and call.withdrawal.decision == event.decision:
        queue = call.withdrawal.first.queue
    if not picture.advance(call, fact, event.at):
        picture.settle(call, event.at)
        return
    picture.leave_queue(call, event.at, answered=None)
    if fact is QUEUE_BEGAN:
        queue = queue or picture.sites.directory.queue_of(event.target)
        call.expires_at = event.at + SETTLE_S if expires_at is None else expires_at
    _adopt(call, event, Stand(event.kind, event.target, queue, event.step))
    picture.settle(call, event.at)


def _goes_on(picture: Picture, call: CallRecord, event: StepBegan) -> bool:
    """Tell whether a begin within the decision in force is a new step, and not one that is known or past.

    Fallback plans have no decision, and a call that is transferred back to the entry may run a second one.
    """
    if not call.stand.step:
        if call.phase in _UNSEEN or not call.stand.is_at(event.kind, event.target):
            return True
        call.stand = Stand(event.kind, event.target, call.stand.queue, event.step)  # a listing was ahead of it
        return False
    if event.step == call.stand.step and call.stand.is_at(event.kind, event.target):
        return not event.decision and call.phase is BETWEEN
    if event.step <= call.stand.step and event.decision:
        picture.refuse(event.pabx, "a step that is past", Listing.CALLS)
        return False
    return True


def step_ended(picture: Picture, event: StepEnded) -> None:
    """Take in how a step ended; the next one begins, or the call ends."""
    key = (event.pabx, event.uniqueid)
    if event.kind not in _BEGAN:
        picture.refuse(event.pabx, "a step of an unknown kind")
        return
    call = picture.call(key)
    if call is None:
        call = picture.new_call(key, event.at)
        if call is None:
            return
        call.late = event.result in {"answered", "died"}
        _adopt(call, event, Stand(event.kind, event.target, step=event.step))
    elif not _ends(picture, call, event):
        picture.settle(call, event.at)
        return
    if event.kind == "site":
        _tried(picture, event)
    if event.result in {"answered", "died"} and call.answered_at is None:
        call.answered_at = event.at
    if event.kind == "site":
        _at_line(call, event)
    if _BEGAN[event.kind] is LAST_BEGAN:
        call.no_message = event.result == "failed"
        call.heard_message = not call.no_message
    answered = event.result == "answered" and call.phase is LEAVING
    picture.leave_queue(call, event.at, answered=True if answered else None)
    if event.result != "withdraw":
        call.withdrawal = None
    picture.advance(call, STEP_ENDED, event.at)
    _adopt(call, event, Stand(event.kind, event.target, call.stand.queue, event.step))
    picture.settle(call, event.at)


def _ends(picture: Picture, call: CallRecord, event: StepEnded) -> bool:
    """Tell whether an end is that of the step under way, or of one whose begin was missed."""
    here = call.stand.is_at(event.kind, event.target)
    if call.withdrawal is not None and call.withdrawal.decision == event.decision:
        return True
    if call.decision != event.decision:
        picture.refuse(event.pabx, "the end of a step of another decision", Listing.CALLS)
        return False
    if not call.stand.step:
        fits = here or call.phase in _UNSEEN
    elif event.step == call.stand.step:
        fits = here and (call.phase is not BETWEEN or event.kind != "site")
    else:
        fits = event.step > call.stand.step or not event.decision
    if not fits:
        picture.refuse(event.pabx, "the end of a step that is past")
    return fits


def _at_line(call: CallRecord, event: StepEnded) -> None:
    """Note that a call was dialled to a site, which its step tells at its end where nothing did before.

    One that the PABX's capacity guard refused took no line.
    """
    if event.result == "full":
        call.line = ""
        return
    if call.line != event.target:
        call.line, call.line_answered, call.line_from_s = event.target, False, call.talked_s
    call.line_answered |= event.result in {"answered", "died"}


def _tried(picture: Picture, event: StepEnded) -> None:
    picture.sites.ended(event.target, event.result, event.cause, event.at)
    picture.effects.append(
        SiteTried(
            pabx=event.pabx,
            uniqueid=event.uniqueid,
            decision=event.decision,
            site=event.target,
            result=event.result,
            cause=event.cause,
            elapsed_s=duration(event.elapsed_s),
            at=event.at,
        )
    )


def _adopt(call: CallRecord, event: StepBegan | StepEnded | CallListed, stand: Stand) -> None:
    call.channel, call.number, call.service = event.channel, event.number, event.service
    call.decision, call.rule, call.stand = event.decision, event.rule, stand


def site_answered(picture: Picture, event: SiteAnswered) -> None:
    """Begin the talk of a call that dials a site."""
    call = picture.call((event.pabx, event.uniqueid))
    if call is None or call.stand.kind != "site" or call.phase is TALKING:
        return
    before = call.phase
    picture.advance(call, SITE_ANSWERED, event.at)
    if call.phase is not before:
        picture.sites.answered(call.stand.target, event.at)
        picture.settle(call, event.at)


# --- the end ----------------------------------------------------------------------------------------------------------


def call_hung_up(picture: Picture, event: CallHungUp) -> None:
    """End a call, or the wait of a caller who came to a queue by another way."""
    key = (event.pabx, event.uniqueid)
    call = picture.calls.records.get(key)
    if call is not None:
        picture.finish(call, event.at)
        return
    picture.queues.leave(key, event.at)
    departure = picture.queues.departed.get(key)
    if departure is not None:
        gave_up = event.at - departure.left_at <= GIVE_UP_S
        picture.end_wait(key, event.at, answered=False if gave_up else None)


def call_ended(picture: Picture, event: CallEnded) -> None:
    """End a call as the dialplan tells it, which is also known for calls whose way was not seen."""
    key = (event.pabx, event.uniqueid)
    heard_message = _BEGAN.get(event.kind) is LAST_BEGAN
    call = picture.calls.records.get(key)
    if call is not None:
        call.heard_message |= heard_message and not call.no_message
        picture.finish(call, event.at, by=event.by)
        return
    if key in picture.calls.ended:
        return  # told twice
    picture.calls.ended[key] = event.at
    again = key in picture.calls.unseen
    if again:
        del picture.calls.unseen[key]
    else:
        picture.effects.append(
            CallOffered(
                pabx=event.pabx,
                uniqueid=event.uniqueid,
                number=event.number,
                service=event.service,
                caller=None,
                entry="routed" if event.entry == "routed" else "",
                at=event.at,
            )
        )
    picture.effects.append(
        CallFinished(
            pabx=event.pabx,
            uniqueid=event.uniqueid,
            number=event.number,
            service=event.service,
            rule=event.rule,
            decision=event.decision,
            outcome=_unseen_outcome(event, heard_message=heard_message),
            target=event.target,
            waited_s=0.0,
            talked_s=None,
            at=event.at,
            again=again,
        )
    )


def _unseen_outcome(event: CallEnded, *, heard_message: bool) -> Outcome:
    """Return what became of a call of which nothing but its end was seen."""
    if heard_message:
        return Outcome.MESSAGE
    gone_at_once = event.by == "caller" and not event.kind  # before the first step of any plan
    return Outcome.ABANDONED if gone_at_once else Outcome.UNKNOWN


# --- a listing --------------------------------------------------------------------------------------------------------


def call_listed(picture: Picture, event: CallListed) -> None:
    """Put a call where the listing shows it: that is newer than all that was heard before."""
    key = (event.pabx, event.uniqueid)
    if event.kind and event.kind not in _BEGAN:
        picture.refuse(event.pabx, "a step of an unknown kind")
        return
    known = picture.call(key)
    began_at = event.since if event.since is not None and event.since < event.at else event.at
    call = known or picture.new_call(key, began_at)
    if call is None:
        return  # the channel was still there while its end was told
    call.listed |= known is None
    same = call.decision == event.decision
    if call.phase is ROUTED and not same:
        return  # the channel still shows the plan before this one
    here = same and call.stand.is_at(event.kind, event.target)
    waits_in = picture.queues.where(key)
    waits = waits_in is not None and (here or picture.sites.directory.site_of(waits_in.name) in {"", event.target})
    phase = _listed_phase(call, event, here=here, waits=waits)
    if phase is not WAITING:
        picture.leave_queue(call, event.at, answered=True if phase is TALKING else None)
    if phase is ENTERING and not (here and call.phase is phase):
        call.expires_at = event.at + SETTLE_S
    if not same:
        call.withdrawal = None
    call.late |= known is None and phase is TALKING
    call.go(phase, event.at if here else began_at)
    queue = call.stand.queue if here else picture.sites.directory.queue_of(event.target)
    if waits_in is not None and phase is WAITING:
        queue = waits_in.name
    _adopt(call, event, Stand(event.kind, event.target, queue, call.stand.step if here else 0))
    picture.settle(call, event.at)


def _listed_phase(call: CallRecord, event: CallListed, *, here: bool, waits: bool) -> Phase:
    """Return the phase of a call that is listed."""
    if not event.kind:
        return call.phase if here and call.phase in _UNSEEN else BETWEEN
    if _BEGAN[event.kind] is LAST_BEGAN:
        return PLAYING
    if event.bridged:
        return TALKING
    if event.kind == "site":
        return DIALLING
    if waits:
        return WAITING
    left = here and call.phase in {LEAVING, TALKING, BETWEEN}
    return LEAVING if left else ENTERING
