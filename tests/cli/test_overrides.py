"""`ccrouter override` as a person types it, against the real control API."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from support.admin_desk import AdminDesk


@pytest.fixture
async def socket(tmp_path: Path) -> AsyncIterator[Path]:
    """Give the socket of a desk; pytest's own folders can be longer than the 107 bytes that a socket may have."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        path = Path(folder) / "control.sock"
        async with AdminDesk(tmp_path).served(path):
            yield path


async def override(socket: Path, *arguments: str) -> tuple[int, str, str]:
    """Run `ccrouter override`; return its status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ccrouter", "override", *arguments, "--socket", str(socket)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_an_override_is_set_listed_and_cancelled(socket: Path) -> None:
    """Each answer says all that was understood, with the day and the zone."""
    words = ["0800 123 456", "tunis", "closed", "--from", "friday 18:00", "--until", "monday 08:00", "--reason", "move"]
    code, told, _ = await override(socket, "set", *words)
    end = "from Fri 2026-11-27 18:00:00 until Mon 2026-11-30 08:00:00 (Europe/Paris)\n"
    assert (code, told[4:]) == (0, f": 0800 123 456 goes to tunis, then closed {end}")
    listed = (await override(socket, "list"))[1]
    assert "times are those of Europe/Paris" in listed
    row = " ".join(listed.splitlines()[-1].split())
    begin = f"{told[:4]} 0800 123 456 tunis, closed coming Fri 2026-11-27 18:00:00 Mon 2026-11-30 08:00:00"
    assert re.fullmatch(rf"{begin} \S.* move", row)
    code, cancelled, _ = await override(socket, "cancel", told[:4], "--reason", "not needed")
    assert (code, cancelled.startswith(f"{told[:4]} is cancelled: 0800 123 456 follows its rules")) == (0, True)
    assert "no number is sent elsewhere" in (await override(socket, "list"))[1]


async def test_an_override_begins_now_unless_it_is_said(socket: Path) -> None:
    """The shortest order."""
    code, told, _ = await override(socket, "set", "0800123456", "tunis", "--for", "1h30min", "--reason", "drill")
    assert (code, told[4:]) == (0, ": 0800 123 456 goes to tunis until Sat 2026-11-21 22:07:15 (Europe/Paris)\n")


async def test_a_refusal_is_told_with_status_1_and_its_cure(socket: Path) -> None:
    """In the daemon's words."""
    code, out, err = await override(socket, "set", "0800 123 456", "tuniss", "--for", "2h", "--reason", "x")
    assert (code, out) == (1, "")
    assert err == "ccrouter: the routing file has no site or message tuniss. Did you mean `tunis`?\n"


async def test_the_list_for_machines(socket: Path) -> None:
    """What the list for people is made of."""
    await override(socket, "set", "0800123456", "tunis", "--for", "1h30min", "--reason", "drill")
    code, listed, _ = await override(socket, "list", "--json")
    (found,) = json.loads(listed)
    assert (code, found["to"], found["active"], found["reason"]) == (0, ["tunis"], True, "drill")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--for", "400d", "--reason", "x"], "400d is too long: a year is the most"),
        (["--for", "0s", "--reason", "x"], "it would end at once"),
        (["--for", "2h", "--reason", " "], "it is empty; say in a few words why"),
        (["--for", "2h", "--reason", "x" * 301], "it has 301 characters; say it in 300 at most"),
        (["--for", "2h", "--reason", "two\nlines"], "write it on one line"),
        (["--until", "someday", "--reason", "x"], "`someday` says no instant. Did you mean `today`?"),
        (["--from", "someday", "--for", "2h", "--reason", "x"], "`someday` says no instant"),
    ],
)
async def test_what_is_typed_wrongly_is_told_with_status_2(socket: Path, arguments: list[str], told: str) -> None:
    """In sentences that say what to write, whoever finds it: the command or the daemon."""
    code, out, err = await override(socket, "set", "0800 123 456", "tunis", *arguments)
    assert (code, out) == (2, "")
    assert told in " ".join(err.split())
