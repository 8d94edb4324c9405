"""FastAGI without a socket: bytes in, events out, and the order to the PABX as bytes.

Source: Asterisk's res_agi.c (launch_netscript, setup_env, run_agi), and what 16.28 and 22.10 were seen to send: both
write the same keys in the same order.

Callers can write line ends into a request: chan_pjsip hands `%0a` of a SIP From user unescaped to `agi_callerid`. Such
text can only add lines, so every key must stand in its own place: what was added takes the place of the next key.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from ccrouter.errors import PeerError

OPENING: Final = (
    "agi_network",
    "agi_network_script",
    "agi_request",
    "agi_channel",
    "agi_language",
    "agi_type",
    "agi_uniqueid",
    "agi_version",
    "agi_callerid",
    "agi_calleridname",
    "agi_callingpres",
    "agi_callingani2",
    "agi_callington",
    "agi_callingtns",
    "agi_dnid",
    "agi_rdnis",
    "agi_context",
    "agi_extension",
    "agi_priority",
    "agi_enhanced",
    "agi_accountcode",
    "agi_threadid",
)
"""The keys of every request, in Asterisk's order; only the dialplan's arguments agi_arg_1, agi_arg_2 ... follow."""

ARGUMENTS: Final = tuple(f"agi_arg_{number}: " for number in range(1, 100))
"""How their lines begin: more than the lines that a request may have."""

OF_OUR_DIALPLAN: Final = 3
"""Arguments that are read with the keys; further ones one by one."""

MAX_ORDER: Final = 2047
"""Bytes of an order with its line end. Asterisk 16 reads so many at once (22: 8,191): it would carry out the first part
of a longer line, answer `200 result=1`, and take the rest for another order."""

READ: Final = frozenset(
    {
        "agi_network_script",
        "agi_channel",
        "agi_language",
        "agi_uniqueid",
        "agi_callerid",
        "agi_callingpres",
        "agi_extension",
    }
)
"""The keys whose values are used; the others are checked for their place alone."""

LINES: Final = tuple(rf"{key}: (.*+)" if key in READ else rf"{key}: .*+" for key in OPENING)
READ_ARGUMENTS: Final = [rf"(?:\n{key}(.*+)" for key in ARGUMENTS[:OF_OUR_DIALPLAN]] + [")?"] * OF_OUR_DIALPLAN
REQUEST: Final = re.compile("\n".join(LINES) + "(?P<last>)" + "".join(READ_ARGUMENTS) + r"(?P<more>\n[\s\S]++)?")
"""What stands between its lines is looked for apart: carriage returns and NULs, which no PABX sends."""

UNCLEAN: Final = re.compile(r"[\r\0]")

NAMED: Final = re.compile("\n".join(LINES[:7]))
"""A request up to agi_uniqueid: enough to say in a log which call it was. Nothing that a caller sends comes before."""

HANGUP: Final = b"HANGUP\n"
DONE: Final = b"200 result=1\n"
ANSWER: Final = re.compile(r"([0-9]{3})([ -])(?:result=(\S*) ?)?(.*)")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a peer may send: bytes of a request or answer, bytes of one line, number of lines."""

    message: int = 32 * 1024
    line: int = 16 * 1024
    lines: int = 64


class Request(NamedTuple):
    """The PABX asks; the texts are as it sent them. A frozen dataclass would take three times as long to make.

    Attributes:
        script: the path of the address that the dialplan calls, without its first slash.
        language: of the caller's channel.
        uniqueid: Asterisk's id of that channel.
        callerid: the caller's number as far as one is known; else a SIP user, `unknown`, or nothing.
        callingpres: whether the number may be shown, as a number (AST_PRES_*).
        extension: the extension that runs: what the caller dialled.
        mangled: bytes that were no UTF-8 were replaced by U+FFFD.
        channel: name of the caller's channel.
        arguments: what the dialplan says besides (agi_arg_1 ...).

    """

    script: str
    language: str
    uniqueid: str
    callerid: str
    callingpres: str
    extension: str
    mangled: bool = False
    channel: str = ""
    arguments: tuple[str, ...] = ()


