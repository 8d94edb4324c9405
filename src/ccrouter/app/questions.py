"""A thread for what people ask to see.

However much they ask, and however slow the disk is, what steers calls waits for no thread of theirs: switches of modes,
reloads, the journal's writing, the look-up of a PABX's name.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from ccrouter.web.orders import BusyError

AnswerT = TypeVar("AnswerT")

MOST: Final = 16
"""Questions in hand at once: who asks gives up after ten seconds, and one may take a second where much is kept."""


class Questions:
    """Answers one question after the other."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "questions")
        self._in_hand = 0

    async def ask(self, work: Callable[[], AnswerT]) -> AnswerT:
        """Return what `work` returns; it blocks, in the thread.

        Raises:
            BusyError: too many ask, or the disk does not answer.
            StoreError: `work` raised it.

        """
        if self._in_hand >= MOST:
            raise BusyError(f"{MOST} questions wait for the disk already; ask again in a moment, or look at the disk")
        self._in_hand += 1
        asked = asyncio.get_running_loop().run_in_executor(self._thread, work)
        asked.add_done_callback(self._answered)
        return await asked

    def _answered(self, _: object) -> None:
        self._in_hand -= 1
