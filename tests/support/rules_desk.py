"""A routing file in a folder, and what a daemon would make of it: without sockets, calls or a PABX."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from ccrouter.app.rules_file import RulesFile
from ccrouter.clock import Clock, SystemClock
from ccrouter.routing.rules import Rules
from ccrouter.store.audit import Audit
from ccrouter.store.schema import state_database
from ccrouter.store.versions import Versions
from ccrouter.telemetry.metrics import Metrics, new_registry
from ccrouter.web.orders import ReloadOutcome

GOOD = """\
timezone: Europe/Paris
sites:
  desk: {in_house: {queue: support, max_wait: 2min}}
messages:
  nobody: {play: vm-nobodyavail}
numbers:
  "0800 123 456": {service: support}
services:
  support:
    otherwise: [desk, nobody]
"""
BAD = GOOD.replace("[desk, nobody]", "[desk, nobdoy]")


def good(minutes: int) -> str:
    """Return a good file that differs from others in one value."""
    return GOOD.replace("2min", f"{minutes}min")


@dataclass
class RulesDesk:
    """The file, the state folder beside it, and the rules that were put in force, in order.

    Attributes:
        fault: raised instead of putting rules in force.

    """

    folder: Path
    clock: Clock = field(default_factory=SystemClock)
    taken: list[Rules] = field(default_factory=list)
    fault: Exception | None = None

    def __post_init__(self) -> None:
        """Make the folder, the file and the database."""
        self.path = self.folder / "routing.yaml"
        self.state = self.folder / "state"
        self.state.mkdir()
        self.path.write_text(GOOD)
        self.database = state_database(self.state, self.clock)
        self.versions = Versions(self.database)
        self.audit = Audit(self.database)
        self.registry: CollectorRegistry = new_registry()
        self.file = self.start()

    def start(self) -> RulesFile:
        """Load the file as a daemon that starts, and return what it has from then on."""
        self.registry = new_registry()
        self.file = RulesFile(
            self.path,
            self.versions,
            audit=self.audit,
            clock=self.clock,
            metrics=Metrics(self.registry),
            log=structlog.get_logger(),
        )
        return self.file

    def take(self, rules: Rules) -> None:
        """Put rules in force."""
        if self.fault is not None:
            raise self.fault
        self.taken.append(rules)

    async def reload(self, author: str = "alice", **how: Any) -> ReloadOutcome:  # noqa: ANN401 - those of RulesFile.reload
        """Read the file again."""
        return await self.file.reload(author, self.take, **how)

    def sample(self, name: str, **labels: str) -> float | None:
        """Return a figure of the metrics."""
        return self.registry.get_sample_value(name, labels)
