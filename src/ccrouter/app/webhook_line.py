"""The line to one webhook: letters that are due are sent, those of a call in order; when it fails, it is let rest."""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NoReturn, Protocol
from urllib.parse import urlsplit

from structlog.typing import FilteringBoundLogger

from ccrouter.app.webhook_letters import ping
from ccrouter.app.webhook_post import Told
from ccrouter.clock import Clock
from ccrouter.config.webhooks import Webhook
from ccrouter.errors import StoreError
from ccrouter.store.outbox import Backlog, Due, Tried
from ccrouter.telemetry.webhooks import WebhookCounts
from ccrouter.web.status import WebhookStatus
from ccrouter.web.webhooks import WebhookTested

BATCH: Final = 200
ABREAST: Final = 8
"""Letters that are under way at once, each of another call."""

PACE_S: Final = 0.02
"""Between two letters: 400 a second at the most with all abreast, each 0.3 ms of the loop's time, beside calls."""

ROUND_S: Final = 1.0
"""How long letters are sent before it is taken down what became of them."""

LOOK_AGAIN_S: Final = 1.0
"""After which it is looked again whether something is due."""

GATHER_S: Final = 0.03
"""In which events gather, so that one transaction serves several."""

AGAIN_S: Final = 5.0
"""How long to wait after a disk refused."""

IN_TROUBLE: Final = 3
"""Failures in a row from which a webhook is left alone for a while, and then tried with one letter."""

LETTER_REST_S: Final = 300.0
WEBHOOK_REST_S: Final = 60.0
"""The longest pause, before chance adds or takes a half, of a letter and of a webhook; each failure doubles it."""


class Tells(Protocol):
    """Posts letters (app.webhook_post.Post)."""

    async def tell(self, webhook: Webhook, event: str, body: bytes) -> Told:
        """Post a letter once; never raises on account of the receiver."""
        ...


class Letters(Protocol):
    """The outbox; each method waits for its disk, and raises StoreError."""

    async def due(self, webhook: str, most: int) -> Sequence[Due]:
        """Return the oldest letters that may be tried now."""
        ...

    async def settle(self, tried: Sequence[Tried]) -> None:
        """Take down what became of letters."""
        ...

    async def hasten(self, webhook: str) -> None:
        """Let all that waits be tried at once."""
        ...


