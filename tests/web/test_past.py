"""The journal and the history over the control API, and as tables."""

import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog

from ccrouter.app.archive import Archive
from ccrouter.app.questions import Questions
from ccrouter.live.effects import Outcome
from ccrouter.routing.records import decision_of
from ccrouter.store.audit import Audit, Deed
from ccrouter.store.decisions import Decisions, Wanted
from ccrouter.store.schema import journal_database
from ccrouter.web.client import Client, RefusedError, connected, read
from ccrouter.web.control import control_app
from ccrouter.web.journal import ENTRIES, HISTORY, LINES, JournalQuery, journal
from ccrouter.web.orders import ModeOrder
from ccrouter.web.past import history_section, journal_section
from ccrouter.web.serve import serve_unix
from ccrouter.web.terminal import plain_lines
from support.admin_desk import AdminDesk
from support.made_decisions import ended, keep, made

NOW = 1_795_289_835.25
"""Saturday 2026-11-21, 20:37:15 in Paris: what the clock of the desk shows."""


@pytest.fixture
def desk(tmp_path: Path) -> AdminDesk:
    """Give a desk."""
    return AdminDesk(tmp_path)


@pytest.fixture
def decisions(desk: AdminDesk, tmp_path: Path) -> Decisions:
    """Give a journal of four calls: of yesterday evening, of this morning, and two of now."""
    decisions = Decisions(journal_database(tmp_path, desk.clock), mask_callers=True, spared_bytes=0)
    keep(
        decisions,
        [
            made(1, NOW - 86400),
            made(2, NOW - 12 * 3600),
            made(3, NOW - 60),
            made(4, NOW - 50, caller=None),
            ended(3, NOW - 10),
            ended(4, outcome=Outcome.ABANDONED, target="", talked_s=None),
        ],
    )
    return decisions


@pytest.fixture
async def client(desk: AdminDesk, decisions: Decisions) -> AsyncIterator[Client]:
    """Give a client; pytest's own folders can be too long for a socket."""
    archive = Archive(decisions, desk.audit, lambda: desk.rules, desk.clock, Questions())
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        path = Path(folder) / "control.sock"
        async with serve_unix(control_app(structlog.get_logger(), journal(archive)), path), connected(path) as client:
            yield client


class SeenOff(list[Any]):
    """Rows that note in which thread each is taken."""

    def __init__(self, rows: Iterable[object]) -> None:
        super().__init__(rows)
        self.threads: set[int] = set()

    def __iter__(self) -> Iterator[Any]:
        """Give the rows."""
        for row in super().__iter__():
            self.threads.add(threading.get_ident())
            yield row


