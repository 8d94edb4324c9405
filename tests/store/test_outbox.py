"""The outbox: what is put in comes out in the order of each call, once, until it is settled or too old."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ccrouter.errors import StoreError
from ccrouter.store import outbox as module
from ccrouter.store.outbox import KEPT_S, LEASE_S, REMEMBERED_S, Letter, Outbox, Tried
from ccrouter.store.schema import outbox_database
from support.full_disk import full_disk
from support.hand_clock import HandClock

NOW = 1_795_289_835.0


def letter(n: int, webhook: str = "crm", call: str = "", **details: object) -> Letter:
    """Return the letter `e<n>` of the call `c<n>`, unless it is said."""
    told = {"event": f"e{n}", "subject": f"s{n}", "call": call or f"c{n}", "at": NOW, "body": b"{}"}
    return Letter(webhook, **{**told, **details})  # type: ignore[arg-type] # a test's shorthand


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Give an outbox that keeps ten letters for each webhook."""
    database = outbox_database(tmp_path, HandClock(NOW))
    yield Outbox(database, most=10, spared_bytes=0)
    database.close()


def events(outbox: Outbox, webhook: str = "crm", now: float = NOW) -> list[str]:
    """Return what is due."""
    return [each.event for each in outbox.due(webhook, now, 100)]


def settled(outbox: Outbox, *wanted: str, again_at: float | None = None, now: float = NOW) -> None:
    """Settle these, or let them wait."""
    outbox.settle([Tried(each.number, again_at) for each in outbox.due("crm", now, 100) if each.event in wanted], now)


def test_letters_come_in_order_each_to_its_webhook(outbox: Outbox) -> None:
    """With all that was put in."""
    outbox.put([letter(1), letter(2, "dwh"), letter(3, body=b'{"id":3}')])
    assert events(outbox) == ["e1", "e3"]
    assert events(outbox, "dwh") == ["e2"]
    last = outbox.due("crm", NOW, 100)[-1]
    assert (last.call, last.at, last.body, last.attempts) == ("c3", NOW, b'{"id":3}', 0)


def test_a_letter_that_waits_holds_up_its_call_alone(outbox: Outbox) -> None:
    """Until its time has come; the order within a call is kept."""
    outbox.put([letter(1, call="a"), letter(2, call="b"), letter(3, call="a")])
    settled(outbox, "e1", again_at=NOW + 5)
    assert events(outbox) == ["e2"]
    assert events(outbox, now=NOW + 5) == ["e1", "e2", "e3"]
    assert outbox.due("crm", NOW + 5, 1)[0].attempts == 1
    outbox.hasten("crm")
    assert events(outbox) == ["e1", "e2", "e3"]


def test_what_another_router_put_in_is_not_told_twice(outbox: Outbox) -> None:
    """Whether it was settled meanwhile or not; after a while it is forgotten."""
    outbox.put([letter(1)])
    outbox.put([letter(1)])
    assert events(outbox) == ["e1"]
    settled(outbox, "e1")
    outbox.put([letter(1)])
    assert events(outbox) == []
    outbox.tidy(NOW + REMEMBERED_S + 1)
    outbox.put([letter(1)])
    assert events(outbox) == ["e1"]


@pytest.mark.parametrize(("later_s", "count"), [(0.3, 1), (-0.3, 1), (0.6, 2), (8.0, 2)])
def test_the_same_ring_seen_by_two_routers_is_one(outbox: Outbox, later_s: float, count: int) -> None:
    """They do not see it at the very same instant; a position that rings again does so later."""
    outbox.put([letter(1, subject="ring"), letter(2, subject="ring", at=NOW + later_s)])
    assert len(events(outbox)) == count


def test_a_settled_letter_keeps_nothing_of_its_caller(outbox: Outbox, tmp_path: Path) -> None:
    """Only that it was is remembered."""
    outbox.put([letter(1, body=b"0612345678")])
    settled(outbox, "e1")
    with sqlite3.connect(tmp_path / "outbox.db") as looking:
        assert looking.execute("select body from events").fetchall() == [(None,)]
    looking.close()


def test_of_too_many_the_oldest_go(outbox: Outbox) -> None:
    """And are told, for each webhook by itself."""
    assert outbox.put(letter(n) for n in range(10)) == {}
    assert outbox.put([letter(1, "dwh"), *(letter(n) for n in range(10, 13))]) == {"crm": 3}
    assert events(outbox) == [f"e{n}" for n in range(3, 13)]
    assert events(outbox, "dwh") == ["e1"]


