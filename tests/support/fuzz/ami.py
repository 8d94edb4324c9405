"""AMI: what a PABX, a caller's text within it, or anybody else may send; and what is sent to it."""

import re
from functools import cache
from typing import Final

from hypothesis import strategies as st

from ccrouter.ami import shapes, wire
from ccrouter.ami.hearing import WANTED
from ccrouter.ami.rows import translate_row
from ccrouter.ami.translate import READERS, translate
from ccrouter.ami.wire import END, Framer, Kind, Message, encode
from ccrouter.errors import PeerError
from ccrouter.live.events import LinkUp, ListBegan, ListDone, Listing, PabxEvent, PeerFault, Ticked
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from support.ami import AT, GREETING, PABX, pieces, recording, sample, written
from support.fuzz.target import Drawn, Target, cuts
from support.live_invariants import check as check_state

NAMES_WANTED: Final = frozenset(name.encode() for name in WANTED)
RECORDINGS: Final = ("routed_calls_22", "routed_calls_16", "rings_22", "hostile_callers_22")
SITES: Final = (
    SiteLimits("paris", queue="support"),
    SiteLimits("tunis", "PJSIP/trunk-tunis", 30),
    SiteLimits("backup"),
)


def heard(chunks: list[bytes]) -> list[Message | str]:
    """Return the messages of a stream, and the fault as the last."""
    framer, out = Framer(WANTED), list[Message | str]()
    try:
        for chunk in chunks:
            out.extend(framer.feed(chunk))
            assert len(framer._rest) < wire.MAX_MESSAGE + len(END)
    except PeerError as error:
        out.append(str(error))
    return out


def seen(told: list[Message | str]) -> list[object]:
    """Return all that messages hold."""
    return [
        each if isinstance(each, str) else (each.kind, each.name, each.fields, each.repeated, each.flaw)
        for each in told
    ]


def meant(message: Message) -> PabxEvent | None:
    """Return what a message tells, as the link would take it."""
    if message.name in shapes.ROWS:
        return translate_row(message, PABX, AT)
    return translate(message, PABX, AT)


def check_stream(data: bytes) -> None:
    """Check bytes in any pieces: the same messages; each is believed whole and well-formed, or reported."""
    told = heard([data])
    for chunks in cuts(data):
        assert seen(heard(chunks)) == seen(told)
    frames = data.partition(b"\r\n")[2].split(END)
    if not any(isinstance(each, str) for each in told):
        # A lone line feed is no empty line: what comes after it begins with it.
        begun = [frame.lstrip(b"\r\n") if frame[:2] == b"\r\n" else frame for frame in frames[:-1] if told]
        heads = [frame.partition(b"\r\n")[0] for frame in begun]
        wanted = [head for head in heads if head.removeprefix(b"Event: ") in NAMES_WANTED and head[:7] == b"Event: "]
        assert len(wanted) == sum(isinstance(each, Message) and each.kind is Kind.EVENT for each in told)
    for message in told:
        if isinstance(message, Message) and message.kind is not Kind.RESPONSE:
            event = meant(message)
            if event is not None and not isinstance(event, PeerFault):
                check_believed(message, frames)


def check_believed(message: Message, frames: list[bytes]) -> None:
    """Check that what is believed stands so in one frame: each line a field, each name once, none missing."""
    assert message.kind is Kind.EVENT
    assert not message.flaw
    shape = {**shapes.EVENTS, **shapes.ROWS}.get(message.name)
    lines = [f"{name}: {value}" for name, value in message.fields.items() if name not in shapes.MANIFOLD | {"Variable"}]
    matching = [frame.decode("utf-8", "replace").lstrip("\r\n").split("\r\n") for frame in frames]
    assert any(
        {line if ": " in line else f"{line} " for line in lines}
        <= {line if ": " in line else f"{line} " for line in each}
        and len(names := [name for name in map(name_of, each) if name not in MANIFOLD]) == len(set(names))
        for each in matching
    )
    if shape is not None:
        assert message.fields.keys() >= shape.required
        assert not message.fields.keys() & shape.foreign


MANIFOLD: Final = shapes.MANIFOLD | {"Variable"}


def name_of(line: str) -> str:
    """Return the name of the field on a line."""
    return line.partition(":")[0]


# --- forging ----------------------------------------------------------------------------------------------------------

CARRIERS: Final = tuple(sorted(name for name in READERS if not name.startswith("QueueMember")))
"""Events that a caller's number goes into."""

LONGEST_TEXT: Final = 79


