"""The journal: every decision as it was made, and what became of its call. All of it blocks, but for making rows."""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, NamedTuple, TypeVar

from ccrouter.errors import StoreError
from ccrouter.live.effects import CallFinished
from ccrouter.routing.decision import Decision
from ccrouter.routing.records import CallEnd, DecisionMade, Record
from ccrouter.store.database import Database, leave_room
from ccrouter.store.record_text import record_text
from ccrouter.telemetry.privacy import masked, plain

RowT = TypeVar("RowT")

Entry = Decision | CallFinished
Column = Literal["service", "rule", "destination"]

SPARED_BYTES: Final = 64 * 1024 * 1024
"""Room on the disk that the journal leaves to what matters more: modes, overrides, versions of the routing file."""

PAGES: Final = 512
"""Pages (of 4 KiB) that are given back to the disk in one step."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines of the journal; what is empty does not matter.

    Attributes:
        numbers: any of these, as the routing file writes it or as it was dialled.
        destination: where the call was sent first, or where it ended.
        target: where it ended.
        since, until: seconds since 1970-01-01 UTC, half-open.

    """

    numbers: tuple[str, ...] = ()
    service: str = ""
    rule: str = ""
    destination: str = ""
    target: str = ""
    since: float | None = None
    until: float | None = None


_LINE: Final = (
    "at, pabx, uniqueid, decision, number, caller, service, rule, destination, waited_s,"
    " outcome, target, call_waited_s, talked_s, ended_at"
)


class DecidedRow(NamedTuple):
    """A decision as it is written: its columns but for the id, and its record."""

    columns: tuple[object, ...]
    record: str


class EndedRow(NamedTuple):
    """What became of a call, as it is written."""

    values: tuple[object, ...]


Row = DecidedRow | EndedRow

TOGETHER: Final = 25
"""Decisions in one statement: for each the thread lets go of the interpreter, and has to wait for it again."""

REST_S: Final = 0.0003
"""After so many. Where processors are busy, the event loop gets the thread's when it rests, or after milliseconds."""

_FINISHED: Final = (
    "update decisions set outcome = ?, target = ?, call_waited_s = ?, talked_s = ?, ended_at = ?"
    # Another router may have told it, and may know better: it saw all of the call.
    " where uniqueid = ? and pabx = ? and decision = ? and ifnull(outcome, 'unknown') = 'unknown'"
)


