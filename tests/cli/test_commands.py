"""The command line as a person uses it: real processes, against a daemon behind a real socket."""

import asyncio
import json
import os
import pty
import re
import signal
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from ccrouter.cli import main
from ccrouter.errors import StoreError
from ccrouter.web.orders import ReloadOutcome
from ccrouter.web.status import ModeStatus, QueueStatus, Status
from support.scripted_daemon import NOW, ScriptedDaemon

DEADLINE_S = 30
QUEUE = QueueStatus(
    "main",
    "support",
    fresh=True,
    waiting=3,
    longest_wait_s=42,
    estimated_wait_s=None,
    logged_in=5,
    ready=1,
    busy=2,
    paused=2,
)  # fmt: skip - one line of figures
PICTURE = Status("0.1.0", 42, NOW, NOW - 60, (), None, queues=(QUEUE,))


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


async def ccrouter(*arguments: str, **environment: str) -> Ended:
    """Run the command line in a process of its own, without a terminal."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ccrouter",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], **environment},
    )  # fmt: skip - what goes together stands together
    async with asyncio.timeout(DEADLINE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@pytest.fixture
def socket() -> Iterator[Path]:
    """Give a path for the socket; pytest's own folders can be longer than the 107 bytes that a socket may have."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        yield Path(folder) / "control.sock"


@pytest.fixture
async def daemon(socket: Path) -> AsyncIterator[ScriptedDaemon]:
    """Give a daemon that listens there."""
    daemon = ScriptedDaemon(picture=PICTURE)
    async with daemon.served(socket):
        yield daemon


# --- help and usage ---------------------------------------------------------------------------------------------------

COMMANDS = [
    *("", "run", "check", "schema", "status", "reload", "mode", "mode list", "mode set", "mode clear"),
    *("override", "override list", "override set", "override cancel", "journal", "history"),
]


def here(*arguments: str) -> Ended:
    """Run the command line in this process: quick, and enough for what needs no daemon."""
    result = CliRunner().invoke(main, arguments, prog_name="ccrouter")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return Ended(result.exit_code, result.stdout, result.stderr)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """With --help and -h, status 0, nothing on stderr."""
    ended = here(*command.split(), "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: {' '.join(['ccrouter', *command.split()])}")
    assert here(*command.split(), "-h") == ended


@pytest.mark.parametrize(
    "command", ["", "run", "check", "calendar", "diff", "status", "mode set", "override set", "journal", "history"]
)
def test_help_shows_examples_that_can_be_copied(command: str) -> None:
    """Each example is one line and begins with the command itself."""
    examples = here(*command.split(), "--help").out.partition("Examples:\n")[2].splitlines()
    assert examples
    assert all(line.strip().startswith("ccrouter ") for line in examples)


def test_the_version_is_that_of_the_package() -> None:
    """One line."""
    assert here("--version").out.startswith("ccrouter 0.")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nosuch"], "No such command 'nosuch'"),
        (["mode", "set", "crisis"], "Missing option '--reason'"),
        (["mode", "set", "--reason", "x"], "Missing argument 'NAME'"),
        (["mode", "set", "crisis", "--reason", "x", "--for", "soon"], "'soon' is no length of time; write 90s, 30min"),
        (["mode", "set", "crisis", "--reason", "x", "--for", "2h", "--until", "18:30"], "one of --for and --until"),
        (["override", "set", "0800 123 456", "tunis", "--reason", "x"], "an override ends: give --until"),
        (["mode", "set", "crisis", "--reason", "x", "--for", "2h soon"], "is no length of time"),
        (["mode", "set", "crisis", "--reason", "x", "--for", "-5m"], "is no length of time"),
        (["run", "--settings", "/nowhere.yaml"], "'/nowhere.yaml' does not exist"),
        (["check", "/nowhere.yaml"], "'/nowhere.yaml' does not exist"),
        (["status", "--nosuch"], "No such option"),
    ],
)
def test_a_wrong_command_is_told_with_status_2(arguments: list[str], told: str) -> None:
    """What is wrong and where to look, without a traceback."""
    ended = here(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "Traceback" not in ended.err


async def test_help_imports_nothing_heavy() -> None:
    """Help feels immediate because only click is there; what takes time to import is imported when it is needed."""
    code = (
        "import sys\nfrom ccrouter.cli import main\n"
        "try: main(['mode', 'set', '--help'])\n"
        "except SystemExit: print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    loaded = set((await process.communicate())[0].decode().splitlines()[-1].split())
    assert not loaded & {"aiohttp", "asyncio", "holidays", "pydantic", "rich", "structlog", "yaml", "prometheus_client"}


# --- no daemon --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "--json"],
        ["status", "--watch"],
        ["mode", "list"],
        ["reload"],
        ["mode", "set", "crisis", "--reason", "x"],
        ["mode", "clear", "crisis", "--reason", "x"],
    ],
    ids=" ".join,
)  # fmt: skip - a table
async def test_without_a_daemon_the_cure_is_told_with_status_3(arguments: list[str], socket: Path) -> None:
    """The same for all; the socket may also be named by the environment."""
    ended = await ccrouter(*arguments, CCROUTER_SOCKET=str(socket))
    assert (ended.code, ended.out) == (3, "")
    start = "start it with `systemctl start ccrouter` or `ccrouter run --settings FILE`"
    assert ended.err == f"ccrouter: no ccrouter is running at {socket}; {start}, or name its socket with --socket\n"


