#!/usr/bin/env python3
"""Measures what an admin waits for in the workshop: commands on a file of a thousand rules, and the daemon's reload.

Two files: the rules spread over 25 services, and all of them in one. Each command runs as a process of its own, as it
is typed; wall time and peak memory are the kernel's. Beside them, in the same run: the start of Python, and PyYAML's C
loader, which reads the same file into plain lists and mappings and checks nothing.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from bench_run.large_file import routing_text

if TYPE_CHECKING:
    from ccrouter.web.client import Client

CCROUTER: Final = str(Path(sys.executable).parent / "ccrouter")
RESULTS: Final = Path(__file__).parent / "results"
NUMBER: Final = "0800 100 000"
START_S: Final = 30.0
LIMIT_S: Final = 60.0
CHECK: Final = "ccrouter check"

SETTINGS: Final = """\
pabxs: [{{name: main, host: 127.0.0.1, port: {closed}, username: ccrouter, secret: {{env: SECRET}}}}]
agi: {{host: 127.0.0.1, port: 0}}
http: {{host: 127.0.0.1, port: {http}}}
control: control.sock
state_dir: state
routing: routing.yaml
reload_on_save: false
"""


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds on the wall and of the processor (medians of several runs), megabytes at its peak.

    `ended` is False for one that was stopped, for it took longer than the limit.
    """

    name: str
    seconds: float
    processor_s: float
    memory_mb: float
    ended: bool = True


def run(name: str, command: Sequence[str], folder: Path, times: int) -> Cost:
    """Return what a command costs.

    Raises:
        SystemExit: it failed.

    """
    took, processor, peaks = [], [], []
    for _ in range(times):
        with (folder / "output").open("wb") as output:
            began = time.perf_counter()
            process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)  # noqa: S603 - our commands
            stop = threading.Timer(LIMIT_S, process.kill)
            stop.start()
            _, status, usage = os.wait4(process.pid, 0)
            stop.cancel()
        took.append(time.perf_counter() - began)
        processor.append(usage.ru_utime + usage.ru_stime)
        peaks.append(usage.ru_maxrss / 1024)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode == -signal.SIGKILL:
            return Cost(name, LIMIT_S, processor[-1], peaks[-1], ended=False)
        if process.returncode:
            said = (folder / "output").read_text()[-2000:]
            raise SystemExit(f"{' '.join(command)}: status {process.returncode}\n{said}")
    return Cost(name, statistics.median(took), statistics.median(processor), max(peaks))


def commands(folder: Path, times: int) -> Iterator[Cost]:
    """Yield what each command of the workshop costs with the file of a folder."""
    python, file = sys.executable, "routing.yaml"
    plain = f"import yaml; yaml.load(open('{file}', 'rb'), Loader=yaml.CSafeLoader)"
    asked = ("--file", file, "--at", "2027-01-12 10:00")
    year = ("--from", "2027-01-01")
    yield run("python -c pass", [python, "-c", "pass"], folder, times)
    yield run("PyYAML's C loader", [python, "-c", plain], folder, times)
    yield run(CHECK, [CCROUTER, "check", file], folder, times)
    yield run("ccrouter explain", [CCROUTER, "explain", NUMBER, *asked], folder, times)
    yield run("ccrouter test, 100 cases", [CCROUTER, "test", "routing.cases.yaml"], folder, times)
    yield run("ccrouter calendar, a year", [CCROUTER, "calendar", NUMBER, "--file", file, *year], folder, times)
    yield run("ccrouter diff, one rule, a year", [CCROUTER, "diff", file, "edited.yaml", *year], folder, times)


def write_files(folder: Path, text: str) -> None:
    """Write the file, the same with one rule edited, and a hundred cases that say nothing wrong."""
    (folder / "routing.yaml").write_text(text)
    (folder / "edited.yaml").write_text(edited(text))
    cases = "".join(
        f'  - {{name: case {n}, number: "{NUMBER}", at: 2027-01-{1 + n % 28:02} {n % 24:02}:00, '
        f"load: queue0.waiting={n % 12}, expect: house 0}}\n"
        for n in range(100)
    )
    (folder / "routing.cases.yaml").write_text(f"cases:\n{cases}")


def edited(text: str) -> str:
    """Return the file with the destinations of one rule turned round."""
    old, new = "to: [house 0, outside 0, closed]", "to: [outside 0, house 0, closed]"
    return text.replace(old, new, 1)


# --- the daemon -------------------------------------------------------------------------------------------------------


@contextmanager
def daemon(folder: Path, http_port: int) -> Iterator[None]:
    """Run a daemon with the file of a folder; its PABX is away, as far as the reload is concerned."""
    with socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings = SETTINGS.format(closed=closed.getsockname()[1], http=http_port)
        (folder / "settings.yaml").write_text(settings)
        with (folder / "ccrouter.log").open("wb") as log:
            command = [CCROUTER, "run", "--settings", "settings.yaml"]
            process = subprocess.Popen(command, cwd=folder, stderr=log, env={**os.environ, "SECRET": "none"})  # noqa: S603
        try:
            wait_for(folder)
            yield
        finally:
            process.terminate()
            process.wait(START_S)


def wait_for(folder: Path) -> None:
    """Wait until the daemon answers at its socket."""
    from ccrouter.web.client import UnreachableError  # noqa: PLC0415 - see _client

    deadline = time.perf_counter() + START_S
    while True:
        try:
            asyncio.run(_status(folder))
        except UnreachableError:
            if time.perf_counter() > deadline:
                raise SystemExit((folder / "ccrouter.log").read_text()[-2000:]) from None
            time.sleep(0.05)
        else:
            return