@dataclass(slots=True, kw_only=True)
class Line:
    """One webhook, and how it fares.

    Attributes:
        post: returns who posts.
        may: tells whether this router sends now.
        chance: returns 0 to 1.
        backlog: what waits.
        wake: something may be due.

    """

    webhook: Webhook
    letters: Letters
    post: Callable[[], Tells]
    may: Callable[[], bool]
    clock: Clock
    counts: WebhookCounts
    log: FilteringBoundLogger
    chance: Callable[[], float] = random.random
    backlog: Backlog = field(default_factory=Backlog)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False
    _tried: list[Tried] = field(default_factory=list)
    _failures: int = 0
    _failing_since: float | None = None
    _why: str = ""
    _rests_until: float = 0.0

    async def run(self, used: Callable[[StoreError | None], None]) -> NoReturn:
        """Send what is due, until cancelled; `used` is told how the use of the outbox went."""
        while True:
            batch: Sequence[Due] = ()
            self.wake.clear()
            try:
                await self.settle()
                if self.may() and not self.gone and self.clock.steady() >= self._rests_until:
                    batch = await self.letters.due(self.webhook.name, BATCH)
            except StoreError as error:
                used(error)
                await asyncio.sleep(AGAIN_S)
                continue
            used(None)
            if batch:
                await self._send(batch)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        await self.wake.wait()
                await asyncio.sleep(GATHER_S)

    async def settle(self) -> None:
        """Take down what became of letters; nothing is sent before that is done, or all would be sent again and again.

        Raises:
            StoreError: it can't be.

        """
        if self._tried:
            await self.letters.settle(tried := tuple(self._tried))
            del self._tried[: len(tried)]

    async def test(self) -> WebhookTested:
        """Tell at once that nothing happened, and return what was answered; a webhook that was gone is back."""
        began = self.clock.steady()
        told = await self.post().tell(self.webhook, *ping(self.clock.now()))
        if told.well:
            self.gone, self._rests_until = False, 0.0
            self.wake.set()
        took_s = round(self.clock.steady() - began, 3)
        return WebhookTested(self.webhook.name, told.well, told.status, told.why or "delivered", took_s)

    def status(self, why: str, *, leads: bool) -> WebhookStatus:
        """Return how it fares; `why` is what keeps all webhooks from being told."""
        fails = self._failing_since is not None
        state = "stopped" if self.gone else "failing" if fails else "well" if leads else "standby"
        return WebhookStatus(
            name=self.webhook.name,
            host=urlsplit(self.webhook.url).hostname or "",
            events=tuple(sorted(self.webhook.events)),
            state=state,
            since=self._failing_since,
            why="; ".join(filter(None, (self._why if self.gone or fails else "", why))),
            waiting=self.backlog.waiting,
            oldest_at=self.backlog.oldest_at,
            services=tuple(sorted(self.webhook.services)),
        )

    async def _send(self, batch: Sequence[Due]) -> None:
        """Send letters, those of one call one after the other; to a webhook in trouble one alone."""
        tries = self._failures >= IN_TROUBLE
        chains: dict[str, list[Due]] = {}
        for due in batch[:1] if tries else batch:
            chains.setdefault(due.call, []).append(due)
        waiting = iter(chains.values())
        until = self.clock.steady() + ROUND_S
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(ABREAST, len(chains))):
                tasks.create_task(self._send_chains(waiting, until, tries=tries))

    async def _send_chains(self, waiting: Iterable[list[Due]], until: float, *, tries: bool) -> None:
        for chain in waiting:
            for due in chain:
                told = await self.post().tell(self.webhook, due.event, due.body)
                self.counts.count(self.webhook.name, told.result)
                self._tried.append(Tried(due.number, None if told.well else self._again_at(due)))
                if told.well:
                    await self._recovered()
                else:
                    self._stumbled(told, tries=tries)
                now = self.clock.steady()
                if self.gone or self._failures >= IN_TROUBLE or now >= until or now < self._rests_until:
                    return
                await asyncio.sleep(PACE_S)
                if not told.well:
                    break  # later ones of this call wait for it

    def _again_at(self, due: Due) -> float:
        return self.clock.now() + self._pause_s(due.attempts, LETTER_REST_S)

    def _pause_s(self, failures: int, most_s: float) -> float:
        return min(2.0 ** min(failures, 20), most_s) * (0.5 + self.chance())

    async def _recovered(self) -> None:
        self._failures, self._why, self._rests_until = 0, "", 0.0
        if self._failing_since is None:
            return
        self._failing_since = None
        self.log.info("a webhook takes events again", webhook=self.webhook.name)
        with suppress(StoreError):  # then each letter waits for its own time
            await self.settle()
            await self.letters.hasten(self.webhook.name)

    def _stumbled(self, told: Told, *, tries: bool) -> None:
        # Letters that were under way together fail together: that is one time, unless it was the one that tries.
        self._failures = self._failures + 1 if tries else min(self._failures + 1, IN_TROUBLE)
        self._why = told.why
        now = self.clock.steady()
        if told.gone and not self.gone:
            self.gone = True
            cure = "`ccrouter webhook test` takes it up again, and so does a restart"
            self.log.error("a webhook wants no more events and gets none", webhook=self.webhook.name, cure=cure)
        if self._failures >= IN_TROUBLE:
            pause_s = self._pause_s(self._failures - IN_TROUBLE, WEBHOOK_REST_S)
            self._rests_until = max(self._rests_until, now + pause_s)
            if self._failing_since is None:
                self._failing_since = self.clock.now()
                self.log.warning("a webhook takes no events", webhook=self.webhook.name, reason=told.why)
        if told.rest_s:
            self._rests_until = max(self._rests_until, now + told.rest_s)
