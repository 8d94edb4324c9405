"""Values of a message's fields, read strictly: what can't be read is refused, never guessed."""

import re
from typing import Final

from ccrouter.ami.wire import Message
from ccrouter.errors import PeerError

WHOLE: Final = re.compile(r"-?[0-9]{1,15}")
NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
"""Of a queue, a channel, an interface, a device."""

UNIQUEID: Final = re.compile(r"[\x21-\x7e]{1,150}")


CHECKED: Final = {
    **dict.fromkeys(("Queue", "Channel", "Interface", "Location"), NAME),
    **dict.fromkeys(("Uniqueid", "DestUniqueid"), UNIQUEID),
}
"""Fields that name something, and what they may be."""


def checked(message: Message, field: str) -> str:
    """Return what a field names."""
    value = message.fields[field]
    if not message.sure and not CHECKED[field].fullmatch(value):
        raise PeerError(f"{field} can't be read")
    return value


def count(message: Message, field: str) -> int:
    """Return a whole number; a negative one (a span over a clock that was set back) becomes 0."""
    value = message.fields[field]
    if not WHOLE.fullmatch(value):
        raise PeerError(f"{field} can't be read")
    return max(0, int(value))


def flag(message: Message, field: str) -> bool:
    """Return whether a field is 1 rather than 0."""
    value = message.fields[field]
    if value not in {"0", "1"}:
        raise PeerError(f"{field} is neither 0 nor 1")
    return value == "1"


def queue(message: Message) -> str:
    """Return the name of the queue."""
    return checked(message, "Queue")


def uniqueid(message: Message) -> str:
    """Return the id of the caller's channel."""
    return checked(message, "Uniqueid")


def channel(message: Message) -> str:
    """Return the name of the caller's channel."""
    return checked(message, "Channel")
