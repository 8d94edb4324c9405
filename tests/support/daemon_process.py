"""The daemon, `ccrouter run`, as a process of its own, and its log."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from small_pabx import END_WITH_US

CCROUTER: Final = Path(sys.executable).parent / "ccrouter"

Line = Mapping[str, Any]


class DaemonError(Exception):
    """The daemon did not do what was waited for; the text ends with the end of its log."""


class DaemonLog:
    """What a daemon has logged.

    Attributes:
        lines: since the beginning, over all its runs.
        news: told of each new line.

    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.news = threading.Condition()

    def logged(self, *, since: int = 0, **fields: object) -> list[Line]:
        """Return the lines so far, from the `since`th on, that have these fields."""
        return [line for line in self.lines[since:] if fields.items() <= line.items()]

    def wait_for_line(self, within_s: float = 20, *, since: int = 0, **fields: object) -> Line:
        """Return the first line, from the `since`th on, that has these fields, waiting for it.

        Raises:
            DaemonError: it did not come in time.

        """
        with self.news:
            if not self.news.wait_for(lambda: self.logged(since=since, **fields), within_s):
                raise DaemonError(f"the daemon did not log {fields}; its log:\n{self.log_end()}")
        return self.logged(since=since, **fields)[0]

    def log_end(self, lines: int = 60) -> str:
        """Return the end of the log."""
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in self.lines[-lines:])

    def _read(self, stream: IO[str], copy: Path) -> None:
        with stream, copy.open("a") as kept:
            for text in stream:
                kept.write(text)
                with self.news:
                    self.lines.append(_parsed(text))
                    self.news.notify_all()


class DaemonProcess(DaemonLog):
    """One daemon with the files of a folder: settings.yaml, routing.yaml, control.sock, state/, ccrouter.log.

    A second one shares routing file and state; its own files are settings-2.yaml, control-2.sock and ccrouter-2.log.
    It ends with the thread that started it, however that ends; start it from one that lasts.

    Attributes:
        rank: of this router among those of its PABX, 1 or 2.
        environment: variables that it is started with, beside PATH; None for those of this process.
        program: what is run in place of `ccrouter`, with the same arguments.

    """

    def __init__(self, folder: Path, rank: int = 1) -> None:
        super().__init__()
        self.folder = folder
        self.rank = rank
        self.environment: Mapping[str, str] | None = None
        self.program: tuple[str | Path, ...] = (CCROUTER,)
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []

    def start(self) -> None:
        """Start it, and return at once."""
        self._process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [*END_WITH_US, *self.program, "run", "--settings", self.settings],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=None if self.environment is None else {"PATH": os.environ["PATH"], **self.environment},
        )
        assert self._process.stderr is not None
        arguments = (self._process.stderr, self._own("ccrouter.log"))
        reader = threading.Thread(target=self._read, args=arguments, daemon=True)
        reader.start()
        self._readers.append(reader)

    @property
    def settings(self) -> Path:
        """Its settings file."""
        return self._own("settings.yaml")

    @property
    def socket(self) -> Path:
        """Its control socket."""
        return self._own("control.sock")

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

    def _own(self, name: str) -> Path:
        path = self.folder / name
        return path if self.rank == 1 else path.with_stem(f"{path.stem}-{self.rank}")

    @property
    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise DaemonError("the daemon was not started")
        return self._process


def _parsed(text: str) -> Line:
    try:
        line = json.loads(text)
    except ValueError:
        return {"event": text.rstrip("\n")}
    return line if isinstance(line, dict) else {"event": text}
