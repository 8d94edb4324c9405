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


@pytest.mark.parametrize("command", [("mode", "list"), ("journal",), ("status",), ("reload",)])
async def test_without_any_each_is_told_of(sockets: tuple[Path, Path], command: tuple[str, ...]) -> None:
    """A line each."""
    ended = await typed(sockets, *command)
    assert ended.exit_code == 3
    told = ended.stderr.splitlines()
    assert [line.partition(";")[0] for line in told] == [
        f"ccrouter: no ccrouter is running at {each}" for each in sockets
    ]


async def test_who_starts_the_one_that_is_missing_is_told_its_unit() -> None:
    """By the folder that systemd makes for it."""
    ended = await typed((Path("/run/ccrouter-none/control.sock"), Path("/run/ccrouter-neither/control.sock")), "status")
    assert "`systemctl start ccrouter-none` or" in ended.stderr
    assert "`systemctl start ccrouter-neither` or" in ended.stderr


async def test_a_reload_is_for_both(daemons: Daemons, sockets: tuple[Path, Path]) -> None:
    """Each outcome stands under the name of its socket, and one that refuses fails the command."""
    daemons[0].outcome = ReloadOutcome("v2", changed=True)
    daemons[1].outcome = ReloadOutcome("v1", changed=False, problems=("routing.yaml:3:1: bad",))
    ended = await typed(sockets, "reload")
    assert ended.exit_code == 1
    assert ended.stdout == f"{sockets[0]}:\nversion v2 is in force\n{sockets[1]}:\n"
    assert "version v1 stays in force" in ended.stderr


async def test_a_reload_that_reached_one_of_two_fails(sockets: tuple[Path, Path]) -> None:
    """The one took it; which one did not is told, so that nobody takes both for done."""
    first = ScriptedDaemon()
    async with first.served(sockets[0]):
        ended = await typed(sockets, "reload")
    assert ended.exit_code == 1
    assert f"no ccrouter is running at {sockets[1]};" in ended.stderr
    assert ended.stderr.endswith(f"ccrouter: not reached: {sockets[1]}\n")
    assert len(first.reloads) == 1


async def test_one_that_hangs_does_not_hold_up_the_other(
    sockets: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are asked at once, the wait is told of at once, and the other's outcome stands before it."""
    monkeypatch.setattr(client, "PROBE_S", 0.05)
    monkeypatch.setattr(client, "ANSWER_WITHIN_S", 0.5)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    second = ScriptedDaemon()
    hung = await asyncio.start_unix_server(hang, sockets[0])
    async with hung, second.served(sockets[1]):
        ended = await typed(sockets, "reload")
    assert ended.exit_code == 1
    assert ended.stdout == f"{sockets[1]}:\nversion v1 is in force, as before\n{sockets[0]}:\n"
    assert ended.stderr.startswith(f"ccrouter: {sockets[0]} has not answered yet; waiting for 0.5 s at the most\n")
    assert ended.stderr.endswith(f"ccrouter: not reached: {sockets[0]}\n")


async def test_status_shows_both(daemons: Daemons, sockets: tuple[Path, Path]) -> None:
    """One below the other; as JSON one line each."""
    assert len(daemons) == 2
    shown = (await typed(sockets, "status")).stdout
    assert shown.index(f"{sockets[0]}:\n") < shown.index(f"{sockets[1]}:\n")
    assert len((await typed(sockets, "status", "--json")).stdout.splitlines()) == 2
    ended = await typed((sockets[0].with_name("gone"), sockets[1]), "status", "--json")
    assert (ended.exit_code, len(ended.stdout.splitlines())) == (1, 1)
