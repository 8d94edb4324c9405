"""What an admin of this machine steers, behind the real control API: real rules, real keepers, a clock set by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog

from ccrouter.app.modes import ModeSwitch
from ccrouter.app.overrides import OverrideSwitch
from ccrouter.config.load import compile_text
from ccrouter.routing.rules import Rules
from ccrouter.store.audit import Audit
from ccrouter.store.keepers import kept_modes, kept_overrides
from ccrouter.store.modes import Modes
from ccrouter.store.overrides import Overrides
from ccrouter.store.schema import state_database
from ccrouter.web.control import control_app
from ccrouter.web.overrides import overrides
from ccrouter.web.serve import serve_unix
from support.hand_clock import HandClock

RULES: Final = """\
timezone: Europe/Paris
sites:
  desk: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: "PJSIP/+21671000000@trunk-tunis", answer_within: 25s}}
messages:
  closed: {play: ccrouter/closed}
modes: [crisis]
numbers:
  "0800 123 456": {service: support}
  "0800 123 999": {service: support}
services:
  support:
    otherwise: [desk, closed]
"""


def rules_of(text: str) -> Rules:
    """Return the rules of a routing file."""
    return compile_text(text.encode(), "routing.yaml")


class AdminDesk:
    """Modes and overrides of one state folder; a second desk on the same folder is the next run of a daemon.

    Attributes:
        clock: 2026-11-21 20:37:15 in Paris, a Saturday.
        rules: the version in force; a test may put another there.

    """

    def __init__(self, folder: Path, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        self.rules = rules_of(RULES)
        self.database = state_database(folder, self.clock)
        self.audit = Audit(self.database)
        self.kept = Overrides(kept_overrides(self.database))
        self.kept.load()
        modes = Modes(kept_modes(self.database))
        modes.load()
        log = structlog.get_logger()
        self.override_switch = OverrideSwitch(self.kept, lambda: self.rules, self.clock, log)
        self.mode_switch = ModeSwitch(modes, lambda: self.rules, self.clock, log, lambda: None)

    @asynccontextmanager
    async def served(self, path: Path) -> AsyncIterator[None]:
        """Serve the control API on a socket while the context lasts."""
        app = control_app(structlog.get_logger(), overrides(self.override_switch))
        async with serve_unix(app, path):
            yield
