"""Keeps modes and overrides in the database of the state folder, each change in one transaction with its deed."""

import json
from collections.abc import Iterable
from dataclasses import astuple

from ccrouter.errors import StoreError
from ccrouter.routing.overrides import Override
from ccrouter.store.audit import Deed, note
from ccrouter.store.database import Database
from ccrouter.store.modes import ModeOn


class KeptModes:
    """A ModeKeeper."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> tuple[ModeOn, ...]:
        """Return the modes kept.

        Raises:
            StoreError: they can't be read; a damaged file was moved aside.

        """
        with self._database.reading() as connection:
            rows = connection.execute("select name, author, reason, since, until from modes order by name")
            return tuple(ModeOn(*row) for row in rows)

    def save(self, modes: Iterable[ModeOn], deed: Deed) -> None:
        """Keep modes and deed: both, or neither.

        Raises:
            StoreError: neither.

        """
        with self._database.writing() as connection:
            connection.execute("delete from modes")
            rows = map(astuple, modes)
            connection.executemany(
                "insert into modes (name, author, reason, since, until) values (?, ?, ?, ?, ?)", rows
            )
            note(connection, deed)


class KeptOverrides:
    """An OverrideKeeper."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> tuple[Override, ...]:
        """Return the overrides kept, newest set first.

        Raises:
            StoreError: they can't be read; a damaged file was moved aside.

        """
        query = "select id, number, destinations, since, until, author, reason from overrides order by place desc"
        with self._database.reading() as connection:
            rows = connection.execute(query).fetchall()
        try:
            return tuple(
                Override(id_, number, tuple(json.loads(to)), since, until, author, reason)
                for id_, number, to, since, until, author, reason in rows
            )
        except (TypeError, ValueError) as error:  # somebody wrote into the table
            raise StoreError(
                f"{self._database.path} holds an override that is none: {error}; delete its row there"
            ) from error

    def save(self, overrides: Iterable[Override], deed: Deed) -> None:
        """Keep overrides, newest set first, and deed: both, or neither.

        Raises:
            StoreError: neither.

        """
        rows = [
            (each.id, each.number, json.dumps(each.to), each.since, each.until, each.author, each.reason)
            for each in reversed(tuple(overrides))
        ]
        columns = "id, number, destinations, since, until, author, reason"
        with self._database.writing() as connection:
            connection.execute("delete from overrides")
            connection.executemany(f"insert into overrides ({columns}) values (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608 - our own names
            note(connection, deed)
