"""The router with a real live state: no two calls win one free line, and waiting callers are moved in order."""

import itertools
from collections import Counter
from dataclasses import dataclass, replace

import pytest

from ccrouter.live.events import (
    CallerConnected,
    CallerJoined,
    CallHungUp,
    DeviceState,
    Heard,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    PabxEvent,
    PositionSeen,
    QueueListed,
    StepBegan,
    Ticked,
    WithdrawAccepted,
    WithdrawAsked,
    WithdrawRefused,
)
from ccrouter.live.queues import WaitingCaller
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from ccrouter.router import Router, WithdrawCaller
from ccrouter.routing import measures
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import All, CallerIs, Question, Threshold, Waited
from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import Leg, Share
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Rules
from ccrouter.routing.thresholds import Direction, Level, Verdict
from support.hand_clock import HandClock
from support.world import NOON, World

WORLD = World()
LEGS = WORLD.legs


class House:
    """A router, its state and its clock, with one PABX in sync."""

    def __init__(self, rules: Rules) -> None:
        self.clock = HandClock(NOON)
        sites = (WORLD.tunis, WORLD.backup)
        self.state = State(
            [SiteLimits("paris", queue="support"), *(SiteLimits(site.name, "", site.max_calls) for site in sites)]
        )
        self.router = Router(
            rules,
            self.state,
            apply=self.state.apply,
            clock=self.clock,
            modes=lambda _: frozenset(),
            overrides=lambda _: (),
            ids=(f"d{n}" for n in itertools.count(1)),
        )
        self.tell(LinkUp, version="22")
        for listing in Listing:
            self.tell(ListBegan, listing=listing)
            if listing is Listing.QUEUES:
                self.tell(QueueListed, queue="support")
                self.position(DeviceState.IN_USE)
            self.tell(ListDone, listing=listing)

    def tell(self, event: type[PabxEvent], **fields: object) -> None:
        """Let the PABX tell something now."""
        self.state.apply(event(pabx="pbx", at=self.clock.now(), **fields))

    def position(self, device: DeviceState) -> None:
        """Let the one position be seen in a state."""
        self.tell(
            PositionSeen,
            queue="support",
            interface="PJSIP/agent1",
            name="agent1",
            device=device,
            paused=False,
            paused_reason="",
            penalty=0,
            in_call=device is DeviceState.IN_USE,
            last_call_at=0.0,
            wrapup_s=0.0,
        )  # fmt: skip - one subject

    def call(self, name: str, caller: str | None = None) -> Decision:
        """Let a call come in."""
        return self.router.route(Call("pbx", name, "0800123456", caller))

    def join(self, name: str, position: int, caller: str | None = None) -> Decision:
        """Let a call come in and wait in the queue."""
        decision = self.call(name, caller)
        about = {"uniqueid": name, "channel": f"PJSIP/carrier-{name}"}
        self.tell(
            StepBegan,
            **about,
            number="0800123456",
            decision=decision.id,
            service="support",
            rule=decision.rule,
            step=1,
            kind="queue",
            target="paris",
        )  # fmt: skip - one subject
        self.tell(CallerJoined, **about, queue="support", position=position)
        return decision

    def pass_time(self, seconds: float) -> None:
        """Let time pass, the PABX well and heard."""
        self.clock.at += seconds
        self.tell(Heard)
        self.state.apply(Ticked(at=self.clock.now()))
        self.router.watch()


def unexpected(_: WaitingCaller, error: Exception) -> None:
    """Let no fault pass."""
    raise error


def orders(house: House) -> list[WithdrawCaller]:
    """Return what is ordered now."""
    return [order for order in house.router.drain({"pbx"}, unexpected) if order is not None]


def moved(house: House) -> list[tuple[str, str]]:
    """Return who is to be withdrawn, and where to."""
    return [(order.caller.uniqueid, order.decision.destination) for order in orders(house)]


def test_sixty_calls_at_once_never_overbook_a_site() -> None:
    """Each decision counts at once at its site, before the PABX has said a word (P4)."""
    small = replace(WORLD.tunis, max_calls=10)
    house = House(WORLD.rules(Rule("out", None, (Leg(small), *LEGS("backup", "paris")))))
    first = Counter(house.call(f"c{n}").destination for n in range(60))
    assert first == {"tunis": 10, "backup": 12, "paris": 38}


