"""What positions and sites learn of a caller, and callers who hang up at any moment. Real daemon, real Asterisk."""

import json
from typing import Any

import pytest

from phones import FOREVER_MS, Call
from support.parties import served
from support.real_house import HousePlan, RealHouse, queue_in

ROUTING = """
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 60s}}
  busy paris: {in_house: {queue: busy, max_wait: 60s}}
  tunis: {external: {dial: PJSIP/21671000000@trunk-tunis, answer_within: 30s, max_calls: 5}}
  discreet: {external: {dial: PJSIP/33100@trunk-tunis, answer_within: 30s, caller_number: hide}}
  ringing: {external: {dial: PJSIP/33100@trunk-ringing, answer_within: 30s, max_calls: 5}}
  silent: {external: {dial: PJSIP/33100@trunk-silent, answer_within: 30s, max_calls: 5}}
  refusing: {external: {dial: PJSIP/33100@trunk-refusing, answer_within: 30s}}
messages:
  closed: {play: demo-congrats}
  missing: {play: ccrouter/not-there}
numbers:
  "0800 000 051": {service: outside}
  "0800 000 052": {service: après-vente, label: "Numéro Vert SAV"}
  "0800 000 053": {service: discreet}
  "0800 000 054": {service: inside}
  "0800 000 055": {service: hidden callers}
  "0800 000 056": {service: ringing}
  "0800 000 057": {service: silent}
  "0800 000 058": {service: closed}
  "0800 000 059": {service: announced}
  "0800 000 060": {service: waits}
  "0800 000 061": {service: leaves}
  "0800 000 062": {service: tone}
services:
  outside: {otherwise: [tunis, closed]}
  après-vente: {otherwise: [tunis, closed]}
  discreet: {otherwise: [discreet, closed]}
  inside: {otherwise: [paris, closed]}
  hidden callers:
    rules:
      - {name: hidden, when: {caller: anonymous}, to: [tunis, closed]}
    otherwise: [paris, closed]
  ringing: {otherwise: [ringing, closed]}
  silent: {otherwise: [silent, closed]}
  closed: {otherwise: [closed]}
  announced: {announcement: demo-congrats, otherwise: [tunis, closed]}
  waits: {otherwise: [busy paris, closed]}
  leaves:
    otherwise: [busy paris, closed]
    while_waiting:
      - {name: too long, when: {waited: 1s}, to: [ringing]}
  tone: {otherwise: [refusing, missing]}
"""

HOUSE = HousePlan(
    routing=ROUTING,
    agreeing=True,
    sites={
        "tunis": {"answer_ms": 20, "talk_ms": 400},
        "ringing": {"answer_ms": FOREVER_MS},
        "silent": {"answer_ms": FOREVER_MS, "rings": False},
        "refusing": {"status": 486},
    },
    queues=("support", "busy"),
)

WITHHELD = "33698000001"


def journal(house: RealHouse, number: str) -> list[dict[str, Any]]:
    """Return what the journal has of a number, newest first, once all of it is written."""
    house.daemon.wait_until(lambda _: house.daemon.metrics()["ccrouter_journal_queue_length"] == 0)
    lines: list[dict[str, Any]] = json.loads(house.daemon.command("journal", "--json", "--number", number))["lines"]
    return lines


# --- what they learn --------------------------------------------------------------------------------------------------


def test_the_outsourcer_reads_which_number_was_dialled(house: RealHouse) -> None:
    """An outsourcer who answers for several numbers gets the green number and the service of each call."""
    for number, service in (("0800000051", "outside"), ("0800000052", "après-vente")):
        [call] = house.calls(number)
        [placed] = house.place([call])
        assert served(placed)
        [received] = house.received(house.sites["tunis"], call)
        assert received.dialled == "21671000000"
        assert received.headers["Diversion"] == f"<sip:{number}@127.0.0.1>;reason=unconditional"
        assert received.headers["X-CCRouter-Number"] == number
        assert received.headers["X-CCRouter-Service"] == service
        assert received.headers["P-Asserted-Identity"] == f"<sip:{call.caller}@127.0.0.1>"


