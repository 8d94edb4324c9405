"""The link to a PABX over the loopback: how it comes up, what it tells, how it falls and comes back."""

import asyncio
import itertools
from functools import partial

import pytest

from ccrouter.ami import link as link_module
from ccrouter.ami.backoff import Backoff
from ccrouter.ami.orders import Answer, Outcome
from ccrouter.ami.watches import LinkState
from ccrouter.clock import SystemClock
from ccrouter.contract import heartbeat, key_variable
from ccrouter.live.events import (
    CallerJoined,
    CallerListed,
    EndpointSeen,
    Heard,
    LinkLost,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    PabxRestarted,
    PositionSeen,
    QueueListed,
)
from support.agi import KEY
from support.ami import sample, written
from support.ami_peer import AmiPeer, Caller, Held, Order, Reply, linked, silent

QUEUE_ROWS = [sample(22, "QueueParams"), sample(22, "QueueMember"), sample(22, "QueueEntry")]
TRUNK = "PJSIP/trunk-tunis"


# --- up ---------------------------------------------------------------------------------------------------------------


async def test_a_link_comes_up_and_reads_the_whole_picture() -> None:
    """LinkUp first, then each listing with its begin, its rows and its end."""
    async with AmiPeer() as peer:
        peer.rows["QueueStatus"] = QUEUE_ROWS
        async with linked(peer, trunks=[TRUNK]) as house:
            await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
            assert [type(event) for event in house.ear.told()] == [
                LinkUp,
                *[ListBegan, QueueListed, PositionSeen, CallerListed, ListDone],
                *[ListBegan, ListDone],
                *[ListBegan, EndpointSeen, ListDone],
            ]
            up, began, *_, done = house.ear.told()
            assert isinstance(up, LinkUp)
            assert up.version == house.link.version == "22.10.1"
            assert isinstance(began, ListBegan)
            assert (began.listing, began.queue) == (Listing.QUEUES, "")
            assert isinstance(done, ListDone)
            assert done.listing is Listing.ENDPOINTS
            assert house.link.can_withdraw
            assert house.link.reason == ""
            assert house.ear.states == ["connecting", "syncing", "in_sync"]
            assert house.ear.faults == []
        assert house.ear.events[-1] == LinkLost(pabx="pbx", at=house.ear.events[-1].at, reason="ccrouter stops")


async def test_nothing_is_told_before_fully_booted() -> None:
    """A PABX that still starts is waited for; its events until then are part of the listings that follow."""
    async with AmiPeer(booted=False) as peer, linked(peer) as house:
        call = await peer.called()
        await call.ordered("Login")
        call.say(written(sample(22, "QueueCallerJoin")))
        await call.ordered("Ping")
        assert house.ear.events == []
        assert house.link.state is LinkState.CONNECTING
        assert call.named("QueueStatus") == []
        call.say(written(sample(22, "FullyBooted")))
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert house.ear.of(CallerJoined) == []


async def test_events_are_told_in_the_order_of_the_stream() -> None:
    """Events before, among and after the rows of a listing keep their places."""
    held = Held()
    async with AmiPeer() as peer:
        peer.replies["QueueStatus"] = held
        async with linked(peer) as house:
            call, order = await held.until()
            joins = [sample(22, "QueueCallerJoin") | {"Position": str(place)} for place in range(1, 5)]
            call.say(written(joins[0]))
            call.begin_list(order)
            call.say(written(joins[1]))
            call.rows(order, QUEUE_ROWS[:1])
            call.say(written(joins[2]))
            call.rows(order, QUEUE_ROWS[1:])
            call.end_list(order, 3)
            call.say(written(joins[3]))
            await house.ear.heard(CallerJoined, 4)
            told = [event for event in house.ear.told() if not isinstance(event, LinkUp)]
            assert [type(event) for event in told][:9] == [
                ListBegan,
                CallerJoined,
                CallerJoined,
                QueueListed,
                CallerJoined,
                PositionSeen,
                CallerListed,
                ListDone,
                CallerJoined,
            ]
            assert [event.position for event in told if isinstance(event, CallerJoined)] == [1, 2, 3, 4]


async def test_several_pabxs_know_nothing_of_each_other() -> None:
    """One is refused, one is up, one does not answer: each has its own state."""
    async with (
        AmiPeer() as good,
        AmiPeer(greeting=b"") as dumb,
        linked(good) as up,
        linked(dumb) as waiting,
        linked(good, secret="?") as refused,  # noqa: S106 - a wrong one
    ):
        await up.ear.until(lambda: up.link.state is LinkState.IN_SYNC)
        await refused.ear.until(lambda: refused.link.state is LinkState.REFUSED)
        assert waiting.link.state is LinkState.CONNECTING
        assert up.link.state is LinkState.IN_SYNC