def test_a_reservation_ends_with_its_call_or_its_time() -> None:
    """A caller who hangs up gives the line back at once; one of whom nothing is heard, after five seconds."""
    house = House(WORLD.rules(Rule("out", None, (Leg(replace(WORLD.tunis, max_calls=1)), *LEGS("backup")))))
    assert house.call("a").destination == "tunis"
    assert house.call("b").destination == "backup"
    house.tell(CallHungUp, uniqueid="a", cause=16)
    assert house.call("c").destination == "tunis"
    house.pass_time(4.9)
    assert house.call("d").destination == "backup"
    house.pass_time(0.2)
    assert house.call("e").destination == "tunis"


def test_calls_at_once_pass_a_threshold_one_by_one() -> None:
    """Callers on their way into a queue count as waiting there: the sixth of six at once sees five."""
    level = Level(Direction.AT_LEAST, 5, 5)
    crowd = Threshold("k", "waiting in support at least 5", measures.Waiting("support"), level)
    house = House(WORLD.rules(Rule("peak", crowd, LEGS("tunis")), otherwise=LEGS("paris", "closed")))
    assert [house.call(f"c{n}").destination for n in range(7)] == ["paris"] * 5 + ["tunis"] * 2


def test_a_share_is_exact_over_the_router() -> None:
    """70/30 over 100 calls of one router (P5), however often the rules are loaded again in between."""
    share = Share("both", (Leg(WORLD.paris), Leg(replace(WORLD.tunis, max_calls=0))), (70, 30))
    rules = WORLD.rules(Rule("both", None, (share,)))
    house, first = House(rules), Counter[str]()
    for n in range(100):
        first[house.call(f"c{n}").destination] += 1
        house.router.replace(rules)
    assert first == {"paris": 70, "tunis": 30}


WAITING = (Rule("too long", Waited(90), LEGS("tunis")),)
TO_PARIS = LEGS("paris", "closed")


def test_the_longest_wait_goes_first_and_only_while_there_are_lines() -> None:
    """Two free lines, three callers over the limit, one under it: the two oldest go, the others stay."""
    rule = Rule("too long", Waited(90), (Leg(replace(WORLD.tunis, max_calls=2)),))
    house = House(WORLD.rules(otherwise=TO_PARIS, while_waiting=(rule,)))
    for n, name in enumerate("abc"):
        house.join(name, n + 1)
        house.pass_time(1)
    house.pass_time(87)
    assert moved(house) == [("a", "tunis")]
    house.join("d", 4)
    house.pass_time(5)
    assert moved(house) == [("b", "tunis")]
    assert moved(house) == []


def test_a_caller_is_asked_for_once_until_the_pabx_has_answered() -> None:
    """An order under way is not repeated; after a refusal the caller may be asked for again."""
    house = House(WORLD.rules(otherwise=TO_PARIS, while_waiting=WAITING))
    house.join("a", 1)
    house.pass_time(90)
    (order,) = orders(house)
    assert moved(house) == []
    refused_until = house.clock.now() + 5
    house.tell(WithdrawRefused, uniqueid="a", decision=order.decision.id, reason="gone", stays_until=refused_until)
    assert moved(house) == []
    house.pass_time(5)
    assert moved(house) == [("a", "tunis")]


def test_an_accepted_withdrawal_holds_its_line_however_long_the_ring_lasts() -> None:
    """The PABX moves the caller when the ring under way ends: until then nobody asks again or takes the line (P4)."""
    rule = Rule("too long", Waited(90), (Leg(replace(WORLD.tunis, max_calls=1)),))
    house = House(WORLD.rules(otherwise=TO_PARIS, while_waiting=(rule,)))
    house.join("a", 1)
    house.join("b", 2)
    house.pass_time(90)
    (order,) = orders(house)
    house.tell(WithdrawAccepted, uniqueid="a", decision=order.decision.id)
    house.pass_time(60)
    assert moved(house) == []


def test_calls_at_once_share_out_the_ready_positions() -> None:
    """One position is ready: of ten calls at once, the first is on its way to it and nine find none ready."""
    level = Level(Direction.AT_MOST, 0, 0)
    nobody = Threshold("k", "no_position_ready: support", measures.Ready("support"), level)
    house = House(WORLD.rules(Rule("nobody", nobody, LEGS("tunis")), otherwise=TO_PARIS))
    house.position(DeviceState.NOT_IN_USE)
    assert [house.call(f"c{n}").destination for n in range(10)] == ["paris"] + ["tunis"] * 9


