"""Keeps the compiled rules on disk as dialplan, and looks whether the PABXs have them in force.

What happens here never delays a call: compiling and writing are a thread's, and a fault is told, counted and tried
again. The daemon has no right to have a PABX read the file: deploy/ccrouter-fallback.path does that as it changes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Final, Protocol

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock
from ccrouter.config.settings import Settings
from ccrouter.errors import LinkError
from ccrouter.fallback.compile import Fallback, compile_fallback, monday
from ccrouter.fallback.succession import VERSION_GLOBAL, own, succeeding
from ccrouter.routing.overrides import Override
from ccrouter.routing.rules import Rules
from ccrouter.store.files import write_public
from ccrouter.telemetry.fallback import FallbackCounts
from ccrouter.web.status import CompiledStatus


@dataclass(frozen=True, slots=True)
class Pace:
    """How the file is kept; all in seconds.

    Attributes:
        rest: between two looks at what is in force; a change waits so long for others, so that many are one writing.
        again: pause after a failure.
        look: between two looks at the PABXs.
        patience: time for a PABX to take a new file before that is told.
        slow: a writing that takes longer hangs, as far as anybody can tell.

    """

    rest: float = 1.0
    again: float = 30.0
    look: float = 2.0
    patience: float = 60.0
    slow: float = 5.0


TAKEN: Final = "/etc/asterisk/ccrouter/fallback.conf"
"""Where docs/fallback.md and deploy/ccrouter-fallback.service put the PABX's copy."""

KNOWN: Final = 100
"""Versions of before of which it is known when they were replaced."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be compiled: all that the dialplan is to know."""

    rules: Rules
    modes: Mapping[str, float | None]
    overrides: tuple[Override, ...]

    def differs(self, at: float) -> tuple[object, ...]:
        """Return what a file of this instant differs by from others; the horizon moves each week."""
        week = monday(self.rules.zone, at)
        return (self.rules.version, week, tuple(sorted(self.modes.items(), key=itemgetter(0))), self.overrides)


