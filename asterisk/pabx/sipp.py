"""SIPp as a process: where it listens, what it plays, and the log of its calls."""

import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from small_pabx import END_WITH_US, HERE, PLACEHOLDER, free_port

SIPP_SCRIPT: Final = HERE.parent.parent / "scripts" / "sipp"

BUFFER_BYTES: Final = "2000000"
"""What the kernel keeps for a SIPp that is busy: its default is full after a hundred messages, and the rest is lost."""


class SippError(Exception):
    """SIPp did not do what it was started for; the text says what it printed."""


@dataclass(slots=True)
class Sipp:
    """One SIPp process and the log of its calls; it ends with this process."""

    folder: Path
    name: str
    arguments: Sequence[str | Path]
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(  # noqa: S603 - our own script with our own arguments
            [*END_WITH_US, SIPP_SCRIPT, *self.arguments, "-nostdin", "-buff_size", BUFFER_BYTES, *self._logging()],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches whoever started it, who then ends it in order.
            start_new_session=True,
        )

    @property
    def log(self) -> Path:
        """The file with a line for each sign."""
        return self.folder / f"{self.name}.log"

    @property
    def errors(self) -> Path:
        """The file with what SIPp did not expect."""
        return self.folder / f"{self.name}.errors"

    def _logging(self) -> tuple[str | Path, ...]:
        return ("-trace_logs", "-log_file", self.log, "-trace_err", "-error_file", self.errors)

    def lines(self) -> list[list[str]]:
        """Return the fields of all complete lines so far."""
        if not self.log.exists():
            return []
        text = self.log.read_text(errors="replace")
        return [line.split("|") for line in text[: text.rfind("\n") + 1].splitlines() if line]

    def wait(self, within_s: float) -> int:
        """Wait for the process and return its exit status: 0 all calls went through, 1 some did not.

        Raises:
            SippError: it took too long (and was ended), or SIPp itself failed.

        """
        try:
            status = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.stop()
            raise SippError(f"{self.name} did not end within {within_s} s") from None
        if status not in {0, 1}:
            raise SippError(f"{self.name} ended with status {status}: {self.error_text()}")
        return status

    def error_text(self) -> str:
        """Return what SIPp did not expect."""
        return self.errors.read_text(errors="replace") if self.errors.exists() else ""

    def stop(self) -> None:
        """End the process at once, whatever calls it has: as a power cut would."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def local(address: str, port: int = 0) -> list[str]:
    """Return the arguments for an address of its own; port 0 takes a free one."""
    return ["-i", address, "-p", str(port or free_port(address=address)), "-mi", address]


def echo_ports(address: str) -> list[str]:
    """Return the arguments to send back what is heard, at ports that no other SIPp has.

    Left to itself, SIPp takes the first two that are free from 6000 on: those of one that was stopped. It would then
    echo the talks of the dead, which go on for the PABX.
    """
    while True:
        port = free_port(address=address)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as video, suppress(OSError, OverflowError):
            video.bind((address, port + 2))
            return ["-rtp_echo", "-mp", str(port)]


def scenario(folder: Path, template: str, name: str, **values: str) -> Path:
    """Write scenarios/TEMPLATE.xml with its placeholders filled in, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.xml"
    path.write_text(
        PLACEHOLDER.sub(lambda found: values[found[1]], (HERE / "scenarios" / f"{template}.xml").read_text())
    )
    return path
