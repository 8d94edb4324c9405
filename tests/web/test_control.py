"""The control API and its client over a real unix socket."""

import asyncio
import json
import os
import pwd
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import pytest

from ccrouter.errors import StoreError
from ccrouter.web.client import Client, RefusedError, UnreachableError, connected
from ccrouter.web.orders import ModeOrder, ReloadOutcome
from ccrouter.web.status import (
    DecisionStatus,
    ModeStatus,
    PabxStatus,
    QueueStatus,
    RulesStatus,
    SiteStatus,
    Status,
)
from support.scripted_daemon import NOW, ScriptedDaemon


def user() -> str:
    """Return who runs the tests, as the system's list of users has it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


ME = user()

PICTURE = Status(
    version="0.1.0",
    pid=42,
    at=NOW,
    started_at=NOW - 3600,
    not_ready=("no PABX is in sync (main)",),
    rules=RulesStatus("/etc/ccrouter/routing.yaml", "a1b2c3", NOW - 60, ("routing.yaml:3:1: unknown key",)),
    pabxs=(PabxStatus("main", "syncing", in_sync=False, heard_age_s=None, reason="login refused"),),
    queues=(
        QueueStatus(
            "main",
            "support",
            fresh=True,
            waiting=3,
            longest_wait_s=42.5,
            estimated_wait_s=None,
            logged_in=5,
            ready=1,
            busy=2,
            paused=2,
        ),
    ),
    sites=(SiteStatus("tunis", 7, 30, "up"),),
    modes=(ModeStatus("crisis", on=True, author="alice", reason="flooded: « Paris »", since=NOW, until=NOW + 60),),
    decisions=(DecisionStatus("d1", NOW, "main", "0800 123 456", "support", "peak", "tunis", "waiting (7)", None),),
    totals={"answered": 12},
)


@pytest.fixture
def daemon() -> ScriptedDaemon:
    """Give a daemon with one mode, crisis."""
    return ScriptedDaemon(picture=PICTURE)


@pytest.fixture
def path() -> Iterator[Path]:
    """Give a path for a socket; pytest's own folders can be longer than the 107 bytes that a socket may have."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        yield Path(folder) / "control.sock"


@pytest.fixture
async def client(daemon: ScriptedDaemon, path: Path) -> AsyncIterator[Client]:
    """Give a client of that daemon."""
    async with daemon.served(path), connected(path) as client:
        yield client


async def ask(path: Path, method: str, page: str, body: bytes = b"") -> tuple[int, dict[str, object]]:
    """Ask without the client, for what it would never send."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(path))) as session,
        session.request(method, f"http://x{page}", data=body) as response,
    ):
        return response.status, await response.json(content_type=None)


async def test_the_whole_picture_comes_through(client: Client) -> None:
    """Every value arrives as it was, unknown ones as unknown."""
    assert await client.status() == PICTURE
    assert json.loads(await client.status_json())["queues"][0]["estimated_wait_s"] is None


async def test_a_mode_is_switched_on_and_off(client: Client, daemon: ScriptedDaemon) -> None:
    """The author is the user at the other end, by the kernel's word; a person behind it is named before."""
    state = await client.switch_mode("crisis", on=True, reason="flooded", author="alice", for_s=7200)
    assert state == ModeStatus("crisis", on=True, author=f"alice ({ME})", reason="flooded", since=NOW, until=NOW + 7200)
    assert await client.modes() == (state,)
    await client.switch_mode("crisis", on=False, reason="dry again")
    assert daemon.orders == [
        ModeOrder("crisis", on=True, author=f"alice ({ME})", reason="flooded", for_s=7200),
        ModeOrder("crisis", on=False, author=ME, reason="dry again"),
    ]


@pytest.mark.parametrize("name", ["nosuch", "a/b", "../status", "%2e%2e", "é\n", "x" * 300])
async def test_a_mode_that_does_not_exist_is_refused(client: Client, daemon: ScriptedDaemon, name: str) -> None:
    """Whatever its name is, it stays a name, and the daemon's own answer comes back."""
    with pytest.raises(RefusedError, match=r"there is no mode|Not Found|Bad Request"):
        await client.switch_mode(name, on=True, reason="x")
    assert daemon.orders == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "body: it is no JSON (EOF"),
        (b"[]", "body: it must be a JSON object, {...}; fields here: `on`, `reason`, `author`, `for_s`, `until`"),
        (
            b'{"on": true}',
            "reason: it is missing, and must be a text; fields here: `on`, `reason`, `author`, `for_s`, `until`",
        ),
        (b'{"on": "yes", "reason": "x"}', "on: it must be true or false"),
        (b'{"on": true, "reason": ""}', "reason: it must not be empty"),
        (b'{"on": true, "reason": "two\\nlines"}', "reason: it must be on one line"),
        (b'{"on": true, "reason": "x", "author": "\\u202e"}', "author: it must be on one line"),
        (b'{"on": true, "reason": "x", "for_s": 0}', "for_s: it must be greater than 0"),
        (b'{"on": true, "reason": "x", "for_s": NaN}', "for_s: it must be"),
        (b'{"on": true, "reason": "x", "for_s": 1e12}', "for_s: it must be 31622400 or less"),
        (b'{"on": false, "reason": "x", "for_s": 5}', "for_s and until go with on: true"),
        (b'{"on": true, "reason": "x", "for_s": 5, "until": "18:30"}', "give one of for_s and until"),
        (
            b'{"on": true, "reason": "x", "till": 5}',
            "till: there is no such field; did you mean `until`? fields here: `on`, `reason`, `author`",
        ),
        (b'{"on": true, "reason": "' + b"x" * 301 + b'"}', "reason: it must have 300 signs at most"),
        (b'{"on": true, "reason": "\xff"}', "body: it is no JSON"),
    ],
)
async def test_a_bad_order_is_refused_with_its_fault(
    daemon: ScriptedDaemon, path: Path, body: bytes, told: str
) -> None:
    """The field and what is wrong with it, and nothing is switched."""
    async with daemon.served(path):
        status, answer = await ask(path, "PUT", "/modes/crisis", body)
    assert status == 400
    assert told in str(answer["detail"])
    assert daemon.orders == []


