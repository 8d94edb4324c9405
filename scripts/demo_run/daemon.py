"""The real daemon, `ccrouter run`, as a process of the demo; and the commands that an admin would type."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Final

from ccrouter.web.client import UnreachableError, connected
from ccrouter.web.status import Status
from demo_run.errors import DemoError, last_lines
from small_pabx import END_WITH_US

CCROUTER: Final = Path(sys.executable).parent / "ccrouter"
STOPS_WITHIN_S: Final = 10


class Daemon:
    """One daemon, with the files of a folder: settings.yaml, routing.yaml, and the log that it writes."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "ccrouter.log"
        self._socket = folder / "control.sock"
        self._settings = folder / "settings.yaml"
        self._process: subprocess.Popen[bytes] | None = None
        self._commands: list[subprocess.Popen[bytes]] = []
        self._loop = asyncio.Runner()

    @property
    def ask_status(self) -> str:
        """What a person types in another terminal to see its status."""
        return f"{CCROUTER} status --socket {self._socket}"

    def start(self) -> None:
        """Start it; its status tells when it is ready."""
        self._process = self._started("run", "--settings", self._settings)

    def clear_mode(self, mode: str, reason: str) -> None:
        """Type `ccrouter mode clear`; `check` tells when it was refused."""
        self._commands.append(self._started("mode", "clear", mode, "--reason", reason, "--socket", self._socket))

    def is_on(self, mode: str) -> bool:
        """Tell whether a mode is on."""
        status = self.status()
        return status is not None and any(each.on for each in status.modes if each.name == mode)

    def status(self) -> Status | None:
        """Return the whole picture; None while nobody answers."""
        try:
            return self._loop.run(self._ask())
        except UnreachableError:
            return None

    def check(self) -> None:
        """See whether all is well.

        Raises:
            DemoError: the daemon ended, or a command was refused.

        """
        if self._process is not None and self._process.poll() is not None:
            raise DemoError("Running ccrouter", "It ended; its last lines are above.", last_lines(self.log))
        if any(command.poll() for command in self._commands):
            raise DemoError("Switching a mode", "ccrouter refused; the reason is above.", last_lines(self.log))

    def stop(self) -> None:
        """End it as systemd would."""
        for process in self._commands:
            process.kill()
            process.wait()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._loop.close()

    async def _ask(self) -> Status:
        async with connected(self._socket) as client:
            return await client.status()

    def _started(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own program with our own arguments
                [*END_WITH_US, CCROUTER, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
