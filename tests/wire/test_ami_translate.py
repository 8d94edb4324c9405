"""What events mean, and which are not believed. The events are those that real Asterisks sent."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.ami import shapes
from ccrouter.ami.rows import rows_told, translate_row
from ccrouter.ami.translate import translate
from ccrouter.ami.wire import Message
from ccrouter.contract import CALL_VARIABLES, END_FIELDS, STEP_FIELDS
from ccrouter.errors import PeerError
from ccrouter.live.events import (
    CallEnded,
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallerListed,
    CallHungUp,
    CallListed,
    DeviceState,
    DialFailed,
    PabxEvent,
    PeerFault,
    PositionCalled,
    PositionLeft,
    PositionSeen,
    PositionSilent,
    QueueListed,
    SiteAnswered,
    StepBegan,
    StepEnded,
    TalkEnded,
)
from support.ami import AT, PABX, parse, recording, sample, written

VERSIONS = (22, 16)
ROWS = frozenset(shapes.ROWS)


def told(fields: Mapping[str, str]) -> PabxEvent | None:
    """Return what a message with these fields tells."""
    [each] = parse(written(fields))
    return meant(each)


def meant(each: Message) -> PabxEvent | None:
    """Return what a message tells: rows by their names, all others as events."""
    read = translate_row if each.name in ROWS else translate
    return read(each, PABX, AT)


def reason(event: PabxEvent | None) -> str:
    """Return why a message was refused."""
    assert isinstance(event, PeerFault)
    return event.reason


# --- what each event means --------------------------------------------------------------------------------------------

HERE: dict[str, Any] = {"pabx": PABX, "at": AT}
CALL: dict[str, Any] = {"uniqueid": "1.7", "channel": "PJSIP/carrier-00000007"}
ROUTE: dict[str, Any] = {"number": "0800123456", "decision": "d1", "service": "support", "rule": "peak"}
MEMBER: dict[str, Any] = {
    "queue": "support",
    "interface": "PJSIP/agent1",
    "name": "Agent 1",
    "device": DeviceState.RINGING,
    "paused": True,
    "paused_reason": "lunch",
    "penalty": 3,
    "in_call": True,
    "last_call_at": 1795299283,
    "wrapup_s": 10,
}

CHANNEL_FIELDS = {"Uniqueid": "1.7", "Channel": "PJSIP/carrier-00000007"}
ROUTE_FIELDS = {"Number": "0800123456", "Decision": "d1", "Service": "support", "Rule": "peak"}
MEMBER_FIELDS = {
    "Queue": "support",
    "Penalty": "3",
    "LastCall": "1795299283",
    "InCall": "1",
    "Status": "6",
    "Paused": "1",
    "PausedReason": "lunch",
    "Wrapuptime": "10",
}
POSITION = MEMBER_FIELDS | {"Interface": "PJSIP/agent1", "MemberName": "Agent 1"}
RING = {"Queue": "support", "Interface": "PJSIP/agent1"}
TALK = {"Queue": "support", "Interface": "PJSIP/agent1", "HoldTime": "12"}
AT_TUNIS = "site|tunis|PJSIP/tunis|25|30|pass"
VARIABLES = "\r\nVariable: ".join(
    f"{name}={value}"
    for name, value in zip(
        CALL_VARIABLES,
        ["0800123456", f"v1|d1|support|peak||position|0|&{AT_TUNIS}&play|closed|bye", f"2|5250|{AT_TUNIS}"],
        strict=True,
    )
)

MEANINGS: dict[str, tuple[str, dict[str, str], PabxEvent | None]] = {
    "a caller joins": (
        "QueueCallerJoin",
        CHANNEL_FIELDS | {"Queue": "support", "Position": "2"},
        CallerJoined(**HERE, **CALL, queue="support", position=2),
    ),
    "a caller leaves": (
        "QueueCallerLeave",
        CHANNEL_FIELDS | {"Queue": "support"},
        CallerLeft(**HERE, queue="support", uniqueid="1.7"),
    ),
    "a position rings": (
        "AgentCalled",
        CHANNEL_FIELDS | RING | {"DestUniqueid": "1.8"},
        PositionCalled(**HERE, queue="support", uniqueid="1.7", interface="PJSIP/agent1", called="1.8"),
    ),
    "a position is silent again": (
        "AgentRingNoAnswer",
        CHANNEL_FIELDS | RING | {"RingTime": "2000"},
        PositionSilent(**HERE, queue="support", uniqueid="1.7", interface="PJSIP/agent1"),
    ),
    "a position answers": (
        "AgentConnect",
        CHANNEL_FIELDS | TALK | {"RingTime": "3"},
        CallerConnected(**HERE, queue="support", uniqueid="1.7", interface="PJSIP/agent1", hold_s=12, ring_s=3),
    ),
    "a talk ends": (
        "AgentComplete",
        CHANNEL_FIELDS | TALK | {"TalkTime": "90"},
        TalkEnded(**HERE, queue="support", uniqueid="1.7", interface="PJSIP/agent1", hold_s=12, talk_s=90),
    ),
    "a talk ends, after the clock was set back": (
        "AgentComplete",
        CHANNEL_FIELDS | TALK | {"HoldTime": "-3599", "TalkTime": "0"},
        TalkEnded(**HERE, queue="support", uniqueid="1.7", interface="PJSIP/agent1", hold_s=0, talk_s=0),
    ),
    "a member is added": ("QueueMemberAdded", POSITION, PositionSeen(**HERE, **MEMBER)),
    "a member rings": ("QueueMemberStatus", POSITION, PositionSeen(**HERE, **MEMBER)),
    "a member pauses": ("QueueMemberPause", POSITION, PositionSeen(**HERE, **MEMBER)),
    "a member's penalty": ("QueueMemberPenalty", POSITION, PositionSeen(**HERE, **MEMBER)),
    "a member's ringinuse": ("QueueMemberRinginuse", POSITION, PositionSeen(**HERE, **MEMBER)),
    "a member leaves": (
        "QueueMemberRemoved",
        POSITION,
        PositionLeft(**HERE, queue="support", interface="PJSIP/agent1"),
    ),
    "a site answers": ("DialEnd", CHANNEL_FIELDS | {"DialStatus": "ANSWER"}, SiteAnswered(**HERE, uniqueid="1.7")),
    "a site or a position does not answer": (
        "DialEnd",
        CHANNEL_FIELDS | {"DialStatus": "NOANSWER", "DestUniqueid": "1.8"},
        DialFailed(**HERE, uniqueid="1.7", called="1.8", result="NOANSWER"),
    ),
    "a channel is gone": (
        "Hangup",
        CHANNEL_FIELDS | {"Cause": "16"},
        CallHungUp(**HERE, uniqueid="1.7", cause=16),
    ),
    "a step begins": (
        "CCRouterStep begin",
        CHANNEL_FIELDS | ROUTE_FIELDS | {"Step": "2", "Kind": "site", "Target": "tunis"},
        StepBegan(**HERE, **CALL, **ROUTE, step=2, kind="site", target="tunis"),
    ),
    "a step ends": (
        "CCRouterStep end",
        CHANNEL_FIELDS
        | ROUTE_FIELDS
        | {"Step": "2", "Kind": "site", "Target": "tunis", "Result": "busy", "Cause": "17", "Elapsed": "1250"},
        StepEnded(
            **HERE, **CALL, **ROUTE, step=2, kind="site", target="tunis", result="busy", cause=17, elapsed_s=1.25
        ),
    ),
    "a step ends without a cause": (
        "CCRouterStep end",
        CHANNEL_FIELDS
        | ROUTE_FIELDS
        | {"Step": "1", "Kind": "site", "Target": "tunis", "Result": "full", "Cause": "", "Elapsed": "0"},
        StepEnded(**HERE, **CALL, **ROUTE, step=1, kind="site", target="tunis", result="full", cause=0, elapsed_s=0),
    ),
    "a call ends": (
        "CCRouterEnd",
        CHANNEL_FIELDS | ROUTE_FIELDS | {"Kind": "play", "Target": "closed", "Entry": "static"},
        CallEnded(**HERE, uniqueid="1.7", **ROUTE, kind="play", target="closed", entry="static"),
    ),
    "a call is ended by its caller": (
        "CCRouterEnd by",
        CHANNEL_FIELDS | ROUTE_FIELDS | {"Kind": "site", "Target": "tunis", "Entry": "routed", "By": "caller"},
        CallEnded(**HERE, uniqueid="1.7", **ROUTE, kind="site", target="tunis", entry="routed", by="caller"),
    ),
    "somebody else's user event": ("CCRouterEnd", {"UserEvent": "Callback", "Entry": "1"}, None),
    "row: a queue": ("QueueParams", {"Queue": "support"}, QueueListed(**HERE, queue="support")),
    "row: a member": (
        "QueueMember",
        MEMBER_FIELDS | {"Location": "PJSIP/agent1", "Name": "Agent 1"},
        PositionSeen(**HERE, **MEMBER),
    ),
    "row: a waiting caller": (
        "QueueEntry",
        CHANNEL_FIELDS | {"Queue": "support", "Position": "3", "Wait": "40"},
        CallerListed(**HERE, **CALL, queue="support", position=3, wait_s=40),
    ),
    "row: a call": (
        "Status",
        CHANNEL_FIELDS | {"BridgeID": "b1", "Variable": VARIABLES},
        CallListed(**HERE, **CALL, **ROUTE, kind="site", target="tunis", since=5.25, bridged=True),
    ),
    "row: a call that has not begun a step": (
        "Status",
        CHANNEL_FIELDS | {"BridgeID": "", "Variable": VARIABLES.replace(f"2|5250|{AT_TUNIS}", "(null)")},
        CallListed(**HERE, **CALL, **ROUTE, kind="", target="", since=None, bridged=False),
    ),
    "row: a call of the PABX's own plan": (
        "Status",
        CHANNEL_FIELDS | {"BridgeID": "", "Variable": VARIABLES.replace("v1|d1", "v1|").replace("5250", "x")},
        CallListed(
            **HERE, **CALL, **(ROUTE | {"decision": ""}), kind="site", target="tunis", since=None, bridged=False
        ),
    ),
    "row: a channel that is no caller": ("Status", {"Variable": VARIABLES.replace("0800123456", "(null)")}, None),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", MEANINGS)
def test_what_an_event_means(case: str, version: int) -> None:
    """A real event of Asterisk 22 and of 16, with these values in it."""
    kind, values, expected = MEANINGS[case]
    fields = sample(version, kind)
    assert values.keys() <= fields.keys()
    assert told(fields | values) == expected


def test_every_event_and_row_has_a_meaning_here() -> None:
    """No event is read whose meaning is not in the table."""
    names = {kind for kind, _, _ in MEANINGS.values()}
    assert names == {*shapes.EVENTS, *shapes.ROWS, *USER_EVENT}


@pytest.mark.parametrize("state", DeviceState)
def test_states_of_telephones(state: DeviceState) -> None:
    """The numbers of AST_DEVICE_*, in their order."""
    fields = sample(22, "QueueMemberStatus") | {"Status": str([*DeviceState].index(state))}
    event = told(fields)
    assert isinstance(event, PositionSeen)
    assert event.device is state


def test_a_dial_without_a_caller() -> None:
    """An Originate that is answered has no caller's channel; it is nothing to us, and no fault."""
    fields = {name: value for name, value in sample(22, "DialEnd").items() if name not in shapes.CHANNEL}
    assert told(fields | {"DialStatus": "ANSWER"}) is None


