"""The state folder and the routing file as a bad disk, or somebody with a tool, may leave them."""

import asyncio
import os
import sqlite3
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final, cast

import structlog
from structlog.testing import LogCapture

from ccrouter.app.daemon import Daemon
from ccrouter.clock import SystemClock
from ccrouter.config.settings import compile_settings
from ccrouter.errors import CcrouterError
from ccrouter.routing.call import Call
from ccrouter.store.decisions import Decisions
from ccrouter.store.schema import JOURNAL_FILE, STATE_FILE, journal_database
from ccrouter.telemetry.logs import Logs
from ccrouter.web.journal import JournalQuery
from ccrouter.web.orders import ModeOrder
from ccrouter.web.overrides import OverrideOrder
from support.fuzz.target import Drawn, Target
from support.made_decisions import keep
from support.rules_desk import GOOD

RULES: Final = GOOD + "modes: [crisis]\n"
SETTINGS: Final = """\
pabxs: [{name: main, host: 127.0.0.1, port: 1, username: ccrouter, secret: {env: SECRET}}]
agi: {host: 127.0.0.1, port: 4573}
http: {host: 127.0.0.1, port: 9470}
control: FOLDER/control.sock
state_dir: FOLDER/state
routing: FOLDER/routing.yaml
"""
CALL: Final = Call("main", "1.1", "0800123456", "0612345678")
ALLOWED: Final = (CcrouterError,)
"""What is told in words to whoever asked."""


def daemon_of(folder: Path) -> tuple[Daemon, LogCapture]:
    """Build the daemon of a folder, as `ccrouter run` does, up to what it has kept."""
    log = LogCapture()
    text = SETTINGS.replace("FOLDER", str(folder))
    settings = compile_settings(text.encode(), folder / "settings.yaml", {"SECRET": "a secret"})
    logger = structlog.wrap_logger(None, processors=[log], wrapper_class=structlog.BoundLogger)
    daemon = Daemon(settings, SystemClock(), cast("Logs", SimpleNamespace(logger=logger, dropped=0)))
    daemon._standing.load({"modes": daemon._modes.load, "overrides": daemon._overrides.load})
    return daemon, log


@cache
def whole() -> dict[str, bytes]:
    """Return the files of a state folder in which there is something of everything."""
    with TemporaryDirectory(prefix="ccrouter-fuzz-") as name:
        folder = Path(name)
        (folder / "state").mkdir()
        (folder / "routing.yaml").write_text(RULES)
        daemon, _ = daemon_of(folder)
        asyncio.run(worked(daemon))
        built: Any = daemon
        decisions = Decisions(journal_database(folder / "state", SystemClock()), mask_callers=True)
        keep(decisions, [built._router.route(CALL)])
        close(daemon)
        decisions._database.close()
        return {file: (folder / "state" / file).read_bytes() for file in (STATE_FILE, JOURNAL_FILE)}


async def worked(daemon: Daemon) -> None:
    """Do what an admin does: each thing is done, or refused in words."""
    built: Any = daemon
    for work in (
        lambda: built._mode_switch.switch(ModeOrder("crisis", on=True, author="alice", reason="x", for_s=60.0)),
        lambda: built._override_switch.set(OverrideOrder("0800123456", ("nobody",), "alice", "x", for_s=60.0)),
        lambda: built._mode_switch.switch(ModeOrder("crisis", on=True, author="bob", reason="y")),
        lambda: built._control.reload("alice"),
        lambda: built._archive.history(10),
        lambda: built._archive.lines(JournalQuery()),
        lambda: built._archive.lines(JournalQuery(service="nosuch")),
        lambda: built._archive.call("1.1"),
        built._book.kept,
        lambda: built._book.text(1),
    ):
        with suppress(*ALLOWED):
            await work()


def close(daemon: Daemon) -> None:
    """Let go of its files."""
    built: Any = daemon
    for database in (built._archive.audit._database, built._archive.decisions._database):
        database.close()


# --- damage -----------------------------------------------------------------------------------------------------------

CELLS: Final = (
    *("null", "'abc'", "''", "-1", "1e308", "9e999", "-9e999", "x'ff00'", "'[]'", "'{}'", "'[1]'", "'\"a\"'"),
    *("9223372036854775807", "'1795289835'", "cast(x'ed' as text)", "zeroblob(20)", "'\u2028'", "char(10)", "'null'"),
)
COLUMNS: Final = (
    *(
        "modes.name",
        "modes.author",
        "modes.reason",
        "modes.since",
        "modes.until",
        "overrides.number",
        "overrides.until",
    ),
    *("overrides.destinations", "overrides.since", "overrides.author", "overrides.id", "deeds.at", "deeds.who"),
    *("versions.at", "versions.hash", "versions.author", "versions.added", "texts.packed", "texts.hash", "deeds.until"),
)
PAST: Final = (
    *("decisions.at", "decisions.number", "decisions.caller", "decisions.rule", "decisions.waited_s", "records.record"),
    *("decisions.outcome", "decisions.call_waited_s", "decisions.talked_s", "decisions.service", "decisions.pabx"),
)
ORDERS: Final = (
    *("drop table modes", "drop table versions", "drop table deeds", "pragma user_version = 99", "drop table texts"),
    *("pragma user_version = 0", "pragma user_version = -5", "create table other (x)", "alter table modes rename to m"),
    *("create view v as select * from modes", "delete from texts", "pragma user_version = 1", "drop table overrides"),
    *("drop table decisions", "drop table records", "delete from records", "alter table overrides rename number to n"),
)
FILES: Final = (STATE_FILE, JOURNAL_FILE, f"{STATE_FILE}-wal", f"{STATE_FILE}-shm", f"{JOURNAL_FILE}-wal")


