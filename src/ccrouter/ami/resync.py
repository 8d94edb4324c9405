"""Full pictures of the PABX: read after each log-in, on demand, and every now and then.

A listing is part of the stream of events: its begin is told when it is asked for, its rows and its end when they are
heard, each in its place among the other events. Asterisk sends a listing in one piece, and after it the events that
were under way meanwhile: some of them older than the listing. So whoever keeps the picture must let an event change
nothing that a listing told already, and drop what is absent only if it is older than the begin of the listing.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.ami.connection import Connection
from ccrouter.ami.rows import ENDS, rows_told, translate_row
from ccrouter.ami.translate import fault
from ccrouter.ami.trunks import TECHNOLOGY, reachable
from ccrouter.ami.watches import Fault
from ccrouter.ami.wire import Message
from ccrouter.clock import Clock
from ccrouter.contract import CALL_VARIABLES
from ccrouter.errors import LinkError, PeerError
from ccrouter.live.events import EndpointSeen, ListBegan, ListDone, Listing, PabxEvent, PeerFault

Key = tuple[Listing, str]
"""A listing, and the queue that it is restricted to (empty for all)."""

ORDERS: Final = {
    Listing.QUEUES: ("QueueStatus", {}),
    Listing.CALLS: ("Status", {"Variables": ",".join(CALL_VARIABLES)}),
}

MAX_ROWS: Final = 50_000
"""Rows of one listing; a PABX that has more channels than that does not exist."""

MAX_WANTED: Final = 32
"""Single queues to read; with more, all are read."""

CONTACT_SETTLES_S: Final = 0.1
"""Between the event of a contact and a look at it."""

MOST_GAPS: Final = 3
"""A listing with rows that can't be believed is read again so often; then it counts without them.

