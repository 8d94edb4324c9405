"""A waiting caller sent elsewhere by hand: what keeps them, what the PABX's answer makes of it, and what is told."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
import structlog

from ccrouter.ami.link import PabxLink
from ccrouter.ami.orders import Answer, Outcome
from ccrouter.app import sending as module
from ccrouter.app.entry import Entry
from ccrouter.app.overflow import Overflow
from ccrouter.app.sending import Sending
from ccrouter.clock import SystemClock
from ccrouter.live.events import (
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallHungUp,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    PabxEvent,
    QueueListed,
    StepBegan,
)
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from ccrouter.router import Router, WithdrawCaller
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import Site
from ccrouter.store.audit import Deed
from ccrouter.web.orders import OrderError, RefusedError, UnconfirmedError, UnknownNameError
from ccrouter.web.waiting import SendOrder
from support.world import World

WORLD = World()
ORDER = SendOrder("7.1", ("tunis",), "boss (token)", "promised")


@dataclass
class ScriptedLink:
    """The link to a PABX, as far as it tells what can be done."""

    linked: bool = True
    can_withdraw: bool = True
    on_duty: bool = True


@dataclass
class House:
    """Callers who wait, and an overflow whose PABX does as the test says."""

    does: Callable[[WithdrawCaller], Outcome] = lambda _: Outcome(Answer.ACCEPTED)
    link: ScriptedLink = field(default_factory=ScriptedLink)
    decided: list[Decision] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SystemClock()
        limits = [SiteLimits("paris", queue="support"), SiteLimits("tunis", max_calls=30)]
        self.state = State([*limits, SiteLimits("backup", max_calls=12)])
        known: dict[str, Site] = {"paris": WORLD.paris, "tunis": WORLD.tunis, "backup": WORLD.backup}
        rules = replace(WORLD.rules(), sites=known, messages={"closed": WORLD.closed})
        self.router = Router(
            rules,
            self.state,
            apply=self.state.apply,
            clock=self.clock,
            modes=lambda _: frozenset(),
            overrides=lambda _: (),
            ids=(f"d{n}" for n in itertools.count(1)),
        )
        self.sending = Sending(
            router=self.router,
            state=self.state,
            links={"pbx": cast("PabxLink", self.link)},
            overflow=cast("Overflow", self),
            entry=cast("Entry", self),
            rank=2,
            note=self.note,
            clock=self.clock,
            log=structlog.get_logger(),
        )
        self.tell(LinkUp, version="22")
        for listing in Listing:
            self.tell(ListBegan, listing=listing)
            if listing is Listing.QUEUES:
                self.tell(QueueListed, queue="support")
            self.tell(ListDone, listing=listing)

    async def note(self, deed: Deed) -> None:
        """Keep a deed."""
        self.deeds.append(deed)

    def made(self, what: str, decision: Decision, took_s: float) -> None:
        """Keep a decision."""
        assert (what, took_s >= 0) == ("caller sent by hand", True)
        self.decided.append(decision)

    async def carry_out(self, order: WithdrawCaller) -> Outcome:
        """Let the PABX answer."""
        return self.does(order)

    def tell(self, event: type[PabxEvent], **fields: object) -> None:
        """Let the PABX tell something now."""
        self.state.apply(event(pabx="pbx", at=self.clock.now(), **fields))

    def waits(self, uniqueid: str = "7.1") -> None:
        """Let a caller wait."""
        decision = self.router.route(Call("pbx", uniqueid, "0800123456", "0612345678"))
        about = {"uniqueid": uniqueid, "channel": f"PJSIP/carrier-{uniqueid}"}
        step = {"step": 1, "kind": "queue", "target": "paris", "service": "support", "rule": decision.rule}
        self.tell(StepBegan, **about, number="0800123456", decision=decision.id, **step)
        self.tell(CallerJoined, **about, queue="support", position=1)

    def moves(self, order: WithdrawCaller) -> Outcome:
        """Let the PABX take the caller out at once."""
        about = {"uniqueid": order.caller.uniqueid, "channel": order.caller.channel}
        step = {"step": 1, "kind": "site", "target": "tunis", "service": "support", "rule": order.decision.rule}
        self.tell(CallerLeft, queue="support", uniqueid=order.caller.uniqueid)
        self.tell(StepBegan, **about, number="0800123456", decision=order.decision.id, **step)
        return Outcome(Answer.ACCEPTED)

    def answers(self, order: WithdrawCaller) -> Outcome:
        """Let a position answer before the PABX takes the caller out."""
        about = {"queue": "support", "uniqueid": order.caller.uniqueid}
        self.tell(CallerLeft, **about)
        self.tell(CallerConnected, **about, interface="PJSIP/101", hold_s=1.0, ring_s=1.0)
        return Outcome(Answer.ACCEPTED)

    def hangs_up(self, order: WithdrawCaller) -> Outcome:
        """Let the caller hang up before the PABX takes them out."""
        self.tell(CallHungUp, uniqueid=order.caller.uniqueid, cause=16)
        return Outcome(Answer.ACCEPTED)


async def test_a_caller_who_is_moved() -> None:
    """The answer names decision and destination; the decision is counted, the deed noted, without the caller."""
    house = House()
    house.waits()
    house.does = house.moves
    told = await house.sending.send(ORDER)
    [decision] = house.decided
    assert (told.decision, told.to, told.moved) == (decision.id, "tunis", True)
    assert [(deed.who, deed.what, deed.subject, deed.why) for deed in house.deeds] == [
        ("boss (token)", "caller sent", "7.1 to tunis", "promised")
    ]


async def test_a_caller_for_whom_a_position_rings_goes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer does not wait for the end of the ring; meanwhile nobody else is to send them."""
    monkeypatch.setattr(module, "MOVED_WITHIN_S", 0.1)
    house = House()
    house.waits()
    assert not (await house.sending.send(ORDER)).moved
    [waiting] = house.sending.waiting()
    assert (waiting.leaving, waiting.sendable, waiting.caller) == (True, False, "061*******")
    with pytest.raises(RefusedError, match="on the way out of the queue already"):
        await house.sending.send(ORDER)


