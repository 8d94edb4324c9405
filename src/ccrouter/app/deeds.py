"""What people did, on its way into the audit journal: nobody waits long for its disk, and it takes nobody's threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.errors import StoreError
from ccrouter.store.audit import Deed

WITHIN_S: Final = 1.0
"""Who did something waits no longer for it to be on disk; it is written all the same."""

MOST: Final = 1000
"""Deeds that wait for a disk that hangs."""


class Deeds:
    """Notes deeds that are done, and that nobody takes back because they can't be noted.

    Changes that must be safe on disk before they count (modes, overrides) write their deeds themselves.

    Args:
        keep: puts a deed into the audit journal; blocks, and may raise StoreError.

    """

    def __init__(self, keep: Callable[[Deed], None], log: FilteringBoundLogger) -> None:
        self._keep = keep
        self._log = log
        # The threads that all share look up the names of PABXs and read tokens and rules: agents would use them up.
        self._thread = ThreadPoolExecutor(1, "deeds")
        self._waiting = 0

    async def note(self, deed: Deed) -> None:
        """Note a deed, and return when it is on disk or after a moment; never raises: what is missing is logged."""
        if self._waiting >= MOST:
            self._missing(deed, f"{MOST} others wait for the disk")
            return
        self._waiting += 1
        written = asyncio.get_running_loop().run_in_executor(self._thread, self._write, deed)
        written.add_done_callback(self._written)
        await asyncio.wait({written}, timeout=WITHIN_S)

    def _write(self, deed: Deed) -> None:
        try:
            self._keep(deed)
        except StoreError as error:
            self._missing(deed, str(error))

    def _written(self, written: asyncio.Future[None]) -> None:
        self._waiting -= 1
        fault = None if written.cancelled() else written.exception()
        if fault is not None:
            self._log.error("fault in ccrouter, a deed is missing in the audit journal", exc_info=fault)

    def _missing(self, deed: Deed, why: str) -> None:
        self._log.error(
            "a deed is missing in the audit journal", who=deed.who, what=deed.what, subject=deed.subject, error=why
        )
