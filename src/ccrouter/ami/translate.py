"""What a message of the PABX means: the typed events of live/. Pure: a message in, an event out."""

from typing import Any, Final

from ccrouter.ami import shapes
from ccrouter.ami.layouts import Layouts
from ccrouter.ami.values import (
    FLAG,
    MILLISECONDS,
    NAME,
    TEXT,
    UNIQUEID,
    WHOLE,
    WHOLE_OR_NOTHING,
    Reading,
    one_of,
)
from ccrouter.ami.wire import Kind, Message
from ccrouter.contract import END_EVENT, ENDED_BY, STEP_EVENT, STEP_RESULTS
from ccrouter.errors import PeerError
from ccrouter.live.events import (
    CallEnded,
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallHungUp,
    DeviceState,
    DialFailed,
    PabxEvent,
    PeerFault,
    PositionCalled,
    PositionLeft,
    PositionSeen,
    PositionSilent,
    SiteAnswered,
    StepBegan,
    StepEnded,
    TalkEnded,
)

DEVICE_STATES: Final = dict(zip("012345678", DeviceState, strict=True))
DEVICE: Final = one_of(DEVICE_STATES, "is no state of a device", DEVICE_STATES.__getitem__)
STEP: Final = one_of(STEP_RESULTS, "is no kind of step")
ENTRY: Final = one_of(("routed", "fallback", "stored", "static"), "is no kind of plan")
BY: Final = one_of(ENDED_BY, "is nobody who ends calls")


def translate(message: Message, pabx: str, at: float) -> PabxEvent | None:
    """Return what an event tells; None where it is nothing to us; a PeerFault where it can't be believed.

    QueueCallerAbandon is nothing to us on purpose: it also comes on time-out and on withdrawal.
    """
    if message.kind is Kind.GARBAGE:
        return fault(message, message.flaw, pabx, at)
    try:
        reading = _believed(message)
        return None if reading is None else reading(message, pabx, at)
    except PeerError as error:
        return fault(message, str(error), pabx, at)


class Translator:
    """Translates the events of one PABX, faster where they come as those before them.

    What it returns is what `translate` returns, always.
    """

    def __init__(self, pabx: str) -> None:
        self._pabx = pabx
        self._layouts = Layouts()

    def translate(self, message: Message, at: float) -> PabxEvent | None:
        """Return what an event tells, as `translate` does."""
        known = self._layouts.recognize(message)
        if known is None:
            event = translate(message, self._pabx, at)
            if event is not None and type(event) is not PeerFault:
                reading = _believed(message)
                if reading is not None:
                    self._layouts.learn(message, reading)
            return event
        reading, texts = known
        try:
            return reading.event(self._pabx, at, texts)
        except PeerError as error:
            return fault(message, str(error), self._pabx, at)


def fault(message: Message, reason: str, pabx: str, at: float) -> PeerFault:
    """Return the report of a message that can't be believed."""
    queue = message.fields.get("Queue", "")
    return PeerFault(pabx, at, message.name, reason, queue if NAME.allows(queue) else "")


def _believed(message: Message) -> Reading | None:
    """Return how an event is read; None where it is nothing to us.

    Raises:
        PeerError: its fields are not those of such an event.

    """
    if message.name != "UserEvent":
        shape, reading = shapes.EVENTS.get(message.name), READERS.get(message.name)
    else:
        which = _user_event(message)
        shape, reading = shapes.USER_EVENTS.get(which), USER_READERS.get(which)
    if shape is None:
        return None
    shapes.check(message, shape)
    return reading


def _user_event(message: Message) -> str:
    """Return which of ours a user event is; empty for one of somebody else's dialplan."""
    told = message.values("UserEvent")
    if len(told) != 1:
        raise PeerError("repeats UserEvent" if told else "lacks UserEvent")
    if told[0] == END_EVENT:
        return "call"
    if told[0] != STEP_EVENT:
        return ""
    phase = message.fields.get("Phase", "begin")
    if phase not in {"begin", "end"}:
        raise PeerError("Phase is neither begin nor end")
    return phase