@pytest.mark.parametrize(
    ("does", "error", "told", "noted"),
    [
        ("answers", RefusedError, "a position answered in this moment, and keeps the call", 1),
        ("hangs_up", RefusedError, "the caller hung up in this moment", 1),
        (Outcome(Answer.REFUSED, "No such caller"), RefusedError, r"answered or gone in this moment \(No such", 0),
        (Outcome(Answer.UNKNOWN, "no answer"), UnconfirmedError, "did not say whether it takes the caller out", 1),
    ],
)
async def test_what_the_pabx_makes_of_it(does: str | Outcome, error: type[OrderError], told: str, noted: int) -> None:
    """Told as it is; what may have been done is noted."""
    house = House()
    house.waits()
    house.does = getattr(house, does) if isinstance(does, str) else lambda _: does
    with pytest.raises(error, match=told):
        await house.sending.send(ORDER)
    assert len(house.deeds) == noted


@pytest.mark.parametrize(
    ("order", "link", "error", "told"),
    [
        (replace(ORDER, uniqueid="9.9"), {}, UnknownNameError, "nobody of this uniqueid waits now"),
        (replace(ORDER, pabx="north"), {}, UnknownNameError, "nobody of this uniqueid waits on north"),
        (replace(ORDER, to=("tuns",)), {}, UnknownNameError, "no site or message tuns. Did you mean `tunis`"),
        (replace(ORDER, to=("closed", "tunis")), {}, OrderError, "closed is a message"),
        (replace(ORDER, to=("paris",)), {}, RefusedError, "paris is where they wait"),
        (ORDER, {"on_duty": False}, RefusedError, "this is router 2, and router 1 is on duty for pbx"),
        (ORDER, {"can_withdraw": False}, RefusedError, "it wants Asterisk 16.25"),
        (ORDER, {"linked": False}, RefusedError, "the link to pbx is down"),
    ],
)
async def test_what_keeps_a_caller(order: SendOrder, link: dict[str, bool], error: type[OrderError], told: str) -> None:
    """Nothing is decided, reserved or noted then."""
    house = House(link=ScriptedLink(**link))
    house.waits()
    with pytest.raises(error, match=told):
        await house.sending.send(order)
    assert (house.decided, house.deeds) == ([], [])
    assert not next(iter(house.state.waiting())).withdrawing


async def test_a_site_that_is_full_is_told() -> None:
    """With its figures; a caller who came by another way than the dialplan's is left alone."""
    house = House()
    house.waits()
    for number in range(30):
        about = {"uniqueid": f"t{number}", "channel": f"PJSIP/t-{number}", "number": "0800123456"}
        step = {"decision": "", "service": "support", "rule": "", "step": 1, "kind": "site", "target": "tunis"}
        house.tell(StepBegan, **about, **step)
    with pytest.raises(RefusedError, match=r"tunis is full \(30 of 30 calls\)"):
        await house.sending.send(ORDER)
    house.tell(CallerJoined, uniqueid="8.8", channel="PJSIP/internal-8", queue="support", position=2)
    with pytest.raises(RefusedError, match="by another way than ccrouter's dialplan"):
        await house.sending.send(replace(ORDER, uniqueid="8.8"))
    assert [each.sendable for each in house.sending.waiting()] == [True, False]


async def test_a_plan_that_the_pabx_would_not_take_is_not_sent() -> None:
    """Nothing is reserved for it."""
    house = House()
    house.waits()
    sites = {f"site{n}": replace(WORLD.tunis, name=f"site{n}", dial="PJSIP/" + "9" * 80) for n in range(15)}
    house.router.replace(replace(house.router.rules, sites={**house.router.rules.sites, **sites}))
    with pytest.raises(OrderError, match="name fewer destinations"):
        await house.sending.send(replace(ORDER, to=tuple(sites)))
    assert not next(iter(house.state.waiting())).withdrawing
