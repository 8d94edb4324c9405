"""The link of one of two routers: when it says that it lives, and what it does alone."""

import asyncio
import itertools

from ccrouter.ami.watches import LinkState
from ccrouter.clock import SystemClock
from ccrouter.contract import heartbeat
from support.ami_peer import PATIENCE_S, AmiPeer, Held, Linked, linked

FRESH_S = 1.9
"""Ahead of now: fresh for almost four seconds."""


def beat_of_the_other() -> str:
    """Return a heartbeat that is fresh, and will be for a while."""
    return f"{SystemClock().now() + FRESH_S:.3f}"


async def on_duty(house: Linked, *, held: bool) -> None:
    """Wait until the link is on duty, or off."""
    async with asyncio.timeout(PATIENCE_S):
        while house.link.on_duty is not held:  # noqa: ASYNC110 - time alone may change it
            await asyncio.sleep(0.01)


async def test_the_second_is_on_duty_when_the_first_says_goodbye() -> None:
    """Not while its heartbeat is fresh; each change is told in the log."""
    async with AmiPeer() as peer:
        peer.values[heartbeat(1)] = beat_of_the_other()
        async with linked(peer, rank=2) as house:
            call = await peer.called()
            beat = await call.beaten()
            assert beat["Variable"] == heartbeat(2)
            assert not house.link.on_duty
            peer.values[heartbeat(1)] = "0"
            await on_duty(house, held=True)
            peer.values[heartbeat(1)] = beat_of_the_other()
            await on_duty(house, held=False)
        told = [line["event"] for line in house.log.entries if "duty" in line["event"]]
        assert told == ["on duty for this PABX", "off duty for this PABX"]


async def test_the_second_is_on_duty_when_the_first_falls_silent() -> None:
    """As soon as the dialplan would do without it; what is no heartbeat is none."""
    for value in ("", "garbage", f"{SystemClock().now() - 3:.3f}"):
        async with AmiPeer() as peer:
            peer.values[heartbeat(1)] = value
            async with linked(peer, rank=2) as house:
                await on_duty(house, held=True)


async def test_the_first_comes_back_when_it_knows_the_pabx() -> None:
    """While the second lives, calls are its own until the first picture is read."""
    held = Held()
    async with AmiPeer() as peer:
        peer.replies["QueueStatus"] = held
        peer.values[heartbeat(2)] = beat_of_the_other()
        async with linked(peer) as house:
            call, order = await held.until()
            for count in itertools.count(1):
                await call.ordered("Getvar", count)
                if [each["Variable"] for each in call.named("Getvar")].count(heartbeat(2)) == 2:
                    break
            assert call.beats == []
            call.listing(order, [])
            await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
            assert (await call.beaten())["Variable"] == heartbeat(1)


async def test_a_router_alone_does_not_wait_for_the_picture() -> None:
    """Nobody else would decide: its decisions, with what it knows, are better than none."""
    async with AmiPeer() as peer:
        peer.replies["QueueStatus"] = Held()
        async with linked(peer) as house:
            await (await peer.called()).beaten()
            assert house.link.state is LinkState.SYNCING
            await on_duty(house, held=True)