def test_calls_may_come_in_between_two_orders() -> None:
    """A new call never waits for hundreds of orders, and none of these orders takes the line that it got (P4)."""
    tunis = (Leg(replace(WORLD.tunis, max_calls=2)),)
    out = Rule("out", CallerIs("+336", prefixes=("+336",)), (*tunis, *LEGS("paris")))
    rules = WORLD.rules(out, otherwise=TO_PARIS, while_waiting=(Rule("too long", Waited(90), tunis),))
    house = House(rules)
    for n in range(5):
        house.join(f"c{n}", n + 1)
    house.pass_time(90)
    look = house.router.drain({"pbx"}, unexpected)
    first = next(look)
    assert first is not None
    assert first.caller.uniqueid == "c0"
    assert house.call("new", "+33612345678").destination == "tunis"
    assert list(look) == [None] * 4


def test_who_left_between_two_orders_is_passed_over() -> None:
    """A look that began before a caller left, or was asked for by somebody else, gives no order in vain."""
    house = House(WORLD.rules(otherwise=TO_PARIS, while_waiting=WAITING))
    for n, name in enumerate("abcde"):
        house.join(name, n + 1)
    house.pass_time(90)
    look = house.router.drain({"pbx"}, unexpected)
    order = next(look)
    assert order is not None
    house.tell(CallHungUp, uniqueid="b", cause=16)
    house.tell(CallerConnected, queue="support", uniqueid="c", interface="PJSIP/agent1", hold_s=90, ring_s=1)
    first, until = order.decision.plan.steps[0], house.clock.now() + 15
    house.tell(WithdrawAsked, uniqueid="d", rule="by hand", decision="other", first=first, expires_at=until)
    assert [order.caller.uniqueid for order in look if order is not None] == ["e"]


def test_who_waits_is_known_to_the_rules() -> None:
    """Rules for callers who wait see caller and language as the rules at entry did."""
    known = CallerIs("prefix +336", prefixes=("+336",))
    house = House(
        WORLD.rules(otherwise=TO_PARIS, while_waiting=(Rule("mobile", All((known, Waited(5))), LEGS("tunis")),))
    )
    for position, (name, caller) in enumerate((("a", None), ("b", "+33612345678"), ("c", "+33112345678")), start=1):
        house.join(name, position, caller)
    house.pass_time(5)
    assert moved(house) == [("b", "tunis")]


@dataclass(frozen=True)
class Faulty:
    """A condition that breaks on one caller."""

    caller: str

    def test(self, question: Question) -> Verdict:
        """Break, or say yes."""
        if question.call.uniqueid == self.caller:
            raise ZeroDivisionError
        return Verdict.YES


def test_a_fault_with_one_caller_keeps_nobody_else_waiting() -> None:
    """Whoever can be decided about is moved; the fault is handed to whoever tells and counts it."""
    house = House(WORLD.rules(otherwise=TO_PARIS, while_waiting=(Rule("too long", Faulty("a"), LEGS("tunis")),)))
    house.join("a", 1)
    house.join("b", 2)
    faults: list[tuple[str, type[Exception]]] = []
    ordered = house.router.drain({"pbx"}, lambda caller, error: faults.append((caller.uniqueid, type(error))))
    assert [order and order.caller.uniqueid for order in ordered] == [None, "b"]
    assert faults == [("a", ZeroDivisionError)]


@pytest.mark.parametrize("pabxs", [set(), {"another"}])
def test_a_pabx_that_cannot_withdraw_is_not_asked(pabxs: set[str]) -> None:
    """Overflow while waiting is politely left out where the PABX lacks it."""
    house = House(WORLD.rules(otherwise=TO_PARIS, while_waiting=WAITING))
    house.join("a", 1)
    house.pass_time(90)
    assert list(house.router.drain(pabxs, unexpected)) == []


def test_nobody_is_moved_on_stale_facts() -> None:
    """Callers are pulled out only on a picture that is fresh (P9)."""
    house = House(WORLD.rules(otherwise=TO_PARIS, while_waiting=WAITING))
    house.join("a", 1)
    house.clock.at += 90
    assert moved(house) == []


def test_a_caller_who_came_by_another_way_is_left_alone() -> None:
    """Somebody in the queue whom ccrouter never routed has no plan to continue with."""
    house = House(WORLD.rules(otherwise=TO_PARIS, while_waiting=WAITING))
    house.tell(CallerJoined, queue="support", uniqueid="x", channel="PJSIP/other", position=1)
    house.pass_time(90)
    assert moved(house) == []
