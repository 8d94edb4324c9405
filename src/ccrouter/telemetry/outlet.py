"""Lines go out through a thread of their own: a log that nobody reads, or a full disk, never holds up a call."""

import queue
import threading
from typing import Final, TextIO

MAX_WAITING: Final = 10_000
"""Lines kept while the stream takes none; what comes on top is dropped and counted."""

MAX_BATCH: Final = 500
CLOSE_WITHIN_S: Final = 2.0


class Outlet:
    """Writes lines to a stream, in order.

    Attributes:
        dropped: lines that were not written, because too many waited or the stream refused them.

    """

    def __init__(self, stream: TextIO, max_waiting: int = MAX_WAITING) -> None:
        self.dropped = 0
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(max_waiting)
        # A daemon thread, so that a stream which hangs for ever does not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Return how many lines wait to be written."""
        return self._lines.qsize()

    def put(self, line: str) -> None:
        """Hand over a line; never waits and never raises."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, within CLOSE_WITHIN_S."""
        try:
            self._lines.put(None, timeout=CLOSE_WITHIN_S)
        except queue.Full:
            return
        self._thread.join(CLOSE_WITHIN_S)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            batch = [line]
            while len(batch) < MAX_BATCH and not self._lines.empty():
                following = self._lines.get()
                if following is None:
                    self._write(batch)
                    return
                batch.append(following)
            self._write(batch)

    def _write(self, batch: list[str]) -> None:
        text = "\n".join(batch) + "\n"
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # A full disk, a pipe that closed, a stream that was closed: there is nowhere left to tell it.
            self.dropped += len(batch)
