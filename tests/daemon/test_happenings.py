"""What happens to calls, told in one place: of decisions and of the live state's reports."""

from dataclasses import replace
from typing import Any

import pytest
import structlog

from ccrouter.app import happenings as module
from ccrouter.app.happenings import Happenings, seen_by
from ccrouter.live.effects import CallAnswered, CallOffered, PositionMissed, PositionRang, Relist
from ccrouter.live.events import Listing
from ccrouter.routing.decide import decide
from ccrouter.routing.rules import Number, Rules
from ccrouter.telemetry.names import RuleNames
from ccrouter.web.board import Happened
from support.made_decisions import CALLER, RULES, WORLD, ended, made

OF_CALL: dict[str, Any] = {"pabx": "pbx", "uniqueid": "1.0"}


class Told:
    """Happenings with a listener that keeps what it is told."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.found: list[Happened] = []
        self.faults: list[str] = []
        self.unwanted: set[str] = set()
        names = RuleNames()
        names.use(rules)
        self.happenings = Happenings(lambda: rules, names.overflow, self.faults.append, structlog.get_logger())
        self.happenings.follow(self.found.append, lambda kind: kind not in self.unwanted)

    @property
    def kinds(self) -> list[str]:
        """Return the kinds, in order."""
        return [each.kind for each in self.found]


def offered(**details: object) -> CallOffered:
    """Return the report that the call came."""
    told = {**OF_CALL, "number": "0800123456", "service": "support", "caller": CALLER, "entry": "routed", "at": 1.0}
    return CallOffered(**{**told, **details})


def answered() -> CallAnswered:
    """Return the report that it was answered."""
    return CallAnswered(
        **OF_CALL,
        number="0800123456",
        service="support",
        rule="otherwise",
        decision="d1",
        caller=CALLER,
        target="paris",
        queue="support",
        interface="PJSIP/101",
        waited_s=3.5,
        at=4.0,
    )


def test_a_whole_life_is_told_in_order_with_all_that_is_known() -> None:
    """Reports that name the call alone are completed by what was known of it before."""
    rules = replace(RULES, numbers={form: _labelled(each) for form, each in RULES.numbers.items()})
    told = Told(rules)
    told.happenings.effect(offered())
    told.happenings.decided(made(1))
    told.happenings.effect(PositionRang(**OF_CALL, queue="support", interface="PJSIP/101", at=2.0))
    told.happenings.effect(PositionMissed(**OF_CALL, queue="support", interface="PJSIP/101", ignored=True, at=3.0))
    told.happenings.effect(answered())
    told.happenings.effect(ended(1, at=9.0))
    assert told.kinds == ["offered", "routed", "ringing", "missed", "answered", "ended"]
    assert {(e.pabx, e.uniqueid, e.number, e.label, e.service, e.caller) for e in told.found} == {
        ("pbx", "1.0", "0800 123 456", "After-sales", "support", CALLER)
    }
    assert [(e.rule, e.decision) for e in told.found] == [("", ""), *[("otherwise", "d1")] * 5]
    routed, ringing, _, talks, end = told.found[1:]
    assert (routed.target, routed.waited_s) == ("paris", None)
    assert (ringing.queue, ringing.interface) == ("support", "PJSIP/101")
    assert (talks.target, talks.interface, talks.waited_s) == ("paris", "PJSIP/101", 3.5)
    assert (end.outcome, end.waited_s, end.talked_s, end.at) == ("answered", 12.5, 30.0, 9.0)


def _labelled(number: Number) -> Number:
    return replace(number, label="After-sales")


@pytest.mark.parametrize(
    ("details", "kinds"),
    [
        ({}, ["routed"]),
        ({"ready": 0, "logged_in": 0}, ["routed", "overflowed"]),
    ],
)
def test_an_overflow_at_entry_is_told_beside_the_routing(details: dict[str, int], kinds: list[str]) -> None:
    """It is one where load kept the first destination from taking the call, as the metric counts it."""
    told = Told()
    facts = WORLD.facts(queue=WORLD.queue(**details))
    told.happenings.decided(decide(RULES, facts, WORLD.call(), "d1"))
    assert kinds == told.kinds
    assert {each.moment for each in told.found if each.kind == "overflowed"} <= {"entry"}


def test_an_overflow_while_waiting_is_no_second_routing() -> None:
    """A caller who is sent on after a wait was routed once; the caller told at entry stays known."""
    told = Told()
    told.happenings.effect(offered())
    told.happenings.decided(made(1, waited_s=42.0, caller=None))
    assert told.kinds == ["offered", "overflowed"]
    assert (told.found[1].moment, told.found[1].waited_s, told.found[1].caller) == ("waiting", 42.0, CALLER)


def test_an_end_tells_who_called_and_who_talked_last() -> None:
    """Also of a call of which nothing else was seen, for this router has just started."""
    told = Told()
    told.happenings.effect(ended(1, caller=CALLER, interface="PJSIP/101"))
    assert [(each.caller, each.interface) for each in told.found] == [(CALLER, "PJSIP/101")]


def test_what_is_not_about_callers_is_not_told() -> None:
    """Listings read again, healths and the like have metrics and logs of their own."""
    told = Told()
    told.happenings.effect(Relist(pabx="pbx", listing=Listing.CALLS, reason="doubt"))
    assert told.kinds == []


def test_a_number_that_the_file_does_not_know_is_told_as_dialled() -> None:
    """Without a label."""
    told = Told()
    told.happenings.effect(offered(number="0800999999"))
    assert [(each.number, each.label) for each in told.found] == [("0800999999", "")]


def test_what_nobody_wanted_is_known_all_the_same_for_what_comes_after() -> None:
    """Who wants to hear of ringing telephones alone hears who calls, and what they dialled."""
    told = Told()
    told.unwanted = {"offered", "routed"}
    told.happenings.effect(offered())
    told.happenings.decided(made(1))
    told.happenings.effect(PositionRang(**OF_CALL, queue="support", interface="PJSIP/101", at=2.0))
    assert [(each.kind, each.caller, each.rule) for each in told.found] == [("ringing", CALLER, "otherwise")]


def test_a_listener_that_fails_costs_nobody_anything() -> None:
    """It is counted; the others are told, and whoever tells goes on."""

    def fails(_: Happened) -> None:
        raise RuntimeError("out of order")

    told = Told()
    told.happenings._listeners.insert(0, (fails, lambda _: True))
    told.happenings.decided(made(1))
    assert told.kinds == ["routed"]
    assert told.faults == ["happenings"]


def test_what_is_remembered_of_calls_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls whose end is never told make room for others, oldest first; an end forgets its call."""
    monkeypatch.setattr(module, "MOST_CALLS", 3)
    told = Told()
    for n in range(5):
        told.happenings.effect(offered(uniqueid=f"{n}.0"))
    assert list(told.happenings._calls) == [("pbx", "2.0"), ("pbx", "3.0"), ("pbx", "4.0")]
    told.happenings.effect(ended(3))
    assert list(told.happenings._calls) == [("pbx", "2.0"), ("pbx", "4.0")]


def test_a_caller_is_seen_as_the_receiver_may() -> None:
    """Whole, with the first digits alone, or not at all; a hidden one stays hidden."""
    told = Told()
    told.happenings.effect(offered())
    found = told.found[0]
    assert [seen_by(found, each).caller for each in ("whole", "masked", "none")] == [CALLER, "061*******", None]
    assert seen_by(replace(found, caller=None), "masked").caller is None
