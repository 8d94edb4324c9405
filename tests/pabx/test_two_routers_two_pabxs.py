"""Two real routers, two real Asterisks: whoever has which PABX in hand, a site has no more calls than it takes."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from ccrouter.clock import SystemClock
from phones import Placed
from support.parties import most_at_once
from support.real_house import in_sync
from support.several_pabxs import Estate, EstatePlan, estate

ROUTING: Final = """
timezone: Europe/Paris
sites:
  shared: {external: {dial: PJSIP/1@trunk-shared, answer_within: 10s, max_calls: 10}}
messages:
  closed: {play: beep}
numbers:
  "0800 000 001": {service: shared}
services:
  shared: {otherwise: [shared, closed]}
"""

PLAN: Final = EstatePlan(routing=ROUTING, sites={"shared": {}}, queues={"a": ["support"], "b": ["sales"]}, routers=2)
NUMBER: Final = "0800000001"
CLOCK: Final = SystemClock()


@pytest.fixture
def house() -> Iterator[Estate]:
    """Give all four when the first router lends all lines."""
    with estate(22, PLAN) as made:
        until(lambda: sum(made.lines("shared").values()) == 10)
        yield made


def until(holds: Callable[[], object], within_s: float = 15) -> float:
    """Wait until something holds, and return how long that took; the assertion fails where it does not."""
    began = CLOCK.steady()
    while not holds():
        assert CLOCK.steady() - began < within_s
        time.sleep(0.05)
    return CLOCK.steady() - began


def most_of(house: Estate, act: Callable[[], object]) -> tuple[int, list[Placed]]:
    """Have something happen under 16 calls a second; return the most calls that were at the site together, and all."""
    started = [parties.start(parties.calls(NUMBER, 24), per_s=8, talk_ms=2000) for parties in house.pabxs.values()]
    callers = {call.caller for each in started for call in each.calls}
    until(lambda: sum(received.caller in callers for received in house.sites["shared"].received()) >= 8)
    act()
    placed = [each for callers_ in started for each in callers_.wait()]
    return most_at_once(each for each in house.sites["shared"].received() if each.caller in callers), placed


def test_capacity_holds_whichever_router_has_which_pabx(house: Estate, figure: Callable[[str], None]) -> None:
    """The first loses its way to one PABX, then is killed, then is there again: ten calls, and all lines lent again."""
    first = house.daemon

    def check(what: str, act: Callable[[], object]) -> None:
        most, placed = most_of(house, act)
        figure(f"{what}: at most {most} at once, {sum(each.answered for each in placed)} of {len(placed)} answered")
        assert all(each.ended for each in placed)
        assert 8 <= most <= 10

    check("the way from the first router to a PABX falls silent", house.relays["a"].hold)
    until(lambda: set(house.lines("shared", 2)) == {"a"})
    house.relays["a"].mend()
    figure(f"in the first's hand again after {until(lambda: sum(house.lines('shared').values()) == 10):.1f} s")
    check("the first router is killed", first.kill)
    until(lambda: sum(house.lines("shared", 2).values()) == 10)
    check("the first router is there again", first.start)
    first.wait_until(in_sync)
    until(lambda: sum(house.lines("shared").values()) == 10)
    until(lambda: not house.lines("shared", 2))
