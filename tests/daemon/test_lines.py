"""Lines lent over links of every kind: one that refuses, hangs, or is another router's costs the others nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest
import structlog
from structlog.testing import LogCapture

from ccrouter.app.lines import LIVES_S, LOG_AGAIN_S, LOOK_S, Exchanging, Lines
from ccrouter.config.load import load_routing
from ccrouter.live.events import LinesLent
from ccrouter.routing.lending import Order, Read
from ccrouter.routing.snapshot import PabxFacts, Snapshot
from ccrouter.telemetry.metrics import Metrics, new_registry
from support.configs import EXAMPLE
from support.hand_clock import HandClock

RULES = load_routing(EXAMPLE)
"""With the site tunis, which takes 30 calls."""


@dataclass
class ScriptedLink:
    """A PABX with its global variables, which does what the test says."""

    on_duty: bool = True
    linked: bool = True
    sessions: int = 1
    refuses: bool = False
    hangs: bool = False
    globals: dict[str, str] = field(default_factory=dict)

    async def exchange(self, orders: Sequence[Order]) -> list[str | None]:
        """Carry orders out, refuse those that write, or never answer."""
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return [self._carry_out(order) for order in orders]

    def _carry_out(self, order: Order) -> str | None:
        if isinstance(order, Read):
            return "0" if order.name.startswith("GROUP_COUNT") else self.globals.get(order.name, "")
        if self.refuses:
            return None
        self.globals[order.name] = order.value
        return ""


@dataclass
class Lending:
    """Two PABXs, and all that is told of their lines."""

    clock: HandClock = field(default_factory=HandClock)
    links: dict[str, ScriptedLink] = field(default_factory=lambda: {"a": ScriptedLink(), "b": ScriptedLink()})
    heard: dict[str, float] = field(default_factory=dict)
    told: dict[tuple[str, str], int | None] = field(default_factory=dict)
    logged: LogCapture = field(default_factory=LogCapture)

    def snapshot(self) -> Snapshot:
        """Return which PABX was heard when; it was right now where nothing is said of it."""
        heard = {name: self.heard.get(name, self.clock.at) for name in self.links}
        return Snapshot(
            self.clock.at, pabxs={name: PabxFacts(name, in_sync=True, heard_at=at) for name, at in heard.items()}
        )

    def lines(self, pabx: str) -> int | None:
        """Return what a PABX was last told to have of one site."""
        return self.told.get((pabx, "tunis"))

    def words(self, event: str, pabx: str) -> int:
        """Return how many times something was logged of a PABX."""
        return [entry.get("pabx") for entry in self.logged.entries if entry["event"] == event].count(pabx)

    async def until(self, holds: Callable[[], bool], step_s: float = 0.5) -> None:
        """Let time pass until something holds."""
        async with asyncio.timeout(20):
            while not holds():
                await self.passes(step_s)

    async def passes(self, seconds: float) -> None:
        """Let time pass, and one look at each PABX come."""
        self.clock.at += seconds
        await asyncio.sleep(LOOK_S * 1.2)

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Lend inside the block."""
        links: dict[str, Exchanging] = {**self.links}
        lines = Lines(
            links,
            rules=lambda: RULES,
            snapshot=self.snapshot,
            tell=self._tell,
            stamps=(f"s{n}" for n in count()),
            clock=self.clock,
            metrics=Metrics(new_registry()),
            log=structlog.wrap_logger(structlog.PrintLogger(), processors=[self.logged]),
        )
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(lines.run())
            try:
                yield
            finally:
                task.cancel()

    def _tell(self, event: LinesLent) -> None:
        self.told[event.pabx, event.site] = event.lines


async def test_one_that_refuses_is_told_once_a_minute() -> None:
    """It is asked twice a second all the same, so that it has its lines as soon as it takes them; then that is told."""
    house = Lending()
    house.links["a"].refuses = True
    async with house.lent():
        await house.until(lambda: house.words("lines not confirmed", "a") == 1)
        for _ in range(10):
            await house.passes(1.0)
        assert house.words("lines not confirmed", "a") == 1
        await house.passes(LOG_AGAIN_S)
        await house.until(lambda: house.words("lines not confirmed", "a") == 2)
        house.links["a"].refuses = False
        await house.until(lambda: (house.lines("a"), house.lines("b")) == (15, 15))
        assert house.words("lines confirmed again", "a") == 1
        assert house.words("lines not confirmed", "b") == 0


async def test_one_that_hangs_keeps_no_other_waiting() -> None:
    """The other is taken in hand, and goes by the lines that it keeps; the rest may be with the one that hangs."""
    house = Lending()
    house.links["a"].hangs = True
    async with house.lent():
        await house.until(lambda: house.lines("b") == 3)
        assert house.lines("a") is None


@pytest.mark.parametrize("lives", [True, False])
async def test_what_a_pabx_has_is_not_known_where_another_router_lends(*, lives: bool) -> None:
    """One that lives and is not ours has whatever the other lends; one that is silent has what it was lent."""
    house = Lending()
    async with house.lent():
        await house.until(lambda: (house.lines("a"), house.lines("b")) == (15, 15))
        if not lives:
            house.heard["a"] = house.clock.at + LIVES_S / 2  # an answer that was under way
        house.links["a"].on_duty = False
        for _ in range(5):
            await house.passes(LIVES_S / 2)
        assert (house.lines("a"), house.lines("b")) == (None if lives else 15, 15)
