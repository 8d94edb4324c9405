"""Where calls go by the load: peaks, overflow while waiting, shares, empty queues. Real daemon, real Asterisk."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

import pytest

from phones import FOREVER_MS, Call
from support.parties import most_at_once, served
from support.real_house import HousePlan, RealHouse, queue_in

ROUTING = """
timezone: Europe/Paris
sites:
  peak: {in_house: {queue: peak, max_wait: 60s}}
  rush: {in_house: {queue: rush, max_wait: 60s}}
  slow: {in_house: {queue: slow, max_wait: 60s}}
  long: {in_house: {queue: long, max_wait: 60s}}
  race: {in_house: {queue: race, max_wait: 60s}}
  shared: {in_house: {queue: shared, max_wait: 60s}}
  empty: {in_house: {queue: empty, max_wait: 60s}}
  tunis: {external: {dial: PJSIP/33100@trunk-tunis, answer_within: 5s}}
  three lines: {external: {dial: PJSIP/33300@trunk-small, answer_within: 5s, max_calls: 3}}
messages:
  closed: {play: please-try-call-later}
numbers:
  "0800 000 021": {service: peak}
  "0800 000 022": {service: rush}
  "0800 000 023": {service: slow}
  "0800 000 024": {service: long}
  "0800 000 025": {service: race}
  "0800 000 026": {service: shared}
  "0800 000 027": {service: empty by a rule}
  "0800 000 028": {service: empty}
services:
  peak:
    rules:
      - {name: peak, when: {waiting: {queue: peak, at_least: 3, until_below: 2}}, to: [tunis, closed]}
    otherwise: [peak, closed]
  rush:
    rules:
      - {name: rush, when: {waiting: {queue: rush, at_least: 5}}, to: [tunis, closed]}
    otherwise: [rush, closed]
  slow:
    otherwise: [slow, closed]
    while_waiting:
      - {name: too long, when: {waited: 1s}, to: [tunis, closed]}
  long:
    otherwise: [long, closed]
    while_waiting:
      - {name: too long, when: {waited: 1s}, to: [three lines]}
  race:
    otherwise: [race, closed]
    while_waiting:
      - {name: too long, when: {waited: 1s}, to: [tunis, closed]}
  shared:
    rules:
      - {name: share, to: [{share: {shared: 70, tunis: 30}}]}
    otherwise: [closed]
  empty by a rule:
    rules:
      - {name: nobody there, when: {nobody_logged_in: empty}, to: [tunis, closed]}
    otherwise: [empty, closed]
  empty:
    otherwise: [empty, tunis, closed]
