"""The file of tokens as the daemon knows it: read again as soon as it changes, so that a revoked token ends at once."""

import os
import stat
from hmac import compare_digest
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock
from ccrouter.config.problems import RefusedFileError
from ccrouter.config.tokens import Token, compile_tokens, hash_of
from ccrouter.errors import CcrouterError
from ccrouter.web.doors import Holder, Role

LARGEST: Final = 256 * 1024

Seen = tuple[int, ...]


class TokensUnusableError(CcrouterError):
    """The file of tokens can't be used, so nobody has any."""


class TokensFile:
    """The tokens of a file.

    A file that is gone, open to all, or has a slip in any line lets nobody in: else a token that was revoked would live
    on because of a slip in another line.
    """

    def __init__(self, path: Path, clock: Clock, log: FilteringBoundLogger) -> None:
        self._path = path
        self._clock = clock
        self._log = log
        self._seen: Seen | None = None
        self._tokens: tuple[Token, ...] = ()

    def holder(self, token: str) -> Holder | None:
        """Return whose token this is; None where it is nobody's, or ended."""
        self._look()
        shown = hash_of(token)
        found = None
        for known in self._tokens:
            # All are compared, and each in the same time, wherever it differs.
            if compare_digest(known.sha256, shown):
                found = known
        if found is None or (found.ends is not None and self._clock.now() >= found.ends):
            return None
        return Holder(found.name, Role[found.role.upper()])

    def _look(self) -> None:
        seen = self._stat()
        if seen == self._seen:
            return
        self._seen, self._tokens = seen, ()
        try:
            self._tokens = self._read()
        except (TokensUnusableError, RefusedFileError) as error:
            self._log.error("the tokens can't be used, nobody is let in over HTTP", reason=str(error))
        else:
            self._log.info("tokens read", count=len(self._tokens))

    def _stat(self) -> Seen:
        try:
            found = self._path.stat()
        except OSError as error:
            return (error.errno or 0,)
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)

    def _read(self) -> tuple[Token, ...]:
        try:
            with open(self._path, "rb", opener=_at_once) as file:
                mode = os.fstat(file.fileno()).st_mode
                data = file.read(LARGEST + 1) if stat.S_ISREG(mode) else b""
        except OSError as error:
            raise TokensUnusableError(f"{self._path} can't be read: {error.strerror}") from None
        if not stat.S_ISREG(mode):
            raise TokensUnusableError(f"{self._path} is no file with a text in it; check the path")
        if mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise TokensUnusableError(
                f"others than its owner may change {self._path}, or everybody may read it; close it: "
                f"chmod o=,g-w {self._path}"
            )
        if len(data) > LARGEST:
            raise TokensUnusableError(f"{self._path} has more than {LARGEST} bytes")
        return compile_tokens(data, str(self._path))


def _at_once(path: str, flags: int) -> int:
    # Without O_NONBLOCK a named pipe in place of the file would hold up every call.
    return os.open(path, flags | os.O_NONBLOCK)
