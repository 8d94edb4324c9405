"""Call control, put together: positions that their agents steer, and callers who wait and are sent elsewhere."""

from collections.abc import Awaitable, Callable, Collection, Mapping

from structlog.typing import FilteringBoundLogger

from ccrouter.ami.link import PabxLink
from ccrouter.app.calls_of_positions import CallsOfPositions
from ccrouter.app.entry import Entry
from ccrouter.app.overflow import Overflow
from ccrouter.app.positions import PositionDesk
from ccrouter.app.sending import Sending
from ccrouter.app.writer import Writer
from ccrouter.clock import Clock
from ccrouter.config.settings import Settings
from ccrouter.live.state import State
from ccrouter.router import Router
from ccrouter.store.audit import Deed
from ccrouter.web.operations import Operation
from ccrouter.web.positions import positions
from ccrouter.web.stream import Streams
from ccrouter.web.waiting import waiting


class CallControl:
    """The parts of it.

    Args:
        tokens: returns the interfaces of the positions that have a token.
        note: puts a deed into the audit journal; never raises, and waits for a moment at the most.

    Attributes:
        run: lasts as long as the daemon.
        operations: of the API.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        settings: Settings,
        *,
        router: Router,
        state: State,
        links: Mapping[str, PabxLink],
        overflow: Overflow,
        entry: Entry,
        writer: Writer,
        streams: Streams,
        tokens: Callable[[], Collection[str]],
        note: Callable[[Deed], Awaitable[None]],
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        calls = CallsOfPositions(router, state)
        entry.listeners.append(calls.decided)
        desk = PositionDesk(
            router=router,
            state=state,
            links=links,
            calls=calls,
            settings=settings.positions,
            tokens=tokens,
            note=note,
            changed=writer.changed.follow(),
            clock=clock,
            log=log,
        )
        sending = Sending(router, state, links, overflow, entry, settings.router, note, clock, log)
        self.run = desk.run
        self.operations: list[Operation] = [*positions(desk, streams), *waiting(sending)]
