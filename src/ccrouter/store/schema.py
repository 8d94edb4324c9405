"""The tables of the files in the state folder. A release appends steps; a step that was released is never edited."""

from pathlib import Path
from typing import Final

from ccrouter.clock import Clock
from ccrouter.store.database import Database

STATE_FILE: Final = "ccrouter.db"
JOURNAL_FILE: Final = "journal.db"
OUTBOX_FILE: Final = "outbox.db"

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
    """
    create table texts (hash text primary key, packed blob not null);    -- of the routing file, deflated
    create table versions (
        id integer primary key autoincrement,
        at real not null,
        author text not null,
        hash text not null references texts,
        file text not null,
        reason text not null,
        replaced text not null,                 -- hash of the version before
        restores integer,                       -- id of the version that a rollback brought back
        added integer not null,                 -- lines against the version before
        removed integer not null
    );
    create index versions_by_hash on versions (hash);
    """,
    """
    create table marks (                        -- of what was kept here; a file made anew lacks them
        what text primary key, mark text not null
    );
    """,
)
"""Modes, overrides, the audit journal; versions of the routing file. Instants are seconds since 1970-01-01 UTC."""

JOURNAL_STEPS: Final = (
    """
    create table decisions (
        id integer primary key,
        decision text not null,
        at real not null,
        pabx text not null,
        uniqueid text not null,
        number text not null,                   -- as the routing file writes it
        dialled text not null,
        caller text,                            -- null where it was hidden
        service text not null,
        rule text not null,
        destination text not null,              -- the first
        waited_s real,                          -- null for a call that had just arrived
        outcome text, target text, call_waited_s real, talked_s real, ended_at real
    );
    create unique index decisions_of_call on decisions (uniqueid, pabx, decision);
    create index decisions_by_time on decisions (at);
    create table records (                      -- apart, so that a search reads few pages
        id integer primary key references decisions (id) on delete cascade,
        record text not null                    -- JSON, see routing/records.py
    );
    """,
)
"""What was decided for each call, and what became of it."""

OUTBOX_STEPS: Final = (
    """
    create table events (
        id integer primary key,                 -- in the order in which they happened
        webhook text not null,
        event text not null,                    -- its id for the receiver
        subject text not null,                  -- what two routers that saw it agree on
        call text not null,
        at real not null,
        body blob,                              -- null once it is settled
        attempts integer not null default 0,
        next_at real not null default 0,        -- not before
        settled_at real                         -- delivered or given up; kept for a while against repeats
    );
    create unique index events_once on events (webhook, event);
    create index events_by_subject on events (webhook, subject);
    create index events_waiting on events (webhook, id) where settled_at is null;
    create index events_delayed on events (webhook, next_at) where settled_at is null and next_at > 0;
    create index events_by_age on events (at) where settled_at is null;
    create index events_settled on events (settled_at) where settled_at is not null;
    create table lease (                        -- of the router that delivers
        one integer primary key check (one = 1), holder text not null, until real not null
    );
    """,
)
"""What webhooks are to be told, until they were."""


def state_database(folder: Path, clock: Clock) -> Database:
    """Return what an admin turned and the audit journal, in the state folder."""
    return Database(folder / STATE_FILE, STATE_STEPS, clock)


def journal_database(folder: Path, clock: Clock) -> Database:
    """Return the journal of decisions, in the state folder; a power cut may cost its last seconds."""
    # It can be large, and damage is found by whoever reads or writes the page.
    return Database(folder / JOURNAL_FILE, JOURNAL_STEPS, clock, lasting=False, checked=False)


def outbox_database(folder: Path, clock: Clock) -> Database:
    """Return what webhooks are to be told, in the state folder; a power cut may cost its last seconds."""
    return Database(folder / OUTBOX_FILE, OUTBOX_STEPS, clock, lasting=False, checked=False)
