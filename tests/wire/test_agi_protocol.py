"""FastAGI's bytes: what is read from them, and what is refused."""

from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccrouter.agi.protocol import MAX_ORDER, OPENING, Event, Exchange, HungUp, Reply, Request, Sizes, set_variable
from ccrouter.errors import PeerError
from support.agi import RECORDED, request, without

PLAIN = Request(
    "route/paris", "en", "1795297266.0", "0612345678", "0", "0800123456", channel="PJSIP/anonymous-00000000"
)

READ: dict[str, tuple[bytes, Request]] = {
    "22": (RECORDED["22"], PLAIN),
    "16": (RECORDED["16"], PLAIN._replace(uniqueid="1795297251.0")),
    "international": (request(callerid=b"+33612345678"), PLAIN._replace(callerid="+33612345678")),
    "hidden": (
        request(callerid=b"anonymous", callingpres=b"32"),
        PLAIN._replace(callerid="anonymous", callingpres="32"),
    ),
    "no number": (request(callerid=b"unknown"), PLAIN._replace(callerid="unknown")),
    "empty number": (request(callerid=b""), PLAIN._replace(callerid="")),
    "name of 10 kB": (request(calleridname=b"n" * 10_000), PLAIN),
    "name in Latin-1 (16 lets it through)": (request(calleridname=b"Ren\xe9e"), PLAIN._replace(mangled=True)),
    "number with invalid UTF-8": (
        request(callerid=b"06\xe9\xff78"),
        PLAIN._replace(callerid="06\ufffd\ufffd78", mangled=True),
    ),
    "letter cut off at the line end": (
        request(callerid=b"06\xf0\x9f"),
        PLAIN._replace(callerid="06\ufffd", mangled=True),
    ),
    "separators of other worlds": (
        request(calleridname="a\u2028b\x85c\x0bd\x1ce".encode()),
        PLAIN,
    ),
    "colons in values": (request(calleridname=b"agi_extension: 0899"), PLAIN),
    "arguments": (
        RECORDED["22"][:-1] + b"agi_arg_1: one\nagi_arg_2: tw o: x\n\n",
        PLAIN._replace(arguments=("one", "tw o: x")),
    ),
}

REFUSED: dict[str, tuple[bytes, str]] = {
    # The first four as Asterisk sent them for From: <sip:06%0d%0aagi_extension%3a%200899...@...>
    "forged number": (
        request(callerid=b"06\r\nagi_extension: 0899\r\n"),
        "line 9 of the request, agi_callerid, holds a carriage",
    ),
    "forged presentation": (
        request(callerid=b"0612345678\nagi_calleridname: x\nagi_callingpres: 32"),
        "line 12 of the request repeats agi_calleridname; `agi_callingani2: ` belongs there",
    ),
    "forged end": (request(callerid=b"0612345678\nagi_threadid: 1\n\nHANGUP"), "line 10 .* is agi_threadid"),
    "forged end in the number dialled": (
        request(dnid=b"0800\nagi_priority:1\nagi_enhanced:0\nagi_accountcode:\nagi_threadid:1\n\n200 result="),
        "line 16 .* is agi_priority; `agi_rdnis: ` belongs there",
    ),
    "forged text without a colon": (request(dnid=b"0800123456\nagi_x"), "line 16 of the request has no colon"),
    "foreign key": (request(callerid=b"06\nagi_x: y"), "line 10 of the request is foreign; `agi_calleridname: `"),
    "repeated key": (request(callerid=b"06\nagi_callerid: 07"), "line 10 of the request repeats agi_callerid"),
    "no last key": (without("threadid"), "ends before agi_threadid"),
    "no script, as agi://host:port sends it": (without("network_script"), "line 2 of the request is agi_request"),
    "carriage return": (
        request(callerid=b"06\r"),
        "line 9 of the request, agi_callerid, holds a carriage return or NUL",
    ),
    "NUL": (request(callerid=b"06\0"), "line 9 of the request, agi_callerid, holds a carriage return or NUL"),
    "no space": (RECORDED["22"].replace(b"agi_type: ", b"agi_type:"), "line 6 .* has no space after its colon"),
    "foreign key after the last": (
        RECORDED["22"][:-1] + b"agi_extension: 0899\n\n",
        "only agi_arg_1 may stand 1 lines",
    ),
    "arguments out of order": (RECORDED["22"][:-1] + b"agi_arg_2: x\nagi_arg_1: y\n\n", "only agi_arg_1 may stand 1"),
    "argument left out": (RECORDED["22"][:-1] + b"agi_arg_1: x\nagi_arg_3: y\n\n", "only agi_arg_2 may stand 2"),
    "nothing": (b"\n\n", "line 1 of the request has no colon"),
    "HTTP": (b"GET / HTTP/1.1\nHost: x\n\n", "line 1 of the request has no colon"),
    "line of 17 kB": (request(calleridname=b"n" * 17_000), "a line of the request is longer than 16384 bytes"),
    "request of 33 kB": (request(calleridname=b"n" * 33_000), "the request is longer than 32768 bytes"),
    "no end": (b"x" * 32_769, "the request is longer than 32768 bytes"),
    "65 lines": (
        RECORDED["22"][:-1] + b"".join(b"agi_arg_%d: x\n" % each for each in range(1, 44)) + b"\n",
        "more than 64 lines",
    ),
}