def test_an_outsourcer_may_not_see_who_calls(house: RealHouse) -> None:
    """`caller_number: hide`: nothing that is sent to the site holds the caller's number or name."""
    [placed] = house.place([Call(caller=WITHHELD, number="0800000053", name='"Jeanne" ')])
    assert served(placed)
    received = house.sites["tunis"].received()[-1]
    assert received.answered
    assert received.headers["X-CCRouter-Number"] == "0800000053"
    assert received.caller == "anonymous"
    assert not [text for text in received.headers.values() if WITHHELD in text or "Jeanne" in text]


@pytest.mark.parametrize("shown", [WITHHELD, "anonymous"], ids=["by Privacy", "by From"])
@pytest.mark.parametrize(
    ("number", "rule"), [("0800000054", "otherwise"), ("0800000055", "hidden")], ids=["a position", "the outsourcer"]
)
def test_a_hidden_caller_stays_hidden(house: RealHouse, number: str, rule: str, shown: str) -> None:
    """A caller who withheld the number is anonymous to rules, positions and outsourcers, though the PABX knows it."""
    positions = house.sit_down("support", answer_ms=50, talk_ms=100)
    asserted = f"P-Asserted-Identity: <sip:{WITHHELD}@carrier.example>"
    logged = len(house.daemon.lines)
    [placed] = house.place([Call(caller=shown, number=number, headers=(asserted, "Privacy: id"))])
    assert served(placed)
    assert house.daemon.wait_for_line(since=logged, event="call routed", number=number)["rule"] == rule
    received = (positions if rule == "otherwise" else house.sites["tunis"]).received()[-1]
    assert received.answered
    assert received.caller == "anonymous"
    assert not [text for text in received.headers.values() if WITHHELD in text]
    assert WITHHELD not in str(house.daemon.lines[logged:])


# --- callers who hang up; the house shows after each test that no channel is left and the daemon sees no call -------


@pytest.mark.parametrize(
    ("number", "step"),
    [
        ("0800000059", ""),
        ("0800000056", "site ringing"),
        ("0800000057", "site silent"),
        ("0800000058", "play closed"),
    ],
    ids=["in the announcement", "while a site rings", "while a site says nothing", "in a message"],
)
def test_a_caller_hangs_up_before_anybody_answers(house: RealHouse, number: str, step: str) -> None:
    """The step is left at once: whoever rings stops ringing."""
    [call] = house.calls(number)
    [placed] = house.place([call], patience_ms=600)
    ending = house.ending(call)
    assert placed.names[-3:] == ("gave-up", "487", "end")
    assert f"{ending['Kind']} {ending['Target']}".strip() == step
    assert house.takers([call]) == [[]]
    if step.startswith("site"):
        [received] = house.received(house.sites[ending["Target"]], call)
        assert received.names == ("invite", "cancel")
    outcome = house.daemon.wait_for_line(event="call finished", number=number)["outcome"]
    assert outcome == ("message" if step.startswith("play") else "abandoned")


def test_a_caller_hangs_up_in_the_tone(house: RealHouse) -> None:
    """A missing message gives a tone, which ends with its caller."""
    [call] = house.calls("0800000062")
    [placed] = house.place([call], patience_ms=1000)
    house.ending(call)
    assert house.steps(call) == ["site refusing -> busy 17", "play missing -> failed 0"]
    assert placed.names[-3:] == ("gave-up", "487", "end")


def test_callers_hang_up_in_the_queue(house: RealHouse) -> None:
    """Who makes a position ring and who waits behind leave the queue at once, and count as abandoned."""
    positions = house.sit_down("busy", answer_ms=FOREVER_MS)
    calls = house.calls("0800000060", 2)
    with house.start(calls, patience_ms=1500) as callers:
        house.daemon.wait_until(lambda status: queue_in(status, "busy").waiting == 2)
        placed = callers.wait()
    house.daemon.wait_until(lambda status: queue_in(status, "busy").waiting == 0)
    for call, met in zip(calls, placed, strict=True):
        house.ending(call)
        assert house.steps(call) == ["queue busy paris"]
        assert met.names[-3:] == ("gave-up", "487", "end")
    assert house.takers(calls) == [[], []]
    assert {received.names[-1] for received in positions.received()} == {"cancel"}
    outcomes = [line["outcome"] for line in house.daemon.logged(event="call finished", number="0800000060")]
    assert outcomes == ["abandoned", "abandoned"]


