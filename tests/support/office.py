"""An office: one daemon and its files, without a PABX."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ccrouter.web.client import connected, read
from ccrouter.web.status import RulesStatus, Status
from ccrouter.web.versions import IN_FORCE, RulesInForce
from small_pabx import free_port
from support.ami_peer import SECRET
from support.daemon_process import Line
from support.real_daemon import RealDaemon
from support.real_house import SETTINGS

GOOD = """\
timezone: Europe/Paris
sites:
  desk: {in_house: {queue: support, max_wait: 2min}}
messages:
  nobody: {play: vm-nobodyavail}
modes: [crisis]
numbers:
  "0800 123 456": {service: support}
services:
  support:
    otherwise: [desk, nobody]
"""
OTHER = GOOD.replace("2min", "3min")


@dataclass
class Office:
    """A daemon, which was not started yet, and its files; its PABX is not there unless the test brings one.

    Attributes:
        reload_on_save: as the settings say. Without, a test knows who had the file read.

    """

    daemon: RealDaemon
    agi_port: int
    http_port: int
    reload_on_save: bool = False

    @property
    def routing(self) -> Path:
        """The routing file."""
        return self.daemon.folder / "routing.yaml"

    @property
    def key(self) -> str:
        """What a request must bring along, once the daemon has started."""
        return (self.daemon.folder / "state" / "agi.key").read_text().strip()

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.daemon.folder / "control.sock"

    def write_settings(self, ami_port: int) -> None:
        """Write the settings file, with the port of the PABX."""
        text = SETTINGS.format(
            name="pbx",
            ami=ami_port,
            secret="ami.secret",  # noqa: S106 - the name of a file
            agi=self.agi_port,
            http=self.http_port,
            control=self.control.name,
            rank=1,
        )
        text += f"reload_on_save: {str(self.reload_on_save).lower()}\n"
        (self.daemon.folder / "settings.yaml").write_text(text)

    def start(self) -> None:
        """Start the daemon and wait until it runs."""
        since = len(self.daemon.lines)
        self.daemon.start()
        self.daemon.wait_for_line(event="ccrouter runs", since=since)

    def hup(self, event: str) -> Line:
        """Send SIGHUP, and return the line of the log that tells its outcome."""
        since = len(self.daemon.lines)
        self.daemon.send(signal.SIGHUP)
        return self.daemon.wait_for_line(event=event, since=since)

    def status(self) -> Status:
        """Return what `ccrouter status` shows."""
        return self.daemon.wait_until(lambda _: True)

    def rules(self) -> RulesStatus:
        """Return what it shows of the routing file."""
        rules = self.status().rules
        assert rules is not None
        return rules

    def in_force(self) -> RulesInForce:
        """Return the version in force, as the control API tells it."""

        async def ask() -> bytes:
            async with connected(self.control) as client:
                return await client.ask("GET", "/rules")

        return read(IN_FORCE, asyncio.run(ask()))

    def text(self) -> str:
        """Return all that it wrote to stderr that is no log."""
        return "\n".join(line["event"] for line in self.daemon.lines if "level" not in line)


@contextmanager
def open_office(*, reload_on_save: bool = False) -> Iterator[Office]:
    """Give an office; pytest's own folders can be longer than the 107 bytes that a socket's path may have."""
    with TemporaryDirectory(prefix="ccrouter-") as name:
        folder = Path(name)
        http_port = free_port(socket.SOCK_STREAM)
        office = Office(RealDaemon(folder, http_port), free_port(socket.SOCK_STREAM), http_port, reload_on_save)
        (folder / "state").mkdir()
        (folder / "ami.secret").touch(mode=0o600)
        (folder / "ami.secret").write_text(SECRET)
        office.write_settings(free_port(socket.SOCK_STREAM))
        office.routing.write_text(GOOD)
        try:
            yield office
        finally:
            office.daemon.close()