REPLIES: dict[str, tuple[bytes, list[Event]]] = {
    "done": (b"200 result=1\n", [Reply(200, "1", "")]),
    "done, with data": (b'200 result=1 (a b "q" \\ c)\n', [Reply(200, "1", '(a b "q" \\ c)')]),
    "done, with an empty value": (b"200 result=1 ()\n", [Reply(200, "1", "()")]),
    "not done": (b"200 result=0\n", [Reply(200, "0", "")]),
    "failed": (b"200 result=-1 endpos=160\n", [Reply(200, "-1", "endpos=160")]),
    "unknown order": (b"510 Invalid or unknown command\n", [Reply(510, None, "Invalid or unknown command")]),
    "dead channel": (
        b"511 Command Not Permitted on a dead channel or intercept routine\n",
        [Reply(511, None, "Command Not Permitted on a dead channel or intercept routine")],
    ),
    "wrong usage": (
        b"520-Invalid command syntax.  Proper usage follows:\nSets a variable.\n520 End of proper usage.\n",
        [Reply(520, None, "Invalid command syntax.  Proper usage follows:\nSets a variable.\nEnd of proper usage.")],
    ),
    "wrong usage, not explained": (
        b"520 Invalid command syntax.  Proper usage not available.\n",
        [Reply(520, None, "Invalid command syntax.  Proper usage not available.")],
    ),
    "hung up before the answer": (b"HANGUP\n200 result=1\n", [HungUp(), Reply(200, "1", "")]),
    "hung up after the answer": (b"200 result=1\nHANGUP\n", [Reply(200, "1", ""), HungUp()]),
    "hung up twice, as with AGIEXITONHANGUP": (b"HANGUP\nHANGUP\n", [HungUp(), HungUp()]),
    "invalid UTF-8": (b"200 result=1 (\xff)\n", [Reply(200, "1", "(\ufffd)")]),
}

NO_REPLIES = {
    "text": (b"hello\n", "does not begin with a code"),
    "empty line": (b"\n", "does not begin with a code"),
    "code alone": (b"200\n", "does not begin with a code"),
    "no result": (b"200 done\n", "gives no result"),
    "HTTP": (b"HTTP/1.1 400 Bad Request\r\n", "does not begin with a code"),
    "rest of a forged request": (b"agi_priority: 2\n", "does not begin with a code"),
    "two answers": (b"200 result=1\n200 result=1\n", "nothing was asked"),
    "usage without end": (b"520-x\n" + b"y\n" * 64, "has no end"),
    "line without end": (b"200 result=1 (" + b"x" * 20_000, "longer than 16384 bytes"),
}


def whole(data: bytes) -> list[bytes]:
    """Deliver all at once."""
    return [data]


def bytewise(data: bytes) -> list[bytes]:
    """Deliver one byte at a time."""
    return [data[at : at + 1] for at in range(len(data))]


