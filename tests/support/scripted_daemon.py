"""A daemon that does what the test says, behind the real control API."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from ccrouter.errors import CcrouterError
from ccrouter.routing.facts import Facts
from ccrouter.routing.snapshot import Snapshot
from ccrouter.web.control import control_app
from ccrouter.web.facts import facts
from ccrouter.web.journal import History, JournalEntry, JournalLines, JournalQuery, journal
from ccrouter.web.orders import ModeOrder, ReloadOutcome, UnknownNameError
from ccrouter.web.serve import serve_unix
from ccrouter.web.status import ModeStatus, Status
from ccrouter.web.steering import steering
from ccrouter.web.versions import KeptVersion, Rollback, RulesInForce, versions

NOW = 1_795_289_835.0


@dataclass
class ScriptedDaemon:
    """Carries out orders in memory, or fails as it was told to."""

    picture: Status = field(default_factory=lambda: Status("0.1.0", 42, NOW, NOW - 60, (), None))
    outcome: ReloadOutcome = field(default_factory=lambda: ReloadOutcome("v1", changed=False))
    failure: Exception | None = None
    already: bool = False
    orders: list[ModeOrder] = field(default_factory=list)
    reloads: list[str] = field(default_factory=list)
    rules: RulesInForce = field(default_factory=lambda: RulesInForce("/etc/ccrouter/routing.yaml", "v1", "", "pbx"))
    kept_versions: list[tuple[KeptVersion, str]] = field(default_factory=list)
    rollbacks: list[Rollback] = field(default_factory=list)
    seen: Facts = field(default_factory=lambda: Facts(NOW, Snapshot(NOW)))
    entries: dict[str, tuple[JournalEntry, ...]] = field(default_factory=dict)
    switched: dict[str, ModeStatus] = field(default_factory=lambda: {"crisis": ModeStatus("crisis", on=False)})

    def status(self) -> Status:
        """Return the picture set."""
        if self.failure:
            raise self.failure
        return self.picture

    def modes(self) -> Sequence[ModeStatus]:
        """Return the modes as they were switched."""
        return tuple(self.switched.values())

    async def switch_mode(self, order: ModeOrder) -> ModeStatus:
        """Note the order and switch."""
        if self.failure:
            raise self.failure
        if order.name not in self.switched:
            raise UnknownNameError(f"there is no mode {order.name}; the routing file declares crisis")
        self.orders.append(order)
        until = None if order.for_s is None else NOW + order.for_s
        state = ModeStatus(order.name, on=True, author=order.author, reason=order.reason, since=NOW, until=until)
        self.switched[order.name] = state if order.on else ModeStatus(order.name, on=False, changed=not self.already)
        return self.switched[order.name]

    async def reload(self, author: str) -> ReloadOutcome:
        """Return the outcome set."""
        if isinstance(self.failure, CcrouterError):
            raise self.failure
        self.reloads.append(author)
        return self.outcome

    def in_force(self) -> RulesInForce:
        """Return the rules set."""
        return self.rules

    async def kept(self) -> Sequence[KeptVersion]:
        """Return the versions set."""
        return [version for version, _ in self.kept_versions]

    async def text(self, number: int) -> str:
        """Return the text set for a version."""
        for version, text in self.kept_versions:
            if version.id == number:
                return text
        raise UnknownNameError(f"no version {number} is kept")

    async def rollback(self, order: Rollback) -> ReloadOutcome:
        """Note the order and return the outcome set."""
        self.rollbacks.append(order)
        return self.outcome

    def facts(self) -> Facts:
        """Return the facts set."""
        return self.seen

    async def call(self, uniqueid: str) -> tuple[JournalEntry, ...]:
        """Return the entries set for a call."""
        return self.entries.get(uniqueid, ())

    async def lines(self, query: JournalQuery) -> JournalLines:
        """Return no decisions."""
        raise UnknownNameError(f"there is nothing about {query}")

    async def history(self, limit: int, *, positions: bool = False) -> History:
        """Return no deeds."""
        raise UnknownNameError(f"there are no {limit} deeds{' about positions' if positions else ''}")

    @asynccontextmanager
    async def served(self, path: Path) -> AsyncIterator[None]:
        """Serve the control API on a socket while the context lasts."""
        async with serve_unix(
            control_app(structlog.get_logger(), steering(self), versions(self), facts(self), journal(self)), path
        ):
            yield