def test_what_is_a_day_old_is_given_up(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step by step, and told."""
    monkeypatch.setattr(module, "TIDIED_ROWS", 2)
    outbox.put([letter(n) for n in range(3)] + [letter(9, "dwh", at=NOW + 60)])
    assert outbox.tidy(NOW + KEPT_S) == {}
    assert outbox.tidy(NOW + KEPT_S + 1) == {"crm": 2}
    assert outbox.tidy(NOW + KEPT_S + 1) == {"crm": 1}
    assert {name: each.waiting for name, each in outbox.backlogs().items()} == {"dwh": 1}
    assert outbox.backlogs()["dwh"].oldest_at == NOW + 60


def test_one_of_two_routers_leads_until_it_is_silent(outbox: Outbox) -> None:
    """The one that died is replaced when its lease has ended, one that resigns at once; it may come back itself."""
    assert outbox.lead("router 1", NOW)
    assert not outbox.lead("router 2", NOW + 1)
    assert outbox.lead("router 1", NOW + 2)
    assert not outbox.lead("router 2", NOW + 2 + LEASE_S)
    assert outbox.lead("router 2", NOW + 2.1 + LEASE_S)
    assert not outbox.lead("router 1", NOW + 3 + LEASE_S)
    outbox.resign("router 2")
    assert outbox.lead("router 1", NOW + 3 + LEASE_S)


def test_a_clock_set_back_leaves_no_lease_for_hours(outbox: Outbox) -> None:
    """A lease that ends too far ahead counts for nothing."""
    assert outbox.lead("router 1", NOW + 3600)
    assert outbox.lead("router 2", NOW)


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """With the cure, and what is there stays; with too little room left for others nothing is put in."""
    database = outbox_database(tmp_path, HandClock(NOW))
    outbox = Outbox(database, spared_bytes=0)
    outbox.put([letter(1)])
    with full_disk(4096), pytest.raises(StoreError, match=r"outbox\.db can't be written"):
        outbox.put(letter(n, body=bytes(5000)) for n in range(100))
    assert events(outbox) == ["e1"]
    with pytest.raises(StoreError, match="does not grow any more: the disk is nearly full"):
        Outbox(database, spared_bytes=1 << 60).put([letter(2)])
    database.close()


@dataclass
class Model:
    """What an outbox must do: letters by call, in order."""

    waiting: dict[str, list[str]] = field(default_factory=dict)
    delayed: dict[str, float] = field(default_factory=dict)


class Machine(RuleBasedStateMachine):
    """Whatever is put in, settled, delayed, reopened: each call's letters come out in order, none lost or doubled."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.now, self.count = NOW, 0
        self.model = Model()
        self.open()

    def open(self) -> None:
        """Open the outbox, as a process that starts does."""
        self.database = outbox_database(Path(self.folder.name), HandClock(NOW))
        self.outbox = Outbox(self.database, spared_bytes=0)

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.database.close()
        self.folder.cleanup()

    @rule(calls=st.lists(st.sampled_from("abc"), min_size=1, max_size=6))
    def put(self, calls: list[str]) -> None:
        """Put letters in."""
        new = []
        for call in calls:
            self.count += 1
            new.append(letter(self.count, call=call, at=self.now))
            self.model.waiting.setdefault(call, []).append(f"e{self.count}")
        self.outbox.put(new)

    @rule(well=st.lists(st.booleans(), min_size=1, max_size=6))
    def send(self, well: list[bool]) -> None:
        """Send what is due: some are taken, and the first of a call that is not stops the rest of it."""
        tried, stopped = [], set()
        for due, good in zip(self.outbox.due("crm", self.now, 6), well, strict=False):
            if due.call in stopped:
                continue
            tried.append(Tried(due.number, None if good else self.now + 10))
            if good:
                assert self.model.waiting[due.call].pop(0) == due.event
                self.model.delayed.pop(due.call, None)
            else:
                stopped.add(due.call)
                self.model.delayed[due.call] = self.now + 10
        self.outbox.settle(tried, self.now)

    @rule(seconds=st.integers(1, 15))
    def later(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    @precondition(lambda self: self.count)
    @rule()
    def begin_anew(self) -> None:
        """Start again."""
        self.database.close()
        self.open()

    @invariant()
    def all_that_may_be_told_is_due(self) -> None:
        """And nothing else, in order."""
        found: dict[str, list[str]] = {}
        for due in self.outbox.due("crm", self.now, 10_000):
            found.setdefault(due.call, []).append(due.event)
        free = {call for call in self.model.waiting if self.model.delayed.get(call, 0.0) <= self.now}
        assert found == {call: self.model.waiting[call] for call in free if self.model.waiting[call]}


TestOutbox = Machine.TestCase
TestOutbox.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