async def test_a_body_out_of_bounds_is_refused(daemon: ScriptedDaemon, path: Path) -> None:
    """The daemon reads 16 kB and no more."""
    async with daemon.served(path):
        status, answer = await ask(path, "PUT", "/modes/crisis", b"x" * 100_000)
    assert (status, answer["status"]) == (413, 413)


@pytest.mark.parametrize(
    ("method", "page", "status"),
    [("GET", "/", 404), ("DELETE", "/modes/crisis", 405), ("GET", "/reload", 405), ("GET", "/metrics", 404)],
)
async def test_errors_are_json(daemon: ScriptedDaemon, path: Path, method: str, page: str, status: int) -> None:
    """Also those that aiohttp makes."""
    async with daemon.served(path):
        got, answer = await ask(path, method, page)
    assert (got, answer["status"], set(answer)) == (status, status, {"type", "title", "status", "detail"})


async def test_a_switch_that_could_not_be_saved_is_told(client: Client, daemon: ScriptedDaemon) -> None:
    """The store's own sentence reaches the admin."""
    daemon.failure = StoreError("ccrouter.db can't be written: No space left on device")
    with pytest.raises(RefusedError, match="No space left on device"):
        await client.switch_mode("crisis", on=True, reason="x")


async def test_a_fault_of_ours_is_told_without_its_entrails(daemon: ScriptedDaemon, path: Path) -> None:
    """The answer says where to look; the API goes on."""
    async with daemon.served(path):
        daemon.failure = ZeroDivisionError("0612345678")
        status, answer = await ask(path, "GET", "/status")
        assert (status, answer["detail"]) == (500, "ccrouter failed at this; its log tells more")
        daemon.failure = None
        assert (await ask(path, "GET", "/status"))[0] == 200


async def test_a_reload_tells_its_true_outcome(client: Client, daemon: ScriptedDaemon, path: Path) -> None:
    """What is in force and what was wrong; a refused one is no success by its status either."""
    assert await client.reload() == ReloadOutcome("v1", changed=False)
    daemon.outcome = ReloadOutcome("v1", changed=False, problems=("routing.yaml:3:1: unknown key `nmae`",))
    assert await client.reload() == daemon.outcome
    assert (await ask(path, "POST", "/reload"))[0] == 422
    assert daemon.reloads == [ME] * 3


async def test_no_daemon_is_told_with_the_cure(path: Path) -> None:
    """Neither a missing socket nor one that nobody listens at is a riddle."""
    async with connected(path) as client:
        with pytest.raises(UnreachableError, match=f"no ccrouter is running at {path}; start it with"):
            await client.status()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "broke off"),
        (b"garbage\r\n\r\n", "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", "broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "another version"),
    ],
)
async def test_a_daemon_that_talks_nonsense_is_told(path: Path, answer: bytes, told: str) -> None:
    """The client ends with a sentence, whatever answers."""

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(nonsense, path), connected(path) as client:
        with pytest.raises(UnreachableError, match=told):
            await client.status()


async def test_an_admin_who_hangs_up_does_not_stop_the_switch(daemon: ScriptedDaemon, path: Path) -> None:
    """An order that was taken is carried out whole, whether its sender still listens or not."""
    entered, let_go = asyncio.Event(), asyncio.Event()
    switch = daemon.switch_mode
    done = asyncio.Event()

    async def slow(order: ModeOrder) -> ModeStatus:
        entered.set()
        await let_go.wait()
        state = await switch(order)
        done.set()
        return state

    daemon.switch_mode = slow  # type: ignore[method-assign] # slower than the class makes it
    async with daemon.served(path):
        _, writer = await asyncio.open_unix_connection(path)
        body = b'{"on": true, "reason": "x"}'
        head = b"PUT /modes/crisis HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(head + body)
        await entered.wait()
        writer.close()
        await writer.wait_closed()
        let_go.set()
        async with asyncio.timeout(5):
            await done.wait()
    assert daemon.switched["crisis"].on
