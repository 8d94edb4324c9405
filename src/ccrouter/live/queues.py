"""Queues: the callers who wait in them, in order."""

from collections.abc import Iterator
from typing import NamedTuple

from ccrouter.live.forecast import Forecast
from ccrouter.live.positions import Positions
from ccrouter.live.windows import Window
from ccrouter.routing.snapshot import Ended, Seconds
from ccrouter.routing.values import dataclass

QueueKey = tuple[str, str]
"""PABX and name of the queue."""

CallKey = tuple[str, str]
"""PABX and uniqueid of the caller's channel."""


class WaitingCaller(NamedTuple):
    """A caller in a queue, as the PABX tells it.

    Attributes:
        position: rank in the queue; 1 is next.
        joined_at: when this wait began, seconds since 1970.
        waited_before_s: time spent in queues earlier in the same call.
        routed: whether the call went through ccrouter's dialplan; only such a call may be withdrawn. Where it is False,
            number, service and decision are empty.
        decision: the decision in force; empty on a fallback plan.
        caller, language: of the call; None for a hidden caller.
        caller_known: False where the call came before this router was there: then its caller is not known.
        stays_until: until when the PABX is not to be asked for this caller again.
        withdrawing: the PABX has been asked to take the caller out, and has not said yet what became of it. The caller
            counts where they are sent, not here.

    """

    pabx: str
    queue: str
    uniqueid: str
    channel: str
    position: int
    joined_at: float
    waited_before_s: Seconds = 0.0
    routed: bool = False
    number: str = ""
    service: str = ""
    decision: str = ""
    caller: str | None = None
    language: str = ""
    caller_known: bool = False
    stays_until: float = 0.0
    withdrawing: bool = False


@dataclass(slots=True)
class Caller:
    """A caller in a queue; `mark` is when the PABX last told of it, `forecast_s` the EWT when they joined."""

    uniqueid: str
    channel: str
    joined_at: float
    mark: int
    forecast_s: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """A caller who left a queue; what for is told by what comes next."""

    queue: str
    joined_at: float
    left_at: float
    forecast_s: Seconds | None = None

    @property
    def wait_s(self) -> Seconds:
        """Return how long the caller was in the queue."""
        return max(0.0, self.left_at - self.joined_at)


class Queue:
    """One queue: callers in order, positions, and what the last hour showed."""

    def __init__(self, pabx: str, name: str, mark: int) -> None:
        self.pabx = pabx
        self.name = name
        self.mark = mark
        self.positions = Positions()
        self.forecast = Forecast()
        self.ended: Window[Ended] = Window(lambda wait: wait.at)
        self._callers: dict[str, Caller] = {}
        self._order: list[str] = []

    def __iter__(self) -> Iterator[Caller]:
        return map(self._callers.__getitem__, self._order)

    def __len__(self) -> int:
        return len(self._order)

    def get(self, uniqueid: str) -> Caller | None:
        """Return a caller who waits here, or None."""
        return self._callers.get(uniqueid)

    def put(self, caller: Caller, position: int) -> None:
        """Let a caller wait at `position` (1 is next), or where the queue ends if that is nearer."""
        index, uniqueid = max(0, position - 1), caller.uniqueid
        known = uniqueid in self._callers
        self._callers[uniqueid] = caller
        if known:
            if self._order[index : index + 1] == [uniqueid]:
                return
            self._order.remove(uniqueid)
        self._order.insert(index, uniqueid)

    def take(self, uniqueid: str) -> Caller:
        """Take out a caller who waits here.

        Raises:
            KeyError: nobody of that id waits here.

        """
        caller = self._callers.pop(uniqueid)
        self._order.remove(uniqueid)
        return caller

    def forecast_at(self, index: int) -> Seconds | None:
        """Return the EWT of a caller who joins now behind `index` others; None where nothing can be said."""
        return self.forecast.estimate(min(index, len(self)), *self.positions.serving())

    def end_wait(self, at: float, wait_s: Seconds, *, answered: bool) -> None:
        """Keep a wait that was answered, or given up."""
        self.ended.add(Ended(self.ended.not_before(at), wait_s, answered))
        self.forecast.waited(wait_s, gave_up=not answered)


class Queues:
    """All queues of all PABXs. A caller waits in one of them at the most; whoever leaves one is kept for a moment.

    Attributes:
        departed: who left a queue a moment ago.
        changed: queues that are not as they were last shown.
        refigured: those of which that is so for their figures alone, and not for who waits there.

    """

    def __init__(self) -> None:
        self._queues: dict[QueueKey, Queue] = {}
        self._where: dict[CallKey, Queue] = {}
        self.departed: dict[CallKey, Departure] = {}
        self.changed: set[QueueKey] = set()
        self.refigured: set[QueueKey] = set()

    def __iter__(self) -> Iterator[Queue]:
        return iter(self._queues.values())

    def get(self, pabx: str, name: str) -> Queue | None:
        """Return a queue, or None where no PABX has told of it."""
        return self._queues.get((pabx, name))

    def known(self, pabx: str, name: str, mark: int) -> Queue:
        """Return a queue that a PABX tells of now, new where it was not known."""
        queue = self._queues.get((pabx, name))
        if queue is None:
            queue = self._queues[pabx, name] = Queue(pabx, name, mark)
            self.changed.add((pabx, name))
        queue.mark = mark
        return queue

    def of(self, pabx: str) -> list[Queue]:
        """Return the queues of one PABX."""
        return [queue for queue in self._queues.values() if queue.pabx == pabx]

    def where(self, key: CallKey) -> Queue | None:
        """Return the queue in which a caller waits, or None."""
        return self._where.get(key)

    def join(self, queue: Queue, caller: Caller, position: int) -> None:
        """Let a caller wait in `queue`, who waits nowhere else."""
        self._where[queue.pabx, caller.uniqueid] = queue
        queue.put(caller, position)
        self.changed.add((queue.pabx, queue.name))

    def leave(self, key: CallKey, at: float) -> None:
        """Take a caller out of the queue in which they wait, if they do, and remember how long they did."""
        queue = self._where.pop(key, None)
        if queue is None:
            return
        caller = queue.take(key[1])
        self.departed[key] = Departure(queue.name, caller.joined_at, at, caller.forecast_s)
        self.changed.add((queue.pabx, queue.name))

    def settle(self, key: CallKey, at: float, *, answered: bool | None) -> Departure | None:
        """Say what a departure was: answered, given up, or (None) neither; return it, None where there was none."""
        departure = self.departed.pop(key, None)
        if departure is None:
            return None
        queue = self.get(key[0], departure.queue)
        if queue is None:
            return None
        if answered is None:
            queue.forecast.waited(departure.wait_s, gave_up=False)
        else:
            queue.end_wait(at, departure.wait_s, answered=answered)
        self.refigured.add((queue.pabx, queue.name))
        return departure

    def drop(self, queue: Queue) -> None:
        """Forget a queue that does not exist any more, empty of callers."""
        del self._queues[queue.pabx, queue.name]
        self.changed.add((queue.pabx, queue.name))
