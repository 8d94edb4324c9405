"""Server-sent events with numbers, the last of them kept for clients who come back: no I/O."""

import re
import secrets
from collections import deque
from itertools import islice
from typing import Final

MOST: Final = 8192
MOST_BYTES: Final = 4 * 1024 * 1024
"""What is kept: of a busy house about a minute, of a quiet one hours."""

_LINE_ENDS: Final = ((b"\xc2\x85", rb"\u0085"), (b"\xe2\x80\xa8", rb"\u2028"), (b"\xe2\x80\xa9", rb"\u2029"))
"""Signs in texts at which libraries of clients break lines, though the format of streams does not."""

_ID: Final = re.compile(r"([0-9a-f]{8})-([0-9]{1,15})")


def frame(event: str, data: bytes, event_id: str = "") -> bytes:
    """Return an event as it goes over the wire; `data` is JSON on one line."""
    for raw, escaped in _LINE_ENDS:
        data = data.replace(raw, escaped)
    head = f"id: {event_id}\nevent: {event}\ndata: " if event_id else f"event: {event}\ndata: "
    return b"%b%b\n\n" % (head.encode(), data)


class Ring:
    """Numbered events, of which the last are kept.

    Attributes:
        epoch: of all ids here; another ring has another, also after a restart.
        last: number of the last event; 0 where there was none.

    """

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self.epoch = secrets.token_hex(4)
        self.last = 0
        self._most = most
        self._most_bytes = most_bytes
        self._kept: deque[bytes] = deque()
        self._bytes = 0

    @property
    def last_id(self) -> str:
        """Return the id of the last event."""
        return f"{self.epoch}-{self.last}"

    def add(self, event: str, data: bytes) -> None:
        """Give an event the next number and keep it; the oldest go."""
        self.last += 1
        made = frame(event, data, self.last_id)
        self._kept.append(made)
        self._bytes += len(made)
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._bytes -= len(self._kept.popleft())

    def number(self, event_id: str) -> int | None:
        """Return the number of the event with this id, where all that came after it is kept; else None."""
        found = _ID.fullmatch(event_id)
        if found is None or found[1] != self.epoch:
            return None
        number = int(found[2])
        return number if number <= self.last and self.holds_all_after(number) else None

    def holds_all_after(self, number: int) -> bool:
        """Tell whether all events after this one are kept."""
        return number >= self.last - len(self._kept)

    def after(self, number: int, most_bytes: int) -> tuple[bytes, int]:
        """Return the events after this one, and the number of the last of them.

        There are `most_bytes` of them at most, but one at least, where there is any.
        """
        count = self.last - number
        events = list(islice(reversed(self._kept), count))[::-1]
        taken = size = 0
        for each in events:
            size += len(each)
            if taken and size > most_bytes:
                break
            taken += 1
        return b"".join(events[:taken]), number + taken
