"""AMI without a socket: bytes in, messages out; orders as bytes.

Source: Asterisk's main/manager.c, and what 16.28 and 22.10 were seen to send and to refuse.

Messages are cut out of the stream as bytes, and only then decoded: a letter may be split over two reads. Events that
nobody wants are dropped by their name before anything else is done with them.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from enum import Enum, auto
from typing import Final

from ccrouter.errors import PeerError

GREETING: Final = b"Asterisk Call Manager/"
MAX_GREETING: Final = 100
"""Bytes of the first line."""

MAX_MESSAGE: Final = 256 * 1024
"""Bytes of one message; the longest that Asterisk sends us, the answer to ListCommands, has 7,000."""

MAX_LINE: Final = 1000
"""Bytes of a line to the PABX. Asterisk 16 and 22 drop a line from 1,023 bytes on, and then read the rest of the
action without it."""

MAX_LINES: Final = 100
"""Lines of an order; Asterisk takes 128."""

LINE_END: Final = b"\r\n"
END: Final = LINE_END + LINE_END
BLANK: Final = END.decode()
EVENT: Final = "Event: "
RESPONSE: Final = "Response: "
FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
FORBIDDEN: Final = re.compile(r"[\r\n\0]")


class Kind(Enum):
    """What a message says it is."""

    EVENT = auto()
    RESPONSE = auto()
    GARBAGE = auto()


AN_EVENT: Final = Kind.EVENT
A_RESPONSE: Final = Kind.RESPONSE
"""Looked up once: on the class that takes as long as half a dozen comparisons."""


class Message:
    """One message of the PABX; what its lines say is looked at when somebody asks for it.

    Attributes:
        kind: event, response, or neither.
        name: of the event, or `Success`, `Error`, ... of the response; empty for garbage.
        text: all of it but the empty line that ends it.
        fields: values by name, in their order; of a field that came more than once, the first.
        repeated: all values of the fields that came more than once.
        flaw: why this is no well-formed message; empty for one that is.

    """

    __slots__ = ("fields", "flaw", "kind", "name", "repeated", "text")

    fields: Mapping[str, str]
    repeated: Mapping[str, tuple[str, ...]]
    flaw: str

    def __init__(self, kind: Kind, name: str, text: str) -> None:
        self.kind = kind
        self.name = name
        self.text = text

    def __getattr__(self, attribute: str) -> object:
        # Only asked for slots that are empty: most messages are read without a look at all their lines.
        if attribute not in LOOKED_AT:
            raise AttributeError(attribute)
        self.fields, self.repeated, self.flaw = GARBAGE if self.kind is Kind.GARBAGE else _parse(self.text)
        return getattr(self, attribute)

    def __repr__(self) -> str:
        return f"<{self.kind.name} {self.name} {', '.join(self.fields)}>"

    def values(self, field: str) -> tuple[str, ...]:
        """Return all values of a field."""
        repeated = self.repeated.get(field)
        if repeated is not None:
            return repeated
        return (self.fields[field],) if field in self.fields else ()


LOOKED_AT: Final = frozenset({"fields", "repeated", "flaw"})
NEVER: Final[Mapping[str, tuple[str, ...]]] = {}
Parsed = tuple[Mapping[str, str], Mapping[str, tuple[str, ...]], str]
GARBAGE: Final[Parsed] = ({}, NEVER, "neither an event nor a response")


class Framer:
    """Takes the PABX's bytes as they come, and gives its messages.

    Attributes:
        version: of the protocol, from the greeting; empty until the greeting came.

    """

    def __init__(self, wanted: Collection[str]) -> None:
        self.version = ""
        self._wanted = frozenset(wanted)
        names = "|".join(map(re.escape, sorted(wanted)))
        # Each end of a message that is followed by anything but an event that nobody wants.
        self._heads = re.compile(rf"\r\n\r\n(?:Event: ({names})(?=\r\n)|(?!Event: ))")
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that these bytes complete: responses, garbage, and events whose name is wanted.

        Raises:
            PeerError: this is no AMI, or a message is longer than MAX_MESSAGE. There is no going on after that.

        """
        rest = self._rest
        searched = max(len(END), len(rest) - len(END) + 1)
        rest += data
        if not self.version:
            if not self._greet():
                return
            searched = len(END)
        last = rest.rfind(END, searched)
        if last >= 0:
            whole = self._end_at(last)
            block = rest[: whole + len(END)]
            del rest[:whole]
            if len(block) > MAX_MESSAGE:
                _check_lengths(block)
            # All at once: no letter reaches over the end of a message.
            text = block.decode("utf-8", "replace")
            find = text.find
            for head in self._heads.finditer(text, 0, len(text) - 2):
                begin = head.start() + len(BLANK)
                told, name = text[begin : find(BLANK, begin)], head[1]
                message = self._message(told) if name is None else Message(AN_EVENT, name, told)
                if message is not None:
                    yield message
        if len(rest) > MAX_MESSAGE + 2 * len(END) - 1:
            raise _too_long()

    def _greet(self) -> bool:
        line, end, _ = bytes(self._rest[: MAX_GREETING + 2]).partition(b"\r\n")
        if not end and len(line.removesuffix(b"\r")) <= MAX_GREETING:
            return False
        if not end or not line.startswith(GREETING) or line == GREETING:
            said = line[:40].decode("ascii", "replace")
            raise PeerError(f"this is no Asterisk Manager port, it says {said!r}")
        self.version = line[len(GREETING) :].decode("ascii", "replace")
        self._rest[: len(line) + 2] = END
        return True

    def _end_at(self, last: int) -> int:
        """Return the place of the last end of a message; it stays, in front of the next message.

        Args:
            last: place of the last empty line. Of several in a row, each second one is an end.

        """
        rest, first = self._rest, last
        while first > len(END) and rest.endswith(LINE_END, 0, first):
            first -= len(LINE_END)
        return last if (last - first) % len(END) == 0 else last - len(LINE_END)

    def _message(self, text: str) -> Message | None:
        """Return a response, garbage, or an event after empty lines; None for nothing, or nothing wanted."""
        if text.startswith("\r\n"):
            text = text.lstrip("\r\n")
        line = text.partition("\r\n")[0]
        if line.startswith(EVENT):
            name = line.removeprefix(EVENT)
            return Message(AN_EVENT, name, text) if name in self._wanted else None
        if line.startswith(RESPONSE):
            return Message(Kind.RESPONSE, line.removeprefix(RESPONSE), text)
        return Message(Kind.GARBAGE, "", text) if text else None


