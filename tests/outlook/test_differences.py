"""Differences between versions: what is told is so, and what is so is told."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ccrouter.config.load import compile_text
from ccrouter.outlook.apart import Found
from ccrouter.outlook.behaviour import Way, way
from ccrouter.outlook.changed import Differences
from ccrouter.outlook.changes import lines
from ccrouter.outlook.details import details
from ccrouter.outlook.differences import ANY_OTHER, STAY, differences
from ccrouter.outlook.loads import Load, facts_under
from ccrouter.outlook.recurring import Span
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide, decide_waiting
from ccrouter.routing.rules import Rules
from support.configs import EXAMPLE
from support.routing_files import calls, loads, routing_files

START: Final = datetime(2026, 11, 22, 23, tzinfo=UTC)
"""0:00 of Monday, 23 November 2026, in Paris."""

WEEK: Final = START + timedelta(days=7)
PEAK: Final = "waiting: support at least 5"
TEXT: Final = EXAMPLE.read_text("utf-8")


def compiled(text: str) -> Rules:
    """Return the rules of a text."""
    return compile_text(text.encode(), "routing.yaml")


def edit(*edits: tuple[str, str]) -> tuple[Rules, Rules]:
    """Return the rules of the large example, before and after some edits of its text."""
    text = TEXT
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    return compiled(TEXT), compiled(text)


def told(before: Rules, after: Rules, end: datetime = WEEK) -> list[str]:
    """Return the differences as they are printed."""
    return list(lines(differences(before, after, START, end), (START, end), after.zone))


# --- what a person reads ----------------------------------------------------------------------------------------------


def test_same_rules_change_nothing() -> None:
    """Comments, order of keys and words of labels change no call."""
    text = "# a comment\n" + TEXT.replace("label: Commandes", "label: Orders")
    found = differences(compiled(TEXT), compiled(text), START, WEEK)
    assert found == Differences((), (), same=True)


def test_shorter_hours_are_told_with_their_times() -> None:
    """What comes every week is told as one, with its count and its hours; situations are told apart."""
    found = told(*edit(("Mo-Fr 08:30-18:30; Sa", "Mo-Fr 08:30-18:00; Sa")))
    orders = found[found.index("0800 456 789 (orders)") :]
    assert orders[:7] == [
        "0800 456 789 (orders)",
        "  Mo-Fr 18:00-18:30, 5 times, first Mon 23 Nov 2026 18:00; 2.5 h",
        "      orders desk, then backup, then all busy",
        "      -> mailbox",
        "    when ready: orders at most 0; or longest_wait: orders at least 60 s",
        "      tunis, then orders desk, then all busy",
        "      -> mailbox",
    ]


CROWDED: Final = """
timezone: Europe/Paris
calendars:
  office: {hours: "Mo-Fr 08:30-18:30"}
  desk: {hours: "Mo-Fr 09:00-17:30"}
sites:
  desk: {in_house: {queue: desk, max_wait: 90s}}
  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}
  night: {external: {dial: PJSIP/+21671000001@trunk-tunis, answer_within: 25s}}
messages:
  closed: {play: ccrouter/closed}
numbers:
  "0800 123 456": {service: support}
services:
  support:
    rules:
      - {name: evening, when: {closed: office}, to: [night, closed]}
      - {name: crowded, when: {all: [{open: desk}, {waiting: {queue: desk, at_least: 5}}]}, to: [tunis, closed]}
    otherwise: [desk, closed]
