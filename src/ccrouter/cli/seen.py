"""What the daemon sees: the rules in force and the facts of this instant, as it tells them over its socket."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ccrouter.cli.options import ask

if TYPE_CHECKING:
    from ccrouter.config.asking import Present
    from ccrouter.routing.rules import Rules
    from ccrouter.web.client import Client
    from ccrouter.web.journal import JournalEntry
    from ccrouter.web.versions import RulesInForce


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the daemon."""

    in_force: "RulesInForce"
    present: "Present"

    def rules(self) -> "Rules":
        """Return the rules in force."""
        from ccrouter.config.load import compile_text  # noqa: PLC0415

        return compile_text(self.in_force.text.encode(), self.in_force.file)


def seen(socket: Path) -> Seen:
    """Return one look; where no daemon answers, the command ends."""
    found: list[Seen] = []

    async def work(client: "Client") -> None:
        import json  # noqa: PLC0415

        from ccrouter.config.asking import Present  # noqa: PLC0415
        from ccrouter.routing.records import facts_of  # noqa: PLC0415
        from ccrouter.web.client import UnreachableError, read  # noqa: PLC0415
        from ccrouter.web.versions import IN_FORCE  # noqa: PLC0415

        in_force = read(IN_FORCE, await client.ask("GET", "/rules"))
        modes = {mode.name: mode.until for mode in await client.modes() if mode.on}
        try:
            facts = facts_of(json.loads(await client.ask("GET", "/facts")))
        except (KeyError, TypeError, ValueError) as error:
            text = "the daemon is of another version; use the ccrouter that it runs with"
            raise UnreachableError(text) from error
        found.append(Seen(in_force, Present(facts, modes)))

    ask(socket, work)
    return found[0]


def journalled(socket: Path, uniqueid: str) -> "tuple[JournalEntry, ...]":
    """Return what the journal holds of a call, oldest first; where no daemon answers, the command ends."""
    found: list[JournalEntry] = []

    async def work(client: "Client") -> None:
        from urllib.parse import quote  # noqa: PLC0415

        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.journal import ENTRIES  # noqa: PLC0415

        answer = await client.ask("GET", f"/journal/{quote(uniqueid, safe='')}")
        entries = read(ENTRIES, answer)
        found.extend(entries)

    ask(socket, work)
    return tuple(found)