def _dial_ended(pabx: str, at: float, uniqueid: str, called: str, result: str) -> PabxEvent | None:
    if not uniqueid:
        return None  # of a call that nobody asked for by dialling
    if result == "ANSWER":
        return SiteAnswered(pabx, at, uniqueid)
    return DialFailed(pabx, at, uniqueid, called, result)


def _step_ended(*told: Any) -> PabxEvent:  # noqa: ANN401 - the attributes of the event
    event = StepEnded(*told)
    if event.result not in STEP_RESULTS[event.kind]:
        raise PeerError("Result is none of this kind of step")
    return event


MEMBER: Final = {
    "Status": DEVICE,
    "Paused": FLAG,
    "PausedReason": TEXT,
    "Penalty": WHOLE,
    "InCall": FLAG,
    "LastCall": WHOLE,
    "Wrapuptime": WHOLE,
}
"""What is told of a member of a queue beside its names, in the order of PositionSeen."""

MEMBER_SEEN: Final = Reading(PositionSeen, Queue=NAME, Interface=NAME, MemberName=TEXT, **MEMBER)
ROUTE: Final = {"Number": TEXT, "Decision": TEXT, "Service": TEXT, "Rule": TEXT}
STEP_OF_CALL: Final = {"Uniqueid": UNIQUEID, "Channel": NAME, **ROUTE, "Step": WHOLE, "Kind": STEP, "Target": TEXT}

READERS: Final = {
    "QueueCallerJoin": Reading(CallerJoined, Queue=NAME, Uniqueid=UNIQUEID, Channel=NAME, Position=WHOLE),
    "QueueCallerLeave": Reading(CallerLeft, Queue=NAME, Uniqueid=UNIQUEID),
    "AgentCalled": Reading(PositionCalled, Queue=NAME, Uniqueid=UNIQUEID, Interface=NAME, DestUniqueid=UNIQUEID),
    "AgentRingNoAnswer": Reading(PositionSilent, Queue=NAME, Uniqueid=UNIQUEID, Interface=NAME),
    "AgentConnect": Reading(
        CallerConnected, Queue=NAME, Uniqueid=UNIQUEID, Interface=NAME, HoldTime=WHOLE, RingTime=WHOLE
    ),
    "AgentComplete": Reading(TalkEnded, Queue=NAME, Uniqueid=UNIQUEID, Interface=NAME, HoldTime=WHOLE, TalkTime=WHOLE),
    "QueueMemberAdded": MEMBER_SEEN,
    "QueueMemberRemoved": Reading(PositionLeft, Queue=NAME, Interface=NAME),
    "QueueMemberStatus": MEMBER_SEEN,
    "QueueMemberPause": MEMBER_SEEN,
    "QueueMemberPenalty": MEMBER_SEEN,
    "QueueMemberRinginuse": MEMBER_SEEN,
    "DialEnd": Reading(_dial_ended, Uniqueid=UNIQUEID, DestUniqueid=UNIQUEID, DialStatus=TEXT),
    "Hangup": Reading(CallHungUp, Uniqueid=UNIQUEID, Cause=WHOLE),
}
"""How each event is read: its fields in the order of the attributes of what it tells."""

USER_READERS: Final = {
    "begin": Reading(StepBegan, **STEP_OF_CALL),
    "end": Reading(_step_ended, **STEP_OF_CALL, Result=TEXT, Cause=WHOLE_OR_NOTHING, Elapsed=MILLISECONDS),
    "call": Reading(CallEnded, Uniqueid=UNIQUEID, **ROUTE, Kind=TEXT, Target=TEXT, Entry=ENTRY, By=BY),
}
"""The same for those of our dialplan, as in shapes.USER_EVENTS."""
