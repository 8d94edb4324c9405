"""How soon ccrouter is there: its commands, the daemon, and all calls in progress after a restart."""

import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from bench_run.bench import Bench, Figure, Options, Promise, Subject, Taken
from bench_run.busy_house import BusyHouse, busy_house
from bench_run.busy_pabx import ROUTING, Busy, busy_pabx
from bench_run.machine import ROOT
from bench_run.restarts import SETTINGS, Restarts, restarts, took_s
from small_pabx import ASTERISK_SCRIPT, free_port
from support.ami_peer import SECRET
from support.daemon_process import CCROUTER
from support.real_daemon import RealDaemon

CALLS: Final = (100, 1000, 5000)
REAL_CALLS: Final = 1000
TIMES: Final = 5
"""How often a command is run in a round; its median counts."""

HELP: Final = "ccrouter --help"
CHECK: Final = "ccrouter check, full example"
CHECK_LEAST: Final = "ccrouter check, smallest file"
BARE: Final = "Python alone"
CLICK: Final = "click alone: --help of one command"
READERS: Final = "Python that imports pydantic and PyYAML"
RELOAD: Final = "asterisk -rx 'dialplan reload'"
OURS: Final = "ccrouter, recorded PABX"
REAL: Final = "ccrouter, Asterisk 22"
PANORAMISK: Final = "panoramisk script that reads the lists, recorded PABX"
PANORAMISK_REAL: Final = "panoramisk script that reads the lists, Asterisk 22"

CLICK_PROGRAM: Final = """
import click

@click.command()
@click.option("--name", help="Whom to greet.")
def greet(name):
    "Greet somebody."

greet()
"""


def commands() -> dict[str, list[str | Path]]:
    """Return the commands that need nothing but files."""
    alone: list[str | Path] = [sys.executable, "-I", "-c"]
    configs = ROOT / "configs"
    return {
        BARE: [*alone, "pass"],
        CLICK: [*alone, CLICK_PROGRAM, "--help"],
        READERS: [*alone, "import yaml; from pydantic import BaseModel"],
        HELP: [CCROUTER, "--help"],
        CHECK_LEAST: [CCROUTER, "check", configs / "minimal.yaml"],
        CHECK: [CCROUTER, "check", configs / "example.yaml"],
    }


def run(command: Sequence[str | Path]) -> Mapping[str, float]:
    """Run a command a few times; return the medians, in milliseconds.

    Raises:
        SystemExit: it failed.

    """
    walls, used = [], []
    nowhere = os.open(os.devnull, os.O_RDWR)
    try:
        quiet = [(os.POSIX_SPAWN_DUP2, nowhere, number) for number in (0, 1, 2)]
        for _ in range(TIMES):
            began = time.perf_counter()
            pid = os.posix_spawn(command[0], [str(each) for each in command], os.environ, file_actions=quiet)
            _, status, spent = os.wait4(pid, 0)
            walls.append(time.perf_counter() - began)
            used.append(spent.ru_utime + spent.ru_stime)
            if status:
                raise SystemExit(f"{command} failed with {os.waitstatus_to_exitcode(status)}")
    finally:
        os.close(nowhere)
    return {"took": statistics.median(walls) * 1e3, "cpu": statistics.median(used) * 1e3}


def restarted(router: Restarts, agi_port: int) -> Mapping[str, float]:
    """Start the router again, and once more while calls come."""
    gone_s, started = router.end(), router.start()
    router.end()
    waits_s = router.longest_wait(agi_port)
    return {
        "ready": started.ready,
        "full": started.full,
        "again": gone_s + started.full,
        "used": started.used,
        "waits": waits_s * 1e3,
    }


def script(port: int, secret: str, busy: Busy) -> Mapping[str, float]:
    """Have a script of stock panoramisk read the lists, from the start of its process on."""
    return {"full": took_s([sys.executable, "-m", "bench_run.panoramisk_lists", str(port), secret], busy)}


