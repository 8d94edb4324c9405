"""What a message of the PABX means: the typed events of live/. Pure: a message in, an event out."""

from collections.abc import Callable
from typing import Final

from ccrouter.ami import shapes, values
from ccrouter.ami.layouts import Layouts
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
ENTRIES: Final = frozenset({"routed", "fallback", "stored", "static"})


def translate(message: Message, pabx: str, at: float) -> PabxEvent | None:
    """Return what an event tells; None where it is nothing to us; a PeerFault where it can't be believed.

    QueueCallerAbandon is nothing to us on purpose: it also comes on time-out and on withdrawal.
    """
    if message.kind is Kind.GARBAGE:
        return fault(message, message.flaw, pabx, at)
    try:
        shape = _user_shape(message) if message.name == "UserEvent" else shapes.EVENTS.get(message.name)
        if shape is None:
            return None
        shapes.check(message, shape)
        return READERS[message.name](message, pabx, at)
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
        if not self._layouts.recognize(message):
            event = translate(message, self._pabx, at)
            if event is not None and type(event) is not PeerFault:
                self._layouts.learn(message)
            return event
        try:
            return READERS[message.name](message, self._pabx, at)
        except PeerError as error:
            return fault(message, str(error), self._pabx, at)


def fault(message: Message, reason: str, pabx: str, at: float) -> PeerFault:
    """Return the report of a message that can't be believed."""
    queue = message.fields.get("Queue", "")
    return PeerFault(
        pabx=pabx, at=at, event=message.name, reason=reason, queue=queue if values.NAME.fullmatch(queue) else ""
    )  # fmt: skip - in one piece


# --- queues -----------------------------------------------------------------------------------------------------------


def _caller_joined(message: Message, pabx: str, at: float) -> PabxEvent:
    return CallerJoined(
        pabx=pabx,
        at=at,
        queue=values.queue(message),
        uniqueid=values.uniqueid(message),
        channel=values.channel(message),
        position=values.count(message, "Position"),
    )


def _caller_left(message: Message, pabx: str, at: float) -> PabxEvent:
    return CallerLeft(pabx=pabx, at=at, queue=values.queue(message), uniqueid=values.uniqueid(message))


def _caller_connected(message: Message, pabx: str, at: float) -> PabxEvent:
    return CallerConnected(
        pabx=pabx,
        at=at,
        queue=values.queue(message),
        uniqueid=values.uniqueid(message),
        interface=values.checked(message, "Interface"),
        hold_s=values.count(message, "HoldTime"),
        ring_s=values.count(message, "RingTime"),
    )


def _talk_ended(message: Message, pabx: str, at: float) -> PabxEvent:
    return TalkEnded(
        pabx=pabx,
        at=at,
        queue=values.queue(message),
        uniqueid=values.uniqueid(message),
        interface=values.checked(message, "Interface"),
        hold_s=values.count(message, "HoldTime"),
        talk_s=values.count(message, "TalkTime"),
    )


def position(message: Message, pabx: str, at: float, interface: str, name: str) -> PositionSeen:
    """Return a member of a queue; the last two are the fields that hold its interface and its name."""
    device = DEVICE_STATES.get(message.fields["Status"])
    if device is None:
        raise PeerError("Status is no state of a device")
    return PositionSeen(
        pabx=pabx,
        at=at,
        queue=values.queue(message),
        interface=values.checked(message, interface),
        name=message.fields[name],
        device=device,
        paused=values.flag(message, "Paused"),
        paused_reason=message.fields["PausedReason"],
        penalty=values.count(message, "Penalty"),
        in_call=values.flag(message, "InCall"),
        last_call_at=values.count(message, "LastCall"),
        wrapup_s=values.count(message, "Wrapuptime") if "Wrapuptime" in message.fields else 0,
    )


def _position_seen(message: Message, pabx: str, at: float) -> PabxEvent:
    return position(message, pabx, at, "Interface", "MemberName")


def _position_left(message: Message, pabx: str, at: float) -> PabxEvent:
    return PositionLeft(pabx=pabx, at=at, queue=values.queue(message), interface=values.checked(message, "Interface"))


def _position_called(message: Message, pabx: str, at: float) -> PabxEvent:
    return PositionCalled(
        pabx=pabx,
        at=at,
        queue=values.queue(message),
        uniqueid=values.uniqueid(message),
        interface=values.checked(message, "Interface"),
        called=values.checked(message, "DestUniqueid"),
    )


