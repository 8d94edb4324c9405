"""What a mode changes, foretold: against the decisions themselves, now and through the day."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ccrouter.config.load import compile_text
from ccrouter.outlook.behaviour import way
from ccrouter.outlook.loads import QUIET, facts_under, moved
from ccrouter.outlook.switched import Present, Preview, switched
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.overrides import Override

PARIS = ZoneInfo("Europe/Paris")
TEN = datetime(2026, 11, 25, 10, tzinfo=PARIS).timestamp()  # a Wednesday
HOUR = 3600.0
MIDNIGHT = TEN + 14 * HOUR

RULES = compile_text(
    b"""
timezone: Europe/Paris
calendars:
  office: {hours: "Mo-Fr 08:30-18:30"}
  evening: {hours: "Mo-Su 17:00-21:00"}
sites:
  desk: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/1@trunk-tunis, answer_within: 25s, max_calls: 30}}
  night: {external: {dial: PJSIP/2@trunk-night, answer_within: 20s, calendar: evening}}
messages: {closed: {play: closed}}
modes: [crisis, late]
numbers:
  "0800 123 456": {service: support, label: After-sales}
  "0800 123 457": {service: support, label: Orders}
  "0800 123 458": {service: sales}
services:
  support:
    rules:
      - {name: crisis, when: {all: [{mode: crisis}, {open: office}]}, to: [tunis]}
      - {name: special, when: {all: [{mode: late}, {number: "0800 123 457"}]}, to: [night, tunis]}
      - {name: open, when: {open: office}, to: [desk]}
    otherwise: [closed]
    while_waiting:
      - {name: out, when: {mode: crisis}, to: [tunis]}
  sales:
    otherwise: [desk, closed]
""",
    "routing.yaml",
)


def preview(mode: str, *, ends: float | None = None, overrides: tuple[Override, ...] = (), waits: int = 0) -> Preview:
    """Return what switching a mode on comes to at ten."""
    facts = facts_under(QUIET, RULES, TEN, overrides=overrides)
    waiting = [(Call("main", f"{n}.0", "0800123456", "0612345678", waited_s=9.0), "support") for n in range(waits)]
    turns = [] if ends is None else [ends]
    present = Present(rules=RULES, facts=facts, pabx="main", waiting=waiting, until=MIDNIGHT, turns=turns)

    def after(at: float) -> frozenset[str]:
        return frozenset({mode} if ends is None or at < ends else ())

    return switched(present, lambda _: frozenset(), after, lambda: True)


def test_what_changes_at_once_is_told_with_its_end_and_the_others_are_counted() -> None:
    """Numbers that are treated alike together, with a sentence."""
    found = preview("crisis")
    [change] = found.changes
    assert change.numbers == ("0800 123 456", "0800 123 457")
    assert change.words == (
        "0800 123 456, 0800 123 457 (After-sales, Orders): tunis, then closed, instead of desk, then closed "
        "(rule `crisis`, in place of `open`)"
    )
    assert (change.start, change.end) == (TEN, TEN + 8.5 * HOUR)
    assert (found.same, found.later, found.waiting, found.unexplored) == (1, (), (), ())


def test_what_changes_later_is_told_when_it_begins() -> None:
    """A site that opens in the evening makes another difference from then on; rules that name a number count."""
    found = preview("late")
    assert [(each.numbers, each.after.to, each.end) for each in found.changes] == [
        (("0800 123 457",), ("tunis", "closed"), TEN + 7 * HOUR)
    ]
    assert found.same == 2
    assert [(each.start - TEN, each.after.to, each.before.to, each.end) for each in found.later] == [
        (7 * HOUR, ("night", "tunis", "closed"), ("desk", "closed"), TEN + 8.5 * HOUR),
        (8.5 * HOUR, ("night", "tunis", "closed"), ("closed",), TEN + 11 * HOUR),
        (11 * HOUR, ("tunis", "closed"), ("closed",), None),
    ]


def test_a_mode_that_ends_by_itself_changes_nothing_after_that() -> None:
    """Its end is the end of the change."""
    [change] = preview("crisis", ends=TEN + HOUR).changes
    assert change.end == TEN + HOUR


def test_an_override_wins_over_the_mode_as_long_as_it_counts() -> None:
    """Its number is told by itself: what changes, changes when it has ended."""
    order = Override("a", "0800123456", ("desk",), TEN - 60, TEN + HOUR, "alice", "test")
    found = preview("crisis", overrides=(order,))
    assert [each.numbers for each in found.changes] == [("0800 123 457",)]
    assert [(each.numbers, each.start, each.end) for each in found.later] == [
        (("0800 123 456",), TEN + HOUR, TEN + 8.5 * HOUR)
    ]


@pytest.mark.parametrize(("waits", "words"), [(1, "1 caller who waits"), (3, "3 callers who wait")])
def test_callers_who_wait_are_counted_who_would_be_sent_on(waits: int, words: str) -> None:
    """With where they would go; nobody is told who stays."""
    [moves] = preview("crisis", waits=waits).waiting
    assert (moves.callers, moves.queue, moves.service) == (waits, "support", "support")
    assert moves.words == f"{words} in the queue support: sent to tunis, then closed (rule `out`)"
    assert preview("late", waits=waits).waiting == ()


@pytest.mark.parametrize("mode", ["crisis", "late"])
def test_all_day_long_it_is_as_the_decisions_say(mode: str) -> None:
    """For each number, up to midnight: told as another way if and only if it is one."""
    found = preview(mode)
    told = [*found.changes, *found.later]
    facts = facts_under(QUIET, RULES, TEN)
    instants = [TEN + n * 600 + seconds for n in range(14 * 6) for seconds in (0, 599)]
    for form, number in RULES.numbers.items():
        for at in instants:
            ways = [
                way(RULES, decide(RULES, replace(moved(facts, at), modes=modes), Call("main", "", form, ""), ""))
                for modes in (frozenset[str](), frozenset({mode}))
            ]
            spans = [
                (each.before, each.after)
                for each in told
                if number.number in each.numbers and each.start <= at < (each.end or MIDNIGHT)
            ]
            assert spans == ([] if ways[0] == ways[1] else [(ways[0], ways[1])])


def test_without_time_nothing_is_claimed() -> None:
    """What was not looked at is named."""
    facts = facts_under(QUIET, RULES, TEN)
    present = Present(rules=RULES, facts=facts, pabx="main", until=MIDNIGHT)
    found = switched(present, lambda _: frozenset(), lambda _: frozenset({"crisis"}), lambda: False)
    assert (found.changes, found.same) == ((), 0)
    assert sorted(found.unexplored) == ["0800 123 456", "0800 123 457", "0800 123 458"]
