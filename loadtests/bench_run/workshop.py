"""What an admin waits for in the workshop: commands on a file of a thousand rules, and the daemon's reload."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from socket import SOCK_STREAM
from tempfile import TemporaryDirectory
from typing import Final

from bench_run import cost_of
from bench_run.bench import Bench, Figure, Options, Promise, Subject, Taken
from bench_run.large_file import routing_text
from ccrouter.web.client import UnreachableError, connected
from small_pabx import free_port
from support.daemon_process import CCROUTER

RULES, NUMBERS = 1000, 500
SERVICES: Final = (25, 1)
NUMBER: Final = "0800 100 000"
START_S: Final = 30.0
IDLE_S: Final = 1.0

BARE, LOADER, CHECK = "python -c pass", "PyYAML's C loader", "ccrouter check"
RELOAD, AWAY = "ccrouter, reload by the daemon", "ccrouter, no reload"

SETTINGS: Final = """\
pabxs: [{{name: main, host: 127.0.0.1, port: {closed}, username: ccrouter, secret: {{env: SECRET}}}}]
agi: {{host: 127.0.0.1, port: 0}}
http: {{host: 127.0.0.1, port: {http}}}
control: control.sock
state_dir: state
routing: routing.yaml
reload_on_save: false
"""


def in_file(name: str, services: int) -> str:
    """Return the name of a subject with the kind of file."""
    return f"{name}, {services} service{'s' * (services > 1)}"


def write_files(folder: Path, services: int) -> None:
    """Write the file, the same with the destinations of one rule turned round, and a hundred cases that all hold."""
    text = routing_text(rules=RULES, numbers=NUMBERS, services=services)
    old, new = "to: [house 0, outside 0, closed]", "to: [outside 0, house 0, closed]"
    (folder / "routing.yaml").write_text(text)
    (folder / "edited.yaml").write_text(text.replace(old, new, 1))
    cases = "".join(
        f'  - {{name: case {n}, number: "{NUMBER}", at: 2027-01-{1 + n % 28:02} {n % 24:02}:00, '
        f"load: queue0.waiting={n % 12}, expect: house 0}}\n"
        for n in range(100)
    )
    (folder / "routing.cases.yaml").write_text(f"cases:\n{cases}")


def commands() -> dict[str, list[str]]:
    """Return the commands of the workshop, and what one might hold them against."""
    ours, file = str(CCROUTER), "routing.yaml"
    plain = f"import yaml; yaml.load(open('{file}', 'rb'), Loader=yaml.CSafeLoader)"
    year = ("--from", "2027-01-01")
    return {
        BARE: [sys.executable, "-c", "pass"],
        LOADER: [sys.executable, "-c", plain],
        CHECK: [ours, "check", file],
        "ccrouter explain": [ours, "explain", NUMBER, "--file", file, "--at", "2027-01-12 10:00"],
        "ccrouter test, 100 cases": [ours, "test", "routing.cases.yaml"],
        "ccrouter calendar, a year": [ours, "calendar", NUMBER, "--file", file, *year],
        "ccrouter diff, one rule, a year": [ours, "diff", file, "edited.yaml", *year],
    }


def run(command: Sequence[str], folder: Path) -> Mapping[str, float]:
    """Return what a command costs.

    Raises:
        RuntimeError: it failed, or took longer than a minute.

    """
    measure = [sys.executable, "-I", cost_of.__file__, *command]
    told: dict[str, float] = json.loads(subprocess.run(measure, cwd=folder, stdout=-1, check=True).stdout)  # noqa: S603 - ours
    if status := told.pop("status"):
        raise RuntimeError(f"{command}: status {status:g}\n{(folder / 'output').read_text()[-2000:]}")
    return told


# --- the daemon -------------------------------------------------------------------------------------------------------


@contextmanager
def daemon(folder: Path) -> Iterator[int]:
    """Run a daemon with the file of a folder, and give its HTTP port; its PABX is away."""
    http = free_port(SOCK_STREAM)
    (folder / "settings.yaml").write_text(SETTINGS.format(closed=free_port(SOCK_STREAM), http=http))
    with (folder / "ccrouter.log").open("wb") as log:
        command = [str(CCROUTER), "run", "--settings", "settings.yaml"]
        process = subprocess.Popen(command, cwd=folder, stderr=log, env={**os.environ, "SECRET": "none"})  # noqa: S603 - ours
    try:
        wait_for(folder)
        yield http
    finally:
        process.terminate()
        process.wait(START_S)


def wait_for(folder: Path) -> None:
    """Wait until the daemon answers at its socket.

    Raises:
        RuntimeError: it does not.

    """
    deadline = time.perf_counter() + START_S
    while True:
        try:
            asyncio.run(_status(folder))
        except UnreachableError:
            if time.perf_counter() > deadline:
                raise RuntimeError((folder / "ccrouter.log").read_text()[-2000:]) from None
            time.sleep(0.05)
        else:
            return


async def _status(folder: Path) -> None:
    async with connected(folder / "control.sock") as client:
        await client.status()


async def _reload(folder: Path) -> None:
    async with connected(folder / "control.sock") as client:
        outcome = await client.reload()
        if not outcome.changed:
            raise RuntimeError(f"the file was not taken: {outcome}")


def reloads(folder: Path, texts: Iterator[str]) -> None:
    """Have the daemon take the file with another text."""
    (folder / "saved").write_text(next(texts))
    (folder / "saved").replace(folder / "routing.yaml")
    asyncio.run(_reload(folder))


def watched(port: int, work: Callable[[], None]) -> Mapping[str, float]:
    """Return the seconds that some work takes, and how long the daemon's answers of /healthz took meanwhile."""
    until, took = threading.Event(), list[float]()
    asking = threading.Thread(target=_ask, args=(port, until, took))
    asking.start()
    began = time.perf_counter()
    try:
        work()
        seconds = time.perf_counter() - began
    finally:
        until.set()
        asking.join()
    return {"reload": seconds, "answer": statistics.median(took), "worst": max(took)}