def halved(data: bytes) -> list[bytes]:
    """Deliver in two parts, the cut in the middle."""
    return [data[: len(data) // 2], data[len(data) // 2 :]]


Cut = Callable[[bytes], list[bytes]]
WAYS = pytest.mark.parametrize("cut", [whole, bytewise, halved])


def events(exchange: Exchange, chunks: Iterable[bytes]) -> Iterator[Event]:
    """Feed the chunks and give what happens."""
    for chunk in chunks:
        exchange.receive(chunk)
        while (event := exchange.next_event()) is not None:
            yield event


def asked() -> Exchange:
    """Return an exchange that waits for the answer to an order."""
    exchange = Exchange()
    assert list(events(exchange, [RECORDED["22"]])) == [PLAIN]
    exchange.set_variable("X", "y")
    return exchange


@WAYS
@pytest.mark.parametrize("name", READ)
def test_request_is_read_however_it_is_cut(name: str, cut: Cut) -> None:
    """A request gives the same event whole, one byte at a time and in halves."""
    data, expected = READ[name]
    exchange = Exchange()

    assert [expected] == list(events(exchange, cut(data)))
    assert expected.uniqueid == exchange.uniqueid


@WAYS
@pytest.mark.parametrize("name", REFUSED)
def test_what_no_pabx_writes_is_refused(name: str, cut: Cut) -> None:
    """A line too much, too little, in another place or of another form: nothing of the request is used."""
    data, reason = REFUSED[name]

    with pytest.raises(PeerError, match=reason):
        list(events(Exchange(), cut(data)))


@WAYS
@pytest.mark.parametrize("name", REPLIES)
def test_answer_is_read_however_it_is_cut(name: str, cut: Cut) -> None:
    """An answer, and a HANGUP before or after it, give the same events however they are cut."""
    data, expected = REPLIES[name]

    assert expected == list(events(asked(), cut(data)))


@WAYS
@pytest.mark.parametrize("name", NO_REPLIES)
def test_what_is_no_answer_is_refused(name: str, cut: Cut) -> None:
    """What Asterisk never answers is refused, and so is a second answer."""
    data, reason = NO_REPLIES[name]

    with pytest.raises(PeerError, match=reason):
        list(events(asked(), cut(data)))


@pytest.mark.parametrize("name", READ)
def test_hangup_may_follow_a_request_at_once(name: str) -> None:
    """The caller may be gone before we spoke; part of that line says nothing yet."""
    data, expected = READ[name]

    assert [expected, HungUp()] == list(events(Exchange(), [data + b"HANGUP\n"]))
    assert [expected] == list(events(Exchange(), [data + b"HANG"]))


@pytest.mark.parametrize("trailing", [b"\n", b"200 result=1\n", b"agi_priority: 2\n", b"HANGUP\r\n", b"HELP", b"\0"])
def test_nothing_else_may_follow_a_request(trailing: bytes) -> None:
    """An early end that a caller forged leaves the rest of the real request behind it: refused before we answer."""
    exchange = Exchange()

    with pytest.raises(PeerError, match="nothing was asked"):
        list(events(exchange, [RECORDED["22"] + trailing]))


def test_a_refused_request_still_names_its_call() -> None:
    """The call's id comes before all that a caller can write, so a log can name the call that was refused."""
    exchange = Exchange()

    with pytest.raises(PeerError):
        list(events(exchange, [request(callerid=b"06\nagi_uniqueid: forged")]))

    assert PLAIN.uniqueid == exchange.uniqueid


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_repeats_nothing_that_a_caller_wrote(name: str) -> None:
    """Errors end in logs, and callers' numbers must not."""
    with pytest.raises(PeerError) as refused:
        list(events(Exchange(), [REFUSED[name][0]]))

    assert "06" not in str(refused.value)
    assert "0899" not in str(refused.value)


def test_a_broken_exchange_stays_broken() -> None:
    """After a fault nothing is believed, whatever comes."""
    exchange = Exchange()
    with pytest.raises(PeerError):
        list(events(exchange, [b"GET /\n\n"]))

    exchange.receive(RECORDED["22"])

    with pytest.raises(PeerError, match="before"):
        exchange.next_event()


def test_one_order_at_a_time() -> None:
    """An answer belongs to the only order under way; answers can't slip by one."""
    exchange = Exchange()
    with pytest.raises(RuntimeError):
        exchange.set_variable("X", "y")

    with pytest.raises(RuntimeError):
        asked().set_variable("X", "y")


def test_sizes_are_given() -> None:
    """The limits are an argument."""
    exchange = Exchange(Sizes(message=100))

    with pytest.raises(PeerError, match="longer than 100 bytes"):
        list(events(exchange, [RECORDED["22"]]))


# --- any bytes --------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(f"{key}: ".encode() for key in OPENING),
        *(line + b"\n" for line in RECORDED["22"].split(b"\n")),
        *(data for data, _ in REPLIES.values()),
        b"\n",
        b"\r\n",
        b"\0",
        b"HANGUP\n",
        b"agi_arg_1: x\n",
        RECORDED["22"],
    ]
)
BYTES = st.one_of(st.binary(max_size=200), PIECES, st.lists(PIECES, max_size=40).map(b"".join))


