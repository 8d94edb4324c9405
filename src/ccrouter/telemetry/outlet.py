"""Lines go out through a thread of their own: a log that nobody reads, or a full disk, never holds up a call."""

import queue
import threading
from typing import Final, NoReturn, TextIO

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
        self._lines: queue.Queue[str | threading.Event] = queue.Queue(max_waiting)
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
        """Write what waits, within CLOSE_WITHIN_S; a line that comes later still goes out, if the process lives on.

        A thread that hangs with its disk may keep it for a while, and that is worth a line.
        """
        written = threading.Event()
        try:
            self._lines.put(written, timeout=CLOSE_WITHIN_S)
        except queue.Full:
            return
        written.wait(CLOSE_WITHIN_S)

    def _run(self) -> NoReturn:
        while True:
            batch: list[str] = []
            following = self._lines.get()
            while isinstance(following, str):
                batch.append(following)
                if len(batch) == MAX_BATCH or self._lines.empty():
                    break
                following = self._lines.get()
            if batch:
                self._write(batch)
            if isinstance(following, threading.Event):
                following.set()

    def _write(self, batch: list[str]) -> None:
        text = "\n".join(batch) + "\n"
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # A full disk, a pipe that closed, a stream that was closed: there is nowhere left to tell it.
            self.dropped += len(batch)
