"""The process of the daemon: what is set up around it and let go of after it."""

import asyncio
import faulthandler
import gc
import os
import sys
from typing import Final

import uvloop

from ccrouter.app.collecting import MOST
from ccrouter.app.daemon import Daemon
from ccrouter.clock import SystemClock
from ccrouter.config.settings import Settings
from ccrouter.store.claim import claimed
from ccrouter.telemetry.logs import Logs
from ccrouter.telemetry.notify import Supervisor
from ccrouter.web.unix_socket import check_alone

SWITCH_S: Final = 0.0005
"""How long a thread that compiles a routing file may keep a call waiting at each of its steps; Python's own is 5 ms."""


def run_daemon(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; return the exit code.

    Raises:
        ConfigError: the routing file is bad, and no older one was ever accepted.
        CcrouterError: an address, a socket or a folder can't be used.

    """
    check_alone(settings.control)
    sys.setswitchinterval(SWITCH_S)
    faulthandler.enable()  # the watchdog of systemd ends a hung daemon with SIGABRT: this shows where it hung
    clock = SystemClock()
    with (
        Logs(
            clock, sys.stderr, level=settings.log.level, form=settings.log.form, mask_callers=settings.log.mask_callers
        ) as logs,
        claimed(settings.state_dir, settings.router) as obstacle,
    ):
        if obstacle:
            logs.logger.warning("a second router of this rank would not be noticed", reason=obstacle)
        daemon = Daemon(settings, clock, logs)
        # What was built so far lasts: looking through it for garbage again and again would make calls wait.
        gc.collect()
        gc.freeze()
        gc.set_threshold(MOST)
        with (
            Supervisor(os.environ, os.getpid()) as supervisor,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(daemon.run(supervisor))
    return 0
