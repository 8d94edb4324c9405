"""Recorded AMI of real Asterisks, from the bytes to the events; data/README.md tells where it comes from."""

import itertools
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.ami import shapes
from ccrouter.ami.hearing import WANTED
from ccrouter.ami.rows import ENDS, rows_told, translate_row
from ccrouter.ami.translate import translate
from ccrouter.ami.wire import Framer, Kind, Message
from ccrouter.live.events import (
    CallEnded,
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallHungUp,
    CallListed,
    DialFailed,
    Listing,
    PabxEvent,
    PeerFault,
    PositionCalled,
    PositionSeen,
    PositionSilent,
    SiteAnswered,
    StepBegan,
    StepEnded,
    TalkEnded,
)
from support.ami import AT, GREETING, PABX, pieces, recording

ROUTED = ("routed_calls_22", "routed_calls_16")
HOSTILE = ("hostile_callers_22", "hostile_callers_16")
RINGS = ("rings_22", "rings_16")
EVERY = ("queue_calls", *ROUTED, *RINGS, *HOSTILE)


def heard(*chunks: bytes) -> list[PabxEvent]:
    """Return the events that these bytes tell."""
    framer = Framer(WANTED)
    return [event for chunk in chunks for message in framer.feed(chunk) for event in meaning(message)]


def meaning(message: Message) -> list[PabxEvent]:
    """Return what a message tells: nothing or one event."""
    if message.kind is Kind.RESPONSE or message.name in ENDS.values():
        return []
    read = translate_row if message.name in shapes.ROWS and "ActionID" in message.fields else translate
    event = read(message, PABX, AT)
    return [] if event is None else [event]


def counted(events: list[PabxEvent]) -> Counter[type[PabxEvent]]:
    """Return how many there are of each type."""
    return Counter(type(event) for event in events)


# --- calls to a queue, everything read --------------------------------------------------------------------------------


def test_queue_calls() -> None:
    """37 calls: every join, leave and answer is told, nothing is refused."""
    assert counted(heard(recording("queue_calls"))) == {
        CallerJoined: 37,
        CallerLeft: 37,
        CallerConnected: 37,
        SiteAnswered: 37,
        PositionCalled: 37,
        TalkEnded: 27,
        PositionSeen: 100,
        CallHungUp: 52,
    }


def test_callers_come_leave_and_talk_in_order() -> None:
    """Each caller joins, leaves the queue, is connected, talks; no event overtakes another."""
    course = defaultdict(list)
    for event in heard(recording("queue_calls")):
        if isinstance(event, CallerJoined | CallerLeft | CallerConnected | TalkEnded | CallHungUp):
            course[event.uniqueid].append(type(event))
    whole = [CallerJoined, CallerLeft, CallerConnected, TalkEnded, CallHungUp]
    callers = [steps for steps in course.values() if steps[0] is CallerJoined]
    assert len(callers) == 37
    assert all(steps == whole[: len(steps)] for steps in callers)


# --- any pieces, any start --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=20)
@given(data=st.data())
def test_the_pieces_make_no_difference(name: str, data: st.DataObject) -> None:
    """Reads end anywhere."""
    stream = recording(name)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=300))
    places = [0, *sorted(cuts), len(stream)]
    assert heard(*(stream[a:b] for a, b in itertools.pairwise(places))) == heard(stream)


