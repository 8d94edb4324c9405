"""The stream of the board: what changes, and what happens to calls, on its way to those who follow it."""

from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry
from pydantic import TypeAdapter
from structlog.typing import FilteringBoundLogger

from ccrouter.app.board import BoardView
from ccrouter.app.changes import Changes
from ccrouter.app.happenings import Happenings, seen_by
from ccrouter.clock import Clock
from ccrouter.telemetry.metrics import Metrics
from ccrouter.telemetry.stream import StreamCounts
from ccrouter.web.board import Happened
from ccrouter.web.board_stream import BOARD, board_stream
from ccrouter.web.operations import Operation
from ccrouter.web.stream import Streams

HAPPENED: Final = TypeAdapter(Happened)

MOST_PER_S: Final = 200.0
"""Events about single calls that a stream tells: nobody reads more, and each goes to every client."""


@dataclass(slots=True)
class Allowance:
    """So many in a second on the average, and as many at once."""

    per_s: float
    left: float
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Take one, at an instant of a steady clock; False where there is none left."""
        self.left = min(self.per_s, self.left + (now - self.at) * self.per_s)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Streaming:
    """The streams of a daemon, with the board as the first of them.

    Attributes:
        streams: others may stream what is theirs with it.
        board: the API's operations about the board.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        view: BoardView,
        *,
        happenings: Happenings,
        changed: Changes,
        registry: CollectorRegistry,
        metrics: Metrics,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._counts = StreamCounts(registry)
        self._clock = clock
        self._allowance = Allowance(MOST_PER_S, MOST_PER_S)
        self.streams = Streams(changed.follow(), clock=clock, counts=self._counts, fault=metrics.fault, log=log)
        self.board: list[Operation] = board_stream(self.streams, view)
        happenings.follow(self._happened, lambda _: self.streams.known(BOARD) is not None)

    def _happened(self, happened: Happened) -> None:
        feed = self.streams.known(BOARD)
        if feed is None:
            return
        if self._allowance.take(self._clock.steady()):
            self.streams.say(feed, "happened", HAPPENED.dump_json(seen_by(happened, "masked")))
        else:
            self._counts.left_out()