# --- signs of life ----------------------------------------------------------------------------------------------------


async def test_answered_pings_are_signs_of_life() -> None:
    """Each is told as Heard, and measured."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.heard(Heard, 2)
        assert house.ear.pings >= 2


async def test_the_heartbeat_is_written_by_the_pabxs_own_clock() -> None:
    """The dialplan compares it with its own time, so ours does not matter."""
    async with AmiPeer(clock_ahead_s=3600.0) as peer, linked(peer) as house:
        call = await peer.called()
        beats = [await call.beaten(count) for count in (1, 2, 3)]
        assert {beat["Variable"] for beat in beats} == {heartbeat(1)}
        values = [float(beat["Value"]) for beat in beats]
        assert all(3500 < value - house.ear.events[0].at < 3700 for value in values)
        assert all(later - earlier > 0 for earlier, later in itertools.pairwise(values))


async def test_a_router_that_is_too_late_writes_no_heartbeat() -> None:
    """While calls are not decided in time it must not be asked; pings and events go on, and so do beats afterwards."""
    able = False
    async with AmiPeer() as peer, linked(peer, able=lambda: able) as house:
        call = await peer.called()
        await call.ordered("Ping", 3)
        assert call.beats == []
        assert house.link.state is LinkState.IN_SYNC
        able = True
        await call.beaten()


async def test_a_clock_that_is_set_costs_no_heartbeat_its_truth() -> None:
    """Each beat is true from the first one after the step, before anybody noticed it: a stale one costs calls."""
    machine, ahead_s = SystemClock(), 0.0
    clock = SystemClock(lambda: machine.now() + ahead_s)
    async with AmiPeer() as peer, linked(peer, clock=clock) as house:
        call = await peer.called()
        await call.beaten()
        beats = len(call.beats)
        ahead_s = 3600.0
        first = await call.beaten(beats + 1)
        assert clock.follow() == pytest.approx(3600, abs=1)
        house.link.clock_set()
        second = await call.beaten(beats + 2)
        assert [float(beat["Value"]) for beat in (first, second)] == pytest.approx([machine.now()] * 2, abs=5)


async def test_a_clock_that_is_the_pabxs_as_well_is_learnt_by_one_ping() -> None:
    """One machine, one clock: no second ping is waited for until beats are by the new hour."""
    async with AmiPeer() as peer, linked(peer) as house:
        call = await peer.called()
        await call.beaten()
        peer.clock_ahead_s = 3600.0
        pings, beats = len(call.named("Ping")), len(call.beats)
        house.link.clock_set()
        await call.ordered("Ping", pings + 1)
        soon = SystemClock().now() + 1800
        while float((await call.beaten(beats + 1))["Value"]) < soon:
            beats += 1
        assert len(call.named("Ping")) == pings + 1


async def test_a_heartbeat_that_is_not_confirmed_is_not_followed_by_others() -> None:
    """Beats must not pile up in front of a PABX that is slow, and be believed when they are old."""

    def keyed_only(call: Caller, order: Order) -> None:
        if order["Variable"] == key_variable(1):
            call.answer(order)

    async with AmiPeer(replies={"Setvar": keyed_only}) as peer, linked(peer) as house:
        call = await peer.called()
        await call.beaten()
        pings = len(call.named("Ping"))
        await call.ordered("Ping", pings + 1)
        assert len(call.beats) == 1
        await house.ear.until(lambda: "missed_beat" in house.ear.faults)
        assert house.link.state is LinkState.IN_SYNC


async def test_another_router_of_the_same_rank_is_noticed() -> None:
    """A key that is not ours, where ours was: each shuts the other's calls out, and an admin must hear of it."""
    async with AmiPeer() as peer, linked(peer) as house:
        call = await peer.called()
        await call.beaten()
        assert not house.link.rival
        peer.values[key_variable(1)] = "of another"
        await house.ear.until(lambda: house.link.rival)
        assert "rival" in house.ear.faults
        peer.values[key_variable(1)] = ""  # as after a reload of the dialplan
        beats = len(call.beats)
        await call.beaten(beats + 5)
        assert not house.link.rival


