"""The stream of the real daemon: each section follows what happens, and whoever comes back has missed nothing."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from ccrouter.clock import SystemClock
from small_pabx import free_port
from support.board_house import MEMBER, ROUTING, BoardHouse, board_house
from support.real_daemon import RealDaemon
from support.sse import Follower, Merged, following

STEADY = SystemClock().steady
SOON_S = 2.0
"""What happens at the PABX is with the clients by then: 0.3 s, on a machine that does nothing else."""


@pytest.fixture
async def house() -> AsyncIterator[BoardHouse]:
    """Give a house whose daemon runs and is in sync."""
    async with board_house() as house:
        async with house.following() as ready:
            await ready.until_section("not_ready", lambda why: why == [])
            await ready.until_section("positions", bool)
        yield house


async def soon(follower: Follower, section: str, holds: Callable[[Any], object], since: float) -> None:
    """Wait until a section is as wanted, and see that it was told in time."""
    await follower.until_section(section, holds)
    told = next(each for each in reversed(follower.told) if each.event in {"board", "change"})
    assert told.at - since < SOON_S


async def test_what_happens_at_the_pabx_is_told_in_time(house: BoardHouse) -> None:
    """From its word to a client's ear in time: queues, positions, calls, figures, decisions."""
    async with house.following() as follower:
        await follower.until(lambda told: told.merged.boards == 1)
        uniqueid = house.new_uniqueid()
        since = house.tell("QueueCallerJoin", Uniqueid=uniqueid, Queue="support", Position="1")
        await soon(follower, "queues", lambda queues: queues[0]["waiting"] == 1, since)
        since = house.tell("QueueCallerLeave", Uniqueid=uniqueid, Queue="support")
        await soon(follower, "queues", lambda queues: queues[0]["waiting"] == 0, since)

        since = house.tell("QueueMemberPause", **MEMBER, Paused="1", PausedReason="lunch")
        await soon(follower, "positions", lambda seats: seats[0]["state"] == "paused", since)
        assert follower.merged.board["positions"][0]["reason"] == "lunch"
        assert follower.merged.board["positions"][0]["since"] is not None
        since = house.tell("QueueMemberPause", **MEMBER, Paused="0", PausedReason="")
        await soon(follower, "positions", lambda seats: seats[0]["state"] == "ready", since)

        since, served = STEADY(), await house.whole_call()
        await soon(follower, "decisions", lambda told: told and told[0]["destination"] == "desk", since)
        await soon(follower, "services", lambda told: told[0]["today"]["answered"] == 1, since)
        await soon(follower, "hour", lambda minutes: sum(each["inside"] for each in minutes) == 1, since)
        await follower.until(lambda told: served in _ended(told.merged))
        of_call = [each for each in follower.merged.happened if each["uniqueid"] == served]
        assert [each["kind"] for each in of_call] == ["offered", "routed", "ringing", "answered", "ended"]
        assert {each["caller"] for each in of_call} <= {"061*******", "0612******"}

        for _ in range(30):
            await house.call(house.new_uniqueid())
        await follower.until_section("decisions", lambda told: len(told) == 20)
        whole = await house.board()
        await follower.until(lambda told: told.merged.sections == whole)
        assert len(json.dumps(whole)) < 20_000, "a board has a bounded size, however many calls there were"
        assert follower.merged.boards == 1


async def test_what_admins_do_is_told_and_the_loss_of_a_pabx(house: BoardHouse) -> None:
    """Modes, overrides, a routing file that is refused, one that is taken, a link that is cut."""
    async with house.following() as follower:
        await follower.until(lambda told: told.merged.boards == 1)
        since = STEADY()
        async with house.session.put("http://control/modes/crisis", json={"on": True, "reason": "flooded"}) as done:
            assert done.status == 200
        await soon(follower, "modes", lambda modes: modes[0]["on"], since)
        since = STEADY()
        await house.call(house.new_uniqueid())
        await soon(follower, "sites", lambda sites: [each["calls"] for each in sites] == [0, 1], since)
        assert follower.merged.board["decisions"][0]["outside"]

        since = STEADY()
        order = {"number": "0800123456", "to": ["tunis"], "for_s": 600, "reason": "a test"}
        async with house.session.post("http://control/overrides", json=order) as done:
            assert done.status < 300, await done.text()
        await soon(follower, "overrides", lambda told: len(told) == 1, since)

        house.office.routing.write_text(ROUTING.replace("[desk, tunis, nobody]", "[desk, nobdoy]"))
        since = STEADY()
        await asyncio.to_thread(house.office.hup, "routing file refused, the old rules stay in force")
        await soon(follower, "rules_problems", lambda why: "nobdoy" in str(why), since)
        await soon(follower, "degraded", lambda states: [each["state"] for each in states] == ["rules_refused"], since)
        before = follower.merged.board["rules"]
        house.office.routing.write_text(ROUTING.replace("2min", "3min"))
        since = STEADY()
        await asyncio.to_thread(house.office.hup, "routing file in force")
        await soon(follower, "rules", lambda rules: rules != before, since)

        assert house.link is not None
        since = STEADY()
        house.peer.deafen()
        house.link.cut()
        await soon(follower, "pabxs", lambda links: not links[0]["fresh"], since)
        await soon(follower, "not_ready", bool, since)
        assert follower.merged.sections == await house.board()
        assert follower.merged.boards == 1


