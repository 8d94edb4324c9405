"""The routing file in force: read at the start, on request and as it is saved; replaced whole or not at all."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.app.disk import Disk, HungError, Looked, looked
from ccrouter.app.reading import SAME_INSTANT_S, Mark, Reading, StillWrittenError, compiled, fault
from ccrouter.clock import Clock
from ccrouter.errors import ConfigError, StoreError
from ccrouter.routing.rules import Rules
from ccrouter.store.audit import Audit, Deed
from ccrouter.store.versions import Change, Version, Versions
from ccrouter.telemetry.metrics import Metrics
from ccrouter.web.orders import ReloadOutcome
from ccrouter.web.status import RulesStatus

NOT_KEPT: Final = (
    "this version could not be kept (the log tells why), so a start with a bad file would fall back on an older one; "
    "make room, then type `ccrouter reload`"
)

KEPT_WITHIN_S: Final = 2.0
"""How long a reload waits until its version is safe on disk; a disk that hangs must not hold up the next one."""

TURN_S: Final = 4.0
"""How long a reload waits for one before it; whoever asks over the control socket waits 10 s in all."""

MOST_TRIED: Final = 20
"""Kept versions that a start tries, from the newest on, where the file is bad."""

STAYS: Final = "routing file refused, the old rules stay in force"


class RulesFile:
    """Reads the routing file; what is in force stays so on any error (P6).

    Attributes:
        path: where it is.
        rules: the version in force.
        content: the text that it was compiled from.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        path: Path,
        versions: Versions,
        *,
        audit: Audit,
        clock: Clock,
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self.path = path
        self._versions = versions
        self._audit = audit
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._loaded_at = clock.now()
        self._problems: tuple[str, ...] = ()
        self._last: bytes | None = None
        self._read: Mark | None = None
        self._seen: Mark | None = None
        self._doubtful = False
        self._not_kept: Change | None = None
        self._writing: asyncio.Future[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._disk = Disk(path)
        self.rules, self.content = self._first()

    # --- at the start -------------------------------------------------------------------------------------------------

    def _first(self) -> tuple[Rules, bytes]:
        """Load at the start.

        Raises:
            ConfigError: the file is bad, and no version was kept that could stand in for it.

        """
        try:
            last = self._versions.latest()
        except StoreError as error:
            self._log.error("the kept versions of the routing file can't be read", error=str(error))
            last = None
        try:
            reading = self._taken(looked(self.path))
            rules = compiled(reading.content, self.path)
        except ConfigError as error:
            return self._stand_in(error)
        self._metrics.rules_in_force(rules, self._loaded_at)
        before = b"" if last is None else last[1]
        if reading.content != before:
            change = Change(self._loaded_at, "start", str(self.path), reading.content, before)
            self._keep(change, "first seen at a start")
        return rules, reading.content

    def _stand_in(self, error: ConfigError) -> tuple[Rules, bytes]:
        for version, content in self._kept():
            try:
                rules = compiled(content, self.path)
            except ConfigError as also:
                self._log.warning("a kept version is not accepted any more", kept_as=version.id, error=str(also))
            else:
                return self._started_with(version, rules, content, error)
        raise error from None

    def _kept(self) -> Iterator[tuple[Version, bytes]]:
        """Yield the kept versions, newest first, each text once; no more than can be tried while a start may last."""
        try:
            versions = {version.hash: version for version in reversed(self._versions.all())}
        except StoreError as error:
            self._log.error("the kept versions of the routing file can't be read", error=str(error))
            return
        for version in sorted(versions.values(), key=lambda each: -each.id)[:MOST_TRIED]:
            try:
                yield version, self._versions.content(version.id)
            except (StoreError, KeyError) as error:
                self._log.error("a kept version can't be read", kept_as=version.id, error=str(error))

    def _started_with(self, version: Version, rules: Rules, content: bytes, error: ConfigError) -> tuple[Rules, bytes]:
        self._metrics.rules_in_force(rules, self._loaded_at)
        self._refuse(error)
        self._log.error(
            "started with the last routing file that was accepted",
            kept_as=version.id,
            version=version.hash,
            author=version.author,
        )
        return rules, content

    # --- while it runs ------------------------------------------------------------------------------------------------

    async def reload(
        self,
        author: str,
        take: Callable[[Rules], None],
        *,
        asked: bool = True,
        reason: str = "",
        restores: int | None = None,
    ) -> ReloadOutcome:
        """Read the file again; `take` puts its rules in force. All that can fail comes before it.

        Args:
            author: who wants it.
            take: puts rules in force.
            asked: somebody waits for the outcome; else what was told of the same text is not told again.
            reason: why, where somebody said so.
            restores: number of the kept version that the file holds again.

        Raises:
            StoreError, KeyError: the version to restore can't be read, or there is none of this number.

        """
        try:
            async with asyncio.timeout(TURN_S):
                await self._one_at_a_time.acquire()
        except TimeoutError:
            return self._not_read(f"{self.path}: another reload still waits for a disk, so this one was not made")
        try:
            return await self._reload(author, take, asked=asked, reason=reason, restores=restores)
        except HungError as error:
            return self._not_read(str(error))
        finally:
            self._one_at_a_time.release()

    def stale(self, mark: Mark | None) -> bool:
        """Tell whether the file, with this mark, may hold what was not read yet; the status tells it too."""
        self._seen = mark
        return self._doubtful or mark != self._read

    @property
    def refused(self) -> str:
        """Return why the file as it was last read is not in force; empty where it is."""
        return "; ".join(self._problems)

    def status(self) -> RulesStatus:
        """Return which file is in force, and the problems of the last one that was refused since."""
        remarks = self._remarks()
        if self._seen != self._read:
            remarks = ("the file was changed since, and has not been read yet", *remarks)
        elif self._problems:
            remarks = ("the file is not the version in force: it was refused", *remarks)
        return RulesStatus(str(self.path), self.rules.version, self._loaded_at, self._problems, remarks)

    # --- the steps ----------------------------------------------------------------------------------------------------

    async def _reload(
        self, author: str, take: Callable[[Rules], None], *, asked: bool, reason: str, restores: int | None
    ) -> ReloadOutcome:
        before = self.rules.version
        last, look = self._last, await self._disk.look()
        try:
            reading = self._taken(look)
            if not asked and reading.content == last:
                return ReloadOutcome(before, changed=False, problems=self._problems)
            if restores is not None and reading.content != await asyncio.to_thread(self._versions.content, restores):
                restores = None  # it was saved once more meanwhile
            if reading.content == self.content:
                return await self._as_before(author, restores, reason)
            rules = await asyncio.to_thread(compiled, reading.content, self.path)
            self._put_in_force(rules, take)
        except ConfigError as error:
            if asked or not isinstance(error, StillWrittenError):
                self._refuse(error)
            return ReloadOutcome(before, changed=False, problems=self._problems)
        at = self._clock.now()
        change = Change(at, author, str(self.path), reading.content, self.content, reason, restores)
        self.rules, self.content, self._loaded_at = rules, reading.content, at
        self._problems = ()
        self._metrics.rules_in_force(rules, at)
        self._log.info("routing file in force", version=rules.version, before=before, author=author)
        # Last, for a disk that is full or slow must not keep rules away that calls need.
        await self._write(partial(self._keep, change, f"{before} -> {rules.version}"))
        return ReloadOutcome(rules.version, changed=True, remarks=self._remarks())

    def _not_read(self, why: str) -> ReloadOutcome:
        self._log.error("routing file not read, the old rules stay in force", error=why)
        return ReloadOutcome(self.rules.version, changed=False, problems=(why,), remarks=self._remarks())

    def _taken(self, look: Looked) -> Reading:
        reading = look.found
        if isinstance(reading, ConfigError):
            if not isinstance(reading, StillWrittenError):
                self._read, self._seen, self._last = look.mark, look.mark, None
            raise reading
        self._read, self._seen, self._last = reading.mark, reading.mark, reading.content
        # A write so shortly before the read may hide a later one.
        self._doubtful = abs(self._clock.now() - reading.mark.modified_ns / 1e9) < SAME_INSTANT_S
        return reading

    def _put_in_force(self, rules: Rules, take: Callable[[Rules], None]) -> None:
        try:
            take(rules)
        except Exception as error:  # a fault of ours must not leave half of one version and half of another
            with suppress(Exception):
                take(self.rules)
            raise fault(self.path, error) from error

    async def _as_before(self, author: str, restores: int | None, reason: str) -> ReloadOutcome:
        self._metrics.rules.as_before()
        self._problems = ()
        self._log.info("routing file as before", version=self.rules.version, author=author)
        if self._not_kept is not None and (self._writing is None or self._writing.done()):
            await self._write(partial(self._keep, self._not_kept, "kept later"))
        if restores is not None:
            deed = Deed(self._clock.now(), author, "rollback", str(self.path), _why("as before", reason))
            await self._write(partial(self._note, deed))
        return ReloadOutcome(self.rules.version, changed=False, remarks=self._remarks())

    def _refuse(self, error: ConfigError) -> None:
        self._problems = tuple(str(error).splitlines())
        self._metrics.rules.refused()
        self._log.error(STAYS, problems=self._problems)

    async def _write(self, work: Callable[[], None]) -> None:
        """Have a thread write to the state folder, and wait no longer than KEPT_WITHIN_S; it goes on."""
        self._writing = asyncio.get_running_loop().run_in_executor(None, work)
        done, _ = await asyncio.wait([self._writing], timeout=KEPT_WITHIN_S)
        if not done:
            self._log.error("the disk of the state folder does not answer; the rules in force count all the same")
        for each in done:
            each.result()

    def _keep(self, change: Change, what: str) -> None:
        self._not_kept = change
        done = "reload" if change.restores is None else "rollback"
        try:
            deed = Deed(change.at, change.author, done, change.file, _why(what, change.reason))
            self._versions.keep(change, deed)
        except StoreError as error:
            self._log.error("the version in force could not be kept; the audit journal lacks it", error=str(error))
        else:
            if self._not_kept is change:  # it may have taken long, and another one come into force meanwhile
                self._not_kept = None

    def _note(self, deed: Deed) -> None:
        try:
            self._audit.append(deed)
        except StoreError as error:
            self._log.error("a rollback is missing in the audit journal", error=str(error))

    def _remarks(self) -> tuple[str, ...]:
        if self._not_kept is None:
            return ()
        return (NOT_KEPT,)


def _why(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what