def test_a_caller_hangs_up_while_being_taken_out(house: RealHouse) -> None:
    """Between the order to leave the queue and its effect the caller may go, and takes no line of the site."""
    house.sit_down("busy", answer_ms=FOREVER_MS)
    [call] = house.calls("0800000061")
    with house.start([call], patience_ms=1500) as callers:
        uniqueid = house.wait_for(call, Event="QueueCallerJoin")["Uniqueid"]
        house.daemon.wait_for_line(event="caller to be withdrawn", uniqueid=uniqueid)
        [placed] = callers.wait()
    house.ending(call)
    assert house.steps(call) == ["queue busy paris"]
    assert placed.names[-3:] == ("gave-up", "487", "end")
    assert house.received(house.sites["ringing"], call) == []


@pytest.mark.parametrize(
    ("number", "taker"), [("0800000054", "support"), ("0800000051", "tunis")], ids=["a position", "a site"]
)
def test_a_caller_hangs_up_in_the_talk(house: RealHouse, number: str, taker: str) -> None:
    """A caller who says goodbye is not routed again, and the other side hears it."""
    positions = house.sit_down("support", answer_ms=50)
    [call] = house.calls(number)
    [placed] = house.place([call], talk_ms=150)
    house.ending(call)
    assert placed.names[-2:] == ("hung-up", "end")
    assert house.takers([call]) == [[taker]]
    [received] = house.received(positions if taker == "support" else house.sites[taker], call)
    assert received.names == ("invite", "answered", "bye")
    assert house.daemon.logged(event="call finished", number=number)[-1]["outcome"] == "answered"


def test_the_journal_tells_what_became_of_each_caller(house: RealHouse) -> None:
    """Where a caller talked and how long; of one who was taken out of a queue both decisions, and the end of the call.

    The end stands with the decision that was in force.
    """
    house.sit_down("busy", answer_ms=FOREVER_MS)
    talks, leaves = house.calls("0800000051")[0], house.calls("0800000061")[0]
    with house.start([leaves], patience_ms=4500) as leaving:
        uniqueid = house.wait_for(leaves, Event="QueueCallerJoin")["Uniqueid"]
        [placed] = house.place([talks])
        assert served(placed)
        leaving.wait()
    house.daemon.wait_for_line(event="call finished", uniqueid=uniqueid)
    lines = [line for line in journal(house, "0800 000 061") if line["uniqueid"] == uniqueid]
    assert [(line["rule"], line["destination"]) for line in lines] == [
        ("too long", "ringing"),
        ("otherwise", "busy paris"),
    ]
    assert (lines[0]["end"]["outcome"], lines[0]["end"]["target"], lines[0]["end"]["talked_s"]) == (
        "abandoned",
        "ringing",
        None,
    )
    assert lines[1]["end"] is None
    talked = journal(house, "0800 000 051")[0]
    assert (talked["end"]["outcome"], talked["end"]["target"], talked["end"]["talked_s"] > 0) == (
        "answered",
        "tunis",
        True,
    )
    assert talks.caller not in str(talked)


def test_a_caller_hangs_up_while_the_router_is_asked(house: RealHouse) -> None:
    """The router is frozen: a caller who hangs up is gone at once, and is forgotten by a router that answers later."""
    [call] = house.calls("0800000051")
    house.daemon.freeze()
    try:
        [placed] = house.place([call], patience_ms=300)
        ending = house.ending(call)
        house.wait_until_quiet()
    finally:
        house.daemon.thaw()
    assert (ending["Step"], ending["Kind"], ending["Target"]) == ("0", "", "")
    assert placed.names[-3:] == ("gave-up", "487", "end")
    assert house.received(house.sites["tunis"], call) == []
