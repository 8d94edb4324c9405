"""Two routers on one PABX and one state folder: both see each call, and a receiver of webhooks is told of it once."""

import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from phones import Call
from small_pabx import free_port
from support.real_house import HousePlan, RealHouse, real_house
from support.receiver import SECRET, Receiver

ROUTING = """
timezone: Europe/Paris
sites:
  near: {in_house: {queue: near, max_wait: 60s}}
messages:
  closed: {play: please-try-call-later}
numbers:
  "0800 000 051": {service: near}
services:
  near:
    otherwise: [near, closed]
"""

PORT = free_port(socket.SOCK_STREAM)

HOUSE = HousePlan(
    routing=ROUTING,
    queues=("near",),
    routers=2,
    settings=f"""
webhooks:
  - name: crm
    url: http://127.0.0.1:{PORT}/hook
    secret: {{env: CCROUTER_HOOK_SECRET}}
    events: [offered, routed, ringing, answered, overflowed, missed, ended]
    caller: whole
""",
)

LIFE = {"offered": 1, "routed": 1, "ringing": 1, "answered": 1, "ended": 1}


@pytest.fixture(scope="module", autouse=True)
def receiver() -> Iterator[Receiver]:
    """Listen before the house is there."""
    with pytest.MonkeyPatch.context() as patch, Receiver(port=PORT).listening() as receiver:
        patch.setenv("CCROUTER_HOOK_SECRET", SECRET)
        yield receiver


@pytest.fixture(scope="module")
def shared_house(receiver: Receiver) -> Iterator[RealHouse]:
    """One house: what two routers share is their folder, whatever the version of the PABX."""
    assert receiver.port == PORT
    with real_house(22, HOUSE) as house:
        yield house


def told(receiver: Receiver, calls: list[Call]) -> list[list[dict[str, Any]]]:
    """Return what a receiver was told of calls that are over, without repeats of the same id."""

    def of(call: Call) -> list[dict[str, Any]]:
        numbers = {each["uniqueid"] for each in receiver.taken if each["caller"] == call.caller}
        return [each for each in receiver.taken if each["uniqueid"] in numbers]

    receiver.wait(lambda _: all(any(each["kind"] == "ended" for each in of(call)) for call in calls))
    return [list({each["id"]: each for each in of(call)}.values()) for call in calls]


def test_each_event_is_told_once_and_a_killed_router_is_replaced(house: RealHouse, receiver: Receiver) -> None:
    """With both, with the second alone after the first was killed in the middle of talks, and with both again."""
    receiver.taken.clear()
    house.sit_down("near", 6, answer_ms=100, talk_ms=2500)
    calls = house.calls("0800000051", 3)
    house.place(calls)
    assert [dict(Counter(each["kind"] for each in events)) for events in told(receiver, calls)] == [LIFE] * 3
    assert len({each["id"] for each in receiver.taken}) == len(receiver.taken)

    during = house.calls("0800000051", 3)
    with house.start(during) as callers:
        receiver.wait(lambda one: one.kinds().count("answered") == 6)
        house.daemon.kill()
        callers.wait()
    assert [dict(Counter(each["kind"] for each in events)) for events in told(receiver, during)] == [LIFE] * 3

    house.daemon.start()
    house.daemon.wait_until(lambda status: not status.not_ready)
    after = house.calls("0800000051", 3)
    house.place(after)
    assert [dict(Counter(each["kind"] for each in events)) for events in told(receiver, after)] == [LIFE] * 3
    states = {daemon.rank: daemon.wait_until(lambda _: True).webhooks[0].state for daemon in house.daemons}
    assert sorted(states.values()) == ["standby", "well"]