"""


def test_a_situation_that_changes_as_the_quiet_one_is_not_told_again() -> None:
    """Of a situation, only the times are told at which its calls change in another way than in quiet."""
    before, after = compiled(CROWDED), compiled(CROWDED.replace("08:30-18:30", "08:30-16:30"))
    assert told(before, after) == [
        "0800 123 456 (support)",
        "  Mo-Fr 16:30-18:30, 5 times, first Mon 23 Nov 2026 16:30; 10 h",
        "      desk, then closed",
        "      -> night, then closed",
        "  Mo-Fr 16:30-17:30, 5 times, first Mon 23 Nov 2026 16:30; 5 h",
        "    when waiting: desk at least 5",
        "      tunis, then closed",
        "      -> night, then closed",
    ]


def test_order_of_two_rules_is_told_by_what_both_need() -> None:
    """Rules that changed places matter only where both apply."""
    crisis = "      - {name: crisis, when: {mode: crisis}, to: [backup, tunis, all busy]}\n"
    outside = "      - {name: all outside, when: {mode: all_outside}, to: [tunis, backup]}\n"
    found = told(*edit((crisis, ""), (outside, outside + crisis)))
    assert [line for line in found if "when" in line] == ["    when mode: crisis, mode: all_outside"] * 2


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (
            [('  "3949": {service: orders}', '  "3950": {service: orders}'), ('number: "3949"', 'number: "3950"')],
            ["3949 (no longer in the file, was: orders)", "3950 (new: orders)"],
        ),
        (
            [('"03 87 00 00 00": {service: metz', '"03 87 00 00 00": {service: orders')],
            ["03 87 00 00 00 (moved: metz -> orders)"],
        ),
        ([("unknown_number: closed", "unknown_number: all busy")], ["any other number (in neither file)"]),
        ([('"0800 456 789": {', '"+33 800 456 789": {')], []),
    ],
)  # fmt: skip - a table
def test_numbers_come_go_and_move(edits: list[tuple[str, str]], expected: list[str]) -> None:
    """A number that is new, gone or with another service is told as such; another spelling is no other number."""
    assert [line for line in told(*edit(*edits)) if line and not line.startswith(" ")] == expected


def test_waiting_callers_are_told_of() -> None:
    """Rules for callers who wait change what becomes of them, in each queue in which they may be."""
    found = told(*edit(("{waited: 90s, site_up: tunis}", "{waited: 60s, site_up: tunis}")))
    assert "  callers who wait in the queue support" in found
    assert [line.strip() for line in found if "stay" in line or "when" in line][:2] == [
        "when waited: 60 s, not waited: 90 s",
        "stay in the queue",
    ]  # fmt: skip - one line of facts


SMALL: Final = """
timezone: Europe/Paris
calendars:
  office: {hours: "Mo-Fr 08:30-18:30"}
sites:
  paris: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/+21671000000@tunis, answer_within: 25s, max_calls: 10, calendar: office}}
messages: {closed: {play: closed}}
numbers:
  "0800 123 456": {service: support, language: fr}
services:
  support:
    rules: [{name: english, when: {language: en}, to: closed}]
    otherwise: [paris, closed]
    while_waiting: [{name: too long, when: {waited: 90s}, to: [tunis, closed]}]
"""


def test_closed_sites_before_a_message_move_nobody() -> None:
    """Who waits is not moved to the message behind a closed site, and is to one that stands alone: told at night."""
    before, after = compiled(SMALL), compiled(SMALL.replace("to: [tunis, closed]", "to: closed"))
    found = told(before, after)
    night = next(nth for nth, line in enumerate(found) if line.startswith("  Mo-Th 18:30"))
    when = next(nth for nth, line in enumerate(found) if nth > night and "when" in line)
    assert found[when : when + 3] == ["    when waited: 90 s", "      stay in the queue", "      -> closed"]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_number_that_loses_its_language_takes_that_of_the_call(swapped: bool) -> None:  # noqa: FBT001 - a parameter
    """Where one version has a language for the number, callers with another one go elsewhere in the other."""
    versions = [compiled(SMALL), compiled(SMALL.replace(", language: fr}", "}"))]
    before, after = reversed(versions) if swapped else versions
    found = differences(before, after, START, WEEK)
    assert [group.situations for pair in found.pairs for group in pair.groups] == [("language: en",)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("answer_within: 25s", "answer_within: 30s", "tunis: rings for 25 s -> 30 s"),
        ("max_calls: 30", "max_calls: 20", "tunis: takes at most 30 calls -> 20 calls"),
        (
            "trunk-tunis",
            "trunk-sfax",
            "tunis: is dialled as PJSIP/+21671000000@trunk-tunis -> dialled as PJSIP/+21671000000@trunk-sfax",
        ),
        ("priority: 5}", "priority: 6}", "+33 1 55 00 10 00: priority 5 -> 6"),
        ("language: en,", "language: nl,", "0805 000 123: language en -> nl"),
        (
            "play: ccrouter/closed",
            "play: ccrouter/shut",
            "closed: is announcement ccrouter/closed -> announcement ccrouter/shut",
        ),
        ("{site: paris, for: 30s}", "{site: paris, for: 40s}", "support, rule `peak`: gives paris 30 s -> 40 s"),
        (
            "until_below: 3}",
            "until_below: 2}",
            f"support, rule `peak`: asks {PEAK} until below 3 -> {PEAK} until below 2",
        ),
        ("name: peak", "name: rush", "support, rule `peak`: is called `peak` -> `rush`"),
        ("if_unknown: skip", "if_unknown: match", "support, rule `paris cut off`: if_unknown skip -> match"),
        ("label: Commandes", "label: Orders", "0800 456 789: label Commandes -> Orders"),
    ],
)  # fmt: skip - a table
def test_details_are_told_apart(before: str, after: str, expected: str) -> None:
    """What sends no call elsewhere is told as a detail."""
    assert expected in [each.text for each in details(*edit((before, after)))]


def test_end_of_a_threshold_is_no_other_way() -> None:
    """Another stop level changes no call under a load that lasts, and yet the rules are not called the same."""
    found = differences(*edit(("until_below: 3}", "until_below: 2}")), START, WEEK)
    assert (found.pairs, found.unexplored, found.same) == ((), (), False)


def test_limits_are_reached() -> None:
    """A site that is full sooner sends its calls elsewhere sooner: at the lower of the two limits."""
    found = told(*edit(("max_calls: 30", "max_calls: 3")))
    full = found.index("    when 3 calls at tunis")
    assert found[full + 1 : full + 3] == [
        "      tunis, then paris, then closed",
        "      -> paris, then tunis, then closed",
    ]


def test_what_takes_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that was given up is named with its rules, and nothing is called the same."""
    monkeypatch.setattr("ccrouter.outlook.apart.STEPS", 1)
    found = differences(*edit(("[tunis, {site: paris, for: 30s}, backup]", "[backup, tunis]")), START, WEEK)
    assert "support: whether `peak` before and `peak` after can both decide about one call" in found.unexplored
    assert not found.same