async def test_a_house_at_rest_is_told_nothing_but_pulses(house: BoardHouse) -> None:
    """Time alone changes nothing that is shown: waits and states are told as instants."""
    house.tell("QueueCallerJoin", Uniqueid=house.new_uniqueid(), Queue="support", Position="1")
    house.tell("QueueMemberStatus", **MEMBER, Status="2", InCall="1")
    async with house.following() as follower:
        await follower.until_section("queues", lambda queues: queues and queues[0]["waiting"] == 1)
        await follower.until(lambda told: len(told.named("pulse")) == 1)
        since = len(follower.told)
        await follower.until(lambda told: len(told.named("pulse")) == 4)
        others = [told for told in follower.told[since:] if told.event != "pulse"]
        assert all(told.event == "change" and set(told.data) == {"at", "hour"} for told in others), others
        assert len(others) <= 1, "the hour moves on at the full minute"


async def test_whoever_comes_back_missed_nothing_and_hears_nothing_twice(house: BoardHouse) -> None:
    """Cut at any moments of a busy minute, and come back with the last id: the board and what happened are complete."""
    chance = random.Random(7)  # noqa: S311 - moments of a test
    merged = Merged()
    async with house.following() as steady:
        await steady.until(lambda told: told.merged.boards == 1)
        calls = asyncio.gather(*(house.whole_call() for _ in range(40)))
        while not calls.done():
            async with house.following(merged) as follower:
                await asyncio.sleep(chance.random() * 0.1)
                assert follower.merged is merged
        made = await calls
        async with house.following(merged) as follower:
            for each in (steady, follower):
                await each.until(lambda told: _ended(told.merged) == set(made))
                await each.until_section("services", lambda told: told[0]["today"]["answered"] == len(made))
            whole = await house.board()
            await follower.until(lambda told: told.merged.sections == whole)
            await steady.until(lambda told: told.merged.sections == whole)
    assert merged.boards == 1
    first = steady.merged.happened.index(merged.happened[0])
    assert steady.merged.happened[first:] == merged.happened


def _ended(merged: Merged) -> set[str]:
    return {each["uniqueid"] for each in merged.happened if each["kind"] == "ended"}


async def test_after_a_restart_a_whole_board_comes_with_the_figures_of_the_day(house: BoardHouse) -> None:
    """The old id is of another run; what the journal has of today's calls is counted on."""
    async with house.following() as follower:
        await house.whole_call()
        await follower.until_section("services", lambda told: told[0]["today"]["answered"] == 1)
        today = follower.merged.board["services"][0]["today"]
        known = follower.merged
        stop = asyncio.get_running_loop().run_in_executor(None, house.office.daemon.stop)
        await follower.until(lambda told: told.over)
        await stop
    await house.start()
    async with house.following(known) as again:
        await again.until(lambda told: told.merged.boards == 2)
        await again.until_section("not_ready", lambda why: why == [])
        await again.until_section("services", lambda told: told[0]["today"]["answered"] == 1)
        assert {**today, "waited_s": 0} == {**again.merged.board["services"][0]["today"], "waited_s": 0}
        await house.whole_call()
        await again.until_section("services", lambda told: told[0]["today"]["answered"] == 2)
        await again.until_section("services", lambda told: told[0]["today"]["offered"] == 2)


async def test_either_of_two_routers_serves_the_board(house: BoardHouse) -> None:
    """Both tell the same of the PABX, and what admins switched at one; ids of the one mean nothing to the other."""
    first, text = house.link, house.office.daemon.settings.read_text()
    second = RealDaemon(house.office.daemon.folder, free_port(socket.SOCK_STREAM), rank=2)
    for old, new in (
        ("router: 1", "router: 2"),
        (f"port: {house.office.agi_port}", f"port: {free_port(socket.SOCK_STREAM)}"),
        (f"port: {house.office.http_port}", f"port: {second.http_port}"),
        (house.office.control.name, second.socket.name),
    ):
        assert old in text
        text = text.replace(old, new)
    second.settings.write_text(text)
    try:
        await asyncio.to_thread(second.start)
        links = [first, await house.peer.called(2)]
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(second.socket))) as session,
            house.following() as one,
        ):
            await asyncio.to_thread(second.wait_for_line, event="ccrouter runs")
            async with following(session, "http://control/stream", merged=Merged(last_id=one.merged.last_id)) as two:
                await two.until_section("not_ready", lambda why: why == [])
                uniqueid = house.new_uniqueid()
                for house.link in links:
                    house.tell("QueueCallerJoin", Uniqueid=uniqueid, Queue="support", Position="1")
                    house.tell("QueueMemberPause", **MEMBER, Paused="1", PausedReason="lunch")
                order = {"on": True, "reason": "flooded"}
                async with house.session.put("http://control/modes/crisis", json=order) as done:
                    assert done.status == 200
                for each in (one, two):
                    await each.until_section("queues", lambda queues: queues and queues[0]["waiting"] == 1)
                    await each.until_section("positions", lambda seats: seats and seats[0]["state"] == "paused")
                    await each.until_section("modes", lambda modes: modes[0]["on"])
                assert two.merged.boards == 1
                assert (one.merged.board["router"], two.merged.board["router"]) == (1, 2)
                for section in ("pabxs", "modes", "overrides", "rules", "sites"):
                    assert one.merged.board[section] == two.merged.board[section]
    finally:
        await asyncio.to_thread(second.close)