def check_forging(data: bytes) -> None:
    """Check that a caller's number, whatever it holds, tells nothing but what its event told without it."""
    drawn = Drawn(data)
    name = drawn.one_of(CARRIERS)
    fields = dict(sample(22, name))
    slot = "CallerIDNum" if "CallerIDNum" in fields else "DestCallerIDNum"
    text = data[1 : 1 + LONGEST_TEXT].replace(b"\0", b"")
    marker = "0612345678"
    genuine = meant(single(written({**fields, slot: marker})))
    stream = GREETING + written({**fields, slot: marker}).replace(marker.encode(), text, 1)
    for message in heard([stream]):
        assert isinstance(message, Message)
        if message.kind is Kind.RESPONSE or message.name in {"FullyBooted", "ContactStatus"}:
            continue  # the first is a fault of the link, the others only have it read again
        event = meant(message)
        assert event is None or isinstance(event, PeerFault) or event == genuine, event


def single(frame: bytes) -> Message:
    """Return the one message of a frame."""
    (message,) = heard([GREETING + frame])
    assert isinstance(message, Message)
    return message


# --- the live state ---------------------------------------------------------------------------------------------------


def check_live(data: bytes) -> None:
    """Check that a stream in any order keeps the picture sound, and that a PABX without calls empties it."""
    state, at = State(SITES), AT
    state.apply(LinkUp(pabx=PABX, at=at, version="22"))
    reading: Listing | None = None
    for message in heard([GREETING + data]):
        at += 0.5
        if isinstance(message, str):
            break
        listing = Listing.CALLS if message.name in {"Status", "StatusComplete"} else Listing.QUEUES
        if message.name in shapes.ROWS and reading is not listing:
            reading = listing
            state.apply(ListBegan(pabx=PABX, at=at, listing=listing))
        if message.name in shapes.COMPLETES:
            reading = None
            state.apply(ListDone(pabx=PABX, at=at, listing=listing))
        event = meant(message) if message.kind is not Kind.RESPONSE else None
        if event is not None:
            state.apply(event)
        state.apply(Ticked(at=at))
        check_state(state)
    state.apply(LinkUp(pabx=PABX, at=at + 1, version="22"))
    for each in Listing:
        state.apply(ListBegan(pabx=PABX, at=at + 5000, listing=each))
        state.apply(ListDone(pabx=PABX, at=at + 5000, listing=each))
    check_state(state)
    assert list(state.waiting()) == []
    assert list(state.calls()) == []
    assert list(state.positions()) == []
    assert all(site.calls == 0 for site in state.snapshot(at + 5000).sites.values())


FIELD: Final = re.compile(rb"(?m)^(Uniqueid|Queue|Interface|Decision|Kind|Target|Phase|Result|Position): ([^\r]*)")


@cache
def frames() -> tuple[bytes, ...]:
    """Return the frames of recordings that are taken in."""
    found = []
    for name in RECORDINGS:
        for frame in pieces(recording(name)):
            event = frame.partition(b"\r\n")[0].removeprefix(b"Event: ").decode("utf-8", "replace")
            if event in WANTED:
                found.append(frame)
    return tuple(found)


@cache
def values() -> dict[bytes, tuple[bytes, ...]]:
    """Return the values that those frames have of the fields that say which call, where and what."""
    found: dict[bytes, list[bytes]] = {}
    for frame in frames():
        for name, value in FIELD.findall(frame):
            if value not in found.setdefault(name, []):
                found[name].append(value)
    return {name: tuple(each[:12]) for name, each in found.items()}


@st.composite
def another_order(draw: st.DrawFn, data: bytes) -> bytes:
    """Return a stream with frames left out, doubled, put elsewhere, or about another call, queue or step."""
    told = [frame + END for frame in data.split(END) if frame] or [b"\r\n"]
    for _ in range(draw(st.integers(1, 12))):
        at, to = draw(st.integers(0, len(told) - 1)), draw(st.integers(0, len(told) - 1))
        match draw(st.integers(0, 4)):
            case 0 if len(told) > 1:
                del told[at]
            case 1:
                told.insert(to, told[at])
            case 2:
                told[at], told[to] = told[to], told[at]
            case 3:
                told.insert(to, draw(st.sampled_from(frames())))
            case _:
                name, others = draw(st.sampled_from(sorted(values().items())))
                value = draw(st.sampled_from([*others, b"-1", b"999999999999999", b""]))
                told[at] = re.sub(rb"(?m)^" + name + rb": [^\r]*", name + b": " + value.replace(b"\\", b""), told[at])
    return b"".join(told)