# --- against decisions ------------------------------------------------------------------------------------------------


def taken(rules: Rules, found: Found, at: datetime, number: str, queue: str = "") -> Way:
    """Return where a call goes in a situation."""
    situation = found.situation
    facts = facts_under(situation.load, rules, at.timestamp(), modes=situation.modes)
    waited_s = found.waited_s if queue else None
    call = Call("main", "1", number, situation.caller, situation.language, waited_s)
    if not queue:
        return way(rules, decide(rules, facts, call, "id"))
    moved = decide_waiting(rules, facts, call, queue, "id")
    return Way((STAY,), "") if moved is None else way(rules, moved)


def spelling(rules: tuple[Rules, Rules], written: str) -> str:
    """Return a number as it is dialled."""
    known = ((form, number) for each in rules for form, number in each.numbers.items())
    return next((form for form, number in known if number.number == written), "0899999999")


pairs_of_files = st.tuples(routing_files(), routing_files(), st.integers(0, 2)).map(
    # Two files that have nothing in common, or the second with the services of the first, or with its calendars.
    lambda drawn: (drawn[0], _mixed(drawn[0], drawn[1], drawn[2]))
)


def _mixed(first: str, second: str, how: int) -> str:
    if how == 0:
        return second
    cut = "services:\n"
    heads, tails = ([text[: text.index(cut)], text[text.index(cut) :]] for text in (first, second))
    return second[: second.index(cut)] + first[first.index(cut) :] if how == 1 else heads[0] + tails[1] if tails else ""


@settings(max_examples=25)
@given(texts=pairs_of_files, data=st.data())
def test_random_files_differ_as_told(texts: tuple[str, str], data: st.DataObject) -> None:
    """Each change that is told is what two decisions say; and where two decisions differ, a change is told then."""
    # Limits that differ are looked at one by one, not together with all else: see test_limits_are_reached.
    rules = compiled(same_limits(texts[0])), compiled(same_limits(texts[1]))
    end = START + timedelta(days=3)
    found = differences(*rules, START, end)
    for pair in found.pairs:
        for group in pair.groups:
            for change in group.changes:
                start, until = change.spans[0]
                for at in (start, until - timedelta(seconds=1)):
                    number = spelling(rules, pair.numbers[0])
                    ways = tuple(taken(each, group.found[-1], at, number, group.waiting) for each in rules)
                    assert ways == (change.before, change.after)
    assume(not found.unexplored)
    for _ in range(8):
        at = START + timedelta(minutes=data.draw(st.integers(0, 3 * 24 * 60 - 1)))
        load, modes = (
            possible(data.draw(loads(rules[0]))),
            data.draw(st.frozensets(st.sampled_from(sorted(rules[0].modes)))),
        )
        call = data.draw(calls(rules[0]))
        before, after = (
            way(each, decide(each, facts_under(load, each, at.timestamp(), modes=modes), call, "id")) for each in rules
        )
        assert before == after or not found.same
        known = rules[0].numbers.get(call.number)
        written = known.number if known else ANY_OTHER
        assert before == after or any(start <= at < until for start, until in spans_of(found, written)), (before, after)


def same_limits(text: str) -> str:
    """Return a file in which all sites take as many calls as in any other."""
    return re.sub(r"max_calls: \d+", "max_calls: 5", text)


def possible(load: Load) -> Load:
    """Return a load as a queue can have it: those who work are logged in, and only who waits has waited."""
    queues = {
        name: replace(
            each,
            logged_in=max(each.logged_in, each.ready + each.busy),
            longest_wait_s=each.longest_wait_s if each.waiting else 0.0,
        )
        for name, each in load.queues.items()
    }
    return replace(load, queues=queues)


def spans_of(found: Differences, number: str) -> Iterator[Span]:
    """Yield every time at which something is told of a number."""
    for pair in found.pairs:
        if number in pair.numbers:
            for group in pair.groups:
                for change in group.changes:
                    yield from change.spans
