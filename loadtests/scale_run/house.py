"""A house that is up: the real daemon, the process of its PABXs, and people who watch, if any."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import psutil

from ccrouter.clock import SystemClock
from scale_run.size import Size, routing, settings
from small_pabx import END_WITH_US, free_port
from support.real_daemon import RealDaemon
from support.real_house import in_sync, is_doubt

TOKEN: Final = "ccrouter_" + "s" * 43
STREAMS: Final = "ccrouter_stream_clients"
LOOK_AGAIN_S: Final = 0.1
LOOK_SELDOM_S: Final = 0.25
"""Where a look costs the daemon some of the time that is measured."""

UP_WITHIN_S: Final = 60.0


class Part:
    """A program of ours that works beside the daemon, told by lines what to do, and answering in lines of JSON."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [*END_WITH_US, sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, what: str) -> None:
        """Tell it what to do."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{what}\n")
            self._process.stdin.flush()

    def heard(self) -> Any:  # noqa: ANN401 - whatever it says
        """Return the next thing that it says."""
        return None if self._process.stdout is None else json.loads(self._process.stdout.readline())

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


class ScaleHouse:
    """One house."""

    def __init__(self, daemon: RealDaemon, pabxs: Part) -> None:
        self.daemon = daemon
        self.clock = SystemClock()
        self._pabxs = pabxs
        self._process = psutil.Process(daemon.pid)

    def go(self) -> None:
        """Have calls come."""
        self._order("go")

    def told(self) -> dict[str, Any]:
        """Return what there was on the PABXs since the last time."""
        self._order("told")
        found: dict[str, Any] = self._pabxs.heard()
        return found

    @property
    def doubts(self) -> int:
        """Return how many events were not believed, or contradicted others; of PABXs that speak as real ones, none."""
        return sum(map(is_doubt, self.daemon.lines))

    def cut_links(self) -> float:
        """Break all links off, and return the seconds until the whole picture is known again."""
        before = sum(linked(self.daemon))
        began = self.clock.steady()
        self._order("cut")
        while True:
            time.sleep(LOOK_SELDOM_S)
            if sum(linked(self.daemon)) - before >= len(linked(self.daemon)) and in_sync(self.daemon.wait_until(bool)):
                return self.clock.steady() - began

    def metric(self, name: str) -> float:
        """Return a sample of /metrics, however long it takes: a router that is asked often rests between two texts."""
        address = f"http://127.0.0.1:{self.daemon.http_port}/metrics"
        with urlopen(address, timeout=UP_WITHIN_S) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == name)

    @property
    def lag_ms(self) -> float:
        """Return how late the event loop ran at the worst, in the last minute."""
        return 1000 * self.metric("ccrouter_loop_lag_max_seconds")

    def cpu_s(self) -> float:
        """Return what the daemon took of the processor so far, with its threads."""
        used = self._process.cpu_times()
        return float(used.user + used.system)

    def rss_mb(self) -> float:
        """Return the daemon's memory."""
        return float(self._process.memory_info().rss / 2**20)

    @contextmanager
    def watched(self, clients: int) -> Iterator[None]:
        """Have so many people follow the board while the context lasts."""
        arguments = map(str, (self.daemon.http_port, TOKEN, clients, os.devnull))
        process = Part("stream_run.clients", *arguments)
        try:
            process.order("")
            self._until_streams(clients)
            yield
            self._until_streams(clients)  # none was ended for being slow
        finally:
            process.end()
        while self.metric(STREAMS):
            time.sleep(LOOK_AGAIN_S)

    def _until_streams(self, clients: int) -> None:
        until = self.clock.steady() + UP_WITHIN_S
        while self.metric(STREAMS) < clients:
            if self.clock.steady() > until:
                raise RuntimeError("the streams are not all open")
            time.sleep(LOOK_AGAIN_S)

    def _order(self, what: str) -> None:
        self._pabxs.order(what)


def linked(daemon: RealDaemon) -> list[int]:
    """Return by PABX how often its link came up."""
    counts: dict[object, int] = {}
    for line in daemon.logged(event="PABX linked"):
        counts[line["pabx"]] = counts.get(line["pabx"], 0) + 1
    return list(counts.values())


@contextmanager
def scale_house(size: Size) -> Iterator[ScaleHouse]:
    """Bring a house up; when it is given the daemon knows the whole picture, and no call moves yet."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-scale-"))
        stack.callback(shutil.rmtree, folder)
        agi_port, http_port = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
        pabxs = Part("scale_run.pabxs", json.dumps(asdict(size)), str(agi_port))
        stack.callback(pabxs.end)
        ports = pabxs.heard()
        (folder / "routing.yaml").write_text(routing(size))
        (folder / "state").mkdir()
        for name, text in (("secret", "s3cr3t"), ("tokens", tokens())):
            (folder / name).touch(0o600)
            (folder / name).write_text(text)
        daemon = RealDaemon(folder, http_port)
        daemon.settings.write_text(settings(ports, agi_port, http_port))
        stack.callback(daemon.close)
        daemon.start()
        daemon.wait_until(in_sync, UP_WITHIN_S)
        yield ScaleHouse(daemon, pabxs)


def tokens() -> str:
    """Return the file of tokens: one, for a wallboard."""
    return f"tokens:\n  wall: {{role: read, sha256: {sha256(TOKEN.encode()).hexdigest()}}}\n"