# --- with a daemon ----------------------------------------------------------------------------------------------------


async def test_a_mode_is_set_listed_and_cleared(daemon: ScriptedDaemon, socket: Path) -> None:
    """One line tells the result; the list shows author, reason and end; sudo's person is the author."""
    environment = {"CCROUTER_SOCKET": str(socket), "SUDO_USER": "alice"}
    ended = await ccrouter("mode", "set", "crisis", "--reason", "flooded", "--for", "1h30min", **environment)
    assert (ended.code, ended.out) == (0, "crisis is on until Sat 2026-11-21 21:07:15 (UTC)\n")
    assert daemon.orders[0].author.startswith("alice (")
    listed = (await ccrouter("mode", "list", **environment)).out
    assert listed.startswith("times are those of UTC\n")
    assert "crisis  on     Sat 2026-11-21 19:37:15  Sat 2026-11-21 21:07:15  alice (" in listed
    ended = await ccrouter("mode", "clear", "crisis", "--reason", "dry", "--socket", str(socket))
    assert (ended.code, ended.out) == (0, "crisis is off\n")
    assert [order.for_s for order in daemon.orders] == [5400, None]
    ended = await ccrouter("mode", "set", "crisis", "--reason", "flooded", **environment)
    assert (ended.code, ended.out) == (0, "crisis is on until somebody clears it\n")


async def test_a_mode_that_was_off_already_is_told(daemon: ScriptedDaemon, socket: Path) -> None:
    """With status 0, for it is as it was wanted."""
    daemon.already = True
    ended = await ccrouter("mode", "clear", "crisis", "--reason", "dry", "--socket", str(socket))
    assert (ended.code, ended.out) == (0, "crisis is off already; nothing was changed\n")


async def test_a_mode_ends_at_an_hour(daemon: ScriptedDaemon, socket: Path) -> None:
    """The daemon reads the words: it knows the time zone."""
    words = ["mode", "set", "crisis", "--reason", "x", "--until", "monday 8:00", "--socket", str(socket)]
    assert (await ccrouter(*words)).code == 0
    assert [order.until for order in daemon.orders] == ["monday 8:00"]


async def test_a_refusal_is_told_with_status_1(daemon: ScriptedDaemon, socket: Path) -> None:
    """In the daemon's own words: a mode that does not exist, a disk that is full."""
    ended = await ccrouter("mode", "set", "crysis", "--reason", "x", "--socket", str(socket))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "ccrouter: there is no mode crysis; the routing file declares crisis\n"
    daemon.failure = StoreError("ccrouter.db can't be written: No space left on device")
    ended = await ccrouter("mode", "set", "crisis", "--reason", "x", "--socket", str(socket))
    assert (ended.code, "No space left on device" in ended.err) == (1, True)


async def test_a_reload_tells_its_true_outcome(daemon: ScriptedDaemon, socket: Path) -> None:
    """Status 0 only when the file is in force; else each problem on stderr, and what stays in force."""
    ended = await ccrouter("reload", "--socket", str(socket))
    assert (ended.code, ended.out) == (0, "version v1 is in force, as before\n")
    daemon.outcome = ReloadOutcome("v2", changed=True)
    assert (await ccrouter("reload", "--socket", str(socket))).out == "version v2 is in force\n"
    daemon.outcome = ReloadOutcome("v2", changed=False, problems=("r.yaml:3:1: one", "r.yaml:9:4: two"))
    ended = await ccrouter("reload", "--socket", str(socket))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "r.yaml:3:1: one",
        "r.yaml:9:4: two",
        "ccrouter: the routing file was refused; version v2 stays in force",
    ]


