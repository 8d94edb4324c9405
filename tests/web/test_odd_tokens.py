"""A file of tokens that is another thing than a file, or says a day that has none after it."""

import asyncio
import os
import threading
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from ccrouter.app.tokens import HANGS_S, TokensFile
from ccrouter.config.tokens import LARGEST, hash_of, new_token
from support.hand_clock import HandClock

TOKEN = new_token()


def written(path: Path, ends: str) -> TokensFile:
    """Return a file with one token that ends on this day."""
    path.touch(mode=0o600)
    path.write_text(f"tokens:\n  desk: {{role: read, sha256: {hash_of(TOKEN)}, ends: {ends}}}\n")
    return TokensFile(path, HandClock(), structlog.get_logger())


async def test_the_last_day_of_all_is_never(tmp_path: Path) -> None:
    """9999-12-31, which people write for never, is taken: it has no day after it that could be the end."""
    found = await written(tmp_path / "tokens", "9999-12-31").holder(TOKEN)
    assert found is not None
    assert found.name == "desk"
    assert await written(tmp_path / "ended", "0001-01-01").holder(TOKEN) is None


@pytest.mark.parametrize("what", ["a pipe", "a folder", "an endless file"])
async def test_what_is_no_file_lets_nobody_in_and_holds_up_nothing(tmp_path: Path, what: str) -> None:
    """A named pipe that nobody writes into would hold up the event loop, and all calls, for ever."""
    path = tmp_path / "tokens"
    match what:
        case "a pipe":
            os.mkfifo(path, 0o600)
        case "a folder":
            path.mkdir(0o700)
        case _:
            path.symlink_to("/dev/zero")
    assert await TokensFile(path, HandClock(), structlog.get_logger()).holder(TOKEN) is None


async def test_a_disk_that_hangs_leaves_what_was_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are answered by what was known, one thread waits and not one for each, and it is told why."""
    clock, path = HandClock(), tmp_path / "tokens"
    written(path, "2099-12-31")
    tokens = TokensFile(path, clock, structlog.get_logger())
    assert await tokens.holder(TOKEN) is not None
    hang, begun = threading.Event(), list[Path]()

    def hanging_stat(path: Path) -> tuple[int, ...]:
        begun.append(path)
        hang.wait(30)
        return (0,)

    monkeypatch.setattr("ccrouter.app.tokens._stat", hanging_stat)
    monkeypatch.setattr("ccrouter.app.tokens.ANSWER_WITHIN_S", 0.01)
    found = await asyncio.gather(*(tokens.holder(TOKEN) for _ in range(20)))
    clock.at += HANGS_S + 1
    hanging = tokens.why
    hang.set()
    monkeypatch.undo()
    assert (None not in found, len(begun), "its disk hangs" in hanging) == (True, 1, True)
    assert await tokens.holder(TOKEN) is not None
    assert tokens.why == ""


async def test_several_slips_are_told_on_one_line(tmp_path: Path) -> None:
    """Joined by a sign that a log line can have."""
    path = tmp_path / "tokens"
    path.touch(0o600)
    path.write_text("tokens:\n  one: {role: reader}\n  two: {role: writer}\n")
    with capture_logs() as heard:
        assert await TokensFile(path, HandClock(), structlog.get_logger()).holder(TOKEN) is None
    [told] = [entry["reason"] for entry in heard if entry["log_level"] == "error"]
    assert (told.count("; "), "\n" in told) == (3, False)


async def test_a_file_that_is_too_large_lets_nobody_in(tmp_path: Path) -> None:
    """128 kB are some 1,000 tokens, one for each agent of a large house; more would take the processor for too long."""
    path = tmp_path / "tokens"
    written(path, "2099-12-31")
    with path.open("a") as file:
        file.write("#" * LARGEST)
    tokens = TokensFile(path, HandClock(), structlog.get_logger())
    assert await tokens.holder(TOKEN) is None
    assert f"more than {LARGEST} bytes" in tokens.why
