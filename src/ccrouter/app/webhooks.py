"""Webhooks: what happens to calls is put into the outbox, off the way of calls, and told from there until it was told.

One thread is all that ever waits for the outbox's disk, and each webhook has a task of its own: what hangs holds up
nothing else. Of two routers on one state folder both put events in, and the one with the lease tells them.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, Final, NoReturn, Protocol, TypeVar

from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from ccrouter.app.ending import last_moments
from ccrouter.app.webhook_letters import letters, wants
from ccrouter.app.webhook_line import AGAIN_S, GATHER_S, Line
from ccrouter.app.webhook_post import Post
from ccrouter.clock import Clock
from ccrouter.config.settings import Settings
from ccrouter.config.webhooks import Webhook
from ccrouter.errors import StoreError
from ccrouter.store.outbox import Backlog, Due, Letter, Outbox, Tried
from ccrouter.store.schema import outbox_database
from ccrouter.telemetry.webhooks import WebhookCounts
from ccrouter.web.board import Happened
from ccrouter.web.orders import UnknownNameError
from ccrouter.web.status import WebhookStatus
from ccrouter.web.webhooks import WebhookTested

ResultT = TypeVar("ResultT")

MOST_NOTES: Final = 10_000
"""Events that wait to be put into the outbox while the disk takes none."""

BATCH: Final = 200
PAUSE_S: Final = 0.05
"""Between two batches into the outbox, as for the journal."""

LEAD_EVERY_S: Final = 2.0
CLOSE_WITHIN_S: Final = 1.0


class KeepsLetters(Protocol):
    """The outbox (store.outbox.Outbox); each method blocks, and raises StoreError."""

    def put(self, letters: Iterable[Letter]) -> Mapping[str, int]:
        """Keep letters; return how many older ones had to go, by webhook."""
        ...

    def due(self, webhook: str, now: float, most: int) -> Sequence[Due]:
        """Return the oldest letters that may be tried now."""
        ...

    def settle(self, tried: Iterable[Tried], now: float) -> None:
        """Take down what became of letters."""
        ...

    def hasten(self, webhook: str) -> None:
        """Let all that waits be tried at once."""
        ...

    def tidy(self, now: float) -> Mapping[str, int]:
        """Give up what is too old; return how many, by webhook."""
        ...

    def backlogs(self) -> Mapping[str, Backlog]:
        """Return what waits, by webhook."""
        ...

    def lead(self, holder: str, now: float) -> bool:
        """Tell whether this router delivers."""
        ...

    def resign(self, holder: str) -> None:
        """Leave it to the other one."""
        ...


class Webhooks:
    """Tells webhooks; a listener of app.happenings.

    Args:
        holder: names this router in the lease: the same after a restart, another one for the other router.
        calm: tells whether the event loop has time for it.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        webhooks: Sequence[Webhook],
        outbox: KeepsLetters,
        *,
        holder: str,
        clock: Clock,
        counts: WebhookCounts,
        log: FilteringBoundLogger,
        calm: Callable[[], bool] = lambda: True,
    ) -> None:
        self._webhooks = tuple(webhooks)
        self._kinds = frozenset(kind for webhook in webhooks for kind in webhook.events)
        self._outbox = outbox
        self._holder = holder
        self._clock = clock
        self._counts = counts
        self._log = log
        self._notes: deque[Happened] = deque()
        self._news = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "webhooks")
        self._leads = False
        self._faults: dict[str, str] = {}
        self._post: Post | None = None
        kept = _InThread(outbox, clock, self._in_thread)
        self._lines = {
            each.name: Line(
                webhook=each,
                letters=kept,
                post=self._poster,
                may=lambda: self._leads and calm(),
                clock=clock,
                counts=counts,
                log=log,
            )
            for each in webhooks
        }
        for line in self._lines.values():
            counts.follow(line.webhook.name, partial(_backlog, line))

    def wants(self, kind: str) -> bool:
        """Tell whether any webhook is told of what is of this kind."""
        return kind in self._kinds

    def note(self, happened: Happened) -> None:
        """Take note of what happened; never waits."""
        wanting = [webhook.name for webhook in self._webhooks if wants(webhook, happened)]
        if not wanting:
            return
        if len(self._notes) >= MOST_NOTES:
            for name in wanting:
                self._counts.count(name, "dropped")
            return
        self._notes.append(happened)
        self._news.set()

    def states(self) -> tuple[WebhookStatus, ...]:
        """Return how each webhook fares."""
        why = "; ".join(dict.fromkeys(self._faults.values()))
        return tuple(line.status(why, leads=self._leads) for line in self._lines.values())

    async def test(self, name: str) -> WebhookTested:
        """Tell a webhook at once that nothing happened, and return what it answered; one that was gone is back.

        Raises:
            UnknownNameError: there is no such webhook.

        """
        if name not in self._lines:
            raise UnknownNameError(f"there is no webhook {name}; there are: {', '.join(self._lines) or 'none'}")
        return await self._lines[name].test()

    async def run(self) -> None:
        """Put events into the outbox and tell them, until cancelled; then keep what was noted, in CLOSE_WITHIN_S."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(), name="webhooks: outbox")
                tasks.create_task(self._lead(), name="webhooks: lease")
                for name, line in self._lines.items():
                    tasks.create_task(line.run(partial(self._used, name)), name=f"webhooks: {name}")
        finally:
            self._leads = False
            with suppress(StoreError):
                async with last_moments(CLOSE_WITHIN_S):
                    await self._write_waiting()
                    for line in self._lines.values():
                        await line.settle()
                    await self._in_thread(partial(self._outbox.resign, self._holder))
            post, self._post = self._post, None
            if post is not None:
                await post.close()

    async def _write(self) -> NoReturn:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._write_waiting()
                self._used("put", None)
                await asyncio.sleep(GATHER_S)
            except StoreError as error:
                self._used("put", error)
                await asyncio.sleep(AGAIN_S)
                self._news.set()

    async def _write_waiting(self) -> None:
        while self._notes:
            batch = list(islice(self._notes, BATCH))
            try:
                gone = await self._in_thread(partial(self._put, batch))
            except StoreError:
                raise
            except Exception:  # noqa: BLE001 - it is told, with its traceback
                # A fault of ours with one of them must not stop all others for good.
                self._log.exception("events for webhooks are lost", count=len(batch))
                gone = dict.fromkeys(self._lines, len(batch))
            for name, count in gone.items():
                self._counts.count(name, "dropped", count)
                self._log.warning("a webhook falls behind, its oldest events are lost", webhook=name, count=count)
            for _ in batch:
                self._notes.popleft()
            for line in self._lines.values():
                line.wake.set()
            if self._notes:
                await asyncio.sleep(PAUSE_S)

    def _put(self, batch: Sequence[Happened]) -> Mapping[str, int]:
        return self._outbox.put(letter for happened in batch for letter in letters(self._webhooks, happened))

    async def _lead(self) -> NoReturn:
        while True:
            try:
                led, self._leads = self._leads, await self._in_thread(self._look)
                if self._leads and not led:
                    for line in self._lines.values():
                        line.wake.set()
                self._used("lead", None)
            except StoreError as error:
                self._leads = False
                self._used("lead", error)
            await asyncio.sleep(LEAD_EVERY_S)

    def _look(self) -> bool:
        now = self._clock.now()
        leads = self._outbox.lead(self._holder, now)
        for name, count in (self._outbox.tidy(now) if leads else {}).items():
            if name in self._lines:
                self._counts.count(name, "given_up", count)
            self._log.warning("events could not be told to a webhook for a day and are lost", webhook=name, count=count)
        backlogs = self._outbox.backlogs()
        for name, line in self._lines.items():
            line.backlog = backlogs.get(name, Backlog())
        return leads

    def _poster(self) -> Post:
        if self._post is None:
            self._post = Post(self._clock)
        return self._post

    async def _in_thread(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _used(self, what: str, error: StoreError | None) -> None:
        """Take in how a use of the outbox went; what goes wrong is told once, and that all goes well again."""
        if error is not None:
            if not self._faults:
                self._log.error("the outbox of webhooks can't be used; calls go on", error=str(error))
            self._faults[what] = str(error)
        elif self._faults.pop(what, "") and not self._faults:
            self._log.warning("the outbox of webhooks can be used again")


class _InThread:
    """The outbox for who must not wait for its disk (app.webhook_line.Letters)."""

    def __init__(self, outbox: KeepsLetters, clock: Clock, in_thread: Callable[..., Any]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._in_thread = in_thread

    async def due(self, webhook: str, most: int) -> Sequence[Due]:
        """Return the oldest letters that may be tried now."""
        found: Sequence[Due] = await self._in_thread(partial(self._outbox.due, webhook, self._clock.now(), most))
        return found

    async def settle(self, tried: Sequence[Tried]) -> None:
        """Take down what became of letters."""
        await self._in_thread(partial(self._outbox.settle, tried, self._clock.now()))

    async def hasten(self, webhook: str) -> None:
        """Let all that waits be tried at once."""
        await self._in_thread(partial(self._outbox.hasten, webhook))


def _backlog(line: Line) -> tuple[int, float | None]:
    return line.backlog.waiting, line.backlog.oldest_at


def webhooks_of(
    settings: Settings, clock: Clock, registry: CollectorRegistry, log: FilteringBoundLogger, calm: Callable[[], bool]
) -> Webhooks:
    """Return what tells the webhooks of the settings; where they have none, no outbox is made either."""
    counts = WebhookCounts(registry, [each.name for each in settings.webhooks])
    outbox = Outbox(outbox_database(settings.state_dir, clock))
    holder = f"router {settings.router}"
    return Webhooks(settings.webhooks, outbox, holder=holder, clock=clock, counts=counts, log=log, calm=calm)