"""

HOUSE = HousePlan(
    routing=ROUTING,
    agreeing=True,
    sites={"tunis": {"answer_ms": 20, "talk_ms": 300}, "small": {"answer_ms": 20, "talk_ms": 500}},
    queues=("peak", "rush", "slow", "long", "race", "shared", "empty"),
    positions=50,
)

Figure = Callable[[str], None]

NEAR_S = 0.2
"""An order to withdraw a caller counts as given around the instant of the answer when it was this near to it."""


def rules(house: RealHouse, calls: Iterable[Call]) -> list[str]:
    """Return the rule that decided last for each call, waiting for their ends."""
    return [house.ending(call)["Rule"] for call in calls]


def test_a_peak_sends_new_calls_out_until_it_is_over(house: RealHouse) -> None:
    """From 3 waiting callers on new calls go out, with 2 they still do, and below 2 they stay in house again."""

    def waiting(count: int) -> None:
        house.daemon.wait_until(lambda status: queue_in(status, "peak").waiting == count)

    def take_one(nth: int) -> str:
        house.sit_down("peak", answer_ms=20, talk_ms=1000)
        connected = house.listener.wait_for(
            lambda event: event.get("Event") == "AgentConnect" and event["Queue"] == "peak", count=nth
        )
        house.listener.ask("QueuePause", Queue="peak", Interface=connected["Interface"], Paused="true")
        waiting(3 - nth)
        return connected["Interface"]

    house.sit_down("peak", status=486)  # takes no call
    early, peak, falling, over = (house.calls("0800000021", count) for count in (3, 1, 1, 1))
    with house.start(early) as first:
        waiting(3)
        met = house.place(peak)
        took = [take_one(1)]
        met += house.place(falling)
        took.append(take_one(2))
        with house.start(over) as last:
            house.wait_for(over[0], Event="QueueCallerJoin")
            for interface in took:
                house.listener.ask("QueuePause", Queue="peak", Interface=interface, Paused="false")
            met += last.wait()
        met += first.wait()
    assert all(served(placed) for placed in met)
    assert rules(house, [*early, *peak, *falling, *over]) == ["otherwise"] * 3 + ["peak"] * 2 + ["otherwise"]
    assert house.takers([*early, *peak, *falling, *over]) == [["peak"]] * 3 + [["tunis"]] * 2 + [["peak"]]


def test_calls_that_come_together_do_not_pass_a_threshold_together(house: RealHouse, figure: Figure) -> None:
    """Of 20 calls at the same instant with a threshold of 5, exactly 5 come to wait."""
    house.sit_down("rush", status=486)
    calls = house.calls("0800000022", 20)
    with house.start(calls, per_s=10_000) as callers:
        for call in calls:
            house.wait_for(call, UserEvent="CCRouterStep")
        house.sit_down("rush", 5, answer_ms=20, talk_ms=100)
        assert all(served(placed) for placed in callers.wait())
    takers = house.takers(calls)
    figure(f"{takers.count(['rush'])} of 20 calls at once waited, threshold 5")
    assert Counter(rules(house, calls)) == {"otherwise": 5, "rush": 15}
    assert takers.count(["rush"]) == 5
    assert takers.count(["tunis"]) == 15


def test_who_waits_too_long_is_taken_out(house: RealHouse, figure: Figure) -> None:
    """Callers whom nobody answers go to the outsourcer when they have waited for as long as a rule says."""
    positions = house.sit_down("slow", answer_ms=FOREVER_MS)
    calls = house.calls("0800000023", 10)
    placed = house.place(calls)
    assert all(served(met) for met in placed)
    assert rules(house, calls) == ["too long"] * 10
    for call in calls:
        assert house.steps(call) == ["queue slow -> withdraw 0", "site tunis -> answered 16"]
    assert house.takers(calls) == [["tunis"]] * 10
    assert not any(received.answered for received in positions.received())
    waits = sorted(met.after_s("200") for met in placed)
    figure(f"answered outside after {waits[0]:.2f} to {waits[-1]:.2f} s; the rule says 1 s, a position rings for 2 s")
    assert waits[0] > 1


def test_no_more_are_taken_out_than_the_site_has_lines(house: RealHouse, figure: Figure) -> None:
    """Waiting callers overflow as lines of the site become free, so that nobody leaves the queue in vain."""
    house.sit_down("long", status=486)
    calls = house.calls("0800000024", 7)
    assert all(served(placed) for placed in house.place(calls))
    for call in calls:
        house.ending(call)
        assert house.steps(call) == ["queue long -> withdraw 0", "site three lines -> answered 16"]
    assert house.takers(calls) == [["small"]] * 7
    most = most_at_once(house.sites["small"].received())
    figure(f"{most} of 7 callers at once at a site with 3 lines")
    assert most == 3


def test_overflow_never_tears_a_call_from_who_answers_at_that_moment(house: RealHouse, figure: Figure) -> None:
    """In 100 tries and more with the order and the answer at the same moment, each caller has one whole talk."""
    positions = [house.sit_down("race", 4, answer_ms=1000 + 12 * n, talk_ms=300) for n in range(10)]
    tries: list[Call] = []
    near = waves = 0
    while near < 100 and waves < 10:
        # First as many a second as positions can take at once, then more than there are: some must be moved.
        for count, per_s in ((130, 27), (50, 10_000)):
            calls = house.calls("0800000025", count)
            assert all(served(placed) for placed in house.place(calls, per_s=per_s))
            tries += calls
            near += sum(abs(apart) < NEAR_S for apart in orders_and_answers(house, calls))
        waves += 1
    for call in tries:
        house.ending(call)
    takers = Counter(tuple(took) for took in house.takers(tries))
    torn = [
        received
        for callee in positions
        for received in callee.received()
        if received.names[1:] != ("answered", "hung-up")
    ]
    refused = len(house.daemon.logged(event="caller stays"))
    figure(
        f"{len(torn)} torn of {len(tries)} tries, {near} of them within {NEAR_S:g} s of the answer: "
        f"{takers['race',]} kept, {takers['tunis',]} moved; {refused} orders refused by the PABX"
    )
    assert torn == []
    assert set(takers) == {("race",), ("tunis",)}
    assert near >= 100


def orders_and_answers(house: RealHouse, calls: Iterable[Call]) -> list[float]:
    """Return how long before the answer by a position the order was given that each of these callers leave."""
    ordered = {
        str(line["uniqueid"]): datetime.fromisoformat(line["at"]).timestamp()
        for line in house.daemon.logged(event="caller to be withdrawn")
    }
    answered = {
        received.caller: at
        for callee in house.seated["race"]
        for received in callee.received()
        for sign, at in received.signs
        if sign == "answered"
    }
    uniqueids = {call.caller: house.wait_for(call, Event="QueueCallerJoin")["Uniqueid"] for call in calls}
    return [
        answered[caller] - ordered[uniqueid]
        for caller, uniqueid in uniqueids.items()
        if caller in answered and uniqueid in ordered
    ]


def test_a_share_is_exact(house: RealHouse, figure: Figure) -> None:
    """Of 100 calls with 70/30 exactly 70 and 30, and of any 10 in a row 7 and 3."""
    house.sit_down("shared", 12, answer_ms=20, talk_ms=50)
    calls = house.calls("0800000026", 100)
    assert all(served(placed) for placed in house.place(calls, per_s=40))
    takers = house.takers(calls)
    figure(f"{takers.count(['shared'])} to the positions, {takers.count(['tunis'])} to the outsourcer")
    assert takers.count(["shared"]) == 70
    assert takers.count(["tunis"]) == 30
    decided = [line["destination"] for line in house.daemon.logged(event="call routed", service="shared")]
    assert [decided[at : at + 10].count("tunis") for at in range(91)] == [3] * 91


@pytest.mark.parametrize(
    ("number", "rule"), [("0800000027", "nobody there"), ("0800000028", "otherwise")], ids=["a rule", "the order"]
)
def test_nobody_is_logged_in(house: RealHouse, number: str, rule: str) -> None:
    """A queue without positions is not even entered: the next destination takes the call at once."""
    [call] = house.calls(number)
    [placed] = house.place([call])
    assert served(placed)
    assert rules(house, [call]) == [rule]
    assert house.steps(call) == ["site tunis -> answered 16"]
    assert house.takers([call]) == [["tunis"]]
    assert placed.after_s("200") < 5
