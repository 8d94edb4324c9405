"""Decisions and ends of calls, made by the real decision."""

from collections.abc import Iterable
from dataclasses import replace

from ccrouter.live.effects import CallFinished, Outcome
from ccrouter.routing.decide import decide
from ccrouter.routing.decision import Decision
from ccrouter.store.decisions import Decisions, Entry
from support.world import NOON, World

WORLD = World()
RULES = WORLD.rules()
CALLER = "0612345678"


def made(n: int, at: float = NOON, **details: str | float | None) -> Decision:
    """Return the decision `d<n>` about the call `<n>.0`."""
    call = WORLD.call(**{"caller": CALLER, **details})  # type: ignore[arg-type] # a test's shorthand
    return decide(RULES, WORLD.facts(at=at), replace(call, uniqueid=f"{n}.0"), f"d{n}")


def ended(n: int, at: float = NOON + 60, **details: object) -> CallFinished:
    """Return the end of that call, answered in Paris unless it is said."""
    told = {
        "pabx": "pbx",
        "uniqueid": f"{n}.0",
        "number": "0800123456",
        "service": "support",
        "rule": "otherwise",
        "decision": f"d{n}",
        "outcome": Outcome.ANSWERED,
        "target": "paris",
        "waited_s": 12.5,
        "talked_s": 30.0,
        "at": at,
    }
    return CallFinished(**{**told, **details})  # type: ignore[arg-type] # a test's shorthand


def keep(journal: Decisions, entries: Iterable[Entry]) -> None:
    """Write entries into a journal, as the daemon does."""
    journal.write(map(journal.row, entries))