@dataclass(slots=True)
class FallbackFile:
    """The file, and what the PABXs make of it.

    Attributes:
        path: of the file.
        said: returns what is in force at an instant.
        in_force: for each PABX what tells the version that it has, empty for none, None where it does not say; raises
            LinkError.
        version: what the file holds; empty before it was written.
        trouble: why the last writing failed, and the cure; empty when it did not.

    """

    path: Path
    said: Callable[[float], Said]
    in_force: Mapping[str, Callable[[], Awaitable[str | None]]]
    clock: Clock
    counts: FallbackCounts
    log: FilteringBoundLogger
    pace: Pace = field(default_factory=Pace)
    version: str = ""
    trouble: str = ""
    _until: date | None = None
    _busy_since: float | None = None
    _replaced: dict[str, float] = field(default_factory=dict)
    _behind: dict[str, float] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Keep the file and look at the PABXs, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep(), name="fallback file")
            for pabx, ask in self.in_force.items():
                # Each by a task of its own: one that hangs keeps no other from being looked at.
                tasks.create_task(self._watch(pabx, ask), name=f"fallback in force {pabx}")

    def remark(self, pabx: str) -> str:
        """Return what an admin should see to; empty where the PABX has the newest version, or time to take it."""
        if told := self._unwritten:
            return told
        seen, since = self._seen.get(pabx), self._behind.get(pabx)
        if seen is None or seen == self.version or since is None or self.clock.steady() - since < self.pace.patience:
            return ""
        has = f"has {seen} in force" if seen else "has none in force"
        return (
            f"{has} of the compiled rules, not {self.version}: on its machine run `ccrouter fallback --take "
            f'{self.path} --output {TAKEN} && asterisk -rx "dialplan reload"` (docs/fallback.md)'
        )

    def compiled(self, pabx: str) -> CompiledStatus:
        """Return what a PABX has of the compiled rules."""
        seen = self._seen.get(pabx)
        newest = seen is not None and seen == self.version
        until = self._until.isoformat() if newest and self._until is not None else None
        return CompiledStatus(seen, newest=newest, until=until)

    @property
    def why_stale(self) -> str:
        """Return why the compiled rules are not those in force everywhere; empty where they are."""
        remarks = {name: self.remark(name) for name in self.in_force}
        return self._unwritten or "; ".join(f"{name} {remark}" for name, remark in remarks.items() if remark)

    @property
    def _unwritten(self) -> str:
        if self._busy_since is not None and (took_s := self.clock.steady() - self._busy_since) > self.pace.slow:
            return f"{self.path} has been written for {took_s:.0f} s and is not there yet: look at the disk"
        return self.trouble

    async def _keep(self) -> None:
        kept: tuple[object, ...] = ()
        while True:
            at = self.clock.now()
            if self.said(at).differs(at) != kept:
                await asyncio.sleep(self.pace.rest)
                at = self.clock.now()
                said = self.said(at)
                if await self._write(said, at):
                    kept = said.differs(at)
                else:
                    kept = ()
                    await asyncio.sleep(self.pace.again)
            await asyncio.sleep(self.pace.rest)

    async def _write(self, said: Said, at: float) -> bool:
        self._busy_since = self.clock.steady()
        try:
            made = await asyncio.to_thread(self._make, said, at)
        except OSError as error:
            cure = f"let ccrouter write in the folder {self.path.parent}, and make room on its disk"
            if isinstance(error, FileNotFoundError):
                cure = f"make the folder {self.path.parent}, or set `fallback: {{file: ...}}` to a file elsewhere"
            return self._failed(f"{self.path} can't be written: {error.strerror or error}; {cure}", at)
        except Exception as error:  # noqa: BLE001 - whatever it is: the file that is there goes on serving
            return self._failed(f"{self.path} stays as it was: {type(error).__name__}: {error}", at)
        finally:
            self._busy_since = None
        self.counts.written("ok", at)
        self.trouble = ""
        self._until = made.until
        if made.version != self.version:
            self._replaced[self.version] = self.clock.steady()
            self._replaced.pop(made.version, None)
            while len(self._replaced) > KNOWN:
                del self._replaced[next(iter(self._replaced))]
            self.version = made.version
            self.log.info(
                "compiled rules written",
                file=str(self.path),
                version=made.version,
                until=made.until.isoformat(),
                unsaid=len(made.unsaid),
            )
        return True

    def _failed(self, reason: str, at: float) -> bool:
        self.counts.written("failed", at)
        if reason != self.trouble:
            self.log.error("the compiled rules could not be written", reason=reason)
        self.trouble = reason
        return False

    def _make(self, said: Said, at: float) -> Fallback:
        made = compile_fallback(said.rules, at, modes=said.modes, overrides=said.overrides, pabxs=len(self.in_force))
        before = self.path.read_text("utf-8", "replace") if self.path.exists() else ""
        # A file that is written anew is read anew by the PABX.
        if own(before) != made.text:
            write_public(self.path, succeeding(made.text, before).encode())
        return made

    async def _watch(self, pabx: str, ask: Callable[[], Awaitable[str | None]]) -> None:
        while True:
            await self._look(pabx, ask)
            await asyncio.sleep(self.pace.look)

    async def _look(self, pabx: str, ask: Callable[[], Awaitable[str | None]]) -> None:
        try:
            seen = await ask()
        except LinkError:
            seen = None
        if seen is None or not self.version:
            self._seen.pop(pabx, None)
            self.counts.unknown(pabx)
            return
        self._seen[pabx] = seen
        self.counts.in_force(pabx, newest=seen == self.version)
        if seen == self.version:
            self._behind.pop(pabx, None)
        else:
            # From when the next one after its own was there; for one not known from now on, if not from before.
            since = self._replaced.get(seen, self._behind.get(pabx, self.clock.steady()))
            self._behind[pabx] = since
        told = self.remark(pabx)
        if told and pabx not in self._told:
            self._told.add(pabx)
            self.log.warning("a PABX does not have the compiled rules in force", pabx=pabx, remark=told)
        elif seen == self.version and pabx in self._told:
            self._told.discard(pabx)
            self.log.info("a PABX has the compiled rules in force", pabx=pabx, version=seen)


class ReadsGlobals(Protocol):
    """The link to a PABX, as far as it tells its global variables."""

    async def variable(self, channel: str, name: str) -> str | None:
        """Return a variable, a global one for an empty channel; raises LinkError."""
        ...


def kept_fallback(  # noqa: PLR0913 - each is one thing it works with
    settings: Settings,
    said: Callable[[float], Said],
    links: Mapping[str, ReadsGlobals],
    *,
    counts: FallbackCounts,
    clock: Clock,
    log: FilteringBoundLogger,
) -> FallbackFile | None:
    """Return the file as the settings ask for it; None where they do not."""
    if settings.fallback is None:
        return None
    in_force = {name: partial(link.variable, "", VERSION_GLOBAL) for name, link in links.items()}
    return FallbackFile(settings.fallback, said, in_force, clock, counts, log)