async def test_thousands_of_rows_hold_up_no_call(
    desk: AdminDesk, decisions: Decisions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 lines took a third of a second to make: that is no work for the event loop."""
    desk.audit.append(Deed(NOW, "alice", "mode on", "crisis", "flooded"))
    lines, deeds = SeenOff(decisions.search(Wanted(), 9)), SeenOff(desk.audit.latest(9))
    monkeypatch.setattr(Decisions, "search", lambda *_: lines)
    monkeypatch.setattr(Audit, "latest", lambda *_, **__: deeds)
    archive = Archive(decisions, desk.audit, lambda: desk.rules, desk.clock, Questions())
    assert len((await archive.lines(JournalQuery())).lines) == 4
    assert len((await archive.history(9)).deeds) == 1
    assert len(lines.threads) == len(deeds.threads) == 1
    assert threading.get_ident() not in lines.threads | deeds.threads


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["4.0", "3.0", "2.0", "1.0"]),
        ("?limit=2", ["4.0", "3.0"]),
        ("?since=yesterday%2018:00", ["4.0", "3.0", "2.0", "1.0"]),
        ("?since=yesterday%2021:00", ["4.0", "3.0", "2.0"]),
        ("?since=today%208:00", ["4.0", "3.0", "2.0"]),
        ("?since=20:00", ["4.0", "3.0"]),
        ("?since=2h%20ago", ["4.0", "3.0"]),
        ("?since=friday%208:00&until=8:00", ["1.0"]),
        ("?until=2026-11-21", ["1.0"]),
        ("?number=%2B33%20800%20123%20456&limit=1", ["4.0"]),
        ("?rule=otherwise&destination=paris", ["4.0", "3.0", "2.0", "1.0"]),
        ("?since=2h", ["4.0", "3.0"]),
        ("?service=support&until=2026-11-01", []),
        ("?rule=otherwise&until=2026-11-01", []),
        ("?destination=closed", []),
    ],
)
async def test_calls_are_found_in_the_words_of_a_person(client: Client, query: str, found: list[str]) -> None:
    """Times and days are the last that were, by the clock of the rules."""
    lines = read(LINES, await client.ask("GET", f"/journal{query}"))
    assert [line.uniqueid for line in lines.lines] == found
    assert lines.zone == "Europe/Paris"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/journal?since=someday", "`someday` says no instant"),
        ("/journal?limit=0", "limit: it must be 1 or more"),
        ("/journal?limit=x", "limit: it must be a whole number"),
        ("/journal?caller=0612345678", "caller: there is no such field; fields here: `number`, `service`"),
        ("/history?limit=1000000", "limit: it must be 10000 or less"),
    ],
)
async def test_a_bad_question_is_told(client: Client, path: str, told: str) -> None:
    """With what is wrong in it; nobody searches for a caller."""
    with pytest.raises(RefusedError, match=told):
        await client.ask("GET", path)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("?rule=otherwize", "neither the rules nor the journal have a rule otherwize. Did you mean `otherwise`?"),
        ("?destination=pariss", "a site or message pariss. Did you mean `paris`?"),
        ("?service=other", "a service other. Known here: `support`"),
    ],
)
async def test_a_name_that_nothing_has_is_told(client: Client, query: str, told: str) -> None:
    """Else a slip would look like a quiet day."""
    with pytest.raises(RefusedError) as refused:
        await client.ask("GET", f"/journal{query}")
    assert told in str(refused.value)


async def test_one_call_is_told_with_all_its_decisions(client: Client) -> None:
    """Oldest first, each with the record that explains it; a call that nobody knows has none."""
    entries = read(ENTRIES, await client.ask("GET", "/journal/3.0"))
    assert [decision_of(entry.record).rule for entry in entries] == ["otherwise"]
    assert entries[0].outcome is not None
    assert (entries[0].outcome.outcome, entries[0].outcome.target) == ("answered", "paris")
    assert read(ENTRIES, await client.ask("GET", "/journal/99.0")) == ()


async def test_the_journal_is_a_table_for_people(client: Client) -> None:
    """One line a decision, with what became of the call."""
    found = read(LINES, await client.ask("GET", "/journal?limit=2"))
    rows = [" ".join(line.split()) for line in plain_lines((), (journal_section(found),))]
    answered = "otherwise paris answered at paris after 12s, talked 30s 3.0"
    assert rows[1:] == [
        "at number caller service rule to outcome uniqueid",
        "Sat 2026-11-21 20:36:25 0800 123 456 hidden support otherwise paris abandoned after 12s 4.0",
        f"Sat 2026-11-21 20:36:15 0800 123 456 061******* support {answered}",
    ]


async def test_the_history_tells_who_what_why_and_until_when(client: Client, desk: AdminDesk) -> None:
    """Newest first."""
    await desk.mode_switch.switch(ModeOrder("crisis", on=True, author="alice (root)", reason="flooded", for_s=3600))
    await desk.mode_switch.switch(ModeOrder("crisis", on=False, author="bob", reason="dry"))
    found = read(HISTORY, await client.ask("GET", "/history"))
    rows = [" ".join(line.split()) for line in plain_lines((), (history_section(found),))]
    assert rows[1:] == [
        "at who what which why from until",
        "Sat 2026-11-21 20:37:15 bob mode off crisis dry - -",
        "Sat 2026-11-21 20:37:15 alice (root) mode on crisis flooded - Sat 2026-11-21 21:37:15",
    ]


async def test_what_is_empty_says_so(client: Client) -> None:
    """Sentences, not empty tables."""
    found = read(HISTORY, await client.ask("GET", "/history"))
    assert list(plain_lines((), (history_section(found),)))[1:] == ["  nobody has changed anything yet"]
