"""The tables of the files in the state folder. A release appends steps; a step that was released is never edited."""

from pathlib import Path
from typing import Final

from ccrouter.clock import Clock
from ccrouter.store.database import Database

STATE_FILE: Final = "ccrouter.db"
JOURNAL_FILE: Final = "journal.db"

STATE_STEPS: Final = (
    """
    create table modes (
        name text primary key, author text not null, reason text not null, since real not null, until real
    );
    create table overrides (
        place integer primary key,              -- the later set, the greater
        id text not null unique,
        number text not null,
        destinations text not null,             -- names, as a JSON list
        since real not null,
        until real not null,
        author text not null,
        reason text not null
    );
    create table deeds (
        id integer primary key,
        at real not null, who text not null, what text not null, subject text not null, why text not null,
        since real, until real
    );
    """,
)
"""Modes, overrides and the audit journal. Instants are seconds since 1970-01-01 UTC."""


def state_database(folder: Path, clock: Clock) -> Database:
    """Return what an admin turned and the audit journal, in the state folder."""
    return Database(folder / STATE_FILE, STATE_STEPS, clock)
