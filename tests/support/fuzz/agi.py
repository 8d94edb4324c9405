"""FastAGI: what a PABX, a caller's text within it, or anybody else may send."""

from typing import Final

from ccrouter.agi.protocol import OPENING, Event, Exchange, Request, Sizes
from ccrouter.errors import PeerError
from support.agi import RECORDED, request
from support.fuzz.target import Target, cuts

SIZES: Final = Sizes(message=2048, line=1024, lines=40)
"""Small, so that inputs of a few kilobytes reach every limit."""

LONGEST_TEXT: Final = 79
"""Characters that a SIP caller can bring into a request at once, see asterisk.md."""

FIELDS: Final = {
    "script": "agi_network_script",
    "channel": "agi_channel",
    "language": "agi_language",
    "uniqueid": "agi_uniqueid",
    "callerid": "agi_callerid",
    "callingpres": "agi_callingpres",
    "extension": "agi_extension",
}


def told(chunks: list[bytes]) -> tuple[list[Event], str, str]:
    """Return all events, the fault, and whose call it was; an order follows each request and each of two answers."""
    exchange, events, orders = Exchange(SIZES), list[Event](), 0
    for chunk in chunks:
        exchange.receive(chunk)
        try:
            while (event := exchange.next_event()) is not None:
                events.append(event)
                if type(event).__name__ != "HungUp" and orders < 3:
                    exchange.set_variable("CCROUTER_PLAN", "v1|d")
                    orders += 1
        except PeerError as error:
            assert not exchange._buffer
            stays_broken(exchange)
            return events, str(error), exchange.uniqueid
        assert len(exchange._buffer) <= max(SIZES.message, SIZES.line) + len(chunk)
        assert sum(map(len, exchange._answer)) <= SIZES.message + SIZES.line
    return events, "", exchange.uniqueid


def stays_broken(exchange: Exchange) -> None:
    """Check that nothing comes after a fault, whatever is sent."""
    for data in (b"", b"HANGUP\n", RECORDED["22"]):
        exchange.receive(data)
        try:
            found = exchange.next_event()
        except PeerError:
            continue
        raise AssertionError(f"after a fault came {found}")


def check_stream(data: bytes) -> None:
    """Check bytes in any pieces: the same events, the same fault; a request is read as it stands, or not at all."""
    whole = told([data])
    for pieces in cuts(data):
        assert told(pieces) == whole
    for at, event in enumerate(whole[0]):
        if isinstance(event, Request):
            assert at == 0
            check_request(data, event)


def check_request(data: bytes, found: Request) -> None:
    """Compare a request with its lines, read the plain way."""
    block = data[: data.index(b"\n\n")].decode("utf-8", "replace")
    keys, values = list[str](), dict[str, str]()
    for line in block.split("\n"):
        key, colon, value = line.partition(": ")
        assert colon
        assert key not in values
        keys.append(key)
        values[key] = value
    assert keys == [*OPENING, *(f"agi_arg_{n}" for n in range(1, len(keys) - len(OPENING) + 1))]
    for attribute, key in FIELDS.items():
        assert getattr(found, attribute) == values[key]
    assert not any(sign in values[key] for key in OPENING for sign in "\r\0")


SLOTS: Final = ("callerid", "calleridname", "dnid", "rdnis", "extension")


def check_forging(data: bytes) -> None:
    """Check that a caller's text forges nothing: what stands before it is unchanged; a short one changes no more."""
    slot, text = SLOTS[data[0] % len(SLOTS)] if data else SLOTS[0], data[1:]
    genuine = told([request()])[0][0]
    assert isinstance(genuine, Request)
    events, _, uniqueid = told([request("22", **{slot: text})])
    assert uniqueid in {genuine.uniqueid, ""}
    for event in events:
        if not isinstance(event, Request):
            continue
        before = ("script", "channel", "language", "uniqueid")
        after = ("callerid", "callingpres", "extension")
        for field in before if len(text) > LONGEST_TEXT else (*before, *after):
            if field != slot:
                assert getattr(event, field) == getattr(genuine, field), field


WORDS: Final = (
    *(f"\n{key}: ".encode() for key in OPENING),
    *(b"\n\n", b"\r", b"\0", b"\n", b": ", b":", b"HANGUP\n", b"200 result=1\n", b"200 result=0 (x)\n", b"520-usage\n"),
    *(b"520 End\n", b"510 Invalid\n", b"agi_arg_1: x\n", b"agi_arg_2: y\n", b"\xff", b"\xe2\x80\xa8", b"x" * 1100),
)


def seeds() -> list[bytes]:
    """Return recorded requests, with the answers that may follow."""
    return [
        *RECORDED.values(),
        RECORDED["22"] + b"200 result=1\nHANGUP\n",
        RECORDED["22"] + b"HANGUP\n520-Invalid command syntax.  Proper usage follows:\nSets.\n520 End of usage.\n",
        RECORDED["16"][:-1] + b"agi_arg_1: one\nagi_arg_2: two\n\n200 result=0\n510 Invalid or unknown command\n",
        request(callerid=b"+33612345678", callingpres=b"32"),
        request(callerid=b"06\r"),
        RECORDED["22"][:-1] + b"agi_arg_2: x\n\n",
        RECORDED["22"][:-1] + b"agi_extension: 0899\n\n",
        RECORDED["22"] + b"520-usage\n" + (b"y" * 1000 + b"\n") * 5,
        RECORDED["22"] + b"200 result=" + b"x" * 5000 + b"\n",
    ]


def forging_seeds() -> list[bytes]:
    """Return texts that callers have tried."""
    return [
        b"\x0006\r\nagi_extension: 0899\r\n",
        b"\x000612345678\nagi_calleridname: x\nagi_callingpres: 32",
        b"\x000612345678\nagi_threadid: 1\n\nHANGUP",
        b"\x020800\nagi_priority:1\nagi_enhanced:0\nagi_accountcode:\nagi_threadid:1\n\n200 result=",
        b"\x00" + RECORDED["22"].partition(b"agi_callerid: ")[2],
    ]


STREAM: Final = Target("agi", check_stream, seeds, WORDS, most=6000, tries=120)
FORGING: Final = Target("agi-forging", check_forging, forging_seeds, WORDS, most=1500, tries=120)
