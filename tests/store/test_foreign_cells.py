"""What somebody else wrote into a file of the state folder: it is told in words, and no call fails on it."""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from ccrouter.errors import StoreError
from ccrouter.routing.records import decision_of, facts_of
from ccrouter.store.audit import Deed
from ccrouter.store.decisions import Decisions
from ccrouter.store.keepers import kept_modes, kept_overrides
from ccrouter.store.modes import Modes
from ccrouter.store.overrides import Overrides
from ccrouter.store.schema import JOURNAL_FILE, STATE_FILE, journal_database, state_database
from ccrouter.store.versions import Change, Versions
from support.hand_clock import HandClock

MODE = "insert into modes (name, author, reason, since, until) values ({})"
OVERRIDE = "insert into overrides (id, number, destinations, since, until, author, reason) values ({})"

ROWS = {
    "an end that is a text": MODE.format("'crisis', 'alice', 'x', 1.0, 'tomorrow'"),
    "an end that is bytes": MODE.format("'crisis', 'alice', 'x', 1.0, x'ff'"),
    "an end that is no number": MODE.format("'crisis', 'alice', 'x', 1.0, 9e999"),
    "a name that is bytes": MODE.format("x'ff', 'alice', 'x', 1.0, null"),
    "a begin that is a text": OVERRIDE.format("'o1', '0800', '[\"desk\"]', 'now', 2.0, 'alice', 'x'"),
    "an end of an override that is a text": OVERRIDE.format("'o1', '0800', '[\"desk\"]', 1.0, 'never', 'alice', 'x'"),
    "destinations that are a text": OVERRIDE.format("'o1', '0800', '\"desk\"', 1.0, 2.0, 'alice', 'x'"),
    "destinations that are numbers": OVERRIDE.format("'o1', '0800', '[1]', 1.0, 2.0, 'alice', 'x'"),
    "destinations that are no JSON": OVERRIDE.format("'o1', '0800', 'desk', 1.0, 2.0, 'alice', 'x'"),
    "a number that is bytes": OVERRIDE.format("'o1', x'00', '[\"desk\"]', 1.0, 2.0, 'alice', 'x'"),
}


def write(path: Path, order: str, *values: object) -> None:
    """Write into a file of the state folder, as anybody with a tool can."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(order, values)
        connection.commit()


@pytest.mark.parametrize("case", ROWS)
def test_a_row_that_is_none_is_told(tmp_path: Path, clock: HandClock, case: str) -> None:
    """It is refused when it is read, not in each decision; what is on is known to be unknown, and calls go on."""
    database = state_database(tmp_path, clock)
    modes, overrides = Modes(kept_modes(database)), Overrides(kept_overrides(database))
    modes.load()
    overrides.load()
    write(tmp_path / STATE_FILE, ROWS[case])
    kept = modes if "modes" in ROWS[case] else overrides
    with pytest.raises(StoreError, match=r"holds a row in (modes|overrides) that is none: .*; delete it there"):
        kept.load()
    assert modes.on(clock.now()) == frozenset()
    assert list(overrides.current(clock.now())) == []


@pytest.mark.parametrize("packed", [1, 2.5, "text", b"text", zlib.compress(b"0" * (1 << 28))])
def test_a_text_that_is_none_is_told(tmp_path: Path, clock: HandClock, packed: object) -> None:
    """Also one that would unpack to a quarter of a gigabyte."""
    database = state_database(tmp_path, clock)
    versions = Versions(database)
    versions.keep(Change(1.0, "alice", "routing.yaml", b"text", b""), Deed(1.0, "alice", "reload"))
    write(tmp_path / STATE_FILE, "update texts set packed = ?", packed)
    with pytest.raises(StoreError, match="the text of version 1 is damaged"):
        versions.latest()


@pytest.mark.parametrize("record", ["", "{", "[]", "null", 1.5, b"\xff", "[" * 2000])
def test_a_record_that_is_none_is_told(tmp_path: Path, clock: HandClock, record: object) -> None:
    """Who asks for the call hears that its record is damaged, and where."""
    journal = Decisions(journal_database(tmp_path, clock), mask_callers=True)
    assert journal.of_call("1.1") == []
    columns = "id, decision, at, pabx, uniqueid, number, dialled, service, rule, destination"
    write(
        tmp_path / JOURNAL_FILE,
        f"insert into decisions ({columns}) values (1, 'd', 1.0, 'm', '1.1', '1', '1', 's', 'r', 'd')",  # noqa: S608 - our own names
    )
    write(tmp_path / JOURNAL_FILE, "insert into records (id, record) values (1, ?)", record)
    with pytest.raises(StoreError, match="holds a record that is none"):
        journal.of_call("1.1")


@pytest.mark.parametrize("plan", [[], {}, None, 1])
def test_a_record_of_other_types_is_refused_by_a_declared_error(plan: object) -> None:
    """Where a text or a mapping should stand and a list does: readers of records catch three errors and no more."""
    for read in (decision_of, facts_of):
        with pytest.raises((KeyError, TypeError, ValueError)):
            read(
                {
                    "plan": plan,
                    "snapshot": {"pabxs": [], "queues": [], "sites": [], "at": 1.0, "arrivals": []},
                    "at": 1.0,
                }
            )
