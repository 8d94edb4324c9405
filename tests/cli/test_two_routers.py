"""Commands where --socket names two daemons, the routers of one state folder."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner, Result

from ccrouter.cli import main
from ccrouter.errors import CcrouterError
from ccrouter.web import client
from ccrouter.web.orders import ReloadOutcome
from support.scripted_daemon import ScriptedDaemon

Daemons = tuple[ScriptedDaemon, ScriptedDaemon]


@pytest.fixture
def sockets() -> Iterator[tuple[Path, Path]]:
    """Give two paths that are short enough for sockets."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        yield Path(folder) / "one.sock", Path(folder) / "two.sock"


@pytest.fixture
async def daemons(sockets: tuple[Path, Path]) -> AsyncIterator[Daemons]:
    """Give a daemon at each."""
    made = ScriptedDaemon(), ScriptedDaemon()
    async with AsyncExitStack() as stack:
        for daemon, path in zip(made, sockets, strict=True):
            await stack.enter_async_context(daemon.served(path))
        yield made


async def typed(sockets: tuple[Path, Path], *arguments: str) -> Result:
    """Type a command with CCROUTER_SOCKET set to both."""
    environment = {"CCROUTER_SOCKET": f"{sockets[0]}:{sockets[1]}"}
    return await asyncio.to_thread(CliRunner().invoke, main, arguments, env=environment)


async def test_an_order_goes_to_one_of_them(daemons: Daemons, sockets: tuple[Path, Path]) -> None:
    """To the first; the other follows it by the state folder that they share."""
    assert (await typed(sockets, "mode", "set", "crisis", "--reason", "flooded")).exit_code == 0
    assert [len(daemon.orders) for daemon in daemons] == [1, 0]


async def test_an_order_goes_to_the_one_that_runs(sockets: tuple[Path, Path]) -> None:
    """Without a word about the other."""
    second = ScriptedDaemon()
    async with second.served(sockets[1]):
        ended = await typed(sockets, "mode", "set", "crisis", "--reason", "flooded")
    assert (ended.exit_code, ended.stderr, len(second.orders)) == (0, "", 1)


async def test_an_order_goes_to_the_one_that_answers(
    sockets: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that hangs is found out before anything is ordered, so nothing is done twice."""
    monkeypatch.setattr(client, "PROBE_S", 0.05)
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    second = ScriptedDaemon()
    hung = await asyncio.start_unix_server(hang, sockets[0])
    async with hung, second.served(sockets[1]):
        assert (await typed(sockets, "mode", "set", "crisis", "--reason", "flooded")).exit_code == 0
    assert asked.is_set()
    assert len(second.orders) == 1


async def test_what_one_refuses_the_other_is_not_asked(daemons: Daemons, sockets: tuple[Path, Path]) -> None:
    """A refusal is an answer."""
    daemons[0].failure = CcrouterError("a fault")
    ended = await typed(sockets, "mode", "set", "crisis", "--reason", "flooded")
    assert ended.exit_code == 1
    assert daemons[1].orders == []


async def test_without_any_the_first_is_told_of(sockets: tuple[Path, Path]) -> None:
    """As where there is one only."""
    ended = await typed(sockets, "mode", "list")
    assert ended.exit_code == 3
    assert f"no ccrouter is running at {sockets[0]};" in ended.stderr


async def test_a_reload_is_for_both(daemons: Daemons, sockets: tuple[Path, Path]) -> None:
    """Each outcome stands under the name of its socket, and one that refuses fails the command."""
    daemons[0].outcome = ReloadOutcome("v2", changed=True)
    daemons[1].outcome = ReloadOutcome("v1", changed=False, problems=("routing.yaml:3:1: bad",))
    ended = await typed(sockets, "reload")
    assert ended.exit_code == 1
    assert ended.stdout == f"{sockets[0]}:\nversion v2 is in force\n{sockets[1]}:\n"
    assert "version v1 stays in force" in ended.stderr


async def test_a_reload_that_one_took_is_done(sockets: tuple[Path, Path]) -> None:
    """The other does not run, which is told; it will read the file when it starts."""
    first = ScriptedDaemon()
    async with first.served(sockets[0]):
        ended = await typed(sockets, "reload")
    assert ended.exit_code == 0
    assert f"no ccrouter is running at {sockets[1]};" in ended.stderr
    assert len(first.reloads) == 1


async def test_status_shows_both(daemons: Daemons, sockets: tuple[Path, Path]) -> None:
    """One below the other; as JSON one line each."""
    assert len(daemons) == 2
    shown = (await typed(sockets, "status")).stdout
    assert shown.index(f"{sockets[0]}:\n") < shown.index(f"{sockets[1]}:\n")
    assert len((await typed(sockets, "status", "--json")).stdout.splitlines()) == 2
    ended = await typed((sockets[0].with_name("gone"), sockets[1]), "status", "--json")
    assert (ended.exit_code, len(ended.stdout.splitlines())) == (0, 1)