@pytest.mark.parametrize("rank", [1, 2])
async def test_the_key_is_there_before_the_first_heartbeat(rank: int) -> None:
    """Over each connection anew, and now and then again: a reload of the dialplan may clear all globals."""
    async with AmiPeer() as peer, linked(peer, rank=rank):
        for number in range(2):
            call = await peer.called(number + 1)
            await call.ordered("Setvar", 7)
            written = [order["Variable"] for order in call.named("Setvar")][:7]
            key, beat = key_variable(rank), heartbeat(rank)
            assert written == [key, beat, beat, beat, beat, key, beat]
            assert {order["Value"] for order in call.named("Setvar") if order["Variable"] == key} == {KEY}
            call.cut()


@pytest.mark.parametrize("refusal", [silent, lambda call, order: call.answer(order, "Error", Message="denied")])
async def test_without_the_key_in_the_pabx_no_heartbeat_has_it_ask(refusal: Reply) -> None:
    """Its requests would be refused: its own plan is better at once. No log, and no error, has the key."""
    async with AmiPeer(replies={"Setvar": refusal}) as peer, linked(peer) as house:
        await house.ear.until(lambda: house.ear.faults.count("missed_beat") >= 2)
        call = await peer.called()
        assert call.beats == []
        assert {order["Variable"] for order in call.named("Setvar")} == {key_variable(1)}
        assert KEY not in str(house.log.entries)
        assert KEY not in house.link.reason


async def test_a_heartbeat_that_is_refused_is_counted() -> None:
    """Nothing else would tell: the dialplan just does without the router."""
    refuse = {"Setvar": lambda call, order: call.answer(order, "Error", Message="Permission denied")}
    async with AmiPeer(replies=refuse) as peer, linked(peer) as house:
        await house.ear.until(lambda: "missed_beat" in house.ear.faults)


async def test_a_router_that_goes_says_so() -> None:
    """The last heartbeat is 0, and none follows: no call asks a router that is about to stop."""
    async with AmiPeer() as peer, linked(peer) as house:
        call = await peer.called()
        await call.beaten(2)
        await house.link.farewell()
        beats = len(call.beats)
        assert call.beats[-1]["Value"] == "0"
        await call.ordered("Ping", len(call.named("Ping")) + 1)
        assert len(call.beats) == beats
        call.cut()
        again = await peer.called(2)
        await again.ordered("Ping", 2)
        assert again.beats == []


async def test_a_farewell_without_a_link_is_nothing() -> None:
    """There is nobody to tell."""
    async with AmiPeer(greeting=b"") as peer, linked(peer) as house:
        await peer.called()
        await house.link.farewell()


# --- orders -----------------------------------------------------------------------------------------------------------


async def test_two_hundred_callers_are_withdrawn_at_once() -> None:
    """The orders are sent without waiting for each other's answers."""
    held = Held()
    async with AmiPeer() as peer:
        peer.replies["QueueWithdrawCaller"] = held
        async with linked(peer) as house:
            await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
            async with asyncio.TaskGroup() as tasks:
                asked = [
                    tasks.create_task(house.link.withdraw("support", f"PJSIP/caller-{n:08x}", f"v1|d{n}"))
                    for n in range(200)
                ]
                await held.until(200)
                for at, (call, order) in enumerate(held.items):
                    call.answer(order, "Success" if at % 2 else "Error", Message=f"{at}")
            outcomes = [task.result() for task in asked]
            assert [(o.result, o.reason) for o in outcomes] == [
                (Answer.ACCEPTED if at % 2 else Answer.REFUSED, f"{at}") for at in range(200)
            ]
            sent = [(order["Queue"], order["Caller"], order["WithdrawInfo"]) for _, order in held.items]
            assert sent == [("support", f"PJSIP/caller-{n:08x}", f"v1|d{n}") for n in range(200)]


async def test_more_orders_than_the_bound_wait_for_their_turn() -> None:
    """And none is lost."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        outcomes = await asyncio.gather(*(house.link.withdraw("support", f"c{n}", "v1") for n in range(1000)))
        assert {outcome.result for outcome in outcomes} == {Answer.ACCEPTED}


async def test_an_order_does_not_wait_for_its_turn_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind orders that the PABX does not answer it is refused: it was not sent."""
    monkeypatch.setattr(link_module, "WITHDRAW_WITHIN_S", 0.2)
    async with AmiPeer(replies={"QueueWithdrawCaller": silent}) as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        outcomes = await asyncio.gather(*(house.link.withdraw("support", f"c{n}", "v1") for n in range(1000)))
        results = [outcome.result for outcome in outcomes]
        assert results.count(Answer.UNKNOWN) == len(peer.calls[0].named("QueueWithdrawCaller"))
        assert Outcome(Answer.REFUSED, "too many orders wait for an answer") in outcomes
        assert set(results) == {Answer.UNKNOWN, Answer.REFUSED}