async def test_the_status_in_a_pipe_is_plain_text(daemon: ScriptedDaemon, socket: Path) -> None:
    """Columns without colours or frames."""
    assert daemon.picture is PICTURE
    ended = await ccrouter("status", "--socket", str(socket))
    assert (ended.code, ended.err) == (0, "")
    assert "  main  support  3        42s" in ended.out
    assert ended.out.isascii()


async def test_the_status_as_json_is_one_object(daemon: ScriptedDaemon, socket: Path) -> None:
    """For programs: every value as the daemon has it, null for what is not known."""
    assert daemon.picture is PICTURE
    ended = await ccrouter("status", "--json", "--socket", str(socket))
    told = json.loads(ended.out)
    assert (told["queues"][0]["waiting"], told["queues"][0]["estimated_wait_s"]) == (3, None)


async def test_watching_json_gives_a_line_for_each_look(daemon: ScriptedDaemon, socket: Path) -> None:
    """Until Ctrl-C, which is how it is meant to end: status 0, no traceback."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ccrouter",
        "status",
        "--json",
        "--watch",
        "--socket",
        str(socket),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip - what goes together stands together
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE_S):
        first = json.loads(await process.stdout.readline())
        daemon.picture = replace(PICTURE, not_ready=("no PABX is in sync (main)",))
        second = json.loads(await process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert (first["not_ready"], second["not_ready"]) == ([], ["no PABX is in sync (main)"])
    assert (process.returncode, err) == (0, b"")


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, lines: int = 50, columns: int = 150) -> None:
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.ours, (lines, columns))
        self.shown = ""
        self._grew = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.ours, self._read)

    def _read(self) -> None:
        try:
            self.shown += os.read(self.ours, 65536).decode(errors="replace")
        except OSError:
            asyncio.get_running_loop().remove_reader(self.ours)
        self._grew.set()

    async def shows(self, text: str) -> None:
        """Wait until a text has been shown."""
        async with asyncio.timeout(DEADLINE_S):
            while text not in self.shown:
                self._grew.clear()
                await self._grew.wait()

    def close(self) -> None:
        """Take the terminal away."""
        asyncio.get_running_loop().remove_reader(self.ours)
        os.close(self.ours)
        os.close(self.theirs)


async def test_watching_in_a_terminal_outlives_the_daemon(daemon: ScriptedDaemon, socket: Path) -> None:
    """A screen that is drawn anew, tells when the daemon is gone, and shows it again when it is back."""
    terminal = Terminal()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ccrouter",
        "status",
        "--watch",
        "--socket",
        str(socket),
        stdin=terminal.theirs,
        stdout=terminal.theirs,
        stderr=terminal.theirs,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "COLUMNS": "150", "LINES": "50"},
    )  # fmt: skip - what goes together stands together
    try:
        await terminal.shows("support")
        daemon.failure = ZeroDivisionError()
        await terminal.shows("its log tells more")
        daemon.failure = None
        daemon.picture = replace(PICTURE, not_ready=("it was away",))
        await terminal.shows("it was away")
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(DEADLINE_S):
            assert await process.wait() == 0
        assert "Traceback" not in terminal.shown
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        terminal.close()


@pytest.mark.parametrize(("lines", "columns"), [(24, 80), (43, 132)])
async def test_watching_fits_the_window(daemon: ScriptedDaemon, socket: Path, lines: int, columns: int) -> None:
    """However many queues there are, the modes that are on stay in sight, and what is not is counted."""
    mode = ModeStatus("crisis", on=True, author="anna", reason="flooded", since=NOW)
    daemon.picture = replace(PICTURE, queues=tuple(replace(QUEUE, name=f"q{n}") for n in range(60)), modes=(mode,))
    terminal = Terminal(lines, columns)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ccrouter", "status", "--watch", "--socket", str(socket)),
        stdin=terminal.theirs,
        stdout=terminal.theirs,
        stderr=terminal.theirs,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color"},
    )
    try:
        await terminal.shows(" queues")
        assert "flooded" in terminal.shown
        assert re.search(r"\.\.\. \d\d more lines: \d\d queues", terminal.shown)
        assert terminal.shown.split("q59")[0].count("\n") < lines
    finally:
        process.kill()
        await process.wait()
        terminal.close()
