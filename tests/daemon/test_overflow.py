"""The task that moves waiting callers outlives its own faults: else the daemon would end with it."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from typing import cast

import structlog

from ccrouter.ami.link import PabxLink
from ccrouter.app.changes import Changes
from ccrouter.app.entry import Entry
from ccrouter.app.overflow import ASK_AGAIN_S, TURN_S, Overflow
from ccrouter.app.writer import Writer
from ccrouter.live.queues import WaitingCaller
from ccrouter.router import Router, WithdrawCaller
from ccrouter.telemetry.metrics import Metrics, new_registry
from support.hand_clock import HandClock


class AbleLink:
    """A PABX that can withdraw callers."""

    def __init__(self) -> None:
        self.can_withdraw = True
        self.on_duty = True


class ChangedWriter:
    """Tells that something changed."""

    def __init__(self) -> None:
        self.changed = Changes()


class FaultyRouter:
    """Breaks on the first look, finds nothing to do on those after it."""

    def __init__(self) -> None:
        self.looks: asyncio.Queue[int] = asyncio.Queue()
        self._count = 0

    def drain(
        self, pabxs: Collection[str], failed: Callable[[WaitingCaller, Exception], object]
    ) -> Iterator[WithdrawCaller | None]:
        """Look once more."""
        assert pabxs == {"main"}
        assert callable(failed)
        self._count += 1
        self.looks.put_nowait(self._count)
        if self._count == 1:
            raise ZeroDivisionError
        return iter(())


class LongRouter:
    """Has many callers to look at, each for as long as a turn; duty for their PABX is lost at the third."""

    def __init__(self, clock: HandClock, link: AbleLink) -> None:
        self.seen = 0
        self.lost = asyncio.Event()
        self._clock = clock
        self._link = link

    def drain(
        self, pabxs: Collection[str], failed: Callable[[WaitingCaller, Exception], object]
    ) -> Iterator[WithdrawCaller | None]:
        """Look at one after the other."""
        assert pabxs == {"main"}
        assert callable(failed)
        for self.seen in range(1, 10):
            self._clock.at += TURN_S
            if self.seen == 3:
                self._link.on_duty = False
                self.lost.set()
            yield None


async def test_a_fault_is_counted_and_the_next_look_comes() -> None:
    """After a pause callers are looked at again, and the counter tells of the fault."""
    clock, router, writer, registry = HandClock(), FaultyRouter(), ChangedWriter(), new_registry()
    overflow = Overflow(
        cast("Router", router),
        {"main": cast("PabxLink", AbleLink())},
        cast("Entry", None),
        cast("Writer", writer),
        clock,
        Metrics(registry),
        structlog.get_logger(),
    )
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(overflow.run(), name="overflow")
        writer.changed.set()
        assert await router.looks.get() == 1
        clock.at += ASK_AGAIN_S
        writer.changed.set()
        assert await router.looks.get() == 2
        task.cancel()
    assert registry.get_sample_value("ccrouter_faults_total", {"task": "overflow"}) == 1


async def test_a_look_ends_where_another_router_has_the_duty() -> None:
    """Two routers never ask for one caller: between two turns of a look the other one may have taken over."""
    clock, link, writer = HandClock(), AbleLink(), ChangedWriter()
    router = LongRouter(clock, link)
    overflow = Overflow(
        cast("Router", router),
        {"main": cast("PabxLink", link)},
        cast("Entry", None),
        cast("Writer", writer),
        clock,
        Metrics(new_registry()),
        structlog.get_logger(),
    )
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(overflow.run(), name="overflow")
        writer.changed.set()
        await router.lost.wait()
        await asyncio.sleep(0.02)
        task.cancel()
    assert router.seen == 3
