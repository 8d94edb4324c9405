"""Bodies of requests that are not what they say."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import pytest

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
