"""The file of tokens as the daemon knows it: read again as soon as it changes, so that a revoked token ends at once."""

import asyncio
import os
import stat
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock
from ccrouter.config.problems import RefusedFileError
from ccrouter.config.tokens import LARGEST, Token, compile_tokens, hash_of, open_to_others
from ccrouter.errors import CcrouterError
from ccrouter.web.holders import Holder, Role

ANSWER_WITHIN_S: Final = 0.25
"""A request waits no longer for a look at the file, and then goes by what was known before."""

EVERY_S: Final = 5.0
"""Between two looks without a request, so that a file that can't be used is told before somebody is turned away."""

HANGS_S: Final = 2.0

Seen = tuple[int, ...]


class TokensUnusableError(CcrouterError):
    """The file of tokens can't be used, so nobody has any."""


@dataclass(frozen=True, slots=True)
class _Found:
    seen: Seen | None
    tokens: tuple[Token, ...] = ()
    why: str = ""


class TokensFile:
    """The tokens of a file, read in a thread, by one at a time: a disk that hangs holds up no call.

    A file that is gone, open to all, or has a slip in any line lets nobody in: else a token that was revoked would live
    on because of a slip in another line. One whose disk hangs leaves what was known.
    """

    def __init__(self, path: Path, clock: Clock, log: FilteringBoundLogger) -> None:
        self._path = path
        self._clock = clock
        self._log = log
        self._known = _Found(None)
        self._looking: asyncio.Future[_Found | None] | None = None
        self._since = 0.0

    @property
    def why(self) -> str:
        """Return why nobody is let in, or what was known still counts; empty where all is well."""
        if self._looking is not None and self._clock.steady() - self._since > HANGS_S:
            return f"{self._path} can't be read: its disk hangs; the tokens that were known still count"
        return self._known.why

    @property
    def positions(self) -> frozenset[str]:
        """Return the interfaces of the positions that have a token, ended or not."""
        return frozenset(each.of for each in self._known.tokens if each.role == "position")

    async def run(self) -> None:
        """Look at the file for ever."""
        while True:
            await self._look()
            await asyncio.sleep(EVERY_S)

    async def holder(self, token: str) -> Holder | None:
        """Return whose token this is; None where it is nobody's, or ended."""
        await self._look()
        shown = hash_of(token)
        found = None
        for known in self._known.tokens:
            # All are compared, and each in the same time, wherever it differs.
            if compare_digest(known.sha256, shown):
                found = known
        if found is None or (found.ends is not None and self._clock.now() >= found.ends):
            return None
        return Holder(found.name, Role[found.role.upper()], found.of, found.queues)

    async def _look(self) -> None:
        if self._looking is None:
            self._since = self._clock.steady()
            loop = asyncio.get_running_loop()
            self._looking = loop.run_in_executor(None, _changed, self._path, self._known.seen)
            self._looking.add_done_callback(self._take)
        await asyncio.wait({self._looking}, timeout=ANSWER_WITHIN_S)

    def _take(self, looked: asyncio.Future[_Found | None]) -> None:
        self._looking = None
        if looked.cancelled():
            return
        fault = looked.exception()
        if fault is not None:
            self._log.error("the tokens could not be looked at", exc_info=fault)
            self._known = _Found(None, why=f"ccrouter failed at {self._path}; its log tells more")
            return
        found = looked.result()
        if found is None:
            return
        self._known = found
        if found.why:
            self._log.error("the tokens can't be used, nobody is let in over HTTP", reason=found.why)
        else:
            self._log.info("tokens read", count=len(found.tokens))


def _changed(path: Path, before: Seen | None) -> _Found | None:
    """Return what the file holds, or why it can't be used; None where it is as before. Blocks."""
    seen = _stat(path)
    if seen == before:
        return None
    try:
        return _Found(seen, _read(path))
    except TokensUnusableError as error:
        return _Found(seen, why=str(error))
    except RefusedFileError as error:
        return _Found(seen, why="; ".join(str(error).splitlines()))


def _stat(path: Path) -> Seen:
    try:
        found = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)


def _read(path: Path) -> tuple[Token, ...]:
    try:
        with open(path, "rb", opener=_at_once) as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(LARGEST + 1) if stat.S_ISREG(mode) else b""
    except OSError as error:
        raise TokensUnusableError(f"{path} can't be read: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise TokensUnusableError(f"{path} is no file with a text in it; check the path")
    if open_to_others(mode):
        raise TokensUnusableError(
            f"others than its owner may change {path}, or everybody may read it; close it: chmod o=,g-w {path}"
        )
    if len(data) > LARGEST:
        raise TokensUnusableError(f"{path} has more than {LARGEST} bytes; take out the tokens that ended")
    return compile_tokens(data, str(path))


def _at_once(path: str, flags: int) -> int:
    # Without O_NONBLOCK a named pipe in place of the file would hold a thread for ever.
    return os.open(path, flags | os.O_NONBLOCK)