def _client(folder: Path) -> "AbstractAsyncContextManager[Client]":
    """Return a connection to the daemon.

    Its library comes in only after all commands were measured: the kernel counts the memory of a process from its fork,
    when it has that of this one.
    """
    from ccrouter.web.client import connected  # noqa: PLC0415

    return connected(folder / "control.sock")


async def _status(folder: Path) -> None:
    async with _client(folder) as client:
        await client.status()


async def _reload(folder: Path) -> None:
    async with _client(folder) as client:
        outcome = await client.reload()
        if not outcome.changed:
            raise SystemExit(f"the file was not taken: {outcome}")


def answers(port: int, until: threading.Event) -> list[float]:
    """Return how many milliseconds each answer of /healthz took, asked one after the other until told to stop."""
    connection, took = HTTPConnection("127.0.0.1", port), []
    while not until.is_set():
        began = time.perf_counter()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        took.append((time.perf_counter() - began) * 1000)
        until.wait(0.002)
    connection.close()
    return took


def watched(port: int, work: Callable[[], None]) -> tuple[float, list[float]]:
    """Return the seconds that some work takes, and how long the daemon's answers took meanwhile."""
    until, took = threading.Event(), list[float]()
    asking = threading.Thread(target=lambda: took.extend(answers(port, until)))
    asking.start()
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    until.set()
    asking.join()
    return seconds, took


@dataclass(frozen=True)
class Reload:
    """Seconds that reloads took, and the milliseconds in which the daemon answered something else meanwhile."""

    seconds: float
    answer_median_ms: float
    answer_worst_ms: float
    idle_median_ms: float
    idle_worst_ms: float


def reloads(folder: Path, times: int) -> Reload:
    """Return what reloads of the file and of the edited one, in turn, cost the daemon."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    file, texts = folder / "routing.yaml", [(folder / name).read_text() for name in ("routing.yaml", "edited.yaml")]
    took, answered = [], list[float]()
    with daemon(folder, port):
        _, idle = watched(port, lambda: time.sleep(2))
        for n in range(times):
            (folder / "saved").write_text(texts[(n + 1) % 2])
            (folder / "saved").replace(file)
            seconds, meanwhile = watched(port, lambda: asyncio.run(_reload(folder)))
            took.append(seconds)
            answered += meanwhile
    return Reload(
        statistics.median(took), statistics.median(answered), max(answered), statistics.median(idle), max(idle)
    )


# --- the run ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """All that was measured of one file."""

    services: int
    commands: tuple[Cost, ...]
    reload: Reload


def measured_commands(folder: Path, services: int, args: argparse.Namespace) -> tuple[Cost, ...]:
    """Measure the commands on one kind of file, and print what they cost."""
    folder.mkdir()
    write_files(folder, routing_text(rules=args.rules, numbers=args.numbers, services=services))
    size_kb = (folder / "routing.yaml").stat().st_size / 1024
    say(f"{args.rules} rules in {services} services, {args.numbers} numbers, {size_kb:.0f} KB")
    say(f"{'':34}{'seconds':>8} {'CPU':>8} {'MB':>6}")
    costs = []
    for cost in commands(folder, args.times):
        costs.append(cost)
        stopped = "" if cost.ended else "  stopped, it took longer"
        say(f"{cost.name:34}{cost.seconds:8.2f} {cost.processor_s:8.2f} {cost.memory_mb:6.0f}{stopped}")
    return tuple(costs)


def measured_reloads(folder: Path, services: int, args: argparse.Namespace) -> Reload:
    """Measure the daemon's reloads of one kind of file, and print what they cost."""
    reload = reloads(folder, args.times)
    say(
        f"reload by the daemon, {services} services: {reload.seconds:.2f} s; its other answers took "
        f"{reload.answer_median_ms:.1f} ms meanwhile, at most {reload.answer_worst_ms:.0f} "
        f"(idle {reload.idle_median_ms:.1f}, at most {reload.idle_worst_ms:.0f})"
    )
    return reload


def say(line: str) -> None:
    """Write a line of the result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the benchmark, print its tables, and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=1000)
    parser.add_argument("--numbers", type=int, default=500)
    parser.add_argument("--times", type=int, default=3, help="runs of each command")
    parser.add_argument("--check-within", type=float, default=LIMIT_S, help="seconds beyond which the run fails")
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.name}/workshop.json")
    args = parser.parse_args()

    with TemporaryDirectory() as name:
        folders = {services: Path(name) / str(services) for services in (25, 1)}
        costs = {services: measured_commands(folder, services, args) for services, folder in folders.items()}
        files = [
            Figures(services, costs[services], measured_reloads(folder, services, args))
            for services, folder in folders.items()
        ]
    if args.keep:
        kept = {"rules": args.rules, "numbers": args.numbers, "files": [asdict(figures) for figures in files]}
        (RESULTS / "workshop.json").write_text(f"{json.dumps(kept, indent=2)}\n")
    checks = [cost.seconds for figures in files for cost in figures.commands if cost.name == CHECK]
    all_ended = all(cost.ended for figures in files for cost in figures.commands)
    return 0 if all_ended and max(checks) <= args.check_within else 1


if __name__ == "__main__":
    sys.exit(main())