async def test_an_order_that_can_not_be_sent_is_refused() -> None:
    """A line end, or a plan that the PABX would cut off."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        forged = await house.link.withdraw("support", "c1\r\n\r\nAction: Originate", "v1")
        assert forged == Outcome(Answer.REFUSED, "not sent: the value of Caller holds a line end or a NUL")
        long = await house.link.withdraw("support", "c1", "x" * 1000)
        assert long.result is Answer.REFUSED
        assert "more than the 1000 that a PABX takes" in long.reason
        assert (await peer.called()).named("QueueWithdrawCaller") == []


async def test_an_asterisk_that_can_not_withdraw_is_told_once_and_never_asked() -> None:
    """Overflow while waiting is off there; all the rest works."""
    commands = tuple(name for name in AmiPeer().commands if name != "QueueWithdrawCaller")
    async with AmiPeer(version="18.10.0", commands=commands) as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert not house.link.can_withdraw
        outcome = await house.link.withdraw("support", "c1", "v1")
        assert outcome == Outcome(Answer.REFUSED, "not sent: this PABX can't withdraw callers")
        (await peer.called()).cut()
        await house.ear.heard(LinkUp, 2)
        assert house.lines.count("PABX can't withdraw waiting callers: nobody overflows while waiting") == 1
        assert (await peer.called()).named("QueueWithdrawCaller") == []


# --- down, and up again -----------------------------------------------------------------------------------------------


async def test_a_link_that_was_cut_comes_back_and_reads_all_again() -> None:
    """LinkLost, LinkUp, and the listings; the PABX did not restart."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].cut()
        lost = await house.ear.heard(LinkLost)
        assert isinstance(lost, LinkLost)
        assert lost.reason.startswith("the PABX closed the connection")
        await house.ear.heard(ListDone, 6)
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert house.ear.of(PabxRestarted) == []
        assert house.ear.states[3:] == ["down", "connecting", "syncing", "in_sync"]


async def test_a_pabx_that_restarted_is_told_apart_from_one_that_was_cut_off() -> None:
    """All its calls are gone; that comes before LinkUp."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.heard(LinkUp)
        peer.started = "22:00:00"
        peer.calls[0].cut()
        await house.ear.heard(LinkUp, 2)
        kinds = [type(event) for event in house.ear.told()]
        assert kinds[-2:] == [PabxRestarted, LinkUp] or kinds[kinds.index(PabxRestarted) + 1] is LinkUp


async def test_a_pabx_that_is_away_is_tried_again_until_it_is_there() -> None:
    """Without a limit, and without a line in the log for each try."""
    async with AmiPeer() as peer:
        peer.deafen()
        async with linked(peer) as house:
            await house.ear.until(lambda: house.ear.faults.count("unreachable") >= 3)
            assert house.link.state in {LinkState.DOWN, LinkState.CONNECTING}
            assert "can't reach 127.0.0.1" in house.link.reason
            assert house.lines == ["PABX not linked"]
            await peer.listen()
            await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
            assert house.link.reason == ""


async def test_a_link_that_keeps_falling_is_tried_more_and_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one that was up for a while starts again from the shortest wait."""
    waits: list[float] = []

    class Patient(Backoff):
        def next_s(self) -> float:
            waits.append(super().next_s())
            return 0.0

    monkeypatch.setattr(link_module, "Backoff", partial(Patient, draw=lambda _least, most: most))
    async with AmiPeer() as peer, linked(peer) as house:
        for count in range(1, 6):
            await house.ear.heard(LinkUp, count)
            if count == 5:
                monkeypatch.setattr(link_module, "STEADY_S", 0.0)
            peer.calls[-1].cut()
            await house.ear.heard(LinkLost, count)
        await house.ear.heard(LinkUp, 6)
    assert waits == [0.2, 0.4, 0.8, 1.0, 0.2]


async def test_orders_while_the_link_is_down_are_not_sent_later() -> None:
    """They are refused at once, and the PABX never hears of them."""
    async with AmiPeer() as peer:
        peer.deafen()
        async with linked(peer) as house:
            outcome = await house.link.withdraw("support", "c1", "v1")
            assert outcome == Outcome(Answer.REFUSED, "not sent: the link to the PABX is down")
            house.link.relist(Listing.CALLS)
            await peer.listen()
            await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
            assert peer.calls[-1].named("QueueWithdrawCaller") == []
            assert len(peer.calls[-1].named("Status")) == 1
