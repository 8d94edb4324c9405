"""What comes over a link that is up: any bytes, in any pieces, at any speed."""

import asyncio

import pytest

from ccrouter.ami.translate import READERS
from ccrouter.ami.watches import LinkState
from ccrouter.ami.wire import MAX_MESSAGE, Message
from ccrouter.live.events import CallerJoined, LinkLost, LinkUp, ListBegan, ListDone, Listing, PeerFault, PositionSeen
from support.ami import sample, written
from support.ami_peer import AmiPeer, Held, linked, silent

JOIN = sample(22, "QueueCallerJoin")

SAYS_NOTHING_ELSE = dict.fromkeys(("Ping", "Setvar", "Getvar"), silent)
"""A PABX never puts an answer into the middle of an event."""


async def test_a_letter_that_is_split_over_two_reads_is_kept() -> None:
    """Bytes are decoded when a message is whole; an empty last field is kept too."""
    member = written(sample(22, "QueueMemberStatus") | {"MemberName": "Renée €"})
    cut = member.index("é".encode()) + 1
    empty = {name: value for name, value in sample(22, "QueueMemberPause").items() if name != "PausedReason"}
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.replies |= SAYS_NOTHING_ELSE
        for part in (member[:cut], member[cut : cut + 4], member[cut + 4 :], written(empty | {"PausedReason": ""})):
            peer.calls[0].say(part)
            await peer.calls[0].writer.drain()
            await asyncio.sleep(0.01)
        await house.ear.heard(PositionSeen, 2)
        first, second = house.ear.of(PositionSeen)
        assert isinstance(first, PositionSeen)
        assert isinstance(second, PositionSeen)
        assert first.name == "Renée €"
        assert second.paused_reason == ""


async def test_bytes_that_dribble_in_one_by_one_are_one_event() -> None:
    """However slow the peer is."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.replies |= SAYS_NOTHING_ELSE
        for byte in written(JOIN):
            peer.calls[0].say(bytes([byte]))
            await asyncio.sleep(0)
        await house.ear.heard(CallerJoined)
        assert house.ear.of(PeerFault) == []


async def test_a_misspelt_field_is_a_fault_and_never_empty() -> None:
    """A field that is not there is not read as an empty one."""
    fields = {("UniqueID" if name == "Uniqueid" else name): value for name, value in JOIN.items()}
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].say(written(fields))
        fault = await house.ear.heard(PeerFault)
        assert isinstance(fault, PeerFault)
        assert (fault.event, fault.reason) == ("QueueCallerJoin", "lacks Uniqueid")
        assert house.ear.of(CallerJoined) == []


async def test_a_flood_is_told_in_order_and_the_link_stays() -> None:
    """50,000 events in one go: none lost, none overtaken, and pings are answered meanwhile."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].say(b"".join(written(JOIN | {"Position": str(place)}) for place in range(50_000)))
        await house.ear.until(lambda: len(house.ear.events) >= 50_000)
        await house.ear.heard(CallerJoined, 50_000)
        places = [event.position for event in house.ear.of(CallerJoined) if isinstance(event, CallerJoined)]
        assert places == [*range(50_000)]
        assert house.ear.of(LinkLost) == []


async def test_an_exception_of_the_sink_costs_neither_the_link_nor_the_rest() -> None:
    """The events behind it are told, it is logged and counted, and everything is read again."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        listings = len(house.ear.of(ListDone))
        house.ear.raises = RuntimeError("a fault of ours")
        peer.calls[0].say(b"".join(written(JOIN | {"Position": str(place)}) for place in range(3)))
        await house.ear.heard(CallerJoined, 3)
        house.ear.raises = None
        await house.ear.heard(ListDone, listings + 3)
        assert house.ear.of(LinkLost) == []
        assert house.ear.faults.count("raised") >= 3
        assert "fault in ccrouter, all is read again" in house.lines


async def test_a_fault_in_reading_costs_neither_the_link_nor_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the sink's this time, but our own translation's."""

    def broken(_message: Message, _pabx: str, _at: float) -> None:
        raise KeyError("Queue")

    monkeypatch.setitem(READERS, "Hangup", broken)
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].say(written(sample(22, "Hangup")) + written(JOIN))
        await house.ear.heard(CallerJoined)
        assert "raised" in house.ear.faults
        await house.ear.heard(ListDone, 6)
        assert house.ear.of(LinkLost) == []


async def test_garbage_is_counted_and_what_follows_is_heard() -> None:
    """Half messages, foreign text, no UTF-8."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].say(b"\x00\xff\xfe\r\n\r\nname: value\r\n\r\nEvent: \r\n\r\nResponse: Success\r\n\r\n")
        peer.calls[0].say(b"Event: Hangup\r\nCause\r\n\r\n" + written(JOIN))
        await house.ear.heard(CallerJoined)
        assert [(fault.event, fault.reason) for fault in house.ear.of(PeerFault) if isinstance(fault, PeerFault)] == [
            ("", "neither an event nor a response"),
            ("", "neither an event nor a response"),
            ("Hangup", "a line is no field"),
        ]
        assert "late_answer" in house.ear.faults
        assert house.ear.of(LinkLost) == []


async def test_a_message_without_an_end_costs_the_link_and_not_the_memory() -> None:
    """The connection is cut at MAX_MESSAGE, and made again."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].say(b"Event: Hangup\r\nX: " + b"x" * (2 * MAX_MESSAGE))
        lost = await house.ear.heard(LinkLost)
        assert isinstance(lost, LinkLost)
        assert lost.reason == f"a message of the PABX has more than {MAX_MESSAGE} bytes"
        await house.ear.heard(LinkUp, 2)


async def test_a_forged_shutdown_cuts_nothing() -> None:
    """Panoramisk closes the link on that event, and it is short enough for a caller to forge."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].say(b"Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly\r\n\r\n" + written(JOIN))
        await house.ear.heard(CallerJoined)
        assert house.ear.of(LinkLost) == []
        assert house.ear.of(PeerFault) == []


async def test_a_listing_that_is_cut_off_ends_with_the_link() -> None:
    """It is never told as done; after the reconnection it is read from its begin."""
    held = Held()
    async with AmiPeer(replies={"QueueStatus": held}) as peer, linked(peer) as house:
        call, order = await held.until()
        call.begin_list(order)
        call.rows(order, [sample(22, "QueueParams")])
        call.cut()
        await house.ear.heard(LinkLost)
        assert house.ear.of(ListDone) == []
        peer.replies.clear()
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert house.ear.listings(ListBegan) == [Listing.QUEUES, *Listing]
        assert house.ear.listings(ListDone) == [*Listing]
