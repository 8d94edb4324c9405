"""The control API's routes about the versions of the routing file."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ccrouter.web.client import Client, RefusedError, connected, read
from ccrouter.web.orders import ReloadOutcome
from ccrouter.web.versions import IN_FORCE, TEXT, VERSIONS, KeptVersion, Rollback
from ccrouter.web.wire import OUTCOME
from support.scripted_daemon import NOW, ScriptedDaemon

VERSION = KeptVersion(
    7, NOW, "alice (root)", "abcdef012345", "/etc/ccrouter/routing.yaml", "été", 3, 2, 1, "Europe/Paris"
)
TEXT_OF_7 = "timezone: Europe/Paris\r\n# \u2028 \U0001f4de\n"


@pytest.fixture
def daemon() -> ScriptedDaemon:
    """Give a daemon with one version."""
    daemon = ScriptedDaemon()
    daemon.kept_versions = [(VERSION, TEXT_OF_7)]
    return daemon


@pytest.fixture
async def client(daemon: ScriptedDaemon) -> AsyncIterator[Client]:
    """Give a client of it."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        socket = Path(folder) / "control.sock"
        async with daemon.served(socket), connected(socket) as client:
            yield client


async def test_versions_come_across_as_they_are(daemon: ScriptedDaemon, client: Client) -> None:
    """The version in force, the list, and a text to the byte."""
    assert daemon.rules == read(IN_FORCE, await client.ask("GET", "/rules"))
    assert read(VERSIONS, await client.ask("GET", "/versions")) == (VERSION,)
    assert read(TEXT, await client.ask("GET", "/versions/7")) == TEXT_OF_7


@pytest.mark.parametrize("number", ["8", "0", "99999999999999999999", "-1", "x"])
async def test_a_version_that_is_not_there_is_refused(client: Client, number: str) -> None:
    """Also one that no number can be."""
    with pytest.raises(RefusedError):
        await client.ask("GET", f"/versions/{number}")


async def test_a_rollback_tells_its_outcome(daemon: ScriptedDaemon, client: Client) -> None:
    """Who asks is told by the kernel; an outcome with problems is an answer with status 422."""
    daemon.outcome = ReloadOutcome("v1", changed=False, problems=("a problem",), remarks=("a remark",))
    body: dict[str, object] = {"id": 7, "reason": "too long", "author": "alice"}
    assert daemon.outcome == read(OUTCOME, await client.ask("POST", "/rollback", body, accepted=(422,)))
    [order] = daemon.rollbacks
    assert (order.id, order.reason) == (7, "too long")
    assert order.author.startswith("alice (")
    with pytest.raises(RefusedError):
        await client.ask("POST", "/rollback", body)


async def test_a_reload_names_the_person_behind_a_shared_user(daemon: ScriptedDaemon, client: Client) -> None:
    """As for modes; without a body it is the user alone."""
    await client.reload("alice")
    await client.ask("POST", "/reload")
    named, unnamed = daemon.reloads
    assert named == f"alice ({unnamed})"


@pytest.mark.parametrize("body", [{}, {"id": "7"}, {"id": 7, "reason": "two\nlines"}, {"id": 7, "force": True}])
async def test_a_rollback_that_is_given_wrongly_is_refused(
    daemon: ScriptedDaemon, client: Client, body: dict[str, object]
) -> None:
    """And not carried out."""
    with pytest.raises(RefusedError):
        await client.ask("POST", "/rollback", body)
    assert daemon.rollbacks == list[Rollback]()