def _check_lengths(block: bytearray) -> None:
    if any(len(frame) > MAX_MESSAGE for frame in block.split(END)):
        raise _too_long()


def _too_long() -> PeerError:
    return PeerError(f"a message of the PABX has more than {MAX_MESSAGE} bytes")


def _parse(text: str) -> Parsed:
    lines = text.split("\r\n")
    try:
        fields = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        pass
    else:
        if len(fields) == len(lines):
            return fields, NEVER, ""
    return _parse_odd(lines)


def _parse_odd(lines: list[str]) -> Parsed:
    """Parse what has repeated fields, fields without a value, or lines that are no fields."""
    fields: dict[str, str] = {}
    repeated: dict[str, tuple[str, ...]] = {}
    flaw = ""
    for line in lines:
        field, separator, value = line.partition(": ")
        if not separator:
            if not line.endswith(":"):
                flaw = "a line is no field"
                continue
            field = line[:-1]
        if field in fields:
            repeated[field] = (*repeated.get(field, (fields[field],)), value)
        else:
            fields[field] = value
    return fields, repeated, flaw


def encode(fields: Mapping[str, str]) -> bytes:
    """Return an order as bytes.

    Raises:
        ValueError: a name or value would make a second line or order, a line is longer than the PABX takes, or there
            are too many. The text names the field, never its value.

    """
    if not 0 < len(fields) <= MAX_LINES:
        raise ValueError(f"an order can't have {len(fields)} fields")
    lines = []
    for name, value in fields.items():
        if not FIELD.fullmatch(name):
            raise ValueError(f"no field of an order can be named {name!r}")
        if FORBIDDEN.search(value):
            raise ValueError(f"the value of {name} holds a line end or a NUL")
        try:
            line = f"{name}: {value}".encode()
        except UnicodeEncodeError:
            raise ValueError(f"the value of {name} can't be written as UTF-8") from None
        if len(line) > MAX_LINE:
            raise ValueError(f"{name} makes a line of {len(line)} bytes, more than the {MAX_LINE} that a PABX takes")
        lines.append(line)
    return b"\r\n".join(lines) + END