class Reply(NamedTuple):
    """The PABX answered an order.

    Attributes:
        code: 200 done, 510 unknown order, 511 not on a dead channel, 520 wrong usage.
        result: what follows `result=`; None where the answer has none.
        data: the rest, without the code; the lines of a usage text are joined by a line end.

    """

    code: int
    result: str | None
    data: str


class HungUp(NamedTuple):
    """The caller hung up; the PABX says so in the middle of whatever it sends."""


Event = Request | Reply | HungUp

CARRIED_OUT: Final = Reply(200, "1", "")
"""What DONE says: nearly every answer, and not worth being taken apart each time."""


class _Expects(Enum):
    REQUEST = auto()
    NOTHING = auto()  # it is our turn; only HANGUP may come
    ANSWER = auto()
    BROKEN = auto()


_REQUEST, _NOTHING, _ANSWER, _BROKEN = _Expects


class Exchange:
    """One conversation: a request, then orders and their answers, one at a time.

    Attributes:
        uniqueid: the call's id once it was read, even where the rest of the request was refused; empty before.

    """

    __slots__ = ("_answer", "_buffer", "_expects", "_searched", "_sizes", "uniqueid")

    def __init__(self, sizes: Sizes = Sizes()) -> None:
        self.uniqueid = ""
        self._sizes = sizes
        self._buffer = b""
        self._searched = 0
        self._expects = _REQUEST
        self._answer: list[str] = []

    def receive(self, data: bytes) -> None:
        """Take bytes from the PABX, cut anywhere."""
        self._buffer += data

    def next_event(self) -> Event | None:
        """Return the next thing that happened, or None until more bytes have come.

        Raises:
            PeerError: the peer broke the protocol; it will be raised from now on.

        """
        if self._expects is _BROKEN:
            raise PeerError("the peer broke the protocol before")
        try:
            if self._expects is _REQUEST:
                return self._next_request()
            return self._next_reply() if self._buffer else None
        except PeerError:
            self._expects = _BROKEN
            self._buffer = b""
            raise

    def set_variable(self, name: str, value: str) -> bytes:
        """Return the bytes of an order that sets a variable of the caller's channel; its answer comes next.

        Raises:
            ValueError: the PABX could not take this name or value as it stands.
            RuntimeError: it is not our turn to speak.

        """
        if self._expects is not _NOTHING:
            raise RuntimeError("an order before the request, or before the answer to the last order")
        order = set_variable(name, value)
        self._expects = _ANSWER
        return order

    def _next_request(self) -> Request | None:
        buffer = self._buffer
        end = buffer.find(b"\n\n", self._searched)
        if end + 2 > self._sizes.message or (end < 0 and len(buffer) > self._sizes.message):
            raise PeerError(f"the request is longer than {self._sizes.message} bytes")
        if end < 0:
            self._searched = max(0, len(buffer) - 1)
            return None
        block, self._buffer, self._searched = buffer[:end], buffer[end + 2 :], 0
        self._expects = _NOTHING
        return self._read_request(block)

    def _read_request(self, block: bytes) -> Request:
        if len(block) > self._sizes.line and max(map(len, block.split(b"\n"))) > self._sizes.line:
            raise PeerError(f"a line of the request is longer than {self._sizes.line} bytes")
        text, mangled = _decode(block)
        found = REQUEST.fullmatch(text)
        if (found is None or found["more"] is not None) and block.count(b"\n") >= self._sizes.lines:
            raise PeerError(f"the request has more than {self._sizes.lines} lines")
        if found is None or (("\r" in text or "\0" in text) and UNCLEAN.search(text, 0, found.end("last"))):
            named = NAMED.match(text)
            self.uniqueid = named[4] if named is not None else ""
            raise PeerError(_fault(text.split("\n")))
        script, channel, language, self.uniqueid, callerid, callingpres, extension, _, *arguments, more = found.groups()
        if more is not None or arguments[-1] is None:
            arguments = _arguments(text[found.end("last") :].split("\n")[1:])
        return Request(
            script, language, self.uniqueid, callerid, callingpres, extension, mangled, channel, tuple(arguments)
        )

    def _next_reply(self) -> Reply | HungUp | None:
        if self._buffer == DONE and self._expects is _ANSWER and not self._answer:
            self._buffer, self._expects = b"", _NOTHING
            return CARRIED_OUT
        if self._expects is _NOTHING and not HANGUP.startswith(self._buffer[: len(HANGUP)]):
            raise PeerError("the peer spoke although nothing was asked")
        while (line := self._next_line()) is not None:
            if line == "HANGUP" and not self._answer:
                return HungUp()
            reply = self._read_answer(line)
            if reply is not None:
                self._expects = _NOTHING
                self._answer = []
                return reply
        return None

    def _next_line(self) -> str | None:
        end = self._buffer.find(b"\n", self._searched)
        length = len(self._buffer) if end < 0 else end
        if length > self._sizes.line:
            raise PeerError(f"a line of an answer is longer than {self._sizes.line} bytes")
        if end < 0:
            self._searched = length
            return None
        line, _ = _decode(self._buffer[:end])
        self._buffer, self._searched = self._buffer[end + 1 :], 0
        return line

    def _read_answer(self, line: str) -> Reply | None:
        """Return the whole answer, or None while more lines of it are to come."""
        if self._answer and not line.startswith(f"{self._answer[0][:3]} "):
            self._answer.append(line)
            if len(self._answer) > self._sizes.lines or sum(map(len, self._answer)) > self._sizes.message:
                raise PeerError("an answer has no end")
            return None
        parts = ANSWER.fullmatch(line)
        if parts is None:
            raise PeerError("an answer does not begin with a code")
        code, sign, result, data = parts.groups()
        if sign == "-":
            self._answer.append(line)
            return None
        if self._answer:
            return Reply(int(code), None, "\n".join([self._answer[0][4:], *self._answer[1:], data]))
        if code == "200" and result is None:
            raise PeerError("an answer 200 gives no result")
        return Reply(int(code), result, data)


