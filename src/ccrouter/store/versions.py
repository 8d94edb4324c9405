"""Every version of the routing file that was in force: when, by whom, and its text."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ccrouter.errors import StoreError
from ccrouter.store.audit import Deed, note
from ccrouter.store.database import Database

KEPT: Final = 500
"""Versions that are kept; the oldest give way."""

LARGEST: Final = 1 << 24
"""Bytes of a text, at the very most: what is accepted as a routing file is smaller by far."""

HASH_SIGNS: Final = 12
"""Of SHA-256 in hexadecimal, as in the version of the rules."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version that came into force.

    Attributes:
        id: counts up from 1, without gaps.
        at: when it came into force, in seconds since 1970-01-01 UTC.
        hash: names its text, as decisions do.
        file: where it stood.
        replaced: hash of the version that was in force before; empty for the first.
        restores: id of the version whose text a rollback brought back.
        added, removed: lines that the text has, and lacks, against the one before.

    """

    id: int
    at: float
    author: str
    hash: str
    file: str
    reason: str = ""
    replaced: str = ""
    restores: int | None = None
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A version that comes into force, before it is kept; the fields are those of Version."""

    at: float
    author: str
    file: str
    content: bytes
    before: bytes
    reason: str = ""
    restores: int | None = None


COLUMNS: Final = "id, at, author, hash, file, reason, replaced, restores, added, removed"


class Versions:
    """The versions in the database of the state folder. All of it blocks."""

    def __init__(self, database: Database, most: int = KEPT) -> None:
        self._database = database
        self._most = most

    def keep(self, change: Change, deed: Deed) -> None:
        """Keep a version together with its deed: both, or neither.

        The text that is in force already, because another router took the same file, is not kept twice; a reason or a
        rollback that only this one knows of is added.

        Raises:
            StoreError: neither.

        """
        named, replaced = hash_of(change.content), hash_of(change.before) if change.before else ""
        added, removed = changed_lines(change.before, change.content)
        with self._database.writing() as connection:
            connection.execute(
                "insert or replace into texts (hash, packed) values (?, ?)", (named, zlib.compress(change.content))
            )
            latest = connection.execute("select id, hash from versions order by id desc limit 1").fetchone()
            if latest is not None and latest[1] == named:
                if change.reason or change.restores is not None:
                    connection.execute(
                        "update versions set author = ?, reason = ?, restores = ? where id = ?",
                        (change.author, change.reason, change.restores, latest[0]),
                    )
                    note(connection, deed)
                return
            connection.execute(
                "insert into versions (at, author, hash, file, reason, replaced, restores, added, removed)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(change.at, change.author, named, change.file, change.reason),
                    *(replaced, change.restores, added, removed),
                ),
            )
            connection.execute("delete from versions where id <= (select max(id) from versions) - ?", (self._most,))
            connection.execute("delete from texts where hash not in (select hash from versions)")
            note(connection, deed)

    def all(self) -> Sequence[Version]:
        """Return the versions kept, newest first.

        Raises:
            StoreError: they can't be read.

        """
        with self._database.reading() as connection:
            return [Version(*row) for row in connection.execute(f"select {COLUMNS} from versions order by id desc")]  # noqa: S608 - our own names

    def latest(self) -> tuple[Version, bytes] | None:
        """Return the version that came into force last, with its text; None where none was kept.

        Raises:
            StoreError: it can't be read, or is not what was kept.

        """
        with self._database.reading() as connection:
            row = connection.execute(f"select {COLUMNS} from versions order by id desc limit 1").fetchone()  # noqa: S608 - our own names
        if row is None:
            return None
        version = Version(*row)
        return version, self.content(version.id)

    def content(self, number: int) -> bytes:
        """Return the text of a version.

        Raises:
            KeyError: there is none of this number.
            StoreError: it can't be read, or is not what was kept.

        """
        query = "select hash, packed from versions left join texts using (hash) where id = ?"
        with self._database.reading() as connection:
            row = connection.execute(query, (number,)).fetchone()
        if row is None:
            raise KeyError(number)
        named, packed = row
        try:
            # No text is larger than this, whatever a damaged one would unpack to.
            content = zlib.decompressobj().decompress(packed or b"", LARGEST)
        except (TypeError, zlib.error):
            content = b""
        if hash_of(content) != named:
            raise StoreError(f"the text of version {number} is damaged in {self._database.path}; take another one")
        return content


def hash_of(content: bytes) -> str:
    """Return the name of a text, as decisions give it."""
    return hashlib.sha256(content).hexdigest()[:HASH_SIGNS]


def changed_lines(before: bytes, after: bytes) -> tuple[int, int]:
    """Return how many lines came and how many went; one that moved counts as neither."""
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    return (new - old).total(), (old - new).total()