def test_16_forgets_the_channel_of_a_position_that_hung_up_first() -> None:
    """AgentComplete of 16.28 may come without the position's channel."""
    fields = {name: value for name, value in sample(16, "AgentComplete").items() if name not in shapes.CALLED}
    assert isinstance(told(fields), TalkEnded)


def test_what_misleads_or_can_be_forged_is_not_even_read() -> None:
    """QueueCallerAbandon also comes when a caller timed out or was withdrawn; Shutdown is short enough to be forged."""
    stream = recording("routed_calls_22") + recording("hostile_callers_22").partition(b"\r\n")[2]
    assert b"Event: QueueCallerAbandon" in stream
    assert b"Event: Shutdown" in stream
    assert not {"QueueCallerAbandon", "Shutdown"} & {each.name for each in parse(stream.partition(b"\r\n")[2])}


# --- what is not believed ---------------------------------------------------------------------------------------------

KINDS = sorted({kind for kind, _, _ in MEANINGS.values()})
REQUIRED = {
    **{name: shape.required for name, shape in {**shapes.EVENTS, **shapes.ROWS}.items()},
    "CCRouterStep begin": shapes.USER_EVENTS["begin"].required,
    "CCRouterStep end": shapes.USER_EVENTS["end"].required,
    "CCRouterEnd": shapes.USER_EVENTS["call"].required,
    "CCRouterEnd by": shapes.USER_EVENTS["call"].required,
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_event_that_lacks_a_field_is_not_believed(kind: str, version: int) -> None:
    """A caller's line end cuts the tail off a genuine event."""
    fields = sample(version, kind)
    for field in REQUIRED[kind]:
        rest = {name: value for name, value in fields.items() if name != field}
        assert reason(told(rest)) == f"lacks {field}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_event_that_repeats_a_field_is_not_believed(kind: str, version: int) -> None:
    """A caller's line end adds fields to a genuine event."""
    fields = sample(version, kind)
    for field in fields.keys() - {"Variable"}:
        data = written(fields)[:-2] + f"{field}: x\r\n\r\n".encode()
        [each] = parse(data)
        assert reason(meant(each)) == f"repeats {field}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_event_with_fields_of_others_is_not_believed(kind: str, version: int) -> None:
    """A forged event gets the tail of the genuine one that carried it."""
    fields = sample(version, kind)
    shape = shapes.EVENTS.get(kind) or shapes.ROWS.get(kind) or shapes.USER_EVENTS[USER_EVENT[kind]]
    for field in shape.foreign:
        assert reason(told(fields | {field: "x"})) == f"has {field}, a field of other events"


USER_EVENT = {
    "CCRouterStep begin": "begin",
    "CCRouterStep end": "end",
    "CCRouterEnd": "call",
    "CCRouterEnd by": "call",
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_other_settings_and_versions_add_is_let_through(kind: str, version: int) -> None:
    """timestampevents, debug, systemname and channelvars add fields, and so does each new Asterisk."""
    fields = sample(version, kind)
    [plain] = parse(written(fields))
    more = (
        b"Timestamp: 1795298034.243903\r\nSequenceNumber: 13\r\nFile: manager.c\r\nLine: 593\r\nFunc: f\r\n"
        b"SystemName: pbx1\r\nChanVariable: A=1\r\nChanVariable: B=\r\nDestChanVariable: A=\r\nDestChanVariable: B=\r\n"
        b"TenantID: x\r\nInventedTomorrow: 1\r\n"
    )
    [richer] = parse(written(fields)[:-2] + more + b"\r\n")
    assert meant(richer) == meant(plain)


WRONG_VALUES = {
    "no number": ("QueueCallerJoin", {"Position": "first"}, "Position can't be read"),
    "a number in other digits": ("QueueCallerJoin", {"Position": "\u0661"}, "Position can't be read"),
    "a number that is too long": ("QueueCallerJoin", {"Position": "1" * 16}, "Position can't be read"),
    "no queue": ("QueueCallerJoin", {"Queue": ""}, "Queue can't be read"),
    "a queue with a line feed": ("QueueCallerJoin", {"Queue": "a\nb"}, "Queue can't be read"),
    "a queue of 10 kB": ("QueueCallerJoin", {"Queue": "q" * 10_000}, "Queue can't be read"),
    "no uniqueid": ("Hangup", {"Uniqueid": ""}, "Uniqueid can't be read"),
    "a uniqueid with a space": ("Hangup", {"Uniqueid": "1 2"}, "Uniqueid can't be read"),
    "a channel of 10 kB": ("CCRouterStep begin", {"Channel": "c" * 10_000}, "Channel can't be read"),
    "an unknown state": ("QueueMemberStatus", {"Status": "9"}, "Status is no state of a device"),
    "half paused": ("QueueMemberPause", {"Paused": "yes"}, "Paused is neither 0 nor 1"),
    "an unknown kind of step": ("CCRouterStep begin", {"Kind": "fax"}, "Kind is no kind of step"),
    "a phase between": ("CCRouterStep begin", {"Phase": "middle"}, "Phase is neither begin nor end"),
    "a result of another kind": (
        "CCRouterStep end",
        {"Kind": "play", "Result": "busy"},
        "Result is none of this kind of step",
    ),
    "a channel of a position that can't be": ("AgentCalled", {"DestUniqueid": "x" * 300}, "DestUniqueid can't be read"),
    "no interface": ("AgentRingNoAnswer", {"Interface": ""}, "Interface can't be read"),
    "an end by nobody": ("CCRouterEnd by", {"By": "forged"}, "By is nobody who ends calls"),
    "an unknown entry": ("CCRouterEnd", {"Entry": "forged"}, "Entry is no kind of plan"),
    "a variable twice": ("Status", {"Variable": VARIABLES + "\r\nVariable: CCROUTER_PLAN=x"}, "tells a variable twice"),
    "a variable missing": ("Status", {"Variable": "CCROUTER_NUMBER=1"}, "lacks a variable"),
    "an answer's id in an event": ("Hangup", {"ActionID": "x"}, "has ActionID, a field of other events"),
}


@pytest.mark.parametrize("case", WRONG_VALUES)
def test_values_that_can_not_be_are_not_believed(case: str) -> None:
    """Nothing is guessed; the reason names the field and never its value."""
    kind, values, expected = WRONG_VALUES[case]
    assert reason(told(sample(22, kind) | values)) == expected


@pytest.mark.parametrize("queue", ["support", "", "a\nb", "q" * 300])
def test_a_fault_names_the_queue_that_it_touches(queue: str) -> None:
    """So that only that one needs to be read again; a name that can't be one is left out."""
    fields = sample(22, "QueueMemberPause") | {"Queue": queue}
    del fields["Interface"]
    event = told(fields)
    assert isinstance(event, PeerFault)
    assert (event.event, event.queue) == ("QueueMemberPause", queue if queue == "support" else "")


def test_an_event_among_the_rows_is_a_fault() -> None:
    """Even with the id of the listing."""
    [each] = parse(written(sample(22, "Hangup") | {"ActionID": "x"}))
    assert reason(translate_row(each, PABX, AT)) == "is no row of a listing"


def test_garbage_is_a_fault() -> None:
    """What is neither an event nor an answer is the tail of something."""
    event = told({"CallerIDName": "x", "Uniqueid": "1.7"})
    assert event == PeerFault(**HERE, event="", reason="neither an event nor a response")


@pytest.mark.parametrize("name", shapes.COMPLETES)
def test_the_end_of_a_listing_tells_how_many_rows_there_were(name: str) -> None:
    """And only a whole one does."""
    fields = sample(22, name)
    [whole] = parse(written(fields))
    assert rows_told(whole) == int(fields["ListItems"])
    del fields["EventList"]
    [cut] = parse(written(fields))
    with pytest.raises(PeerError, match="lacks EventList"):
        rows_told(cut)


MOST_A_CALLER_CAN_WRITE = 79
"""Characters that Asterisk keeps of a SIP user; the line end before a forged event is among them."""


@pytest.mark.parametrize("kind", sorted(set(KINDS) - ROWS))
def test_no_event_is_short_enough_for_a_caller_to_forge_it(kind: str) -> None:
    """Even with the shortest values, no event that is believed fits into a SIP user."""
    fields = REQUIRED[kind] - {"UserEvent", "Phase"}
    extra = {"begin": 33 + 14, "end": 33 + 12, "call": 24}.get(USER_EVENT.get(kind, ""), 0)
    name = "UserEvent" if kind in USER_EVENT else kind
    shortest = 4 + len(f"Event: {name}\r\n") + sum(len(f"{field}: x\r\n") for field in fields) + extra + 2
    assert shortest > 2 * MOST_A_CALLER_CAN_WRITE


@given(
    st.sampled_from(KINDS),
    st.text(max_size=MOST_A_CALLER_CAN_WRITE),
    st.sampled_from(["CallerIDNum", "ConnectedLineNum", "CallerIDName"]),
)
def test_what_a_caller_writes_into_an_event_never_makes_another(kind: str, text: str, field: str) -> None:
    """Whatever stands in a caller's number: the same event as without it, or faults, or nothing."""
    fields = sample(22, kind)
    if field not in fields:
        return
    honest = told(fields)
    for each in parse(written(fields | {field: "1\r\n" + text})):
        event = meant(each)
        assert event in {honest, None} or isinstance(event, PeerFault)


FORGED = [
    "1\r\n\r\nEvent: QueueMemberPause\r\nQueue: support\r\nPaused: 1\r\n\r\n",
    "1\r\n\r\nEvent: Hangup\r\nUniqueid: 1.7\r\nCause: 16\r\nCause-txt: x\r\n\r\n",
    "1\r\n\r\nEvent: Hangup\r\nPrivilege: call,all\r\nChannel: x\r\nUniqueid: 1.7",
    "1\r\n\r\nEvent: QueueCallerLeave\r\nQueue: support\r\nPosition: 1\r\nCount: 0",
    "1\r\n\r\nEvent: UserEvent\r\nUserEvent: CCRouterEnd\r\nEntry: routed",
    "1\r\n\r\nEvent: UserEvent\r\nUserEvent: x",
    "1\r\nUniqueid: 1.7",
    "1\r\nDialStatus: ANSWER",
    "1\r\nBy: plan",
    "1\r\n\r\nEvent: AgentRingNoAnswer\r\nQueue: support\r\nInterface: PJSIP/agent1",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", FORGED)
def test_forged_text_in_any_event_is_seen(kind: str, text: str) -> None:
    """Each is told at least once as a fault, and tells nothing else."""
    fields = sample(22, kind)
    if "CallerIDNum" not in fields:
        return
    events = [meant(each) for each in parse(written(fields | {"CallerIDNum": text}))]
    assert len(text) <= MOST_A_CALLER_CAN_WRITE
    assert any(isinstance(event, PeerFault) for event in events)
    assert all(event is None or isinstance(event, PeerFault) for event in events)


def test_the_dialplan_and_the_tables_agree_on_names() -> None:
    """The fields of our own events are those of the contract."""
    assert set(STEP_FIELDS) | shapes.CHANNEL | {"UserEvent", "Privilege"} == shapes.USER_EVENTS["end"].required
    call = shapes.USER_EVENTS["call"]
    assert set(END_FIELDS) | shapes.CHANNEL | {"UserEvent", "Privilege"} == call.required | shapes.END_LATER
    assert call.allowed >= shapes.END_LATER
