"""What docs/stream.md shows works as it says: the request by curl, and the client."""

import asyncio
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from ccrouter.config.tokens import hash_of, new_token
from support.board_house import BoardHouse, board_house
from support.office import Office
from support.sse import events_in

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "stream.md").read_text()

TOKEN: Final = new_token()


def let_in(office: Office) -> None:
    """Have the daemon serve the API over TCP, to our token."""
    file = office.daemon.folder / "tokens"
    file.touch(0o600)
    file.write_text(f"tokens:\n  wall: {{role: read, sha256: {hash_of(TOKEN)}}}\n")
    text = office.daemon.settings.read_text()
    office.daemon.settings.write_text(re.sub(r"(?m)^(http: .*)}$", r"\1, tokens: tokens}", text))


@pytest.fixture
async def house() -> AsyncIterator[BoardHouse]:
    """Give a house whose daemon runs, and serves the API over TCP."""
    async with board_house(let_in) as house:
        yield house


async def test_the_client_of_the_guide_follows_over_a_restart(house: BoardHouse, tmp_path: Path) -> None:
    """It is a program of about twenty lines; what it prints is what waits at the PABX, before and after."""
    found = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    assert len(found[1].splitlines()) <= 32
    program = tmp_path / "client.py"
    program.write_text(found[1])
    address = f"http://127.0.0.1:{house.office.http_port}"
    client = await asyncio.create_subprocess_exec(sys.executable, program, address, TOKEN, stdout=subprocess.PIPE)
    assert client.stdout is not None
    try:
        async with asyncio.timeout(60):
            while b"{'support': 0}" not in await client.stdout.readline():
                pass
            house.tell("QueueCallerJoin", Uniqueid="1.1", Queue="support", Position="1")
            while b"{'support': 1}" not in await client.stdout.readline():
                pass
            await asyncio.to_thread(house.office.daemon.stop)
            await house.start()
            while b"{'support': 0}" not in await client.stdout.readline():
                pass
            house.tell("QueueCallerJoin", Uniqueid="1.2", Queue="support", Position="1")
            while b"{'support': 1}" not in await client.stdout.readline():
                pass
    finally:
        client.kill()
        await client.wait()


@pytest.mark.parametrize(("token", "path", "status"), [("wrong", "", 401), (TOKEN, "/no-such", 404)])
async def test_the_client_of_the_guide_stops_where_asking_again_is_no_use(
    house: BoardHouse, tmp_path: Path, token: str, path: str, status: int
) -> None:
    """It says with which status it was refused, and why, and ends."""
    found = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    program = tmp_path / "client.py"
    program.write_text(found[1])
    address = f"http://127.0.0.1:{house.office.http_port}{path}"
    client = await asyncio.create_subprocess_exec(sys.executable, program, address, token, stderr=subprocess.PIPE)
    async with asyncio.timeout(30):
        _, told = await client.communicate()
    assert client.returncode == 1
    assert told.decode().startswith(f"{status} ")


async def test_the_request_of_the_guide_brings_what_it_shows(house: BoardHouse) -> None:
    """First how long to wait before one comes back, then the board with an id, then changes and pulses."""
    [line] = re.findall(r"(?m)^    (curl .*/stream)$", GUIDE)
    words = shlex.split(line.replace("$TOKEN", TOKEN).replace(":9470", f":{house.office.http_port}"))
    name, _, value = words[words.index("-H") + 1].partition(": ")
    said = b""
    async with aiohttp.ClientSession() as session, session.get(words[-1], headers={name: value}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        async with asyncio.timeout(30):
            while said.count(b"event: pulse") < 2:
                said += await answer.content.readany()
    assert said.startswith(b"retry: 1000\n\nid: ")
    kinds = [told.event for told in events_in(said)]
    assert kinds[0] == "board"
    assert set(kinds) <= set(re.findall(r"(?m)^    event: (\w+)$", GUIDE))