def live_seeds() -> list[bytes]:
    """Return passages of recordings."""
    kept = frames()
    return [b"".join(kept[at : at + 30]) for at in range(0, len(kept) - 30, max(1, len(kept) // 12))]


# --- orders -----------------------------------------------------------------------------------------------------------

NAMES: Final = ("Action", "ActionID", "Variable", "Value", "Queue", "Caller", "WithdrawInfo", "Channel")
READ_AT_ONCE: Final = 1023
MOST_HEADERS: Final = 128


def check_order(data: bytes) -> None:
    """Check that whatever an order is to hold, it is refused, or is one action with these fields to Asterisk."""
    drawn, fields = Drawn(data), dict[str, str]()
    while drawn and len(fields) < 200:
        name = (
            drawn.text(12) if drawn.byte() > 200 else f"{drawn.one_of(NAMES)}{'' if len(fields) < 8 else len(fields)}"
        )
        value = drawn.text(60)
        fields[name] = value * (1 + drawn.below(40) if drawn.byte() > 230 else 1)
    try:
        order = encode(fields)
    except ValueError as error:
        assert all(value not in str(error) for value in fields.values() if len(value) > 12)
        return
    assert as_asterisk_reads(order) == [[(name, value.lstrip(" \t")) for name, value in fields.items()]]


def as_asterisk_reads(data: bytes) -> list[list[tuple[str, str]]]:
    """Return the actions in these bytes, as main/manager.c reads them: get_input, do_message and astman_get_header."""
    actions, headers = list[list[tuple[str, str]]](), list[tuple[str, str]]()
    while data:
        line, end, data = data.partition(b"\n")
        assert end, "the last line has no end"
        line = line.removesuffix(b"\r")
        assert b"\r" not in line
        assert b"\0" not in line
        assert len(line) < READ_AT_ONCE, "Asterisk drops this line"
        if not line:
            assert headers, "an action without a field"
            actions.append(headers)
            headers = []
            continue
        name, colon, value = line.partition(b":")
        assert colon
        headers.append((name.decode(), value.decode().lstrip(" \t")))
        assert len(headers) < MOST_HEADERS
    assert not headers, "an action without an end"
    return actions


def order_seeds() -> list[bytes]:
    """Return orders to begin with, in the form that `check_order` draws."""
    return [
        b"",
        b"\x00\x00\x04Ping\x00",
        b"\x00\x00\x06Setvar\x00\x00\x02\x05x\r\ny!\x00",
        b"\xff\x04A\n:B\x03abc\x00" * 30,
    ]


def seeds() -> list[bytes]:
    """Return the beginnings of recordings."""
    streams = [GREETING + b"".join(pieces(recording(name))[at : at + 8]) for name in RECORDINGS for at in (0, 60, 150)]
    greetings = (b"SSH-2.0-OpenSSH_9.2\r\n", *(wire.GREETING + b"1" * n + b"\r\n" for n in range(77, 81)))
    hangup = sample(22, "Hangup")
    whole = written(hangup)
    odd = (
        *(
            whole[:-2] + b"Uniqueid: 1\r\n\r\n",
            whole[:-2] + b"Cause: 1\r\n\r\n",
            written({**hangup, "Queue": "support"}),
        ),
        *(b"\r\n" + whole, b"\r\n\r\n" + whole, written({**hangup, "Position": "1"}), whole[:-2] + b"no field\r\n\r\n"),
        *(written({name: value for name, value in hangup.items() if name != left}) for left in ("Linkedid", "Channel")),
    )
    return [*streams, *greetings, *(GREETING + each for each in odd)]


def forging_seeds() -> list[bytes]:
    """Return numbers that callers have tried."""
    tried = (
        b"06\r\n\r\nEvent: QueueMemberPause\r\nQueue: support\r\nPaused: 1",
        b"06\r\nUniqueid: 1\r\nCause: 16",
        b"06\r\n\r\nEvent: Hangup\r\nPrivilege:\r\nChannel:\r\nChannelState:\r\nCallerIDNum:",
        b"\r\n\r\nResponse: Success\r\nActionID: 1\r\n\r\n",
        b"\r\n\r\nEvent: UserEvent\r\nUserEvent: CCRouterEnd\r\nUniqueid: 1",
    )
    return [bytes([n]) + text for n, text in enumerate(tried)]


WORDS: Final = (
    *(b"\r\n", b"\r\n\r\n", b"\r", b"\n", b": ", b"\0", b"\xff", b"Event: ", b"Response: Success", b"(null)"),
    *(f"\r\n{name}: 1".encode() for name in ("Uniqueid", "Queue", "Privilege", "Channel", "Position", "Interface")),
    *(f"\r\n\r\nEvent: {name}".encode() for name in sorted(WANTED)),
)

STREAM: Final = Target("ami", check_stream, seeds, WORDS, most=12_000, tries=80)
FORGING: Final = Target("ami-forging", check_forging, forging_seeds, WORDS, most=100, tries=150)
LIVE: Final = Target("live", check_live, live_seeds, WORDS, another_order, most=30_000, tries=40)
ORDER: Final = Target("ami-order", check_order, order_seeds, (b"\r\n", b"\n", b"\0", b":", b"\xed"), tries=150)
