"""Bodies of requests that are not what they say."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import pytest

from ccrouter.web import control
from support.scripted_daemon import ScriptedDaemon

BAD = {
    "no deflate": ({"Content-Encoding": "deflate"}, b'{"author": "x"}'),
    "no gzip": ({"Content-Encoding": "gzip"}, b"{}"),
    "number of a version beyond all": ({}, b'{"id": 9223372036854775808}'),
    "number of a version below all": ({}, b'{"id": -1}'),
    "number of a thousand digits": ({}, b'{"id": 1%s}' % (b"0" * 1000)),
}


@pytest.fixture
def path() -> Iterator[Path]:
    """Give a path for a socket; pytest's own folders can be longer than the 107 bytes that a socket may have."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        yield Path(folder) / "control.sock"


@pytest.mark.parametrize("case", BAD)
async def test_a_body_that_can_not_be_read_is_the_asker_s_fault(path: Path, case: str) -> None:
    """It is refused with 400, not told as a fault of ccrouter's with a traceback in the log."""
    headers, body = BAD[case]
    daemon = ScriptedDaemon()
    async with (
        daemon.served(path),
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(path))) as session,
        session.post("http://x/rollback", data=body, headers=headers) as response,
    ):
        assert response.status == 400
    assert daemon.rollbacks == []


async def test_a_body_that_never_comes_is_not_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The asker hears 400 after some seconds; before, the connection stayed open for ever."""
    monkeypatch.setattr(control, "BODY_WITHIN_S", 0.05)
    async with ScriptedDaemon().served(path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"POST /rollback HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
        writer.close()
        await writer.wait_closed()