def _position_silent(message: Message, pabx: str, at: float) -> PabxEvent:
    return PositionSilent(
        pabx=pabx,
        at=at,
        queue=values.queue(message),
        uniqueid=values.uniqueid(message),
        interface=values.checked(message, "Interface"),
    )


# --- calls ------------------------------------------------------------------------------------------------------------


def _dial_ended(message: Message, pabx: str, at: float) -> PabxEvent | None:
    if "Uniqueid" not in message.fields:
        return None
    uniqueid, result = values.uniqueid(message), message.fields["DialStatus"]
    if result == "ANSWER":
        return SiteAnswered(pabx=pabx, at=at, uniqueid=uniqueid)
    called = values.checked(message, "DestUniqueid")
    return DialFailed(pabx=pabx, at=at, uniqueid=uniqueid, called=called, result=result)


def _call_hung_up(message: Message, pabx: str, at: float) -> PabxEvent:
    return CallHungUp(pabx=pabx, at=at, uniqueid=values.uniqueid(message), cause=values.count(message, "Cause"))


def _user_shape(message: Message) -> shapes.Shape | None:
    told = message.values("UserEvent")
    if len(told) != 1:
        raise PeerError("repeats UserEvent" if told else "lacks UserEvent")
    if told[0] == STEP_EVENT:
        return shapes.USER_EVENTS["end" if message.fields.get("Phase") == "end" else "begin"]
    return shapes.USER_EVENTS["call"] if told[0] == END_EVENT else None  # None: of somebody else's dialplan


def _user_event(message: Message, pabx: str, at: float) -> PabxEvent:
    return (_step if message.fields["UserEvent"] == STEP_EVENT else _call_ended)(message, pabx, at)


def _step(message: Message, pabx: str, at: float) -> PabxEvent:
    fields = message.fields
    kind = fields["Kind"]
    if kind not in STEP_RESULTS:
        raise PeerError("Kind is no kind of step")
    if fields["Phase"] != "end":
        if fields["Phase"] != "begin":
            raise PeerError("Phase is neither begin nor end")
        return StepBegan(
            pabx=pabx,
            at=at,
            uniqueid=values.uniqueid(message),
            channel=values.channel(message),
            number=fields["Number"],
            decision=fields["Decision"],
            service=fields["Service"],
            rule=fields["Rule"],
            step=values.count(message, "Step"),
            kind=kind,
            target=fields["Target"],
        )
    if fields["Result"] not in STEP_RESULTS[kind]:
        raise PeerError("Result is none of this kind of step")
    return StepEnded(
        pabx=pabx,
        at=at,
        uniqueid=values.uniqueid(message),
        channel=values.channel(message),
        number=fields["Number"],
        decision=fields["Decision"],
        service=fields["Service"],
        rule=fields["Rule"],
        step=values.count(message, "Step"),
        kind=kind,
        target=fields["Target"],
        result=fields["Result"],
        cause=values.count(message, "Cause") if fields["Cause"] else 0,
        elapsed_s=values.count(message, "Elapsed") / 1000,
    )


def _call_ended(message: Message, pabx: str, at: float) -> PabxEvent:
    fields = message.fields
    if fields["Entry"] not in ENTRIES:
        raise PeerError("Entry is no kind of plan")
    by = fields.get("By", "")
    if by not in ENDED_BY:
        raise PeerError("By is nobody who ends calls")
    names = [*fields] if "By" in fields else ["Entry", "By"]
    if names.index("By") != names.index("Entry") + 1:
        raise PeerError("By is not where the dialplan writes it")  # but where a caller may, whose dialplan has none
    return CallEnded(
        pabx=pabx,
        at=at,
        uniqueid=values.uniqueid(message),
        number=fields["Number"],
        decision=fields["Decision"],
        service=fields["Service"],
        rule=fields["Rule"],
        kind=fields["Kind"],
        target=fields["Target"],
        entry=fields["Entry"],
        by=by,
    )


READERS: Final[dict[str, Callable[[Message, str, float], PabxEvent | None]]] = {
    "QueueCallerJoin": _caller_joined,
    "QueueCallerLeave": _caller_left,
    "AgentCalled": _position_called,
    "AgentRingNoAnswer": _position_silent,
    "AgentConnect": _caller_connected,
    "AgentComplete": _talk_ended,
    "QueueMemberAdded": _position_seen,
    "QueueMemberRemoved": _position_left,
    "QueueMemberStatus": _position_seen,
    "QueueMemberPause": _position_seen,
    "QueueMemberPenalty": _position_seen,
    "QueueMemberRinginuse": _position_seen,
    "DialEnd": _dial_ended,
    "Hangup": _call_hung_up,
    "UserEvent": _user_event,
}
