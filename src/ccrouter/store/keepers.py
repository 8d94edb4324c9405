"""Keeps modes and overrides in the database of the state folder, each change in one transaction with its deeds."""

import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from math import isfinite
from typing import Any, Final, Generic

from ccrouter.errors import StoreError
from ccrouter.routing.overrides import Override
from ccrouter.store.audit import note
from ccrouter.store.database import Database
from ccrouter.store.modes import ModeOn
from ccrouter.store.standing import Keeper, OrderT, Work

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table(Generic[OrderT]):
    """Where something is kept, and how it is written there.

    Attributes:
        columns: those of a row, in its order.
        order: by which rows are read.
        row: returns what is written of one.
        made: returns what a row stands for, or raises TypeError or ValueError.
        newest_first: the last of the tuple was set first, and is written first.

    """

    name: str
    columns: str
    order: str
    row: Callable[[OrderT], Row]
    made: Callable[[Row], OrderT]
    newest_first: bool = False


def _mode(row: Row) -> ModeOn:
    name, author, reason, since, until = row
    return ModeOn(
        _text(name), _text(author), _text(reason), _instant(since), None if until is None else _instant(until)
    )


def _override(row: Row) -> Override:
    id_, number, to, since, until, author, reason = row
    names = json.loads(_text(to))
    if not isinstance(names, list):
        raise TypeError("its destinations are no list")
    return Override(
        *(_text(id_), _text(number), tuple(_text(name) for name in names), _instant(since), _instant(until)),
        *(_text(author), _text(reason)),
    )


# SQLite keeps in a cell whatever is put there. What is compared with the time or with names in every decision must be
# what it seems: else each call would fail on it.


def _text(cell: object) -> str:
    if not isinstance(cell, str):
        raise TypeError(f"{cell!r:.40} is no text")
    return cell


def _instant(cell: object) -> float:
    if not isinstance(cell, float) or not isfinite(cell):
        raise TypeError(f"{cell!r:.40} is no instant")
    return cell


MODES: Final[Table[ModeOn]] = Table("modes", "name, author, reason, since, until", "name", row=astuple, made=_mode)
OVERRIDES: Final[Table[Override]] = Table(
    "overrides",
    "id, number, destinations, since, until, author, reason",
    "place desc",
    row=lambda each: (each.id, each.number, json.dumps(each.to), each.since, each.until, each.author, each.reason),
    made=_override,
    newest_first=True,
)


class Kept(Generic[OrderT]):
    """A Keeper of one table.

    What is kept has a mark, so that a file that was lost and made anew is known for what it is: memory is put into it.
    """

    def __init__(self, database: Database, table: Table[OrderT]) -> None:
        self._database = database
        self._table = table
        self._mark: str | None = None

    def load(self, memory: tuple[OrderT, ...] = ()) -> tuple[OrderT, ...]:
        """Return what is kept; it is `memory` where what was kept got lost, and that is kept again.

        Raises:
            StoreError: it can't be read; a damaged file was moved aside.

        """
        with self._database.reading() as connection:
            mark = self._found(connection)
            if mark is not None or self._mark is None:
                orders = self._read(connection)
                self._mark = mark
                return orders
        return self.change(lambda _: None, memory)

    def change(self, work: Work[OrderT], memory: tuple[OrderT, ...]) -> tuple[OrderT, ...]:
        """Change what is kept (`memory` where that got lost), and note the deeds: all of it, or nothing.

        Raises:
            StoreError: nothing was changed.

        """
        with self._database.writing() as connection:
            mark = self._found(connection)
            lost = mark is None and self._mark is not None
            orders = memory if lost else self._read(connection)
            change = work(orders)
            if change is not None or lost:
                if mark is None:
                    mark = secrets.token_hex(8)
                    connection.execute("insert into marks values (?, ?)", (self._table.name, mark))
                orders = orders if change is None else change.orders
                self._write(connection, orders)
                for deed in () if change is None else change.deeds:
                    note(connection, deed)
        self._mark = mark
        return orders

    def _found(self, connection: sqlite3.Connection) -> str | None:
        found = connection.execute("select mark from marks where what = ?", (self._table.name,)).fetchone()
        return None if found is None else str(found[0])

    def _read(self, connection: sqlite3.Connection) -> tuple[OrderT, ...]:
        table = self._table
        rows = connection.execute(f"select {table.columns} from {table.name} order by {table.order}").fetchall()  # noqa: S608 - our own names
        try:
            return tuple(table.made(row) for row in rows)
        except (TypeError, ValueError) as error:  # somebody wrote into the table
            raise StoreError(
                f"{self._database.path} holds a row in {table.name} that is none: {error}; delete it there"
            ) from error

    def _write(self, connection: sqlite3.Connection, orders: Sequence[OrderT]) -> None:
        table = self._table
        rows = [table.row(each) for each in (reversed(orders) if table.newest_first else orders)]
        marks = ", ".join("?" * len(table.columns.split(",")))
        connection.execute(f"delete from {table.name}")  # noqa: S608 - our own names
        connection.executemany(f"insert into {table.name} ({table.columns}) values ({marks})", rows)  # noqa: S608 - our own names


def kept_modes(database: Database) -> Keeper[ModeOn]:
    """Return what keeps modes."""
    return Kept(database, MODES)


def kept_overrides(database: Database) -> Keeper[Override]:
    """Return what keeps overrides."""
    return Kept(database, OVERRIDES)
