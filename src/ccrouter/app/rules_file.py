"""The routing file in force: read at the start and on request, replaced whole or not at all."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock
from ccrouter.config.load import compile_text, read_file
from ccrouter.errors import ConfigError, StoreError
from ccrouter.routing.rules import Rules
from ccrouter.store.audit import Audit, Deed
from ccrouter.store.files import Replacement
from ccrouter.telemetry.metrics import Metrics
from ccrouter.web.orders import ReloadOutcome
from ccrouter.web.status import RulesStatus

ACCEPTED = "routing.accepted.yaml"
"""Copy, in the state folder, of the last file that was in force: what a start falls back on."""


class RulesFile:
    """Reads the routing file; what is in force stays so on any error (P6).

    Attributes:
        rules: the version in force.
        content: the file that it was compiled from.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        path: Path,
        state_dir: Path,
        *,
        audit: Audit,
        clock: Clock,
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._path = path
        self._audit = audit
        self._accepted = state_dir / ACCEPTED
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._loaded_at = clock.now()
        self._problems: tuple[str, ...] = ()
        self._one_at_a_time = asyncio.Lock()
        self.rules, self.content = self._first()

    def _first(self) -> tuple[Rules, bytes]:
        """Load at the start.

        Raises:
            ConfigError: the file is bad, and none was accepted before that could stand in for it.

        """
        try:
            rules, content = _read(self._path)
        except ConfigError as error:
            try:
                rules, content = _read(self._accepted)
            except ConfigError:
                raise error from None
            self._metrics.rules_in_force(rules, self._loaded_at)
            self._refuse(error)
            self._log.error("started with the last routing file that was accepted", file=str(self._accepted))
        else:
            self._metrics.rules_in_force(rules, self._loaded_at)
            self._keep_copy(content)
        return rules, content

    async def reload(self, author: str, take: Callable[[Rules], None]) -> ReloadOutcome:
        """Read the file again; `take` puts its rules in force. All that can fail comes before it."""
        async with self._one_at_a_time:
            before = self.rules.version
            try:
                rules, content = await asyncio.to_thread(_read, self._path)
            except ConfigError as error:
                self._refuse(error)
                return ReloadOutcome(before, changed=False, problems=self._problems)
            await asyncio.to_thread(self._keep_copy, content)
            take(rules)
            self.rules, self.content = rules, content
            self._problems = ()
            self._loaded_at = self._clock.now()
            self._metrics.rules_in_force(rules, self._loaded_at)
            self._log.info("routing file in force", version=rules.version, before=before, author=author)
            await asyncio.to_thread(self._write_down, author, f"{before} -> {rules.version}")
            return ReloadOutcome(rules.version, changed=rules.version != before)

    def status(self) -> RulesStatus:
        """Return which file is in force, and the problems of the last one that was refused since."""
        return RulesStatus(str(self._path), self.rules.version, self._loaded_at, self._problems)

    def _refuse(self, error: ConfigError) -> None:
        self._problems = tuple(str(error).splitlines())
        self._metrics.rules.refused()
        self._log.error("routing file refused, the old rules stay in force", problems=self._problems)

    def _write_down(self, author: str, change: str) -> None:
        try:
            self._audit.append(Deed(self._loaded_at, author, "reload", str(self._path), change))
        except StoreError as error:
            self._log.error("a reload is missing in the audit journal", error=str(error))

    def _keep_copy(self, content: bytes) -> None:
        try:
            Replacement(self._accepted, content).commit()
        except OSError as error:
            self._log.warning("no copy of the routing file could be kept", file=str(self._accepted), error=str(error))


def _read(path: Path) -> tuple[Rules, bytes]:
    content = read_file(path)
    try:
        return compile_text(content, str(path)), content
    except ConfigError:
        raise
    except Exception as error:  # a fault of ours must not cost the rules in force
        raise ConfigError(
            f"{path}: ccrouter failed on this file ({error!r}); report it, and undo the last edit"
        ) from error
