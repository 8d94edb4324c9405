"""Positions over the API: whom an order may concern, what the PABX's answer makes of it, and what is told of a call."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import cast

import pytest
import structlog

from ccrouter.ami.link import PabxLink
from ccrouter.ami.members import LogIn, MemberOrder
from ccrouter.ami.orders import Answer, Outcome
from ccrouter.app import positions as module
from ccrouter.app.calls_of_positions import MOST_REASONS, CallsOfPositions
from ccrouter.app.deeds import Deeds
from ccrouter.app.positions import PositionDesk
from ccrouter.clock import SystemClock
from ccrouter.config.settings import PositionSettings
from ccrouter.config.settings_file import ShowCaller
from ccrouter.errors import StoreError
from ccrouter.live.events import (
    CallerJoined,
    DeviceState,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    PabxEvent,
    PositionCalled,
    PositionLeft,
    PositionSeen,
    QueueListed,
    StepBegan,
)
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from ccrouter.router import Router
from ccrouter.routing.call import Call
from ccrouter.routing.destinations import InHouse, Site
from ccrouter.routing.rules import Rules
from ccrouter.store.audit import Deed
from ccrouter.web.orders import OrderError, RefusedError, UnconfirmedError, UnknownNameError
from ccrouter.web.positions import Asker, Link, PauseOrder, QueueOrder
from support.world import World

WORLD = World()
PHONE = "PJSIP/101"
OWN = Asker("alice (token)", own=True)
BOSS = Asker("boss (token)")
PAGES = {
    "CRM": "https://crm.example/{caller}?q={label}&n={number}&w={waited}&s={service}&l={language}&u={uniqueid}",
    "odd": "javascript:alert(1)",
}


def rules() -> Rules:
    """Return rules with two queues in house, a trunk, and pages to open."""
    base = WORLD.rules()
    service = replace(base.services["support"], screen_pop=MappingProxyType(PAGES))
    number = replace(base.numbers["0800123456"], service=service, label="Aide & Cie / 100 %")
    sites: dict[str, Site] = {
        "paris": WORLD.paris,
        "lille": InHouse("lille", "sales", 60),
        "tunis": replace(WORLD.tunis, endpoint="PJSIP/trunk-tunis"),
    }
    return replace(base, sites=sites, services={"support": service}, numbers={"0800123456": number})


@dataclass
class ScriptedLink:
    """A link whose PABX does as the test says."""

    house: "House"
    pabx: str
    does: Callable[[MemberOrder], Outcome] = lambda _: Outcome(Answer.ACCEPTED)
    orders: list[MemberOrder] = field(default_factory=list)
    held: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def member(self, order: MemberOrder) -> Outcome:
        """Keep an order, and answer it."""
        self.orders.append(order)
        self.asked.set()
        if self.held is not None:
            await self.held.wait()
        return self.does(order)


class House:
    """A desk with its live state and scripted links."""

    def __init__(self, *pabxs: str, show: ShowCaller = "whole", tokens: frozenset[str] = frozenset()) -> None:
        self.clock = SystemClock()
        self.state = State([SiteLimits("paris", queue="support"), SiteLimits("lille", queue="sales")])
        self.deeds: list[Deed] = []
        self.changed = asyncio.Event()
        self.links = {pabx: ScriptedLink(self, pabx) for pabx in pabxs or ("pbx",)}
        self.router = Router(
            rules(),
            self.state,
            apply=self.apply,
            clock=self.clock,
            modes=lambda _: frozenset(),
            overrides=lambda _: (),
            ids=(f"d{n}" for n in itertools.count(1)),
        )
        self.calls = CallsOfPositions(self.router, self.state)
        self.desk = PositionDesk(
            router=self.router,
            state=self.state,
            links={name: cast("PabxLink", link) for name, link in self.links.items()},
            calls=self.calls,
            settings=PositionSettings(show, ("lunch",)),
            tokens=lambda: tokens,
            note=self.note,
            changed=self.changed,
            clock=self.clock,
            log=structlog.get_logger(),
        )
        for pabx in self.links:
            self.tell(pabx, LinkUp, version="22")
            for listing in Listing:
                self.tell(pabx, ListBegan, listing=listing)
                if listing is Listing.QUEUES:
                    self.tell(pabx, QueueListed, queue="support")
                    self.tell(pabx, QueueListed, queue="sales")
                self.tell(pabx, ListDone, listing=listing)

    async def note(self, deed: Deed) -> None:
        """Keep a deed."""
        self.deeds.append(deed)

    def apply(self, event: object) -> object:
        """Put an event into the live state, as the writer does."""
        self.changed.set()
        return self.state.apply(event)  # type: ignore[arg-type] # whatever the router makes

    def tell(self, pabx: str, event: type[PabxEvent], **fields: object) -> None:
        """Let a PABX tell something now."""
        self.apply(event(pabx=pabx, at=self.clock.now(), **fields))

    def seat(self, pabx: str = "pbx", interface: str = PHONE, queue: str = "support", **about: object) -> None:
        """Let a position be seen in a queue."""
        fields: dict[str, object] = {
            "queue": queue,
            "interface": interface,
            "name": interface,
            "device": DeviceState.NOT_IN_USE,
            "paused": False,
            "paused_reason": "",
            "penalty": 0,
            "in_call": False,
            "last_call_at": 0.0,
            "wrapup_s": 0.0,
        }
        self.tell(pabx, PositionSeen, **fields | about)

    def seen(self, **about: object) -> Outcome:
        """Let a position be seen in a queue, as what follows from an order that the PABX accepted."""
        self.seat(**about)  # type: ignore[arg-type] # fields of one event
        return Outcome(Answer.ACCEPTED)

    def ring(self, caller: str | None = "0612345678") -> str:
        """Let a call ring at the position, and return the id of its decision."""
        decision = self.router.route(Call("pbx", "7.1", "0800123456", caller, "fr"))
        self.calls.decided(decision)
        about = {"uniqueid": "7.1", "channel": "PJSIP/carrier-7"}
        step = {"step": 1, "kind": "queue", "target": "paris", "service": "support", "rule": decision.rule}
        self.tell("pbx", StepBegan, **about, number="0800123456", decision=decision.id, **step)
        self.tell("pbx", CallerJoined, **about, queue="support", position=1)
        self.tell("pbx", PositionCalled, queue="support", uniqueid="7.1", interface=PHONE, called="8.1")
        return decision.id


def order(queue: str = "support", interface: str = PHONE, *, on: bool = True, asker: Asker = OWN) -> QueueOrder:
    """Return an order to log in or out."""
    return QueueOrder("pbx", interface, queue, on, "why", asker)


# --- who may be logged in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (order("unheard"), "no site of the routing file has a queue unheard"),
        (order("sales", asker=replace(OWN, queues=frozenset({"support"}))), "this token is not for the queue sales"),
        (order(interface="Local/00900@outbound/n"), "only a telephone of the PABX itself"),
        (order(interface="PJSIP/0900123456@trunk-tunis"), "only a telephone of the PABX itself"),
        (order(interface="PJSIP/trunk-tunis"), "is the trunk of a site"),
        (
            order(interface="PJSIP/carrier", asker=BOSS),
            "was in no queue of pbx since the start, and no token is for it",
        ),
    ],
)
async def test_what_is_no_position_of_a_queue_in_house_is_never_logged_in(asked: QueueOrder, told: str) -> None:
    """Nothing of it reaches the PABX, whoever asks."""
    house = House(
        tokens=frozenset({"Local/00900@outbound/n", "PJSIP/0900123456@trunk-tunis", "PJSIP/trunk-tunis", PHONE})
    )
    with pytest.raises(OrderError, match=told):
        await house.desk.log_position(asked)
    assert (house.links["pbx"].orders, house.deeds) == ([], [])


async def test_who_was_in_a_queue_may_be_logged_in_again() -> None:
    """Also by a supervisor, for the PABX itself had let that telephone in."""
    house = House()
    house.seat()
    house.desk.positions()
    house.links["pbx"].does = lambda _: house.seen(queue="sales")
    await house.desk.log_position(order("sales", asker=BOSS))
    assert house.links["pbx"].orders == [LogIn("sales", PHONE)]
    assert [(deed.who, deed.what, deed.subject, deed.why) for deed in house.deeds] == [
        ("boss (token)", "position log-in", "PJSIP/101 sales", "why")
    ]


async def test_who_is_paused_logs_in_paused() -> None:
    """With name and reason of before, so that no call surprises an agent at lunch."""
    house = House()
    house.seat(name="Alice", paused=True, paused_reason="lunch")
    house.links["pbx"].does = lambda _: house.seen(queue="sales", paused=True)
    await house.desk.log_position(order("sales"))
    assert house.links["pbx"].orders == [LogIn("sales", PHONE, "Alice", paused=True, reason="lunch")]


# --- what the PABX's answer makes of an order -------------------------------------------------------------------------


async def test_an_order_that_is_refused_is_told_and_not_noted() -> None:
    """Nothing was done."""
    house = House(tokens=frozenset({PHONE}))
    house.links["pbx"].does = lambda _: Outcome(Answer.REFUSED, "the PABX has no such queue")
    with pytest.raises(RefusedError, match="the PABX has no such queue"):
        await house.desk.log_position(order())
    assert house.deeds == []


async def test_an_order_without_an_answer_is_told_as_such_and_noted() -> None:
    """It may have been done, and who ordered it must be known."""
    house = House(tokens=frozenset({PHONE}))
    house.links["pbx"].does = lambda _: Outcome(Answer.UNKNOWN, "no answer within 2 s")
    with pytest.raises(UnconfirmedError, match="may have been done: no answer within 2 s"):
        await house.desk.pause_position(PauseOrder("pbx", PHONE, on=True, reason="lunch", asker=OWN))
    assert [(deed.what, deed.subject, deed.why) for deed in house.deeds] == [("position paused", PHONE, "lunch")]


async def test_a_journal_that_can_not_be_written_keeps_nobody_from_a_pause() -> None:
    """Unlike a mode: an agent who leaves the desk leaves it in any case."""
    house = House()
    house.seat()

    def full(_: Deed) -> None:
        raise StoreError("no space left")

    house.desk.note = Deeds(full, structlog.get_logger()).note
    house.links["pbx"].does = lambda _: house.seen(paused=True)
    await house.desk.pause_position(PauseOrder("pbx", PHONE, on=True, reason="lunch", asker=OWN))
    assert house.desk.view("pbx", PHONE, OWN).position.state == "paused"


async def test_two_orders_about_one_position_do_not_cross() -> None:
    """The second is refused at once: nobody could tell which of them the PABX took last."""
    house = House()
    house.seat()
    link = house.links["pbx"]
    link.held = asyncio.Event()
    pause = PauseOrder("pbx", PHONE, on=False, reason="", asker=OWN)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(house.desk.pause_position(pause))
        await link.asked.wait()
        with pytest.raises(RefusedError, match="another order about PJSIP/101 is under way"):
            await house.desk.pause_position(pause)
        link.held.set()
        await first
    assert len(link.orders) == 1


async def test_a_position_can_not_be_paused_without_end() -> None:
    """Each order is a write to the disk: whoever has a position's token keeps it busy for a moment, and no longer."""
    house = House()
    house.seat()
    pause = PauseOrder("pbx", PHONE, on=False, reason="", asker=OWN)
    for _ in range(module.ORDERS_AT_ONCE):
        await house.desk.pause_position(pause)
    with pytest.raises(RefusedError, match=r"too many orders about PJSIP/101 in a row; try again in [12] s"):
        await house.desk.pause_position(pause)
    assert len(house.links["pbx"].orders) == len(house.deeds) == module.ORDERS_AT_ONCE


