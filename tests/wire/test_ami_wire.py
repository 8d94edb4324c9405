"""AMI's bytes: how messages are cut out of the stream, what they say, and what is never sent."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccrouter.ami.wire import MAX_GREETING, MAX_LINE, MAX_LINES, MAX_MESSAGE, Framer, Kind, Message, encode
from ccrouter.errors import PeerError
from support.ami import GREETING, parse, recording

WANTED = frozenset({"Hangup", "QueueCallerJoin", "Odd"})

STREAMS = {
    "calls of Asterisk 22": recording("routed_calls_22")[:40_000],
    "calls of Asterisk 16": recording("routed_calls_16")[:40_000],
    "hostile callers": recording("hostile_callers_22")[:30_000],
    "empty last field": GREETING + b"Event: Hangup\r\nCause: \r\n\r\n",
    "one line end too many": GREETING + b"Event: Hangup\r\nA: 1\r\n\r\n\r\nEvent: Hangup\r\nA: 2\r\n\r\n",
    "nothing but names": GREETING + b"Event: Hangup\r\n\r\nEvent: Odd\r\n\r\nEvent: Hangup\r\nA: 1\r\n\r\n",
    "letters of two to four bytes": GREETING + "Event: Hangup\r\nName: Renée €𝄞\r\n\r\n".encode(),
    "no UTF-8": GREETING + b"Event: Hangup\r\nName: \xe9\xff\r\n\r\n",
    "garbage between": GREETING + b"\x00\xff\r\n\r\nEvent: Hangup\r\nA: 1\r\n\r\n: \r\n\r\n",
    "no greeting": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a web server": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "an endless greeting": b"Asterisk Call Manager/" + b"1" * 200,
    "a greeting as long as may be": b"Asterisk Call Manager/".ljust(MAX_GREETING, b"1") + b"\r\nEvent: Hangup\r\n\r\n",
    "too long": GREETING + b"Event: Hangup\r\nA: " + b"x" * MAX_MESSAGE + b"\r\n\r\n",
    "as long as may be": GREETING + b"Event: Hangup\r\nA: ".ljust(MAX_MESSAGE, b"x") + b"\r\n\r\n",
    "no end at all": GREETING + b"\r" * (MAX_MESSAGE + 10),
}


def seen(message: Message) -> tuple[object, ...]:
    """Return all that a message holds."""
    return (message.kind, message.name, dict(message.fields), dict(message.repeated), message.flaw)


def fed(chunks: list[bytes]) -> list[tuple[object, ...]]:
    """Return what comes out, with the error as the last."""
    framer = Framer(WANTED)
    out: list[tuple[object, ...]] = []
    try:
        for chunk in chunks:
            out.extend(seen(message) for message in framer.feed(chunk))
    except PeerError as error:
        out.append((str(error),))
    return out


# --- framing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STREAMS)
def test_the_pieces_in_which_bytes_arrive_make_no_difference(name: str) -> None:
    """Whole, byte by byte, and with the next bytes behind: the same messages and the same error."""
    stream = STREAMS[name]
    whole = fed([stream])
    assert fed([stream[at : at + 1] for at in range(len(stream))]) == whole
    assert fed([stream[: len(stream) // 2], stream[len(stream) // 2 :] + b"Event: Hang"]) == whole


@given(cuts=st.lists(st.integers(0, 30_000), max_size=40), name=st.sampled_from([*STREAMS][:3]))
def test_any_cut_of_a_recording_gives_the_same(cuts: list[int], name: str) -> None:
    """Reads end anywhere, in the middle of a letter or of a line end too."""
    stream = STREAMS[name]
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert fed([stream[a:b] for a, b in itertools.pairwise(places)]) == fed([stream])


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5), st.sampled_from([b"", GREETING]))
@example(b"\r\n\r\n\r\n\r\n", [1], GREETING)
@example(b"Event: \r\n\r\nResponse: \r\n\r\nEvent: Hangup\r\n\r\n", [], GREETING)
def test_no_bytes_raise_anything_but_a_peer_error(data: bytes, cuts: list[int], greeting: bytes) -> None:
    """Whatever a peer sends: messages, or PeerError."""
    stream = greeting + data
    places = [0, *sorted(cuts), len(stream)]
    assert fed([stream[a:b] for a, b in itertools.pairwise(places)]) == fed([stream])


AMI_LIKE = st.lists(
    st.sampled_from(
        [
            b"\r\n",
            b"\r\n\r\n",
            b"\r",
            b"\n",
            b": ",
            b":",
            b"Event: Hangup",
            b"Response: Error",
            b"A: 1",
            b"\xc3",
            b"\xa9",
        ]
    ),
    max_size=40,
)


@given(AMI_LIKE, AMI_LIKE)
def test_no_cut_of_what_looks_like_ami_makes_a_difference(left: list[bytes], right: list[bytes]) -> None:
    """The same for streams made of AMI's own signs."""
    a, b = b"".join(left), b"".join(right)
    assert fed([GREETING + a, b]) == fed([GREETING + a + b])


