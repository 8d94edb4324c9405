"""Which fields each event must have and may have: what tells a genuine event from a forged or mutilated one.

A caller's SIP address goes unescaped into AMI. A whole event of at most 79 characters can be put into the stream that
way, and the event that carried it arrives in two pieces: a head without its last fields, and a tail whose fields follow
those of the forged event. So an event counts only when all its fields are there, none twice, and none that belongs to
other events. Sources: Asterisk 16.28 and 22.10, field by field; app_queue.c, manager_channels.c, manager.c.

A field that no event here has is let through: each new Asterisk adds some (TechCause, TenantID), and a router that
believes nothing after an upgrade would help no caller.
"""

from typing import Final, NamedTuple

from ccrouter.ami.wire import Message
from ccrouter.contract import END_FIELDS, STEP_FIELDS
from ccrouter.errors import PeerError


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


CHANNEL: Final = _set(
    "Channel ChannelState ChannelStateDesc CallerIDNum CallerIDName ConnectedLineNum ConnectedLineName Language"
    " AccountCode Context Exten Priority Uniqueid Linkedid"
)
CALLED: Final = frozenset(f"Dest{name}" for name in CHANNEL)
MEMBER: Final = _set(
    "Queue MemberName Interface StateInterface Membership Penalty CallsTaken LastCall LastPause InCall Status Paused"
    " PausedReason Ringinuse"
)
MEMBER_LATER: Final = _set("LoginTime Wrapuptime")  # not in all releases of 16
ANYWHERE: Final = _set(
    "Event Privilege Timestamp SequenceNumber File Line Func SystemName ChanVariable DestChanVariable"
)
"""The settings of manager.conf (timestampevents, debug, channelvars) and asterisk.conf (systemname) add these."""

MANIFOLD: Final = _set("ChanVariable DestChanVariable")


class Shape(NamedTuple):
    """Fields of one event.

    Attributes:
        manifold: those that may come more than once.
        foreign: those that only other events have.
        follows: where one is there, it stands right after the other.

    """

    required: frozenset[str]
    allowed: frozenset[str]
    manifold: frozenset[str] = MANIFOLD
    foreign: frozenset[str] = frozenset()
    follows: tuple[str, str] | None = None


def _event(required: frozenset[str], optional: frozenset[str] = frozenset()) -> Shape:
    return Shape(required | {"Privilege"}, required | optional | ANYWHERE)


def _row(required: str, optional: str = "") -> Shape:
    fields = _set(required) | {"ActionID"}
    return Shape(fields, fields | _set(optional) | ANYWHERE)


STEP_END: Final = _set("Result Cause Elapsed")
END_LATER: Final = _set("By")  # not in a dialplan of before

