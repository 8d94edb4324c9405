"""The real daemon, `ccrouter run`, as a process of its own: its log, its status, and what an admin types."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final
from urllib.request import urlopen

from ccrouter.clock import SystemClock
from ccrouter.web.client import UnreachableError, connected
from ccrouter.web.status import Status
from small_pabx import END_WITH_US

CCROUTER: Final = Path(sys.executable).parent / "ccrouter"

LOOK_AGAIN_S: Final = 0.05

Line = Mapping[str, Any]


class DaemonError(Exception):
    """The daemon did not do what was waited for; the text ends with the end of its log."""


class RealDaemon:
    """One daemon with the files of a folder: settings.yaml, routing.yaml, control.sock, state/, ccrouter.log.

    It ends with the thread that started it, however that ends; start it from one that lasts.

    Attributes:
        lines: what it has logged since the beginning, over all its runs.
        environment: variables that it is started with, beside PATH; None for those of this process.

    """

    def __init__(self, folder: Path, http_port: int) -> None:
        self.folder = folder
        self.lines: list[Line] = []
        self.environment: Mapping[str, str] | None = None
        self._http_port = http_port
        self._news = threading.Condition()
        self._clock = SystemClock()
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []

    # --- the process ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it; `wait_until` tells when it is ready."""
        self._process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [*END_WITH_US, CCROUTER, "run", "--settings", self.folder / "settings.yaml"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=None if self.environment is None else {"PATH": os.environ["PATH"], **self.environment},
        )
        assert self._process.stderr is not None
        reader = threading.Thread(target=self._read, args=(self._process.stderr,), daemon=True)
        reader.start()
        self._readers.append(reader)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    @property
    def runs(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self, within_s: float = 10) -> int:
        """End it as systemd would and return its exit code.

        Raises:
            DaemonError: it did not end in time, and was killed.

        """
        self._running.terminate()
        return self.wait(within_s)

    def wait(self, within_s: float = 10) -> int:
        """Wait for its end and return its exit code; all that it logged is in `lines` then.

        Raises:
            DaemonError: it did not end in time, and was killed.

        """
        try:
            code = self._running.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise DaemonError(f"the daemon did not stop within {within_s} s; its log:\n{self.log_end()}") from None
        self._readers[-1].join()
        return code

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._running.send_signal(number)

    def kill(self) -> None:
        """End it with -9."""
        self._running.kill()
        self._running.wait()

    def freeze(self) -> None:
        """Stop it with SIGSTOP: it stays, and does nothing."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        self.send(signal.SIGCONT)

    def close(self) -> None:
        """End it, whatever its state."""
        if self._process is not None:
            self.kill()
        for reader in self._readers:
            reader.join()

    # --- what it tells ------------------------------------------------------------------------------------------------

    def status(self) -> Status | None:
        """Return what `ccrouter status` shows; None while nobody answers at the socket."""
        try:
            return asyncio.run(self._ask())
        except UnreachableError:
            return None

    def wait_until(self, holds: Callable[[Status], bool], within_s: float = 20) -> Status:
        """Return the status when it is as wanted.

        Raises:
            DaemonError: it was not within the time, or the daemon ended.

        """
        deadline = self._clock.steady() + within_s
        while True:
            status = self.status()
            if status is not None and holds(status):
                return status
            if self._clock.steady() > deadline or not self.runs:
                raise DaemonError(f"the daemon's status is not as wanted: {status}\nits log:\n{self.log_end()}")
            with self._news:  # a new line in its log is a good moment to look again
                self._news.wait(LOOK_AGAIN_S)

    def wait_for_line(self, within_s: float = 20, *, since: int = 0, **fields: object) -> Line:
        """Return the first line of its log, from the `since`th on, that has these fields, waiting for it.

        Raises:
            DaemonError: it did not come in time.

        """
        with self._news:
            if not self._news.wait_for(lambda: self.logged(since=since, **fields), within_s):
                raise DaemonError(f"the daemon did not log {fields}; its log:\n{self.log_end()}")
        return self.logged(since=since, **fields)[0]

    def logged(self, *, since: int = 0, **fields: object) -> list[Line]:
        """Return the lines of its log so far, from the `since`th on, that have these fields."""
        return [line for line in self.lines[since:] if fields.items() <= line.items()]

    def ready(self) -> bool:
        """Tell whether /readyz says so; asked over HTTP."""
        try:
            with urlopen(self._url("readyz"), timeout=5) as answer:  # noqa: S310 - our own loopback address
                return bool(answer.status == 200)
        except OSError:  # refused, reset, or 503
            return False

    def metrics(self) -> dict[str, float]:
        """Return the samples of /metrics by name with labels, as written there."""
        with urlopen(self._url("metrics"), timeout=5) as answer:  # noqa: S310 - our own loopback address
            text = answer.read().decode()
        samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def log_end(self, lines: int = 60) -> str:
        """Return the end of its log."""
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in self.lines[-lines:])

    # --- what an admin types ------------------------------------------------------------------------------------------

    def command(self, *arguments: str) -> str:
        """Run `ccrouter` with these arguments and the socket of this daemon; return what it prints.

        Raises:
            DaemonError: it was refused.

        """
        done = subprocess.run(  # noqa: S603 - our own program with our own arguments
            [CCROUTER, *arguments, "--socket", self._socket], capture_output=True, text=True, check=False, timeout=30
        )
        if done.returncode:
            raise DaemonError(f"`ccrouter {' '.join(arguments)}` failed: {done.stdout}{done.stderr}")
        return done.stdout

    def switch(self, mode: str, *, on: bool) -> None:
        """Type `ccrouter mode set` or `ccrouter mode clear`."""
        self.command("mode", "set" if on else "clear", mode, "--reason", "a test")

    @property
    def _socket(self) -> Path:
        return self.folder / "control.sock"

    @property
    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise DaemonError("the daemon was not started")
        return self._process

    def _url(self, page: str) -> str:
        return f"http://127.0.0.1:{self._http_port}/{page}"

    async def _ask(self) -> Status:
        async with connected(self._socket) as client:
            return await client.status()

    def _read(self, stream: IO[str]) -> None:
        with stream, (self.folder / "ccrouter.log").open("a") as copy:
            for text in stream:
                copy.write(text)
                with self._news:
                    self.lines.append(_parsed(text))
                    self._news.notify_all()


def _parsed(text: str) -> Line:
    try:
        line = json.loads(text)
    except ValueError:
        return {"event": text.rstrip("\n")}
    return line if isinstance(line, dict) else {"event": text}
