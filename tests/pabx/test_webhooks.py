"""What real calls on a real PABX come to at a receiver of webhooks: a whole life each, in order, signed."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from phones import FOREVER_MS, Call
from small_pabx import free_port
from support.real_house import HousePlan, RealHouse
from support.receiver import SECRET, Receiver

ROUTING = """
timezone: Europe/Paris
sites:
  near: {in_house: {queue: near, max_wait: 60s}}
  slow: {in_house: {queue: slow, max_wait: 60s}}
  empty: {in_house: {queue: empty, max_wait: 60s}}
  tunis: {external: {dial: PJSIP/33100@trunk-tunis, answer_within: 5s}}
messages:
  closed: {play: please-try-call-later}
numbers:
  "0800 000 041": {service: near, label: Near}
  "0800 000 042": {service: slow}
  "0800 000 043": {service: empty}
  "0800 000 044": {service: shut}
services:
  near:
    otherwise: [near, closed]
  slow:
    otherwise: [slow, closed]
    while_waiting:
      - {name: too long, when: {waited: 3s}, to: [tunis, closed]}
  empty:
    otherwise: [empty, tunis, closed]
  shut:
    otherwise: [closed]
"""

PORT = free_port(socket.SOCK_STREAM)

HOUSE = HousePlan(
    routing=ROUTING,
    agreeing=True,
    sites={"tunis": {"answer_ms": 20, "talk_ms": 300}},
    queues=("near", "slow", "empty"),
    ring_s=1,
    settings=f"""
webhooks:
  - name: crm
    url: http://127.0.0.1:{PORT}/hook
    secret: {{env: CCROUTER_HOOK_SECRET}}
    events: [offered, routed, ringing, answered, overflowed, missed, ended]
    caller: whole
""",
)


@pytest.fixture(scope="module", autouse=True)
def receiver() -> Iterator[Receiver]:
    """Listen before the house is there."""
    with pytest.MonkeyPatch.context() as patch, Receiver(port=PORT).listening() as receiver:
        patch.setenv("CCROUTER_HOOK_SECRET", SECRET)
        yield receiver


@pytest.fixture(autouse=True)
def _forget(receiver: Receiver) -> None:
    """Forget what was told: the callers of one house have the numbers of another one's."""
    receiver.taken.clear()


def life(receiver: Receiver, call: Call) -> list[dict[str, Any]]:
    """Return all that a call's receiver was told, when it is over."""

    def told() -> list[dict[str, Any]]:
        return [each for each in receiver.taken if each["caller"] == call.caller]

    receiver.wait(lambda _: bool(told()) and told()[-1]["kind"] == "ended")
    assert receiver.forged == 0
    found = told()
    assert len({each["id"] for each in found}) == len(found)
    assert len({each["uniqueid"] for each in found}) == 1
    assert [each["at"] for each in found] == sorted(each["at"] for each in found)
    return found


def test_an_answered_call_is_told_from_its_ring_to_its_end(house: RealHouse, receiver: Receiver) -> None:
    """By the position that took it, with what the caller waited and how long they talked."""
    house.sit_down("near", answer_ms=200, talk_ms=500)
    [call] = house.calls("0800000041")
    house.place([call])
    offered, routed, ringing, answered, ended = life(receiver, call)
    kinds = [each["kind"] for each in (offered, routed, ringing, answered, ended)]
    assert kinds == ["offered", "routed", "ringing", "answered", "ended"]
    assert {(each["number"], each["label"], each["service"]) for each in (offered, routed, answered, ended)} == {
        ("0800 000 041", "Near", "near")
    }
    assert (routed["rule"], routed["target"]) == ("otherwise", "near")
    assert (ringing["queue"], answered["queue"]) == ("near", "near")
    assert ringing["interface"] == answered["interface"] != ""
    assert answered["target"] == "near"
    assert 0.1 < answered["waited_s"] < 5
    assert ended["outcome"] == "answered"
    assert 0.3 < ended["talked_s"] < 5


def test_a_caller_who_overflows_while_waiting_is_told_with_all_rings(house: RealHouse, receiver: Receiver) -> None:
    """Rung and missed again and again, then sent on, answered outside."""
    house.sit_down("slow", answer_ms=FOREVER_MS)
    [call] = house.calls("0800000042")
    house.place([call])
    found = life(receiver, call)
    kinds = [each["kind"] for each in found]
    assert kinds[:3] == ["offered", "routed", "ringing"]
    assert kinds.count("ringing") >= 1
    assert "missed" in kinds
    assert kinds[-2:] == ["answered", "ended"]
    [overflowed] = [each for each in found if each["kind"] == "overflowed"]
    assert (overflowed["moment"], overflowed["rule"], overflowed["target"]) == ("waiting", "too long", "tunis")
    assert overflowed["waited_s"] >= 3
    answered = found[-2]
    assert (answered["target"], answered["queue"], answered["interface"]) == ("tunis", "", "")


def test_an_overflow_at_entry_is_told_with_the_routing(house: RealHouse, receiver: Receiver) -> None:
    """Nobody is logged in: the call goes out at once."""
    [call] = house.calls("0800000043")
    house.place([call])
    found = life(receiver, call)
    assert [each["kind"] for each in found] == ["offered", "routed", "overflowed", "answered", "ended"]
    assert (found[2]["moment"], found[2]["target"]) == ("entry", "tunis")


def test_who_gives_up_and_who_hears_a_message_are_told_so(house: RealHouse, receiver: Receiver) -> None:
    """Nobody answered: the end says what became of them."""
    house.sit_down("near", status=486)
    [gives_up], [shut] = house.calls("0800000041"), house.calls("0800000044")
    house.place([gives_up], patience_ms=1500)
    house.place([shut])
    ends = [life(receiver, call)[-1] for call in (gives_up, shut)]
    assert [(end["outcome"], end["talked_s"]) for end in ends] == [("abandoned", None), ("message", None)]
    assert "answered" not in [each["kind"] for call in (gives_up, shut) for each in life(receiver, call)]
