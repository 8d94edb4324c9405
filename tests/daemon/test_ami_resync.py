"""Listings over a link: when they are read, how they fail, and what is told of one that can't be believed."""

from dataclasses import replace

import pytest

from ccrouter.ami import resync
from ccrouter.ami.resync import Paces
from ccrouter.ami.watches import LinkState
from ccrouter.live.events import (
    Heard,
    LinkLost,
    ListBegan,
    ListDone,
    Listing,
    PeerFault,
    PositionSeen,
    QueueListed,
)
from support.ami import sample, written
from support.ami_peer import AmiPeer, Caller, Held, Order, linked, silent

QUICK = Paces(pause=0.01, audit=60.0, reading=5.0, retry=0.01, longest_retry=0.05)
QUEUE = sample(22, "QueueParams")
MEMBER = sample(22, "QueueMember")


# --- when -------------------------------------------------------------------------------------------------------------


async def test_each_listing_is_read_again_from_time_to_time() -> None:
    """What went wrong unseen heals by itself."""
    async with AmiPeer() as peer, linked(peer, paces=replace(QUICK, audit=0.05)) as house:
        await house.ear.heard(ListDone, 12)
        done = house.ear.listings(ListDone)
        assert all(done.count(listing) >= 3 for listing in Listing)


async def test_a_listing_is_read_on_demand() -> None:
    """The whole, or one queue, which is then named in its begin and its end."""
    async with AmiPeer() as peer, linked(peer, paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        house.link.relist(Listing.QUEUES, "support")
        order = await peer.calls[0].ordered("QueueStatus", 2)
        assert order["Queue"] == "support"
        await house.ear.heard(ListDone, 4)
        house.link.relist(Listing.CALLS)
        await house.ear.heard(ListDone, 5)
        told = [(e.listing, e.queue) for e in house.ear.events[-20:] if isinstance(e, ListDone | ListBegan)][-4:]
        assert told == [(Listing.QUEUES, "support")] * 2 + [(Listing.CALLS, "")] * 2


async def test_many_wishes_are_one_reading() -> None:
    """Whoever asks a hundred times at once gets one listing, which begins after the last wish."""
    async with AmiPeer() as peer, linked(peer, paces=replace(QUICK, pause=0.2)) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        for _ in range(100):
            house.link.relist(Listing.CALLS)
            house.link.relist(Listing.QUEUES, "support")
        await house.ear.heard(ListDone, 5)
        await house.ear.heard(Heard, 2)
        assert len(peer.calls[0].named("Status")) == 2
        assert len(peer.calls[0].named("QueueStatus")) == 2


async def test_wishes_for_many_queues_become_one_for_all() -> None:
    """Names come from events, and so perhaps from a caller: they are not kept without a bound."""
    async with AmiPeer() as peer, linked(peer, paces=replace(QUICK, pause=0.2)) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        for number in range(1000):
            house.link.relist(Listing.QUEUES, f"queue{number}")
        await house.ear.until(lambda: house.ear.listings(ListDone).count(Listing.QUEUES) >= 2)
        await house.ear.heard(Heard, 2)
        assert len(peer.calls[0].named("QueueStatus")) <= 2 + resync.MAX_WANTED


@pytest.mark.parametrize("queue", ["a\r\nAction: Originate", "q" * 2000])
async def test_a_queue_whose_name_can_not_be_sent_has_all_queues_read(queue: str) -> None:
    """No order is made of what a caller wrote."""
    async with AmiPeer() as peer, linked(peer, paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        house.link.relist(Listing.QUEUES, queue)
        order = await peer.calls[0].ordered("QueueStatus", 2)
        assert "Queue" not in order
        await house.ear.heard(ListDone, 4)


async def test_a_wish_during_a_reading_is_read_after_it() -> None:
    """What made somebody wish may have come too late for the listing that was under way."""
    held = Held()
    async with AmiPeer(replies={"Status": held}) as peer, linked(peer, paces=QUICK) as house:
        call, order = await held.until()
        house.link.relist(Listing.CALLS)
        call.listing(order, [])
        call, order = await held.until(2)
        call.listing(order, [])
        await house.ear.until(lambda: house.ear.listings(ListDone).count(Listing.CALLS) == 2)


async def test_a_second_fully_booted_has_all_read_again() -> None:
    """Asterisk may tell it twice when the log-in met the end of its start."""
    async with AmiPeer() as peer, linked(peer, paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].say(written(sample(22, "FullyBooted")))
        await house.ear.heard(ListDone, 6)
        assert house.ear.listings(ListDone) == [*Listing, *Listing]


# --- how they fail ----------------------------------------------------------------------------------------------------


async def test_a_listing_that_is_refused_or_not_answered_is_tried_again() -> None:
    """It is never told as done before it was."""
    tries: list[str] = []

    def moody(call: Caller, order: Order) -> None:
        tries.append(order["ActionID"])
        match len(tries):
            case 1:
                call.answer(order, "Error", Message="not now")
            case 2:
                silent(call, order)
            case 3:
                call.begin_list(order)
                call.rows(order, [QUEUE])
            case _:
                call.listing(order, [QUEUE])

    paces = replace(QUICK, reading=0.1)
    async with AmiPeer(replies={"QueueStatus": moody}) as peer, linked(peer, paces=paces) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert house.ear.listings(ListBegan).count(Listing.QUEUES) == 4
        assert house.ear.listings(ListDone).count(Listing.QUEUES) == 1
        assert house.ear.faults.count("listing_failed") == 3
        assert len(set(tries)) == 4
        assert house.ear.of(LinkLost) == []


async def test_a_listing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In rows and in time; the rows that still come are dropped, and the link stays."""
    monkeypatch.setattr(resync, "MAX_ROWS", 100)

    def endless(call: Caller, order: Order) -> None:
        call.begin_list(order)
        call.rows(order, [QUEUE] * 1000)

    async with AmiPeer(replies={"QueueStatus": endless}) as peer, linked(peer, paces=QUICK) as house:
        await house.ear.until(lambda: house.ear.faults.count("listing_failed") >= 2)
        assert Listing.QUEUES not in house.ear.listings(ListDone)
        assert len(house.ear.of(QueueListed)) <= 101 * house.ear.listings(ListBegan).count(Listing.QUEUES)
        assert "late_answer" in house.ear.faults
        assert house.ear.of(LinkLost) == []


async def test_rows_of_a_listing_that_was_given_up_are_dropped() -> None:
    """They are not told among the rows of the next one."""
    held = Held()
    paces = replace(QUICK, reading=0.5)
    async with AmiPeer(replies={"QueueStatus": held}) as peer, linked(peer, paces=paces) as house:
        call, first = await held.until()
        call, second = await held.until(2)
        call.begin_list(second)
        call.rows(first, [QUEUE | {"Queue": "old"}])
        call.end_list(first, 1)
        call.rows(second, [QUEUE | {"Queue": "new"}])
        call.end_list(second, 1)
        await house.ear.until(lambda: Listing.QUEUES in house.ear.listings(ListDone))
        assert [event.queue for event in house.ear.of(QueueListed) if isinstance(event, QueueListed)] == ["new"]
        assert house.ear.of(PeerFault) == []


# --- what can't be believed -------------------------------------------------------------------------------------------


async def test_rows_that_nobody_asked_for_are_dropped() -> None:
    """Without the id of the listing that is under way a row tells nothing."""
    async with AmiPeer() as peer, linked(peer, paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        forged = dict(MEMBER) | {"Paused": "1"}
        del forged["ActionID"]
        peer.calls[0].say(written(forged) + written(forged | {"ActionID": "action/1/1/1"}))
        peer.calls[0].say(written({"Event": "QueueStatusComplete", "ActionID": "x", "EventList": "Complete"}))
        await house.ear.until(lambda: house.ear.faults.count("late_answer") == 3)
        assert house.ear.of(PositionSeen) == []


async def test_a_listing_that_lost_a_row_is_read_again() -> None:
    """Its end tells more rows than came: a caller's line end has cut one."""
    lost = iter([2, 2])

    def mutilated(call: Caller, order: Order) -> None:
        call.listing(order, [QUEUE, MEMBER], told=2 + next(lost, 0))

    async with AmiPeer(replies={"QueueStatus": mutilated}) as peer, linked(peer, paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert len(peer.calls[0].named("QueueStatus")) == 3
        assert house.ear.listings(ListDone).count(Listing.QUEUES) == 1


async def test_a_row_that_is_refused_is_told_as_a_fault_and_read_again() -> None:
    """With the queue that it touches."""
    rows = iter([MEMBER | {"Paused": "maybe"}])

    def mutilated(call: Caller, order: Order) -> None:
        call.listing(order, [QUEUE, next(rows, MEMBER)])

    async with AmiPeer(replies={"QueueStatus": mutilated}) as peer, linked(peer, paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        [fault] = house.ear.of(PeerFault)
        assert isinstance(fault, PeerFault)
        assert (fault.event, fault.reason) == ("QueueMember", "Paused is neither 0 nor 1")
        assert fault.queue == MEMBER["Queue"]
        assert house.ear.listings(ListBegan).count(Listing.QUEUES) == 2


async def test_no_caller_keeps_the_picture_from_being_read() -> None:
    """A row that stays mutilated is left out at the third try; the listing counts, and the gap is logged."""
    rows = {"QueueStatus": [QUEUE, MEMBER | {"Paused": "maybe"}], "Status": []}
    async with AmiPeer(rows=rows) as peer, linked(peer, paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert len(peer.calls[0].named("QueueStatus")) == resync.MOST_GAPS
        assert house.lines.count("listing with gaps") == resync.MOST_GAPS
        assert house.ear.of(PositionSeen) == []


async def test_an_end_that_is_mutilated_is_no_end() -> None:
    """Then the listing is read again."""
    ends = iter([{"ListItems": "many"}, {"Foreign": "1", "Queue": "support"}])

    def mutilated(call: Caller, order: Order) -> None:
        end = next(ends, {})
        call.begin_list(order)
        told = {"Event": "QueueStatusComplete", "ActionID": order["ActionID"], "EventList": "Complete"}
        call.say(written(told | {"ListItems": "0"} | end))

    async with AmiPeer(replies={"QueueStatus": mutilated}) as peer, linked(peer, paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert [event.reason for event in house.ear.of(PeerFault) if isinstance(event, PeerFault)] == [
            "ListItems can't be read",
            "has Queue, a field of other events",
        ]
        assert house.ear.listings(ListDone).count(Listing.QUEUES) == 1
