"""Commands whose output nobody reads on: `ccrouter status | head -3`."""

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from support.scripted_daemon import ScriptedDaemon

CONFIG = Path(__file__).parents[2] / "configs" / "minimal.yaml"


async def typed_to_nobody(*arguments: str, socket: Path) -> tuple[int, str]:
    """Return status and errors of a command whose output goes into a pipe that is closed already."""
    reads, writes = os.pipe()
    os.close(reads)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ccrouter", *arguments),
        stdout=writes,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "CCROUTER_SOCKET": str(socket)},
    )
    os.close(writes)
    async with asyncio.timeout(60):
        _, told = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("status", "--json"),
        ("status", "--watch"),
        ("mode", "list"),
        ("reload",),
        ("webhook", "secret"),
        ("check", str(CONFIG)),
        ("schema", "routing"),
    ],
    ids=" ".join,
)
async def test_a_closed_pipe_ends_a_command_quietly(command: tuple[str, ...]) -> None:
    """With 141, as a shell tells of programs that SIGPIPE ended, and without a word: no fault of anybody's."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        socket = Path(folder) / "one.sock"
        async with ScriptedDaemon().served(socket):
            assert await typed_to_nobody(*command, socket=socket) == (141, "")


async def test_of_two_daemons_neither_complains() -> None:
    """What is done for both at once ends as one."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        one, two = Path(folder) / "one.sock", Path(folder) / "two.sock"
        async with ScriptedDaemon().served(one), ScriptedDaemon().served(two):
            assert await typed_to_nobody("status", socket=Path(f"{one}:{two}")) == (141, "")