_EVENTS: Final = {
    "QueueCallerJoin": _event(CHANNEL | _set("Queue Position Count")),
    "QueueCallerLeave": _event(CHANNEL | _set("Queue Position Count")),
    # 16 leaves out the position's channel where that hung up first.
    "AgentCalled": _event(CHANNEL | CALLED | _set("Queue Interface MemberName")),
    "AgentRingNoAnswer": _event(CHANNEL | _set("Queue Interface MemberName RingTime"), CALLED),
    "AgentConnect": _event(CHANNEL | _set("Queue Interface MemberName HoldTime RingTime"), CALLED),
    "AgentComplete": _event(CHANNEL | _set("Queue Interface MemberName HoldTime TalkTime Reason"), CALLED),
    "QueueMemberAdded": _event(MEMBER, MEMBER_LATER),
    "QueueMemberRemoved": _event(MEMBER, MEMBER_LATER),
    "QueueMemberStatus": _event(MEMBER, MEMBER_LATER),
    "QueueMemberPause": _event(MEMBER, MEMBER_LATER | _set("Reason")),  # 16 tells the reason twice
    "QueueMemberPenalty": _event(MEMBER, MEMBER_LATER),
    "QueueMemberRinginuse": _event(MEMBER, MEMBER_LATER),
    # A call that nobody asked for by dialling (Originate) has no caller's channel.
    "DialEnd": _event(CALLED | _set("DialStatus"), CHANNEL | _set("Forward")),
    "Hangup": _event(CHANNEL | _set("Cause Cause-txt"), _set("TechCause")),  # 22 tells more for SIP
}
_USER_EVENTS: Final = {
    "begin": _event(CHANNEL | _set("UserEvent") | set(STEP_FIELDS) - STEP_END, STEP_END),
    "end": _event(CHANNEL | _set("UserEvent") | set(STEP_FIELDS)),
    # Elsewhere a caller may have put it, whose dialplan has none.
    "call": _event(CHANNEL | _set("UserEvent") | set(END_FIELDS) - END_LATER, END_LATER)._replace(
        follows=("By", "Entry")
    ),
}
_ROWS: Final = {
    "QueueParams": _row(
        "Queue Max Strategy Calls Holdtime TalkTime Completed Abandoned ServiceLevel ServicelevelPerf Weight",
        "ServicelevelPerf2",
    ),
    "QueueMember": _row(
        "Queue Name Location StateInterface Membership Penalty CallsTaken LastCall LastPause InCall Status Paused"
        " PausedReason",
        "LoginTime Wrapuptime",
    ),
    "QueueEntry": _row(
        "Queue Position Channel Uniqueid CallerIDNum CallerIDName ConnectedLineNum ConnectedLineName Wait Priority"
    ),
    "Status": _row(
        " ".join(CHANNEL) + " Type DNID EffectiveConnectedLineNum EffectiveConnectedLineName TimeToHangup BridgeID"
        " Application Data Nativeformats Readformat Readtrans Writeformat Writetrans Callgroup Pickupgroup Seconds"
        " Variable"
    )._replace(manifold=MANIFOLD | {"Variable"}),
}
_COMPLETES: Final = {
    name: _row("EventList ListItems", optional)
    for name, optional in (("QueueStatusComplete", ""), ("StatusComplete", "Items"))
}

ELSEWHERE: Final = _set(
    "AppData AppFunction BridgeUniqueid CallID DialString Extension OriginalPosition Response URI ContactStatus AOR"
    " EndpointName Device State RoundtripUsec Module Shutdown Restart Uptime LastReload"
)
"""Fields of events that are not read here, but that a caller's number goes into or that might be forged."""

KNOWN: Final = ELSEWHERE.union(
    *(shape.allowed for table in (_EVENTS, _USER_EVENTS, _ROWS, _COMPLETES) for shape in table.values())
)


def _complete(table: dict[str, Shape]) -> dict[str, Shape]:
    return {name: shape._replace(foreign=KNOWN - shape.allowed) for name, shape in table.items()}


EVENTS: Final = _complete(_EVENTS)
"""Events that come by themselves."""

USER_EVENTS: Final = _complete(_USER_EVENTS)
"""UserEvents of our dialplan: a step's begin, its end, the end of the call."""

ROWS: Final = _complete(_ROWS)
"""Rows of the listings that we ask for."""

COMPLETES: Final = _complete(_COMPLETES)
"""Ends of those listings."""


def check(message: Message, shape: Shape) -> None:
    """Check that an event has its fields, each once, and none that belongs to others.

    Raises:
        PeerError: it has not; the text names fields, never values.

    """
    if message.flaw:
        raise PeerError(message.flaw)
    if message.repeated:
        for field in message.repeated:
            if field not in shape.manifold:
                raise PeerError(f"repeats {field if field in KNOWN else 'a field'}")
    fields = message.fields
    if not fields.keys() >= shape.required:
        raise PeerError(f"lacks {min(shape.required - fields.keys())}")
    if not shape.foreign.isdisjoint(fields):
        raise PeerError(f"has {min(shape.foreign & fields.keys())}, a field of other events")
    if shape.follows is not None and shape.follows[0] in fields:
        field, before = shape.follows
        names = [*fields]
        if names.index(field) != names.index(before) + 1:
            raise PeerError(f"{field} is not where the dialplan writes it")
