"""Values of a message's fields, read strictly: what can't be read is refused, never guessed."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ccrouter.ami.wire import Message
from ccrouter.errors import PeerError
from ccrouter.live.events import PabxEvent

Means = Callable[..., PabxEvent | None]
"""Makes an event of a PABX's name, the instant, and values; raises PeerError where these do not go together."""


class Value(NamedTuple):
    """What a field may hold, and what is made of it.

    Attributes:
        pattern: of the whole value; None for any text.
        flaw: what is said of a field that holds something else.
        made: makes it of the text, which is empty for a field that may be absent, and is.

    """

    pattern: re.Pattern[str] | None
    flaw: str = "can't be read"
    made: Callable[[str], object] = str

    def allows(self, text: str) -> bool:
        """Tell whether a field may hold this."""
        return self.pattern is None or self.pattern.fullmatch(text) is not None


@lru_cache(maxsize=1000)  # most are small, or the same for a while
def whole(digits: str) -> int:
    """Return a whole number; a negative one (a span over a clock that was set back) becomes 0."""
    return max(0, int(digits or 0))


def _seconds(milliseconds: str) -> float:
    return whole(milliseconds) / 1000


TEXT: Final = Value(None)
WHOLE: Final = Value(re.compile(r"-?[0-9]{1,15}"), made=whole)
WHOLE_OR_NOTHING: Final = Value(re.compile(r"(?:-?[0-9]{1,15})?"), made=whole)
MILLISECONDS: Final = WHOLE._replace(made=_seconds)
FLAG: Final = Value(re.compile("[01]"), "is neither 0 nor 1", {"0": False, "1": True}.__getitem__)
NAME: Final = Value(re.compile(r"[^\x00-\x1f\x7f]{1,200}"))
"""Of a queue, a channel, an interface, a device."""

UNIQUEID: Final = Value(re.compile(r"[\x21-\x7e]{1,150}"))


def one_of(words: Iterable[str], flaw: str, made: Callable[[str], object] = str) -> Value:
    """Return what holds one of these words."""
    return Value(re.compile("|".join(map(re.escape, words))), flaw, made)


def checked(message: Message, field: str, value: Value) -> str:
    """Return the text of a field.

    Raises:
        PeerError: it is not what the field may hold; the error names the field, never what it holds.

    """
    text = message.fields[field]
    if not value.allows(text):
        raise PeerError(f"{field} {value.flaw}")
    return text


class Reading:
    """How a message is read: its fields, in the order in which they are told to what makes an event of them.

    Attributes:
        fields: what each may hold, by name.

    """

    def __init__(self, means: Means, **fields: Value) -> None:
        self.fields = fields
        self._means = means
        self._made = [(place, value.made) for place, value in enumerate(fields.values()) if value.made is not str]

    def __call__(self, message: Message, pabx: str, at: float) -> PabxEvent | None:
        """Return what a message tells that has the fields that it must have; raises PeerError as `checked` does."""
        has = message.fields
        return self.event(
            pabx, at, [checked(message, name, value) if name in has else "" for name, value in self.fields.items()]
        )

    def event(self, pabx: str, at: float, texts: Iterable[str]) -> PabxEvent | None:
        """Return what a message tells whose fields hold these texts, each of which was checked."""
        values: list[Any] = [*texts]
        for place, made in self._made:
            values[place] = made(values[place])
        return self._means(pabx, at, *values)