@pytest.mark.parametrize("name", ["queue_calls", *ROUTED, *RINGS])
def test_a_daemon_attaches_in_the_middle_of_everything(name: str) -> None:
    """From wherever it starts to listen: exactly the events from there on, and no fault for want of a beginning."""
    every = pieces(recording(name))
    told = [len(heard(GREETING + piece)) for piece in every]
    events = heard(recording(name))
    assert sum(told) == len(events)
    for start in range(0, len(every), 1 + len(every) // 60):
        assert heard(GREETING + b"".join(every[start:])) == events[sum(told[:start]) :]


# --- routed calls, with the rights and the filter that ccrouter asks for ----------------------------------------------


@pytest.mark.parametrize("name", ROUTED)
def test_routed_calls_are_told_without_a_fault(name: str) -> None:
    """Queues, sites, messages, members, listings: everything that a real PABX sends is believed."""
    events = heard(recording(name))
    assert not [event for event in events if isinstance(event, PeerFault)]
    told = counted(events)
    assert (told[CallerJoined], told[CallerLeft], told[CallEnded]) == (11, 11, 24)
    assert told[StepBegan] == 38
    assert {event.entry for event in events if isinstance(event, CallEnded)} == {"routed", "static"}


def test_a_busy_house_is_told_without_a_fault() -> None:
    """320 calls among all that an Asterisk tells: every step, wait, talk and end is believed.

    But for one talk's end: where both channels are gone by then, Asterisk tells of none.
    """
    events = heard(recording("busy_house"))
    faults = [event for event in events if isinstance(event, PeerFault)]
    assert [(fault.event, fault.queue) for fault in faults] == [("AgentComplete", "support")]
    told = counted(events)
    assert (told[StepBegan], told[CallEnded]) == (515, 320)
    assert (told[CallerJoined], told[CallerLeft]) == (191, 191)
    assert (told[CallerConnected], told[TalkEnded]) == (168, 167)


@pytest.mark.parametrize("name", RINGS)
def test_rings_are_told_without_a_fault(name: str) -> None:
    """Each ring ends: by an answer, by silence, or called off; who ended the call is told."""
    events = heard(recording(name))
    assert not [event for event in events if isinstance(event, PeerFault)]
    told = counted(events)
    assert told[PositionCalled] == 11
    assert (told[SiteAnswered], told[PositionSilent]) == (2, 8)
    called_off = {event.called for event in events if isinstance(event, DialFailed) and event.result == "CANCEL"}
    silent = {event.called for event in events if isinstance(event, DialFailed) and event.result == "NOANSWER"}
    assert len(called_off - silent) == 1
    assert [event.by for event in events if isinstance(event, CallEnded)] == ["plan", *["caller"] * 3, "plan"]


@pytest.mark.parametrize("name", ROUTED)
def test_steps_of_a_call_follow_each_other(name: str) -> None:
    """A step ends before the next one begins, and each ends as it began."""
    calls: dict[str, list[StepBegan | StepEnded]] = defaultdict(list)
    for event in heard(recording(name)):
        if isinstance(event, StepBegan | StepEnded):
            calls[event.uniqueid].append(event)
    assert len(calls) == 24
    results = set()
    for steps in calls.values():
        # A caller who hangs up ends the last step without an event.
        for begun, ended in zip(steps[::2], steps[1::2], strict=False):
            assert isinstance(begun, StepBegan)
            assert isinstance(ended, StepEnded)
            assert (begun.step, begun.kind, begun.target) == (ended.step, ended.kind, ended.target)
            results.add(ended.result)
    assert results >= {"answered", "busy", "congestion", "noanswer", "full", "withdraw", "timeout", "died"}


@pytest.mark.parametrize("name", ROUTED)
def test_every_listing_is_whole(name: str) -> None:
    """The PABX counts as many rows as were read, for each of the listings."""
    rows: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for message in Framer(WANTED).feed(recording(name)):
        answer = message.fields.get("ActionID", "")
        if message.name in ENDS.values():
            ended[message.name] += 1
            assert rows_told(message) == rows[answer]
        elif message.name in shapes.ROWS:
            rows[answer] += 1
    assert ended == dict.fromkeys(ENDS.values(), 5)


@pytest.mark.parametrize("name", ROUTED)
def test_listings_tell_where_calls_are(name: str) -> None:
    """Callers in queues, in talk and waiting, each with the begin of its step."""
    events = heard(recording(name))
    calls = {(event.kind, event.target, event.bridged) for event in events if isinstance(event, CallListed)}
    assert {("queue", "paris", True), ("queue", "paris", False)} <= calls
    assert all(event.since is not None for event in events if isinstance(event, CallListed))


# --- hostile callers, on a PABX that does not clean their numbers -----------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_callers_change_nothing_but_the_count_of_faults(name: str) -> None:
    """No pause, no hang-up of somebody else, no end of a call that was not theirs: faults instead."""
    events = heard(recording(name))
    assert counted(events)[PeerFault] >= 100
    assert not any(event.paused for event in events if isinstance(event, PositionSeen))
    victims = {"1795297919.4"}
    assert not victims & {event.uniqueid for event in events if isinstance(event, CallHungUp | CallerLeft)}
    assert not any(isinstance(event, CallEnded) for event in events)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_forged_event_is_blamed_and_names_its_queue(name: str) -> None:
    """A pause for queue support that no PABX sent: that queue is to be read again."""
    faults = [event for event in heard(recording(name)) if isinstance(event, PeerFault)]
    assert {(fault.event, fault.queue) for fault in faults} >= {("QueueMemberPause", "support"), ("", "")}
    assert all(fault.reason for fault in faults)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_mutilated_listing_is_seen(name: str) -> None:
    """A waiting caller's line end takes the id from a row: the end of the listing tells more rows than came."""
    rows: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for message in Framer(WANTED).feed(recording(name)):
        answer = message.fields.get("ActionID", "")
        if message.name in ENDS.values():
            missing[message.name] += rows_told(message) - rows[answer]
        elif message.name in shapes.ROWS:
            rows[answer] += 1
    assert missing[ENDS[Listing.QUEUES]] > 0
    assert missing[ENDS[Listing.CALLS]] > 0