@given(st.lists(BYTES, max_size=12), st.booleans())
def test_no_bytes_raise_anything_but_a_peer_error(chunks: list[bytes], order: bool) -> None:  # noqa: FBT001 - Hypothesis
    """Whatever a peer sends, and wherever it is cut, the outcome is events or a PeerError."""
    exchange = Exchange(Sizes(message=2000, line=500, lines=30))
    try:
        for event in events(exchange, chunks):
            if order and isinstance(event, Request):
                exchange.set_variable("X", "y")
    except PeerError:
        with pytest.raises(PeerError):
            exchange.next_event()


@given(st.lists(BYTES, max_size=30).map(b"".join))
@example(b"06\n" + RECORDED["22"].partition(b"agi_callerid: 0612345678\n")[2] + b"HANGUP\n")
def test_no_caller_can_change_another_field(caller: bytes) -> None:
    """Whatever stands where the caller's number belongs: the request is refused, or all other fields are the real ones.

    (A SIP From header has no room for a whole rest of a request; where it had, the real rest would betray it.)
    """
    exchange = Exchange()
    try:
        told = list(events(exchange, [request(callerid=caller)]))
    except PeerError:
        return

    assert len(told) <= 1
    for event in told:
        assert isinstance(event, Request)
        assert PLAIN._replace(callerid=event.callerid, mangled=event.mangled) == event


# --- orders -----------------------------------------------------------------------------------------------------------


def asterisk_arguments(line: str) -> list[str]:
    """Split an order as res_agi.c's parse_args does."""
    words: list[str] = []
    quoted = escaped = False
    between = True
    for sign in line:
        if sign == '"' and not escaped:
            quoted = not quoted
            if quoted and between:
                words.append("")
                between = False
        elif sign in " \t" and not quoted and not escaped:
            between = True
        elif sign == "\\" and not escaped:
            escaped = True
        else:
            if between:
                words.append("")
                between = False
            words[-1] += sign
            escaped = False
    return words


LETTERS = st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])


@given(st.text(LETTERS, max_size=300))
@example("")
@example('v1|d1|"q" \\ \\\\" end\\')
@example("été & ${EVIL} ; , \t")
def test_asterisk_reads_the_value_that_was_meant(value: str) -> None:
    """Quoting round-trips through Asterisk's own way of taking an order apart, and the order is one line."""
    line = set_variable("CCROUTER_PLAN", value)

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert ["SET", "VARIABLE", "CCROUTER_PLAN", value] == asterisk_arguments(line.decode().removesuffix("\n"))


@pytest.mark.parametrize("value", ["a\nHANGUP", "a\rb", "a\0b", "\ud800", "x" * 3000, '"' * 1100])
def test_a_value_that_would_become_another_order_is_refused(value: str) -> None:
    """A line end starts another order, and so does a line longer than Asterisk 16 reads at once."""
    with pytest.raises(ValueError, match=r"line end|bytes|surrogates"):
        set_variable("CCROUTER_PLAN", value)


@pytest.mark.parametrize("name", ["", "A B", 'A"', "A\n", "${A}", "1A", "é"])
def test_a_name_that_is_no_variable_is_refused(name: str) -> None:
    """Names are letters, digits and underscores: not a function, not a second argument."""
    with pytest.raises(ValueError, match="no name of a variable"):
        set_variable(name, "x")


def test_the_longest_order_is_what_asterisk_16_reads_at_once() -> None:
    """16.28 carries out the first 2,047 bytes of a line and takes the rest for another order."""
    fits = MAX_ORDER - len(b'SET VARIABLE X ""\n')

    assert len(set_variable("X", "x" * fits)) == MAX_ORDER
    with pytest.raises(ValueError, match="2048 bytes, more than the 2047"):
        set_variable("X", "x" * (fits + 1))
