"""The outbox: what webhooks are to be told, until they were. Two routers may share one. All of it blocks."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ccrouter.store.database import Database, leave_room

SPARED_BYTES: Final = 96 * 1024 * 1024
"""Room on the disk that is left to what matters more: the state first, the journal next."""

MOST: Final = 100_000
"""Events that wait for one webhook; of more, the oldest go."""

KEPT_S: Final = 86_400.0
"""Age at which an event that could not be told is given up."""

REMEMBERED_S: Final = 600.0
"""How long a settled event is remembered, so that another router's telling of the same one is none."""

SAME_S: Final = 0.5
"""Within which two routers' tellings of the same subject are one; neither sees it at the very same instant."""

LEASE_S: Final = 6.0
TIDIED_ROWS: Final = 2000


@dataclass(frozen=True, slots=True)
class Letter:
    """An event for one webhook.

    Attributes:
        event: its id for the receiver.
        subject: what two routers that saw it agree on; the event itself, or a thing that may happen again later.
        call: events of one call are told in order.
        at: when it happened, seconds since 1970-01-01 UTC.
        body: what is sent.

    """

    webhook: str
    event: str
    subject: str
    call: str
    at: float
    body: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """A letter that waits; `number` orders all, `attempts` were in vain so far."""

    number: int
    event: str
    call: str
    at: float
    body: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a letter: settled for good, or to be tried again, not before `again_at`."""

    number: int
    again_at: float | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for one webhook; `oldest_at` is when the oldest of it happened."""

    waiting: int = 0
    oldest_at: float | None = None


class Outbox:
    """Letters in their own database."""

    def __init__(self, database: Database, *, most: int = MOST, spared_bytes: int = SPARED_BYTES) -> None:
        self._database = database
        self._most = most
        self._spared_bytes = spared_bytes
        self._unseen: dict[str, int] = {}

    def put(self, letters: Iterable[Letter]) -> Mapping[str, int]:
        """Keep letters in their order, and return how many older ones had to go, by webhook.

        What another router put there already is not kept twice.

        Raises:
            StoreError: none was kept.

        """
        leave_room(self._database.path, self._spared_bytes)
        came: dict[str, int] = {}
        with self._database.writing() as connection:
            for letter in letters:
                came[letter.webhook] = came.get(letter.webhook, 0) + 1
                connection.execute(
                    "insert or ignore into events (webhook, event, subject, call, at, body)"
                    " select ?, ?, ?, ?, ?, ? where not exists"
                    " (select 1 from events where webhook = ? and subject = ? and at > ? and at < ?)",
                    (
                        *(letter.webhook, letter.event, letter.subject, letter.call, letter.at, letter.body),
                        *(letter.webhook, letter.subject, letter.at - SAME_S, letter.at + SAME_S),
                    ),
                )
            gone = {webhook: self._shed(connection, webhook, count) for webhook, count in came.items()}
        return {webhook: count for webhook, count in gone.items() if count}

    def _shed(self, connection: sqlite3.Connection, webhook: str, came: int) -> int:
        """Let the oldest go where too many wait; looked at after every hundredth part of the most."""
        self._unseen[webhook] = self._unseen.get(webhook, self._most) + came
        if self._unseen[webhook] < self._most // 100:
            return 0
        self._unseen[webhook] = 0
        (count,) = connection.execute(
            "select count(*) from events where webhook = ? and settled_at is null", (webhook,)
        ).fetchone()
        oldest = "select id from events where webhook = ? and settled_at is null order by id limit ?"
        gone = f"delete from events where id in ({oldest})"  # noqa: S608 - our own text
        return connection.execute(gone, (webhook, max(0, count - self._most))).rowcount

    def due(self, webhook: str, now: float, most: int) -> Sequence[Due]:
        """Return the oldest letters that may be tried now, in order; none of a call of which an older one must wait.

        Raises:
            StoreError: they can't be read.

        """
        query = (
            "select id, event, call, at, body, attempts from events where webhook = ? and settled_at is null"
            " and call not in"
            " (select call from events where webhook = ? and settled_at is null and next_at > 0 and next_at > ?)"
            " order by id limit ?"
        )
        with self._database.reading() as connection:
            return [Due(*row) for row in connection.execute(query, (webhook, webhook, now, most))]

    def settle(self, tried: Iterable[Tried], now: float) -> None:
        """Take down what became of letters.

        Raises:
            StoreError: nothing was; they will be sent again.

        """
        with self._database.writing() as connection:
            for each in tried:
                if each.again_at is None:
                    connection.execute("update events set settled_at = ?, body = null where id = ?", (now, each.number))
                else:
                    connection.execute(
                        "update events set attempts = attempts + 1, next_at = ? where id = ?",
                        (each.again_at, each.number),
                    )

    def hasten(self, webhook: str) -> None:
        """Let all that waits for a webhook be tried at once: it is well again.

        Raises:
            StoreError: it could not be.

        """
        with self._database.writing() as connection:
            connection.execute(
                "update events set next_at = 0 where webhook = ? and settled_at is null and next_at > 0", (webhook,)
            )

    def tidy(self, now: float) -> Mapping[str, int]:
        """Give up what is too old, in steps, and forget what was settled; return how many were given up, by webhook.

        Raises:
            StoreError: it could not be.

        """
        with self._database.writing() as connection:
            old = "select id, webhook from events where settled_at is null and at < ? order by at limit ?"
            found = connection.execute(old, (now - KEPT_S, TIDIED_ROWS)).fetchall()
            connection.executemany("delete from events where id = ?", [(number,) for number, _ in found])
            settled = "select id from events where settled_at < ? limit ?"
            forget = f"delete from events where id in ({settled})"  # noqa: S608 - our own text
            connection.execute(forget, (now - REMEMBERED_S, TIDIED_ROWS))
            for _ in range(min(256, connection.execute("pragma freelist_count").fetchone()[0])):
                connection.execute("pragma incremental_vacuum(1)")
        gone: dict[str, int] = {}
        for _, webhook in found:
            gone[webhook] = gone.get(webhook, 0) + 1
        return gone

    def backlogs(self) -> Mapping[str, Backlog]:
        """Return what waits, by webhook.

        Raises:
            StoreError: it can't be read.

        """
        query = "select webhook, count(*), min(at) from events where settled_at is null group by webhook"
        with self._database.reading() as connection:
            return {webhook: Backlog(count, oldest) for webhook, count, oldest in connection.execute(query)}

    def lead(self, holder: str, now: float) -> bool:
        """Tell whether this router is the one that delivers, for LEASE_S from now; the other has it, or had it of late.

        Raises:
            StoreError: it can't be told.

        """
        with self._database.writing() as connection:
            # A lease that ends too far ahead is from before the clock was set back.
            done = connection.execute(
                "insert into lease (one, holder, until) values (1, ?, ?) on conflict (one) do update"
                " set holder = excluded.holder, until = excluded.until"
                " where holder = excluded.holder or until < ? or until > ?",
                (holder, now + LEASE_S, now, now + 2 * LEASE_S),
            )
            return bool(done.rowcount)

    def resign(self, holder: str) -> None:
        """Leave it to the other router at once.

        Raises:
            StoreError: it waits until the lease has ended.

        """
        with self._database.writing() as connection:
            connection.execute("update lease set until = 0 where holder = ?", (holder,))