async def test_an_answer_does_not_wait_for_ever_for_what_the_pabx_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PABX that accepts and shows nothing delays the answer by a moment, and no more."""
    monkeypatch.setattr(module, "SEEN_WITHIN_S", 0.1)
    house = House(tokens=frozenset({PHONE}))
    async with asyncio.timeout(20):
        await house.desk.log_position(order())
    assert house.desk.view("pbx", PHONE, OWN).position.state == "logged_out"


# --- which position ---------------------------------------------------------------------------------------------------


def test_a_position_on_several_pabxs_must_be_named_with_its_own() -> None:
    """Where it is in queues of one alone, that one is meant; a name that nobody has is told."""
    house = House("north", "south", tokens=frozenset({PHONE}))
    with pytest.raises(OrderError, match=r"say \?pabx=north or \?pabx=south"):
        house.desk.pabx_of(PHONE, "", OWN)
    assert house.desk.pabx_of(PHONE, "south", OWN) == "south"
    house.seat("south")
    assert house.desk.pabx_of(PHONE, "", BOSS) == "south"
    with pytest.raises(UnknownNameError, match="there is no PABX west"):
        house.desk.pabx_of(PHONE, "west", BOSS)
    with pytest.raises(UnknownNameError, match=r"there is no position PJSIP/102: .* Did you mean `PJSIP/101`\?"):
        house.desk.pabx_of("PJSIP/102", "", BOSS)


def test_who_was_in_a_queue_is_kept_in_mind_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PABX that tells of ever new members fills no memory."""
    monkeypatch.setattr(module, "KEEP_IN_MIND", 3)
    house = House()
    for number in range(10):
        house.seat(interface=f"PJSIP/{number}")
        house.desk.positions()
        house.tell("pbx", PositionLeft, queue="support", interface=f"PJSIP/{number}")
    house.desk.positions()
    assert [house_knows(house, f"PJSIP/{number}") for number in range(10)] == [False] * 7 + [True] * 3


