"""The end of a task: what it still has to do gets its time, and no more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def last_moments(within_s: float) -> AsyncIterator[None]:
    """Let a task that was cancelled do what the context holds; what takes longer than `within_s` is left, in silence.

    So it is where the task is cancelled once more meanwhile.
    """
    # Before Python 3.11.3 a time-out in a task that was cancelled shows as one more cancellation.
    with suppress(TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(within_s):
            yield
