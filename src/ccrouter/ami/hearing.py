"""From messages to events, in the order of the stream: synchronous, so that nothing can overtake."""

import asyncio
from collections.abc import Callable
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.ami import shapes
from ccrouter.ami.resync import Resync
from ccrouter.ami.translate import Translator
from ccrouter.ami.watches import Fault
from ccrouter.ami.wire import A_RESPONSE, Message
from ccrouter.clock import Clock
from ccrouter.live.events import Listing, PabxEvent

BOOTED: Final = "FullyBooted"
CONTACT: Final = "ContactStatus"
LISTED: Final = frozenset(shapes.ROWS) | frozenset(shapes.COMPLETES)

WANTED: Final = frozenset({*shapes.EVENTS, *LISTED, "UserEvent", BOOTED, CONTACT})
"""The events that are not dropped unread. Shutdown is not among them: a caller could forge it, and the connection that
closes tells it too. Nor is QueueCallerAbandon: it also comes on time-out and on withdrawal."""


class Hearing:
    """Takes the messages of one connection, and tells events to a sink.

    Attributes:
        booted: set by FullyBooted.
        resync: takes the listings; None until the link is up, and until then nothing is told.

    """

    def __init__(
        self,
        pabx: str,
        sink: Callable[[PabxEvent], None],
        failed: Callable[[Fault], None],
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self.booted = asyncio.Event()
        self.resync: Resync | None = None
        self._pabx = pabx
        self._translator = Translator(pabx)
        self._sink = sink
        self._failed = failed
        self._clock = clock
        self._log = log

    def hear(self, message: Message) -> None:
        """Take in a message; never raises."""
        try:
            event = self._meant(message)
            if event is not None:
                self._sink(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not cost the rest of the stream
            self._stumble(error, message.name)

    def tell(self, event: PabxEvent) -> None:
        """Give an event to the sink; never raises."""
        try:
            self._sink(event)
        except Exception as error:  # noqa: BLE001 - as above
            self._stumble(error, type(event).__name__)

    def relist(self) -> None:
        """Have everything read again."""
        if self.resync is not None:
            for listing in Listing:
                self.resync.request(listing)

    def _meant(self, message: Message) -> PabxEvent | None:
        """Return the event that a message tells; None where it tells none, or something else."""
        if message.kind is A_RESPONSE:
            self._failed(Fault.LATE_ANSWER)
        elif message.name == BOOTED:
            self.booted.set()
            self.relist()
        elif self.resync is None:
            pass
        elif message.name in LISTED:
            if not self.resync.take(message):
                self._failed(Fault.LATE_ANSWER)
        elif message.name == CONTACT:
            # Only a hint, so that nobody gains from forging it.
            self.resync.contact_changed(message.fields.get("EndpointName", ""))
        else:
            return self._translator.translate(message, self._clock.now())
        return None

    def _stumble(self, error: Exception, name: str) -> None:
        self._failed(Fault.RAISED)
        self._log.error("fault in ccrouter, all is read again", pabx=self._pabx, about=name, exc_info=error)
        self.relist()