@contextmanager
def recorded(calls: int) -> Iterator[Sequence[Subject]]:
    """Run a router whose PABX is a recorded one with so many calls."""
    with ExitStack() as stack:
        pabx = stack.enter_context(busy_pabx(calls))
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-start-"))
        stack.callback(shutil.rmtree, folder)
        (folder / "state").mkdir()
        (folder / "ami-secret").touch(0o600)
        (folder / "ami-secret").write_text(SECRET)
        (folder / "routing.yaml").write_text(ROUTING)
        daemon = RealDaemon(folder, free_port(socket.SOCK_STREAM))
        agi = free_port(socket.SOCK_STREAM)
        daemon.settings.write_text(SETTINGS.format(ami=pabx.port, agi=agi, http=daemon.http_port))
        router = stack.enter_context(restarts(folder, daemon, pabx.busy))
        router.start()
        yield [
            Subject(OURS, partial(restarted, router, agi), calls),
            Subject(PANORAMISK, partial(script, pabx.port, SECRET, pabx.busy), calls),
        ]


def in_house(house: BusyHouse) -> Sequence[Subject]:
    """Return what is measured beside a real Asterisk."""
    reload: list[str | Path] = [
        ASTERISK_SCRIPT,
        str(house.pabx.layout.version),
        house.pabx.conf,
        "-rx",
        "dialplan reload",
    ]
    calls = house.busy.calls
    return [
        Subject(RELOAD, partial(run, reload)),
        Subject(REAL, partial(restarted, house.router, house.agi_port), calls),
        Subject(PANORAMISK_REAL, partial(script, house.pabx.ami_port, house.pabx.ami_secret, house.busy), calls),
    ]


_notes: list[str] = []


@contextmanager
def subjects(options: Options) -> Iterator[Sequence[Subject]]:
    """Bring the PABXs up, and a router beside each."""
    with ExitStack() as stack:
        house = stack.enter_context(busy_house(options.of(REAL_CALLS, REAL_CALLS // 10)))
        found = [Subject(name, partial(run, command)) for name, command in commands().items()]
        found += in_house(house)
        for calls in CALLS:
            found += stack.enter_context(recorded(calls))
        _notes[:] = [
            f"Asterisk {house.version}; a fifth of the calls wait, a fifth are with positions, the others at a site.",
            "`Known again` ends when the daemon's own status has told every call, queue and position.",
        ]
        yield found


def _ratio(figure: str, of: str, to: str) -> Callable[[Taken], float]:
    return lambda taken: taken.ratio(figure, of, to)


def _median(figure: str, name: str, size: float | None = None) -> Callable[[Taken], float]:
    return lambda taken: taken.median(figure, name, size)


BENCH: Final = Bench(
    name="start",
    title="Commands and starts",
    about=(
        "Commands from the start of their process to its end, beside the least that such a program is made of, and "
        "beside what an admin types after an edit of a native dialplan. Then the daemon is started again while calls "
        "are in progress (200 wait, 200 are with positions, 600 at a site outside, and likewise for other numbers), on "
        "a real Asterisk with SIP callers and on recorded PABXs, beside a script of panoramisk that does nothing but "
        "read the same lists. Once more it is started, and calls come from READY=1 on, 250 a second."
    ),
    figures=(
        Figure("took", "A command", "ms"),
        Figure("cpu", "Processor time of a command", "ms"),
        Figure("ready", "Start until calls are routed (READY=1)", "s", "calls in progress"),
        Figure("full", "Start until all calls are known", "s", "calls in progress"),
        Figure("again", "SIGTERM of the old daemon until all calls are known again", "s", "calls in progress"),
        Figure("used", "Processor time of the daemon by then", "s", "calls in progress"),
        Figure("waits", "Longest wait for a plan from READY=1 on", "ms", "calls in progress"),
    ),
    promises=(
        Promise("`ccrouter --help` against click alone", _ratio("took", HELP, CLICK), "at most", 3.0, "times"),
        Promise("`ccrouter --help`", _median("took", HELP), "at most", 150, "ms"),
        Promise("`ccrouter check` of the full example", _median("took", CHECK), "at most", 500, "ms"),
        Promise(
            "`ccrouter check` against an import of pydantic and PyYAML",
            _ratio("took", CHECK, READERS),
            "at most",
            6,
            "times",
        ),
        Promise(
            "1,000 calls on Asterisk are known again after a SIGTERM",
            _median("again", REAL, REAL_CALLS),
            "at most",
            2,
            "s",
        ),
        Promise("a call meanwhile, 1,000 in progress", _median("waits", REAL, REAL_CALLS), "at most", 100, "ms"),
        Promise("a call meanwhile, 5,000 in progress", _median("waits", OURS, 5000), "at most", 100, "ms"),
    ),
    subjects=subjects,
    notes=lambda: tuple(_notes),
)
