"""The versions of the routing file, as the control API tells of them and goes back to them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ccrouter.app.questions import Questions
from ccrouter.app.rules_file import RulesFile
from ccrouter.routing.rules import Rules
from ccrouter.store.versions import Versions
from ccrouter.web.orders import ReloadOutcome, UnknownNameError
from ccrouter.web.versions import KeptVersion, Rollback, RulesInForce


@dataclass(frozen=True, slots=True)
class VersionBook:
    """Answers the control API (web.versions.Book).

    Attributes:
        pabx: the first of the settings.
        take: puts rules in force.

    """

    rules_file: RulesFile
    versions: Versions
    pabx: str
    take: Callable[[Rules], None]
    questions: Questions

    def in_force(self) -> RulesInForce:
        """Return the version in force."""
        file = self.rules_file
        # Only text in UTF-8 compiles, so this is the file to the byte.
        return RulesInForce(str(file.path), file.rules.version, file.content.decode(), self.pabx)

    async def kept(self) -> Sequence[KeptVersion]:
        """Return the versions kept, newest first.

        Raises:
            StoreError: they can't be read.

        """
        return [
            KeptVersion(
                *(each.id, each.at, each.author, each.hash, each.file, each.reason, each.restores),
                added=each.added,
                removed=each.removed,
                zone=str(self.rules_file.rules.zone),
            )
            for each in await self.questions.ask(self.versions.all)
        ]

    async def text(self, number: int) -> str:
        """Return the text of a kept version.

        Raises:
            UnknownNameError: there is none of this number.
            StoreError: it can't be read.

        """
        return await self.questions.ask(partial(self._text, number))

    async def rollback(self, order: Rollback) -> ReloadOutcome:
        """Read the routing file again, which holds a kept version again, and tell how that went.

        Raises:
            UnknownNameError: there is no version of this number.
            StoreError: it can't be read.

        """
        await asyncio.to_thread(self._text, order.id)  # no question: it does not wait behind those
        return await self.rules_file.reload(order.author, self.take, reason=order.reason, restores=order.id)

    def _text(self, number: int) -> str:
        try:
            return self.versions.content(number).decode()
        except KeyError:
            raise UnknownNameError(f"no version {number} is kept; `ccrouter versions` lists those that are") from None