def house_knows(house: House, interface: str) -> bool:
    """Tell whether a position that is in no queue is known."""
    try:
        return house.desk.pabx_of(interface, "", BOSS) == "pbx"
    except UnknownNameError:
        return False


# --- the call ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("show", "asker", "caller", "in_link"),
    [
        ("whole", OWN, "0612345678", "0612345678"),
        ("masked", OWN, "061*******", ""),
        ("none", OWN, None, ""),
        ("whole", BOSS, "061*******", ""),
        ("none", BOSS, None, ""),
    ],
)
def test_how_much_of_the_caller_is_told(show: ShowCaller, asker: Asker, caller: str | None, in_link: str) -> None:
    """The position's own token sees what the settings allow; all others see no more than the wallboard does."""
    house = House(show=show)
    house.seat()
    house.ring()
    call = house.desk.view("pbx", PHONE, asker).call
    assert call is not None
    assert (call.caller, call.hidden) == (caller, False)
    assert call.links[0].address.startswith(f"https://crm.example/{in_link}?")


def test_a_call_is_told_with_its_reason_and_its_pages() -> None:
    """What callers and files say is one piece of an address each; what is no address of a page is left out."""
    house = House()
    house.seat()
    decision = house.ring(caller=None)
    call = house.desk.view("pbx", PHONE, OWN).call
    assert call is not None
    assert (call.doing, call.uniqueid, call.queue, call.number) == ("ringing", "7.1", "support", "0800 123 456")
    assert (call.caller, call.hidden, call.rule, call.decision) == (None, True, "otherwise", decision)
    address = "https://crm.example/?q=Aide%20%26%20Cie%20%2F%20100%20%25&n=0800123456&w=0&s=support&l=fr&u=7.1"
    assert call.links == (Link("CRM", address),)
    assert house.desk.view("pbx", PHONE, OWN).pages == ("CRM", "odd")


