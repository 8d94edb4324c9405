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

COLUMNS = "at, who, what, subject, why, since, until"


def note(connection: sqlite3.Connection, deed: Deed) -> None:
    """Write a deed into the transaction that does it, so that there is never one without the other."""
    connection.execute(f"insert into deeds ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)", astuple(deed))  # noqa: S608 - our own names
    connection.execute("delete from deeds where id <= (select max(id) from deeds) - ?", (KEPT,))


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

    def latest(self, limit: int) -> Sequence[Deed]:
        """Return the last deeds, newest first.

        Raises:
            StoreError: they can't be read.

        """
        query = f"select {COLUMNS} from deeds order by id desc limit ?"  # noqa: S608 - our own names
        with self._database.reading() as connection:
            return [Deed(*row) for row in connection.execute(query, (limit,))]