Only a caller who did not come through ccrouter's dialplan can mutilate a row, for that cleans its callers' numbers; and
such a caller must not keep the picture from being read for as long as they like.
"""


@dataclass(frozen=True, slots=True)
class Paces:
    """In seconds: between readings of one listing; between audits; for a reading; until the next try after failures."""

    pause: float = 0.5
    audit: float = 15.0
    reading: float = 10.0
    retry: float = 0.5
    longest_retry: float = 5.0


@dataclass(slots=True)
class Reading:
    """A listing that is being read."""

    id: str
    key: Key
    rows: int = 0
    gaps: int = 0
    done: asyncio.Future[bool] = field(default_factory=asyncio.Future)


class Resync:
    """Reads listings over one connection, one at a time.

    Attributes:
        complete: full listings that have been read; `synced` is called when they are all.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        pabx: str,
        connection: Connection,
        *,
        trunks: Callable[[], Collection[str]],
        tell: Callable[[PabxEvent], None],
        synced: Callable[[], None],
        failed: Callable[[Fault], None],
        clock: Clock,
        log: FilteringBoundLogger,
        paces: Paces,
    ) -> None:
        self.complete: set[Listing] = set()
        self._pabx = pabx
        self._connection = connection
        self._trunks = trunks
        self._tell = tell
        self._synced = synced
        self._failed = failed
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._log = log
        self._paces = paces
        self._due: dict[Key, float] = {}
        self._not_before: dict[Key, float] = {}
        self._failures: dict[Key, int] = {}
        self._reading: Reading | None = None
        self._asked = asyncio.Event()

    def request(self, listing: Listing, queue: str = "", after_s: float = 0.0) -> None:
        """Have a listing read, as soon as its pace allows."""
        key = (listing, queue)
        if len(self._due) >= MAX_WANTED and key not in self._due:
            key = (listing, "")
        due = max(self._loop.time() + after_s, self._not_before.get(key, 0.0))
        self._due[key] = min(due, self._due.get(key, due))
        self._asked.set()

    def contact_changed(self, endpoint: str) -> None:
        """Have the trunks looked at again where this PJSIP endpoint is one of them."""
        if TECHNOLOGY + endpoint in self._trunks():
            self.request(Listing.ENDPOINTS, after_s=CONTACT_SETTLES_S)

    async def run(self) -> None:
        """Read what is due, until cancelled or the connection is lost (LinkError)."""
        for listing in Listing:
            self.request(listing)
        while True:
            key, due = min(self._due.items(), key=lambda item: item[1])
            wait_s = due - self._loop.time()
            if wait_s > 0:
                await self._sleep(wait_s)
                continue
            await self._read(key)

    def take(self, message: Message) -> bool:
        """Take in a row or the end of the listing that is being read; tell whether it was one."""
        reading = self._reading
        if reading is None or message.fields.get("ActionID") != reading.id:
            return False
        if message.name == ENDS[reading.key[0]]:
            self._end(reading, message)
            return True
        event = translate_row(message, self._pabx, self._clock.now())
        reading.rows += 1
        if isinstance(event, PeerFault):
            reading.gaps += 1
        if event is not None:
            self._tell(event)
        if reading.rows > MAX_ROWS:
            self._finish(reading, whole=False)
        return True

    async def _sleep(self, wait_s: float) -> None:
        self._asked.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._asked.wait()
        except TimeoutError:
            pass

    async def _read(self, key: Key) -> None:
        listing, queue = key
        del self._due[key]
        if not queue:
            # What is wanted of single queues is part of what is read now.
            self._due = {other: due for other, due in self._due.items() if other[0] is not listing}
        try:
            whole = await self._look(key)
        except ValueError:
            # A name that can't be sent came from a forged event.
            self.request(listing)
            return
        now = self._loop.time()
        self._not_before = {other: at for other, at in self._not_before.items() if at > now}
        if whole:
            self._failures.pop(key, None)
            self._not_before[key] = now + self._paces.pause
            if not queue:
                self._due.setdefault(key, now + self._paces.audit)
            return
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self._failed(Fault.LISTING_FAILED)
        self._not_before[key] = now + min(self._paces.longest_retry, self._paces.retry * 2 ** min(failures - 1, 10))
        self.request(listing, queue)

    async def _look(self, key: Key) -> bool:
        """Read a listing; tell whether it was whole."""
        listing = key[0]
        try:
            async with asyncio.timeout(self._paces.reading):
                return await (self._look_at_trunks() if listing is Listing.ENDPOINTS else self._list(key))
        except TimeoutError:
            self._log.warning("listing not complete in time", listing=listing)
        except LinkError as error:
            self._connection.check()
            self._log.warning("listing failed", listing=listing, reason=str(error))
        finally:
            self._reading = None
        return False

    async def _list(self, key: Key) -> bool:
        listing, queue = key
        action, fields = ORDERS[listing]
        pending = self._connection.send(action, fields | ({"Queue": queue} if queue else {}))
        reading = self._reading = Reading(pending.id, key)
        self._begin(key)
        response = await pending.response(self._paces.reading)
        if not response.ok:
            raise LinkError(f"the PABX refuses {action}: {response.text}")
        return await reading.done

    async def _look_at_trunks(self) -> bool:
        self._begin((Listing.ENDPOINTS, ""))
        seen = await reachable(self._connection, self._trunks(), self._paces.reading)
        at = self._clock.now()
        for endpoint, answers in seen.items():
            self._tell(EndpointSeen(pabx=self._pabx, at=at, endpoint=endpoint, reachable=answers))
        self._done((Listing.ENDPOINTS, ""))
        return True

    def _begin(self, key: Key) -> None:
        self._tell(ListBegan(pabx=self._pabx, at=self._clock.now(), listing=key[0], queue=key[1]))

    def _done(self, key: Key) -> None:
        listing, queue = key
        self._tell(ListDone(pabx=self._pabx, at=self._clock.now(), listing=listing, queue=queue))
        if not queue and listing not in self.complete:
            self.complete.add(listing)
            if len(self.complete) == len(Listing):
                self._synced()

    def _end(self, reading: Reading, message: Message) -> None:
        now = self._clock.now()
        try:
            missing = rows_told(message) - reading.rows
        except PeerError as error:
            self._tell(fault(message, str(error), self._pabx, now))
            self._finish(reading, whole=False)
            return
        if missing or reading.gaps:
            # A row that was cut in two has lost its ActionID, and is not among those counted.
            known = self._failures.get(reading.key, 0) + 1
            self._log.warning("listing with gaps", listing=reading.key[0], refused=reading.gaps, missing=missing)
            if known < MOST_GAPS:
                self._finish(reading, whole=False)
                return
        self._done(reading.key)
        self._finish(reading, whole=True)

    def _finish(self, reading: Reading, *, whole: bool) -> None:
        self._reading = None
        if not reading.done.done():
            reading.done.set_result(whole)