def damaged(state: Path, drawn: Drawn) -> None:
    """Do some damage to a state folder."""
    for _ in range(1 + drawn.below(3)):
        kind = drawn.below(8)
        if kind < 4:
            file = FILES[drawn.below(2)]
            columns = COLUMNS if file == STATE_FILE else PAST
            table, _, column = drawn.one_of(columns).partition(".")
            written = f"update {table} set {column} = {drawn.one_of(CELLS)}"  # noqa: S608 - our own texts
            with suppress(sqlite3.Error), closing(sqlite3.connect(state / file)) as connection:
                connection.execute("pragma ignore_check_constraints = on")
                connection.execute(written if kind else drawn.one_of(ORDERS))
                connection.commit()
            continue
        path = state / FILES[drawn.below(len(FILES))]
        data = bytearray(path.read_bytes() if path.is_file() else b"")
        if kind == 4:
            data = data[: drawn.below(max(1, len(data)))]
        elif kind == 5:
            at = drawn.below(len(data) + 1)
            data[at : at + 40] = drawn.bytes(40)
        elif kind == 6:
            data = bytearray(drawn.bytes(200))
        else:
            for _ in range(1 + drawn.below(20)):
                if data:
                    data[drawn.below(len(data))] = drawn.byte()
        if path.is_dir():
            continue
        path.unlink(missing_ok=True)
        if kind == 6 and drawn.below(3) == 1:
            path.mkdir()
        else:
            path.write_bytes(data)


def replaced(path: Path, kind: int) -> None:
    """Put something else in the place of the routing file."""
    path.unlink()
    match kind:
        case 1:
            path.mkdir()
        case 2:
            os.mkfifo(path)
        case 3:
            path.symlink_to("/dev/zero")
        case 4:
            path.symlink_to(path)
        case 5:
            path.touch()
            os.truncate(path, 100 << 20)
        case 6:
            path.symlink_to("/dev/tty")
        case 7:
            path.write_bytes(RULES.encode()[:-30])
        case _:
            pass


def check(data: bytes) -> None:
    """Check that a daemon starts on a damaged folder, or refuses in words; and what runs decides each call."""
    drawn = Drawn(data)
    with TemporaryDirectory(prefix="ccrouter-fuzz-") as name:
        folder = Path(name)
        state = folder / "state"
        state.mkdir()
        (folder / "routing.yaml").write_text(RULES)
        for file, content in whole().items():
            (state / file).write_bytes(content)
        if drawn.below(4):
            damaged(state, drawn)
        else:
            replaced(folder / "routing.yaml", 1 + drawn.below(8))
        try:
            daemon, log = daemon_of(folder)
        except CcrouterError as error:
            assert len(str(error)) > 20
            return
        try:
            runs(daemon)
            failed = [line for line in log.entries if line["log_level"] == "critical" or "exc_info" in line]
            assert not failed, failed
        finally:
            close(daemon)


def runs(daemon: Daemon) -> None:
    """Check that calls are decided, that the pages show, and that orders are done or refused in words."""
    built: Any = daemon
    decided(daemon)
    built._control.status()
    asyncio.run(worked(daemon))
    decided(daemon)
    built._control.status()
    for database in (built._archive.audit._database,):
        database.close()


def decided(daemon: Daemon) -> None:
    """Check that a call is decided."""
    built: Any = daemon
    decision = built._router.route(CALL)
    assert decision.service == "support"
    assert decision.text.startswith("v1|")


def seeds() -> list[bytes]:
    """Return one damage of each kind."""
    kinds = (1, 6, 9, 12, 17)
    cells = [bytes([1, 0, 1, 0, n, kinds[(n + m) % 5]]) for n in range(len(COLUMNS)) for m in range(2)]
    past = [bytes([1, 0, 1, 1, column, (column * 7) % len(CELLS)]) for column in range(len(PAST))]
    orders = [bytes([1, 0, 0, order > 12, 0, 0, order]) for order in range(len(ORDERS))]
    files = [bytes([1, 0, kind, file, 3, 3, 1, 1, 1, 1, 1]) for kind in range(4, 8) for file in range(len(FILES))]
    return [*cells, *past, *orders, *files, *(bytes([0, kind]) for kind in range(8))]


FOLDER: Final = Target("folder", check, seeds, most=300, tries=30)