def test_the_greeting_tells_the_version_of_the_protocol() -> None:
    """It is there once the first line is whole, and not before."""
    framer = Framer(WANTED)
    assert list(framer.feed(b"Asterisk Call Manager/11.0.0\r")) == []
    assert framer.version == ""
    assert list(framer.feed(b"\n")) == []
    assert framer.version == "11.0.0"


@pytest.mark.parametrize("name", ["no greeting", "a web server", "an endless greeting"])
def test_what_is_no_ami_is_refused_before_anything_is_sent_to_it(name: str) -> None:
    """A password must not go to whoever happens to listen there."""
    with pytest.raises(PeerError, match="no Asterisk Manager port, it says"):
        list(Framer(WANTED).feed(STREAMS[name]))


def test_a_message_without_an_end_is_refused_in_time() -> None:
    """No peer makes us keep more than MAX_MESSAGE bytes."""
    line = b"Event: Hangup\r\n"
    told = fed([GREETING, *[line] * MAX_MESSAGE])
    assert told == [(f"a message of the PABX has more than {MAX_MESSAGE} bytes",)]
    assert len(fed([GREETING, *[line] * (MAX_MESSAGE // len(line))])) == 0


def test_events_that_nobody_wants_are_dropped_by_their_name() -> None:
    """Only whole names count; answers and garbage always come through."""
    stream = b"".join(
        b"%s\r\nA: 1\r\n\r\n" % first
        for first in (b"Event: Hangup", b"Event: HangupRequest", b"Event: hangup", b"Event: Newexten", b"Response: x")
    )
    told = parse(stream + b"Bad\r\n\r\n", WANTED)
    assert [(m.kind, m.name) for m in told] == [(Kind.EVENT, "Hangup"), (Kind.RESPONSE, "x"), (Kind.GARBAGE, "")]
    assert [m.kind for m in parse(b"Event\r\n\r\nResponse\r\n\r\n", WANTED)] == [Kind.GARBAGE] * 2


# --- parsing ----------------------------------------------------------------------------------------------------------


PARSED: dict[str, tuple[bytes, dict[str, str], dict[str, tuple[str, ...]], str]] = {
    "plain": (b"A: 1\r\nB: two words", {"A": "1", "B": "two words"}, {}, ""),
    "colons in a value": (b"A: b: c:d", {"A": "b: c:d"}, {}, ""),
    "empty value": (b"A: ", {"A": ""}, {}, ""),
    "empty value without a space": (b"A:", {"A": ""}, {}, ""),
    "leading space": (b"A:  x", {"A": " x"}, {}, ""),
    "repeated": (b"V: 1\r\nA: x\r\nV: 2\r\nV: 1", {"V": "1", "A": "x"}, {"V": ("1", "2", "1")}, ""),
    "the event's own name twice": (b"Event: Other", {}, {"Event": ("Odd", "Other")}, ""),
    "a lone line feed": (b"A: 1\nB: 2", {"A": "1\nB: 2"}, {}, ""),
    "a lone carriage return": (b"A: 1\rB: 2", {"A": "1\rB: 2"}, {}, ""),
    "other line ends": ("A: 1\u2028B: 2\x85C: 3\x0b".encode(), {"A": "1\u2028B: 2\x85C: 3\x0b"}, {}, ""),
    "no field": (b"A: 1\r\nmore", {"A": "1"}, {}, "a line is no field"),
    "names are not guessed": (b"uniqueid: 1\r\nUniqueid: 2", {"uniqueid": "1", "Uniqueid": "2"}, {}, ""),
    "10 kB": (b"A: " + b"x" * 10_000, {"A": "x" * 10_000}, {}, ""),
}


@pytest.mark.parametrize("case", PARSED)
def test_what_a_message_says(case: str) -> None:
    """Fields in their order, the first value of each; what came more than once, and what is no field, is told."""
    lines, fields, repeated, flaw = PARSED[case]
    [message] = parse(b"Event: Odd\r\n" + lines + b"\r\n\r\n", WANTED)
    assert [("Event", "Odd"), *fields.items()] == list(message.fields.items())
    assert (repeated, flaw) == (message.repeated, message.flaw)
    assert message.values("V") == repeated.get("V", ())


def test_a_message_does_not_print_its_values() -> None:
    """Callers' numbers and passwords stay out of logs and tracebacks."""
    [message] = parse(b"Event: Odd\r\nCallerIDNum: 0612345678\r\n\r\n", WANTED)
    assert repr(message) == "<EVENT Odd Event, CallerIDNum>"


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_keeps_its_fields_in_order() -> None:
    """One line a field, an empty one at the end, UTF-8."""
    order = encode({"Action": "Setvar", "Variable": "X", "Value": "Renée: 1"})
    assert order == "Action: Setvar\r\nVariable: X\r\nValue: Renée: 1\r\n\r\n".encode()


REFUSED = {
    "line end in a value": ({"Value": "1\r\nAction: Originate"}, "value of Value holds a line end"),
    "line feed": ({"Value": "1\nAction: Originate"}, "value of Value holds a line end"),
    "carriage return": ({"Value": "1\rAction: Originate"}, "value of Value holds a line end"),
    "NUL": ({"Value": "1\0"}, "value of Value holds a line end or a NUL"),
    "line end in a name": ({"Value\r\nAction": "Originate"}, "no field of an order can be named"),
    "colon in a name": ({"Action: Originate": "x"}, "no field of an order can be named"),
    "no name": ({"": "x"}, "no field of an order can be named"),
    "too long": ({"Value": "x" * (MAX_LINE - 6)}, f"Value makes a line of {MAX_LINE + 1} bytes"),
    "too long in bytes": ({"Value": "é" * 500}, "Value makes a line of 1007 bytes"),
    "half a letter": ({"Value": "\ud800"}, "value of Value can't be written as UTF-8"),
    "nothing at all": ({}, "an order can't have 0 fields"),
    "too many": ({f"V{n}": "" for n in range(MAX_LINES + 1)}, "an order can't have 101 fields"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_be_another_order_is_never_sent(case: str) -> None:
    """A value can't end its line or the order, and no line is so long that the PABX would drop it."""
    fields, expected = REFUSED[case]
    with pytest.raises(ValueError, match=expected) as refused:
        encode(fields)
    assert "Originate" not in str(refused.value) or "named" in str(refused.value)


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=5))
def test_an_order_reads_back_as_it_was_meant(fields: dict[str, str]) -> None:
    """Whatever is let through has exactly the lines that it should have."""
    try:
        data = encode({"Event": "Odd"} | fields)
    except ValueError:
        return
    [message] = parse(data, WANTED)
    assert {"Event": "Odd"} | fields == dict(message.fields)
    assert not message.repeated
    assert not message.flaw
