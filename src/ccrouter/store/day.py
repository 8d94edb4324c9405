"""The calls of a day, as the journal has them: for figures that go on after a restart. All of it blocks."""

from dataclasses import dataclass, replace
from typing import Any

from ccrouter.store.database import Database


@dataclass(frozen=True, slots=True)
class CallOfDay:
    """One call, of all decisions about it.

    Attributes:
        service: of its first decision.
        moved: it was sent elsewhere while it waited.
        outcome: by the words of live.effects.Outcome; None where its end is not known yet.
        target: where it ended.
        waited_s: until it was answered or ended; 0 where that is not known.
        talked_s: None where nobody answered.

    """

    pabx: str
    uniqueid: str
    service: str
    moved: bool = False
    outcome: str | None = None
    target: str = ""
    waited_s: float = 0.0
    talked_s: float | None = None


def calls_since(journal: Database, since: float, until: float, most: int) -> list[CallOfDay]:
    """Return the calls that came in [since, until), oldest first, of the first `most` decisions of that time.

    Raises:
        StoreError: they can't be read.

    """
    query = (
        "select pabx, uniqueid, service, waited_s is not null, outcome, target, call_waited_s, talked_s"
        " from decisions where at >= ? and at < ? order by at, id limit ?"
    )
    calls: dict[tuple[str, str], CallOfDay] = {}
    with journal.reading() as connection:
        rows = connection.execute(query, (since, until, most))
        for pabx, uniqueid, service, moved, outcome, target, waited_s, talked_s in rows:
            key = (pabx, uniqueid)
            known = calls.get(key)
            # It stands beside the last decision that counted.
            end = {} if outcome is None else _end(outcome, target, waited_s, talked_s)
            if known is not None:
                calls[key] = replace(known, moved=known.moved or bool(moved), **end)
            elif not moved:  # else it came before
                calls[key] = CallOfDay(*key, service, **end)
    return list(calls.values())


def _end(outcome: str, target: str | None, waited_s: float | None, talked_s: float | None) -> dict[str, Any]:
    return {"outcome": outcome, "target": target or "", "waited_s": waited_s or 0.0, "talked_s": talked_s}