def test_reasons_are_remembered_to_a_number() -> None:
    """A call of an hour ago may lack its reason; memory does not grow."""
    house = House()
    house.seat()
    first = house.ring()
    decision = house.router.route(Call("pbx", "9.9", "0800123456"))
    for number in range(MOST_REASONS):
        house.calls.decided(replace(decision, id=f"x{number}"))
    call = house.desk.view("pbx", PHONE, OWN).call
    assert call is not None
    assert (call.decision, call.reason) == (first, "")


def test_queues_are_those_in_house_and_those_that_the_position_is_in() -> None:
    """With what the token may log in to, and how it stands there; of other queues it is told nothing."""
    house = House()
    house.seat(paused=True)
    house.tell("pbx", QueueListed, queue="other")
    house.seat(queue="other")
    told = house.desk.view("pbx", PHONE, replace(OWN, queues=frozenset({"support"}))).queues
    mine = [("other", "", True, False, False), ("support", "paris", True, True, True)]
    assert [(each.name, each.site, each.on, each.paused, each.allowed) for each in told] == mine
    all_ = house.desk.view("pbx", PHONE, OWN).queues
    assert [(each.name, each.on, each.allowed) for each in all_] == [
        ("other", True, False),
        ("sales", False, True),
        ("support", True, True),
    ]
