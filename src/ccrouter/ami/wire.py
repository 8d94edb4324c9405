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

END: Final = b"\r\n\r\n"
EVENT: Final = b"Event: "
RESPONSE: Final = b"Response: "
FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
FORBIDDEN: Final = re.compile(r"[\r\n\0]")


class Kind(Enum):
    """What a message says it is."""

    EVENT = auto()
    RESPONSE = auto()
    GARBAGE = auto()


class Message:
    """One message of the PABX; a frozen dataclass would take twice as long to make.

    Attributes:
        kind: event, response, or neither.
        name: of the event, or `Success`, `Error`, ... of the response; empty for garbage.
        fields: values by name, in their order; of a field that came more than once, the first.
        repeated: all values of the fields that came more than once.
        flaw: why this is no well-formed message; empty for one that is.

    """

    __slots__ = ("fields", "flaw", "kind", "name", "repeated")

    def __init__(
        self,
        kind: Kind,
        name: str,
        fields: Mapping[str, str],
        repeated: Mapping[str, tuple[str, ...]],
        flaw: str = "",
    ) -> None:
        self.kind = kind
        self.name = name
        self.fields = fields
        self.repeated = repeated
        self.flaw = flaw

    def __repr__(self) -> str:
        return f"<{self.kind.name} {self.name} {', '.join(self.fields)}>"

    def values(self, field: str) -> tuple[str, ...]:
        """Return all values of a field."""
        repeated = self.repeated.get(field)
        if repeated is not None:
            return repeated
        return (self.fields[field],) if field in self.fields else ()


NEVER: Final[Mapping[str, tuple[str, ...]]] = {}


class Framer:
    """Takes the PABX's bytes as they come, and gives its messages.

    Attributes:
        version: of the protocol, from the greeting; empty until the greeting came.

    """

    def __init__(self, wanted: Collection[str]) -> None:
        self.version = ""
        self._wanted = frozenset(name.encode() for name in wanted)
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that these bytes complete: responses, garbage, and events whose name is wanted.

        Raises:
            PeerError: this is no AMI, or a message is longer than MAX_MESSAGE. There is no going on after that.

        """
        rest = self._rest
        searched = max(0, len(rest) - len(END) + 1)
        rest += data
        if not self.version:
            if not self._greet():
                return
            searched = 0
        if rest.find(END, searched) >= 0:
            *frames, last = bytes(rest).split(END)
            rest[:] = last
            for frame in frames:
                message = self._message(frame)
                if message is not None:
                    yield message
        if len(rest) > MAX_MESSAGE + len(END) - 1:
            raise PeerError(f"a message of the PABX has more than {MAX_MESSAGE} bytes")

    def _greet(self) -> bool:
        line, end, _ = bytes(self._rest[: MAX_GREETING + 2]).partition(b"\r\n")
        if not end and len(line.removesuffix(b"\r")) <= MAX_GREETING:
            return False
        if not end or not line.startswith(GREETING) or line == GREETING:
            said = line[:40].decode("ascii", "replace")
            raise PeerError(f"this is no Asterisk Manager port, it says {said!r}")
        self.version = line[len(GREETING) :].decode("ascii", "replace")
        del self._rest[: len(line) + 2]
        return True

    def _message(self, frame: bytes) -> Message | None:
        if len(frame) > MAX_MESSAGE:
            raise PeerError(f"a message of the PABX has more than {MAX_MESSAGE} bytes")
        if frame.startswith(b"\r\n"):
            frame = frame.lstrip(b"\r\n")
        if frame.startswith(EVENT):
            end = frame.find(b"\r\n")
            name = frame[len(EVENT) :] if end < 0 else frame[len(EVENT) : end]
            return _parse(Kind.EVENT, frame) if name in self._wanted else None
        if frame.startswith(RESPONSE):
            return _parse(Kind.RESPONSE, frame)
        return Message(Kind.GARBAGE, "", {}, NEVER, "neither an event nor a response") if frame else None


def _parse(kind: Kind, frame: bytes) -> Message:
    lines = frame.decode("utf-8", "replace").split("\r\n")
    name = lines[0].partition(": ")[2]
    try:
        fields = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        pass
    else:
        if len(fields) == len(lines):
            return Message(kind, name, fields, NEVER)
    return _parse_odd(kind, name, lines)


def _parse_odd(kind: Kind, name: str, lines: list[str]) -> Message:
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
    return Message(kind, name, fields, repeated, flaw)


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
