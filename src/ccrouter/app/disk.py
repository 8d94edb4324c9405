"""The disk of the routing file, which may hang: one thread at a time reads from it, and nobody waits for long."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ccrouter.app.reading import Mark, Reading, mark_of, read_whole
from ccrouter.errors import ConfigError

READ_WITHIN_S: Final = 4.0
"""A read that a writer disturbs takes 2 s at the most; whoever asks over the control socket waits for 10 s in all."""


class HungError(ConfigError):
    """The disk does not answer; nothing is known of the file."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a read found: the file, or why it can't be used, with the mark that it had before."""

    mark: Mark | None
    found: Reading | ConfigError


def looked(path: Path) -> Looked:
    """Read a file between two writes. Blocks as long as its disk."""
    mark = mark_of(path)
    try:
        return Looked(mark, read_whole(path))
    except ConfigError as error:
        return Looked(mark, error)


class Disk:
    """Reads one file from a disk that may hang."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._under_way: asyncio.Future[Looked] | None = None

    async def look(self) -> Looked:
        """Return what stands in the file now.

        A read that hangs keeps its thread, and what it finds in the end is thrown away, for the file may have changed.

        Raises:
            HungError: the disk does not answer in time.

        """
        loop = asyncio.get_running_loop()
        until = loop.time() + READ_WITHIN_S
        if self._under_way is not None:
            await self._ended(self._under_way, until)
        self._under_way = loop.run_in_executor(None, looked, self._path)
        found = await self._ended(self._under_way, until)
        self._under_way = None
        return found

    async def _ended(self, reading: asyncio.Future[Looked], until: float) -> Looked:
        loop = asyncio.get_running_loop()
        done, _ = await asyncio.wait([reading], timeout=max(0.0, until - loop.time()))
        if not done:
            raise HungError(
                f"{self._path}: its disk has not answered for {READ_WITHIN_S:g} s; look at the disk, then type "
                "`ccrouter reload`"
            )
        return reading.result()
