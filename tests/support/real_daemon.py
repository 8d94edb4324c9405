"""The real daemon as people and machines see it: its status, its pages, and what an admin types."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from ccrouter.clock import SystemClock
from ccrouter.web.client import UnreachableError, connected
from ccrouter.web.status import Status
from support.daemon_process import CCROUTER, DaemonError, DaemonProcess

LOOK_AGAIN_S: Final = 0.05


class RealDaemon(DaemonProcess):
    """One daemon; see DaemonProcess for its files, its log, and how it is started, stopped and hurt.

    Attributes:
        http_port: where its pages are.

    """

    def __init__(self, folder: Path, http_port: int, rank: int = 1) -> None:
        super().__init__(folder, rank)
        self.http_port = http_port
        self._clock = SystemClock()

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
            with self.news:  # a new line in its log is a good moment to look again
                self.news.wait(LOOK_AGAIN_S)

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

    def command(self, *arguments: str) -> str:
        """Run `ccrouter` with these arguments and the socket of this daemon; return what it prints.

        Raises:
            DaemonError: it was refused.

        """
        done = subprocess.run(  # noqa: S603 - our own program with our own arguments
            [CCROUTER, *arguments, "--socket", self.socket],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={**os.environ, "CCROUTER_SETTINGS": str(self.folder / "settings.yaml")},
        )
        if done.returncode:
            raise DaemonError(f"`ccrouter {' '.join(arguments)}` failed: {done.stdout}{done.stderr}")
        return done.stdout

    def switch(self, mode: str, *, on: bool) -> None:
        """Type `ccrouter mode set` or `ccrouter mode clear`."""
        self.command("mode", "set" if on else "clear", mode, "--reason", "a test")

    def _url(self, page: str) -> str:
        return f"http://127.0.0.1:{self.http_port}/{page}"

    async def _ask(self) -> Status:
        async with connected(self.socket) as client:
            return await client.status()
