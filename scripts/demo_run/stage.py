"""The stage: one Asterisk, one daemon and the cast of a show, in one folder."""

import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ccrouter.clock import SystemClock, utc
from demo_run.cast import POSITIONS, SITES, TEAMS, Cast
from demo_run.daemon import Daemon
from demo_run.errors import DemoError, last_lines
from demo_run.pages import POSITION, Pages
from demo_run.rendering import render_routing, render_settings
from small_pabx import SITES_ADDRESS, Layout, PabxError, SmallPabx, free_port

SITE_DEAD_AFTER_S: Final = 2
READY_WITHIN_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the show goes: length of a talk, and the wait after which callers are taken out of the queue."""

    talk_ms: int
    waited_s: int


class Stage:
    """Everything that runs for a show; it is up inside its `with` block.

    Args:
        folder: an empty folder with a short path.
        pace: of the show.
        say: told each step.

    """

    def __init__(self, folder: Path, pace: Pace, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say
        self.pace = pace
        self._clock = SystemClock()
        self._agi_port = free_port(socket.SOCK_STREAM)
        self.pages = Pages(free_port(socket.SOCK_STREAM))
        self.pabx = SmallPabx(
            Layout(
                queues=tuple(TEAMS.values()),
                positions=POSITIONS,
                sites={name: free_port(address=SITES_ADDRESS) for name in SITES},
                agi=f"agi://127.0.0.1:{self._agi_port}/route",
                site_rtp_timeout_s=SITE_DEAD_AFTER_S,
            ),
            folder / "pabx",
        )
        self.daemon = Daemon(folder)
        self.cast = Cast(self.pabx, folder / "calls", pace.talk_ms)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self._start_asterisk(opening)
            self._start_daemon(opening)
            self._say(f"Signing in {len(POSITIONS)} positions, the outsourcer and the backup site (SIPp)")
            opening.callback(self.cast.close)
            self.cast.open()
            self._wait_until_ready()
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def check(self) -> None:
        """See whether all that should run does.

        Raises:
            DemoError: something ended by itself.

        """
        readable, _, _ = select.select([self._asterisk], [], [], 0)
        if readable:
            advice = "It ended; the last lines of its log are above."
            raise DemoError("Running Asterisk", advice, last_lines(self.pabx.log))
        self.daemon.check()
        self.cast.check()

    def under_way(self) -> str:
        """Return what telephones and Asterisk tell of each call that is not over."""
        told = self.cast.under_way(self._clock.now())
        try:
            told += [self.pabx.cli("core show channels concise"), self.pabx.cli("pjsip show channelstats")]
        except PabxError as error:
            told.append(str(error))
        return "\n".join(told)

    def withdrawn(self) -> int:
        """Return how many callers were taken out of a queue while they waited, by Asterisk's queue_log."""
        log = self.pabx.queue_log
        return log.read_text(errors="replace").count("|WITHDRAW|") if log.exists() else 0

    def _start_asterisk(self, opening: ExitStack) -> None:
        try:
            self.pabx.start()
            version = self.pabx.cli("core show version").split()[1].split("+")[0]
        except PabxError as error:
            raise DemoError(
                "Starting Asterisk", "Its log is above; is the machine out of memory?", str(error)
            ) from None
        opening.callback(self.pabx.stop)
        # Its end is seen by this, whoever reaps the process.
        self._asterisk = os.pidfd_open(self.pabx.pid)
        opening.callback(os.close, self._asterisk)
        self._say(f"Asterisk {version} runs, SIP on 127.0.0.1:{self.pabx.sip_port}")

    def _start_daemon(self, opening: ExitStack) -> None:
        settings = render_settings(
            ami_port=self.pabx.ami_port,
            agi_port=self._agi_port,
            http_port=self.pages.port,
            ami_secret=self.pabx.ami_secret_file,
        )
        (self._folder / "settings.yaml").write_text(settings)
        (self._folder / "routing.yaml").write_text(render_routing(utc(self._clock.now()), self.pace.waited_s))
        (self._folder / "state").mkdir()
        (self._folder / "tokens").touch(mode=0o600)
        (self._folder / "tokens").write_text(self.pages.tokens)
        opening.callback(self.daemon.stop)
        self.daemon.start()

    def _wait_until_ready(self) -> None:
        deadline = self._clock.steady() + READY_WITHIN_S
        while True:
            self.check()
            status = self.daemon.status()
            if status is not None and not status.not_ready:
                self._say(f"ccrouter {status.version} is ready; ask it yourself: {self.daemon.ask_status}")
                self._say(f"Wallboard:       {self.pages.wallboard}")
                self._say(f"Position {POSITION}: {self.pages.position}")
                return
            if self._clock.steady() > deadline:
                why = "it does not answer" if status is None else ", ".join(status.not_ready)
                raise DemoError(f"Waiting for ccrouter: {why}", "Its log is above.", last_lines(self.daemon.log))
            time.sleep(0.1)
