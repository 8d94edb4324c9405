"""A file of tokens that is another thing than a file, or says a day that has none after it."""

import os
from pathlib import Path

import pytest
import structlog

from ccrouter.app.tokens import TokensFile
from ccrouter.config.tokens import hash_of, new_token
from support.hand_clock import HandClock

TOKEN = new_token()


def written(path: Path, ends: str) -> TokensFile:
    """Return a file with one token that ends on this day."""
    path.touch(mode=0o600)
    path.write_text(f"tokens:\n  desk: {{role: read, sha256: {hash_of(TOKEN)}, ends: {ends}}}\n")
    return TokensFile(path, HandClock(), structlog.get_logger())


def test_the_last_day_of_all_is_never(tmp_path: Path) -> None:
    """9999-12-31, which people write for never, is taken: it has no day after it that could be the end."""
    found = written(tmp_path / "tokens", "9999-12-31").holder(TOKEN)
    assert found is not None
    assert found.name == "desk"
    assert written(tmp_path / "ended", "0001-01-01").holder(TOKEN) is None


@pytest.mark.parametrize("what", ["a pipe", "a folder", "an endless file"])
def test_what_is_no_file_lets_nobody_in_and_holds_up_nothing(tmp_path: Path, what: str) -> None:
    """A named pipe that nobody writes into would hold up the event loop, and all calls, for ever."""
    path = tmp_path / "tokens"
    match what:
        case "a pipe":
            os.mkfifo(path, 0o600)
        case "a folder":
            path.mkdir(0o700)
        case _:
            path.symlink_to("/dev/zero")
    assert TokensFile(path, HandClock(), structlog.get_logger()).holder(TOKEN) is None