def set_variable(name: str, value: str) -> bytes:
    r"""Return the line `SET VARIABLE name "value"`; Asterisk takes `\` in quotes for an escape, and no other sign.

    Raises:
        ValueError: the PABX could not take this name or value as it stands.

    """
    if not (name.isascii() and name.isidentifier()):
        raise ValueError(f"{name!r} is no name of a variable")
    if "\n" in value or "\r" in value or "\0" in value:
        raise ValueError("a value can't hold a line end or NUL")
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    order = f'SET VARIABLE {name} "{quoted}"\n'.encode()
    if len(order) > MAX_ORDER:
        raise ValueError(f"the order takes {len(order)} bytes, more than the {MAX_ORDER} that a PABX reads")
    return order


def _decode(block: bytes) -> tuple[str, bool]:
    """Return the text, and whether bytes of it had to be replaced."""
    try:
        return block.decode(), False
    except UnicodeDecodeError:
        return block.decode(errors="replace"), True


def _fault(lines: list[str]) -> str:
    """Say what is wrong with a request, without repeating what a caller may have written."""
    for number, (key, line) in enumerate(zip(OPENING, lines, strict=False), 1):
        found, colon, value = line.partition(":")
        if found == key and value.startswith(" "):
            if "\r" in value or "\0" in value:
                return f"line {number} of the request, {key}, holds a carriage return or NUL"
            continue
        if not colon:
            wrong = "has no colon"
        elif found in OPENING[: number - 1]:
            wrong = f"repeats {found}"
        elif found in OPENING:
            wrong = f"is {found}" if found != key else "has no space after its colon"
        else:
            wrong = "is foreign"
        return f"line {number} of the request {wrong}; `{key}: ` belongs there"
    return f"the request ends before {OPENING[-1]}"


def _arguments(lines: list[str]) -> list[str]:
    arguments: list[str] = []
    for key, line in zip(ARGUMENTS, lines, strict=False):
        if not line.startswith(key):
            number = len(arguments) + 1
            raise PeerError(f"only agi_arg_{number} may stand {number} lines after {OPENING[-1]}")
        arguments.append(line.removeprefix(key))
    return arguments
