"""What is told of a call, once each: that it was offered, answered, at a site, and how it ended."""

from ccrouter.live.calls import CallRecord
from ccrouter.live.durations import since
from ccrouter.live.effects import CallAnswered, CallFinished, CallOffered, Effect, Outcome, SiteReleased
from ccrouter.live.lifecycle import DIALLING, FINISHED, TALKING

_AT_A_LINE = frozenset({DIALLING, TALKING})


def tell(call: CallRecord, at: float, effects: list[Effect]) -> None:
    """Add what there is to tell of a call after a change, and note that it is told.

    A call of which a listing shows nothing but that it is there is offered as soon as its service is known.
    """
    if not call.offered and (call.decision or call.stand.kind or call.phase is FINISHED):
        call.offered = True
        effects.append(offered(call, at))
    if call.answered_at is not None and not call.answer_told:
        call.answer_told = True
        if not call.again:
            effects.append(_answered(call, call.answered_at, at))
    line = call.stand.target if call.stand.kind == "site" and call.phase in _AT_A_LINE else ""
    if call.line and call.line != line:
        effects.append(_released(call, at))
        call.line = ""
    if line:
        if not call.line:
            call.line, call.line_answered, call.line_from_s = line, False, call.talked_s
        if call.phase is TALKING:
            call.line_answered, call.interface = True, ""


def offered(call: CallRecord, at: float) -> CallOffered:
    """Return the report that a call arrived."""
    entry = "routed" if call.decision else ""
    return CallOffered(call.pabx, call.uniqueid, call.number, call.service, call.caller, entry, at, call.listed)


def _answered(call: CallRecord, answered_at: float, at: float) -> CallAnswered:
    in_house = call.stand.kind == "queue"
    return CallAnswered(
        pabx=call.pabx,
        uniqueid=call.uniqueid,
        number=call.number,
        service=call.service,
        rule=call.rule,
        decision=call.decision,
        caller=call.caller,
        target=call.stand.target,
        queue=call.stand.queue if in_house else "",
        interface=call.interface if in_house else "",
        waited_s=None if call.late else since(call.began_at, answered_at),
        at=at,
    )


def _released(call: CallRecord, at: float) -> SiteReleased:
    talked_s = since(call.line_from_s, call.talked_s)
    return SiteReleased(call.pabx, call.uniqueid, call.service, call.line, call.line_answered, talked_s, at)


def finished(call: CallRecord, outcome: Outcome, at: float) -> CallFinished:
    """Return the report of a call's end."""
    answered_at = call.answered_at
    return CallFinished(
        pabx=call.pabx,
        uniqueid=call.uniqueid,
        number=call.number,
        service=call.service,
        rule=call.rule,
        decision=call.decision,
        outcome=outcome,
        target=call.stand.target,
        waited_s=since(call.began_at, at if answered_at is None else answered_at),
        talked_s=None if answered_at is None else call.talked_s,
        at=at,
        offered_at=call.began_at,
        caller=call.caller,
        interface=call.interface,
        again=call.again,
    )
