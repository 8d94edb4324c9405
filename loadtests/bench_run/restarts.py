"""A router that is started anew while its PABX has calls in progress: how long until it knows all of them again."""

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench_run.busy_pabx import NUMBER, SITE, Busy
from bench_run.callers import NoPlanError, asked, paced
from support.real_daemon import RealDaemon

WITHIN_S: Final = 30.0
LOOK_AGAIN_S: Final = 0.005
PATIENCE_S: Final = 1.0
"""How long the dialplan waits for a plan."""

ASKED, ASKED_PER_S = 500, 250
"""Calls that come while the listings are read, and how fast."""

SETTINGS: Final = """
pabxs: [{{name: pbx, host: 127.0.0.1, port: {ami}, username: ccrouter, secret: {{file: ami-secret}}}}]
agi: {{host: 127.0.0.1, port: {agi}}}
http: {{host: 127.0.0.1, port: {http}}}
routing: routing.yaml
control: control.sock
state_dir: state
"""


class NotFullError(Exception):
    """The router did not come to know all calls; the text says what it knew."""


@dataclass(frozen=True, slots=True)
class Started:
    """Seconds from the start of the new process.

    Attributes:
        ready: until it told systemd that calls are routed.
        full: until its readiness said that the picture of the PABX is whole, and its own status had told every call.
        used: processor time that it had taken by then.

    """

    ready: float
    full: float
    used: float


class Restarts:
    """Starts a router again and again."""

    def __init__(self, daemon: RealDaemon, busy: Busy, notices: socket.socket) -> None:
        self.daemon = daemon
        self._busy = busy
        self._notices = notices

    def begin(self) -> float:
        """Start it, and return the seconds until it told systemd that calls are routed."""
        began = time.perf_counter()
        self.daemon.start()
        while b"READY=1" not in self._notices.recv(4096):
            pass
        return time.perf_counter() - began

    def start(self) -> Started:
        """Start it, and return when it knows all calls.

        Raises:
            NotFullError: it did not come to know them.

        """
        began = time.perf_counter()
        ready = self.begin()
        self._until(self.daemon.ready, WITHIN_S)
        self.wait_until_full(WITHIN_S)
        return Started(ready, time.perf_counter() - began, _processor_s(self.daemon.pid))

    def end(self) -> float:
        """End it as systemd does; return how many seconds that took."""
        began = time.perf_counter()
        self.daemon.stop()
        return time.perf_counter() - began

    def longest_wait(self, agi_port: int) -> float:
        """Start it, and have calls come from the moment on at which they can; return the longest wait for a plan."""
        key = (self.daemon.folder / "state" / "agi.key").read_bytes().strip()
        uniqueids = [b"1795297266.%d" % number for number in range(1_000_000, 1_000_000 + ASKED)]
        requests = asked(uniqueids, [NUMBER.encode()], key)
        self.begin()
        try:
            waits_s = paced(agi_port, requests, ASKED_PER_S)
        except NoPlanError:  # a call was let go: it went on by the PABX's own plan
            waits_s = [PATIENCE_S]
        self._until(self.daemon.ready, WITHIN_S)  # the listings are over, then
        return max(waits_s)

    def wait_until_full(self, within_s: float) -> None:
        """Return when it knows all calls.

        Raises:
            NotFullError: it did not come to know them.

        """
        self._until(self._full, within_s)

    def _until(self, holds: Callable[[], bool], within_s: float) -> None:
        deadline = time.perf_counter() + within_s
        while not holds():
            if time.perf_counter() > deadline:
                raise NotFullError(f"{self._known()} is known of {self._busy}; the log ends:\n{self.daemon.log_end(5)}")
            time.sleep(LOOK_AGAIN_S)

    def _full(self) -> bool:
        return self._known() == self._busy

    def _known(self) -> Busy:
        told: dict[str, Any] = json.loads(told_by(self.daemon.socket, "/status"))
        return Busy(
            waiting=sum(queue["waiting"] for queue in told["queues"]),
            talking=sum(queue["busy"] for queue in told["queues"]),
            outside=sum(site["calls"] for site in told["sites"] if site["name"] == SITE),
        )


@contextmanager
def restarts(folder: Path, daemon: RealDaemon, busy: Busy) -> Iterator[Restarts]:
    """Stand by as systemd does: the router is told where to say that it is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(folder / "notify"))
        notices.settimeout(WITHIN_S)
        daemon.environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        try:
            yield Restarts(daemon, busy, notices)
        finally:
            daemon.close()


def took_s(command: Sequence[str], busy: Busy) -> float:
    """Return the seconds from the start of a script that reads the lists until it says how long they are.

    Raises:
        NotFullError: they are not those of a PABX that is so busy.

    """
    began = time.perf_counter()
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own
    took = time.perf_counter() - began
    channels = busy.waiting + 2 * (busy.talking + busy.outside)
    if said.split() != [str(busy.waiting), str(channels)]:
        raise NotFullError(f"{command}: {said}")
    return took


def told_by(path: Path, what: str) -> bytes:
    """Return the answer to a question at the control socket."""
    connection = _Local(path)
    try:
        connection.request("GET", what)
        return connection.getresponse().read()
    finally:
        connection.close()


class _Local(http.client.HTTPConnection):
    """HTTP at a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("ccrouter", timeout=WITHIN_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _processor_s(pid: int) -> float:
    spent = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9
