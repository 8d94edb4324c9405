"""The audit journal: who did what, when and why; only ever appended to."""

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from ccrouter.store.database import Database


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that an admin did, or that came due. Instants are seconds since 1970-01-01 UTC.

    Attributes:
        who: the user, or `ccrouter` for what came due by itself.
        what: in a few fixed words, such as `mode on`, `mode off`, `mode ended`, `override set`, `reload`.
        subject: what it was done to, such as the name of the mode; empty where there is one only.
        why: the reason given.
        since: when it begins to count, where that is later.
        until: when it ends by itself.

    """

    at: float
    who: str
    what: str
    subject: str = ""
    why: str = ""
    since: float | None = None
    until: float | None = None


KEPT = 20_000
"""Deeds that are kept, some 4 MB; the oldest give way. By number and not by age: no clock that is wrong deletes one."""

OF_POSITIONS = "position "
"""First word of what is done to positions. Agents do it all day, and whoever has a position's token as often as they
like: these deeds are kept by a number of their own, so that they push out none of what an admin did."""

KEPT_OF_POSITIONS = 20_000

KIND = f"substr(what, 1, {len(OF_POSITIONS)})"

COLUMNS = "at, who, what, subject, why, since, until"


def note(connection: sqlite3.Connection, deed: Deed) -> None:
    """Write a deed into the transaction that does it, so that there is never one without the other."""
    connection.execute(f"insert into deeds ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)", astuple(deed))  # noqa: S608 - our own names
    of_positions = deed.what.startswith(OF_POSITIONS)
    most, of_kind = (KEPT_OF_POSITIONS, f"{KIND} = ?") if of_positions else (KEPT, f"{KIND} <> ?")
    oldest = f"select id from deeds where {of_kind} order by id desc limit 1 offset ?"  # noqa: S608 - our own words
    connection.execute(
        f"delete from deeds where {of_kind} and id <= ({oldest})",  # noqa: S608 - our own words
        (OF_POSITIONS, OF_POSITIONS, most),
    )


class Audit:
    """The audit journal in the database of the state folder. All of it blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, deed: Deed) -> None:
        """Write a deed and wait until it is safe on disk.

        Raises:
            StoreError: it is not in the journal.

        """
        with self._database.writing() as connection:
            note(connection, deed)

    def latest(self, limit: int, *, positions: bool = False) -> Sequence[Deed]:
        """Return the last deeds, newest first; with `positions`, those about positions as well.

        Raises:
            StoreError: they can't be read.

        """
        query = f"select {COLUMNS} from deeds where ? or {KIND} <> ? order by id desc limit ?"  # noqa: S608 - our own names
        with self._database.reading() as connection:
            return [Deed(*row) for row in connection.execute(query, (positions, OF_POSITIONS, limit))]