class Decisions:
    """The journal in its own database.

    Args:
        mask_callers: keep the first digits of callers' numbers only.
        spared_bytes: see SPARED_BYTES.

    """

    def __init__(self, database: Database, *, mask_callers: bool, spared_bytes: int = SPARED_BYTES) -> None:
        self._database = database
        self._mask_callers = mask_callers
        self._spared_bytes = spared_bytes

    def row(self, entry: Entry) -> Row:
        """Return an entry as it is written; never waits."""
        return self._decided(entry) if isinstance(entry, Decision) else EndedRow(_end_values(entry))

    def write(self, rows: Iterable[Row]) -> None:
        """Write decisions, and ends of calls beside those; what is there already is not written twice.

        Raises:
            StoreError: none was written.

        """
        leave_room(self._database.path, self._spared_bytes)
        decided: list[DecidedRow] = []
        ended: list[EndedRow] = []
        for row in rows:
            if isinstance(row, DecidedRow):
                decided.append(row)
            else:
                ended.append(row)
        with self._database.writing() as connection:
            _add(connection, decided)
            # After all decisions of this batch, for an end stands beside its own, wherever that one is.
            for part in _parts(ended):
                connection.executemany(_FINISHED, [row.values for row in part])

    def of_call(self, uniqueid: str) -> list[tuple[Record, CallEnd | None]]:
        """Return the records of all decisions about a call with what became of it, oldest first.

        Raises:
            StoreError: they can't be read.

        """
        query = (
            "select record, outcome, target, call_waited_s, talked_s, ended_at"
            " from decisions join records using (id) where uniqueid = ? order by id"
        )
        with self._database.reading() as connection:
            rows = connection.execute(query, (uniqueid,)).fetchall()
        return [(self._record(record), _end(end)) for record, *end in rows]

    def search(self, wanted: Wanted, limit: int) -> Sequence[DecisionMade]:
        """Return lines, newest first.

        Raises:
            StoreError: they can't be read.

        """
        marks = ", ".join("?" * len(wanted.numbers))
        tests: list[tuple[str, tuple[object, ...]]] = [
            (f"(number in ({marks}) or dialled in ({marks}))", wanted.numbers * 2),
            ("service = ?", (wanted.service,) if wanted.service else ()),
            ("rule = ?", (wanted.rule,) if wanted.rule else ()),
            ("(destination = ? or target = ?)", (wanted.destination,) * 2 if wanted.destination else ()),
            ("target = ?", (wanted.target,) if wanted.target else ()),
            ("at >= ?", () if wanted.since is None else (wanted.since,)),
            ("at < ?", () if wanted.until is None else (wanted.until,)),
        ]
        asked = [(text, values) for text, values in tests if values]
        where = " and ".join(text for text, _ in asked) or "true"
        values = [each for _, values in asked for each in values]
        query = f"select {_LINE} from decisions where {where} order by at desc, id desc limit ?"  # noqa: S608 - our own texts
        with self._database.reading() as connection:
            return [DecisionMade(*(*row[:10], _end(row[10:]))) for row in connection.execute(query, (*values, limit))]

    def names(self, column: Column) -> set[str]:
        """Return all that the journal has in a column; for a destination also where calls ended. Slow: it reads it all.

        Raises:
            StoreError: they can't be read.

        """
        queries = [f"select distinct {column} from decisions"]  # noqa: S608 - our own texts
        if column == "destination":
            queries.append("select distinct target from decisions where target is not null")
        with self._database.reading() as connection:
            return {name for query in queries for (name,) in connection.execute(query) if name}

    def tidy(self, before: float, most: int) -> int:
        """Delete the oldest decisions that were made before an instant, `most` at once; return how many.

        The room is given back to the disk, in steps too.

        Raises:
            StoreError: none was deleted.

        """
        with self._database.writing() as connection:
            oldest = "select id from decisions where at < ? order by at limit ?"
            gone = connection.execute(f"delete from decisions where id in ({oldest})", (before, most)).rowcount  # noqa: S608 - our own text
            if gone:
                # Asked for more than one page, Python's sqlite3 stops after the first all the same.
                for _ in range(min(PAGES, connection.execute("pragma freelist_count").fetchone()[0])):
                    connection.execute("pragma incremental_vacuum(1)")
        return gone

    def _record(self, text: object) -> Record:
        try:
            record = json.loads(text) if isinstance(text, str) else None
        except (RecursionError, ValueError):
            record = None
        if not isinstance(record, dict):  # somebody wrote into the table
            raise StoreError(f"{self._database.path} holds a record that is none; delete this call's decisions there")
        return record

    def _decided(self, decision: Decision) -> DecidedRow:
        call = decision.call
        caller, number = call.caller, plain(call.number)
        if caller is not None:
            caller = str(masked(caller)) if self._mask_callers else plain(caller)
        columns = (
            decision.id,
            decision.at,
            call.pabx,
            plain(call.uniqueid),
            decision.number or number,
            number,
            caller,
            decision.service,
            decision.rule,
            decision.destination,
            call.waited_s,
        )
        return DecidedRow(columns, record_text(decision, caller))


def _add(connection: sqlite3.Connection, rows: Sequence[DecidedRow]) -> None:
    """Add decisions that are not there yet. Ids are given here: nobody else writes meanwhile, and all go in at once."""
    (last,) = connection.execute("select ifnull(max(id), 0) from decisions").fetchone()
    for some in _parts(list(enumerate(rows, last + 1))):
        connection.execute(_decided(len(some)), [value for id_, row in some for value in (id_, *row.columns)])
        connection.execute(_recorded(len(some)), [value for id_, row in some for value in (id_, row.record)])


def _parts(rows: Sequence[RowT]) -> Iterator[Sequence[RowT]]:
    """Give rows some at a time, and rest after each time."""
    for begin in range(0, len(rows), TOGETHER):
        yield rows[begin : begin + TOGETHER]
        time.sleep(REST_S)


@cache
def _decided(count: int) -> str:
    rows = ", ".join([f"({', '.join('?' * 12)})"] * count)
    return (
        "insert or ignore into decisions"  # noqa: S608 - our own text
        " (id, decision, at, pabx, uniqueid, number, dialled, caller, service, rule, destination, waited_s)"
        f" values {rows}"
    )


@cache
def _recorded(count: int) -> str:
    rows = ", ".join(["(?, ?)"] * count)
    return (
        "insert into records (id, record)"  # noqa: S608 - our own text
        f" select column1, column2 from (values {rows}) where exists (select 1 from decisions where id = column1)"
    )


def _end_values(told: CallFinished) -> tuple[object, ...]:
    return (
        *(told.outcome.value, told.target, told.waited_s, told.talked_s, told.at),
        *(plain(told.uniqueid), told.pabx, told.decision),
    )


def _end(columns: Sequence[Any]) -> CallEnd | None:
    """Return what became of a call; None where its end is not told yet: then all its columns are null."""
    return None if columns[0] is None else CallEnd(*columns)
