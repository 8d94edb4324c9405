"""The end of a task: what it still has to do gets its time, and what comes after that is done in any case."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ccrouter.app.ending import last_moments


class Ending:
    """A task that has something to do at its end, and something more after that."""

    def __init__(self, still_to_do: Callable[[], Awaitable[object]]) -> None:
        self._still_to_do = still_to_do
        self.at_its_end = asyncio.Event()
        self.done: list[str] = []

    async def run(self) -> None:
        """Run until cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            async with last_moments(0.05):
                self.at_its_end.set()
                await self._still_to_do()
                self.done.append("in time")
            self.done.append("after it")


async def cancelled(ending: Ending, times: int = 1) -> None:
    """Run it, and cancel it so many times, all but once at its end."""
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(ending.run())
        await asyncio.sleep(0)
        task.cancel()
        for _ in range(times - 1):
            await ending.at_its_end.wait()
            task.cancel()
    assert task.cancelled()


async def test_what_ends_in_time_is_done() -> None:
    """The task ends as one that was cancelled, when all is done."""
    ending = Ending(lambda: asyncio.sleep(0))
    await cancelled(ending)
    assert ending.done == ["in time", "after it"]


@pytest.mark.parametrize("times", [1, 2])
async def test_what_takes_too_long_is_left_and_the_rest_is_done(times: int) -> None:
    """Neither its time-out nor one more cancellation keeps the task from what comes after: closing what it holds."""
    ending = Ending(asyncio.Event().wait)
    await cancelled(ending, times)
    assert ending.done == ["after it"]


async def test_a_fault_is_not_hidden() -> None:
    """Time-outs are left in silence; what goes wrong is not."""

    async def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as raised:
        await cancelled(Ending(fails))
    assert raised.group_contains(ZeroDivisionError)