def _ask(port: int, until: threading.Event, took: list[float]) -> None:
    connection = HTTPConnection("127.0.0.1", port)
    while not took or not until.is_set():
        began = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        took.append((time.perf_counter() - began) * 1000)
        until.wait(0.002)
    connection.close()


def idle(port: int) -> Mapping[str, float]:
    """Return how long the daemon's answers take while nothing is reloaded."""
    found = watched(port, lambda: time.sleep(IDLE_S))
    return {"answer": found["answer"], "worst": found["worst"]}


@contextmanager
def subjects(options: Options) -> Iterator[Sequence[Subject]]:
    """Write the files, run a daemon with each."""
    with ExitStack() as stack:
        made = []
        for services in SERVICES[: options.of(2, 1)]:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="ccrouter-workshop-")))
            write_files(folder, services)
            made += [Subject(in_file(name, services), partial(run, line, folder)) for name, line in commands().items()]
            running = folder / "daemon"
            running.mkdir()
            write_files(running, services)
            texts = cycle([(folder / name).read_text() for name in ("edited.yaml", "routing.yaml")])
            port = stack.enter_context(daemon(running))
            work = partial(reloads, running, texts)
            made.append(Subject(in_file(RELOAD, services), partial(watched, port, work)))
            made.append(Subject(in_file(AWAY, services), partial(idle, port)))
        yield made


def _slowest(figure: str, name: str) -> Callable[[Taken], float]:
    return lambda taken: max(taken.median(figure, in_file(name, services)) for services in SERVICES)


BENCH: Final = Bench(
    name="workshop",
    title="The workshop, with a large file",
    about=(
        f"What an admin waits for, with {RULES:,} rules and {NUMBERS} numbers: in {SERVICES[0]} services, and all in "
        "one. Each command is a process of its own, as it is typed. Beside them: the start of Python, and PyYAML's C "
        "loader, which reads the same file into plain lists and mappings and checks nothing. Then a daemon takes the "
        "edited file and the old one in turns, and is asked for /healthz all the time, as it is while nothing is "
        "reloaded."
    ),
    figures=(
        Figure("seconds", "A command", "s"),
        Figure("cpu", "Processor time of a command", "s"),
        Figure("memory", "Most memory of a command", "MB"),
        Figure("reload", "A reload", "s"),
        Figure("answer", "Other answers meanwhile, median", "ms"),
        Figure("worst", "Other answers meanwhile, the slowest", "ms"),
    ),
    promises=(
        Promise("`ccrouter check`, the slower of both files", _slowest("seconds", CHECK), "at most", 2, "s"),
        Promise("A reload, the slower of both files", _slowest("reload", RELOAD), "at most", 1, "s"),
        Promise("The slowest other answer during a reload", _slowest("worst", RELOAD), "at most", 50, "ms"),
    ),
    subjects=subjects,
)
