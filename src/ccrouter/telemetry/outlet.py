"""Lines go out through a thread of their own: a log that nobody reads, or a full disk, never holds up a call."""

import threading
from collections import deque
from typing import Final, NoReturn, TextIO

MAX_WAITING: Final = 10_000
"""Lines kept while the stream takes none; what comes on top is dropped and counted."""

MAX_BATCH: Final = 500
CLOSE_WITHIN_S: Final = 2.0

GATHER_S: Final = 0.1
"""How long a line may wait for others while many come: to wake a thread costs several times as much as to make a line,
and each time it takes the interpreter away from calls."""

MANY: Final = 100
"""Lines without a pause of GATHER_S between them: fewer go out at once."""


class Outlet:
    """Writes lines to a stream, in order.

    Attributes:
        dropped: lines that were not written, because too many waited or the stream refused them.

    """

    def __init__(self, stream: TextIO, max_waiting: int = MAX_WAITING) -> None:
        self.dropped = 0
        self._stream = stream
        self._most = max_waiting
        self._lines: deque[str | threading.Event] = deque()
        self._news = threading.Event()
        self._closing = threading.Event()
        # A daemon thread, so that a stream which hangs for ever does not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Return how many lines wait to be written."""
        return len(self._lines)

    def put(self, line: str) -> None:
        """Hand over a line; never waits and never raises."""
        if len(self._lines) >= self._most:
            self.dropped += 1
            return
        self._lines.append(line)
        if not self._news.is_set():
            self._news.set()

    def close(self) -> None:
        """Write what waits, within CLOSE_WITHIN_S; a line that comes later still goes out, if the process lives on.

        A thread that hangs with its disk may keep it for a while, and that is worth a line.
        """
        written = threading.Event()
        self._lines.append(written)
        self._closing.set()
        self._news.set()
        written.wait(CLOSE_WITHIN_S)

    def _run(self) -> NoReturn:
        row = 0
        while True:
            if not self._news.wait(GATHER_S):
                row = 0
                self._news.wait()
            self._news.clear()  # before looking: whatever comes from now on sets it again
            while self._lines:
                row += self._write_some()
            if row > MANY:
                self._closing.wait(GATHER_S)

    def _write_some(self) -> int:
        """Write the next lines, and return how many."""
        batch: list[str] = []
        written: threading.Event | None = None
        while self._lines and len(batch) < MAX_BATCH and written is None:
            following = self._lines.popleft()
            if isinstance(following, str):
                batch.append(following)
            else:
                written = following
        if batch:
            self._write(batch)
        if written is not None:
            written.set()
        return len(batch)

    def _write(self, batch: list[str]) -> None:
        text = "\n".join(batch) + "\n"
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # A full disk, a pipe that closed, a stream that was closed: there is nowhere left to tell it.
            self.dropped += len(batch)
