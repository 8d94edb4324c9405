"""More calls than can be decided: those whose turn comes in time get their plan, the others are let go at once."""

import asyncio
import errno
import os
import selectors
import socket
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, NoReturn

import pytest

from ccrouter.agi import door
from ccrouter.agi.desk import Deadlines
from ccrouter.agi.roll import ANSWER_S, TURN_S
from ccrouter.agi.server import Bounds
from ccrouter.clock import SystemClock
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision
from support.agi import RECORDED, keyed
from support.agi_house import DONE, ORDER, PATIENCE_S, REQUEST, House, Oracle, running

STEADY: Final = SystemClock().steady

GIVES_UP_S: Final = 0.5
"""What a request that says nothing is taken to wait for."""

SLOW_S: Final = 0.004
"""What a decision costs here: some 250 in a second."""


@dataclass
class Asked:
    """One connection as the PABX sees it: when it asked, when it heard an end, and whether there was a plan."""

    asked_at: float
    heard_at: float = 0.0
    plan: bool = False

    @property
    def waited_s(self) -> float:
        """Return how long the caller was held up."""
        return self.heard_at - self.asked_at


def patient(patience: str) -> bytes:
    """Return a request that tells how many seconds its dialplan waits."""
    return keyed(RECORDED["22"], patience=patience)


def ask_many(address: tuple[str, int], instants: Sequence[float], request: bytes = REQUEST) -> list[Asked]:
    """Ask at so many seconds from now, each time over a connection of its own, and wait for every answer."""
    selector, asked = selectors.DefaultSelector(), []
    began, left = STEADY(), list(instants)
    while left or selector.get_map():
        while left and STEADY() - began >= left[0]:
            connection = socket.create_connection(address, PATIENCE_S)
            connection.sendall(request)
            connection.setblocking(False)  # noqa: FBT003 - the standard library's own form
            asked.append(Asked(STEADY()))
            selector.register(connection, selectors.EVENT_READ, asked[-1])
            left.pop(0)
        for key, _ in selector.select(0.001 if left else PATIENCE_S):
            _hear(selector, key.fileobj, key.data)
    selector.close()
    return asked


def _hear(selector: selectors.BaseSelector, connection: object, asked: Asked) -> None:
    assert isinstance(connection, socket.socket)
    try:
        told = connection.recv(1000)
    except ConnectionError:
        told = b""
    if not asked.heard_at:
        asked.heard_at = STEADY()
    if told:
        asked.plan = told == ORDER
        connection.sendall(DONE)
    else:
        selector.unregister(connection)
        connection.close()


class SlowOracle(Oracle):
    """Takes the processor for a while over each decision."""

    cost_s = SLOW_S

    def route(self, call: Call) -> Decision:
        """Decide, after a while."""
        time.sleep(self.cost_s)
        return super().route(call)


class UsualOracle(SlowOracle):
    """Takes as long as a decision by rules does."""

    cost_s = 0.001


async def flooded(house: House, instants: Sequence[float]) -> tuple[list[Asked], float]:
    """Return what became of the calls, and the longest that anything else in the loop had to wait meanwhile."""
    house.server._desk.decides.__class__ = SlowOracle
    worst_s, over = 0.0, asyncio.Event()

    async def beat() -> None:
        nonlocal worst_s
        while not over.is_set():
            began = STEADY()
            await asyncio.sleep(0.01)
            worst_s = max(worst_s, STEADY() - began - 0.01)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(beat())
        asked = await asyncio.to_thread(ask_many, house.server.addresses[0], instants)
        over.set()
    return asked, worst_s


async def test_a_flood_costs_nobody_more_than_the_dialplan_waits() -> None:
    """Some 1,000 calls in a second where 250 can be decided: each hears in time, and no decision comes too late.

    Between decisions everything else in the loop is served, heartbeats and events among it.
    """
    async with running(bounds=Bounds(undecided=50)) as house:
        asked, worst_s = await flooded(house, [number / 1000 for number in range(1200)])
        results = Counter(await house.tally.until(len(asked)))

        assert results["answered"] == sum(each.plan for each in asked)
        assert results["answered"] == len(house.oracle.calls) > 0
        assert results["pushed_out"] + results["late"] + results["crowded"] > 100
        assert house.server.shed == len(asked) - results["answered"]
        in_time = [each for each in asked if each.waited_s <= GIVES_UP_S - ANSWER_S + 10 * TURN_S]
        assert len(in_time) > 0.9 * len(asked)
        assert worst_s < 2 * GIVES_UP_S


async def test_all_else_comes_between_two_turns_however_long_a_flood_lasts() -> None:
    """Where calls wait for a decision the next turn is due, and what comes meanwhile makes no further one."""
    async with running(bounds=Bounds(undecided=50)) as house:
        loop, roll = asyncio.get_running_loop(), house.server._roll
        begin, turns = roll.turn, [0]

        def counted() -> None:
            if not turns[-1]:
                loop.call_soon(turns.append, 0)
            turns[-1] += 1
            begin()

        roll.turn = counted  # type: ignore[method-assign] # the server is this test's own
        await flooded(house, [number / 1000 for number in range(600)])
        assert sum(turns) > 20
        assert max(turns) <= 2  # the second where the first left nobody waiting


async def test_calls_that_the_loop_was_away_for_cost_no_decision() -> None:
    """What came while the process stood still is closed unread once it is too old, and the next call is served."""
    async with running() as house:
        loop = asyncio.get_running_loop()
        flood = loop.run_in_executor(None, ask_many, house.server.addresses[0], [0.0] * 150)
        time.sleep(2 * GIVES_UP_S)  # noqa: ASYNC251 - the loop is away: that is the point
        asked = await flood
        results = Counter(await house.tally.until(150))
        assert results == {"late": 150}
        assert house.oracle.calls == []
        assert not any(each.plan for each in asked)

        async with house.pabx() as pabx:
            assert await pabx.ask() == ORDER


@pytest.mark.parametrize(("patience", "away_s"), [("1", 0.2), ("0.5", 0.3)])
async def test_the_door_knows_how_long_the_dialplan_waits(patience: str, away_s: float) -> None:
    """Of many that came while the loop was away, none is let go where there is time for all, by the latest request.

    With one router the dialplan waits for a second, and then 0.2 s are no loss; of two, each has half of it.
    """
    async with running() as house:
        house.server._desk.decides.__class__ = UsualOracle
        async with house.pabx() as pabx:
            assert await pabx.ask(patient(patience)) == ORDER
            pabx.say(DONE)
        await house.tally.until(1)
        loop = asyncio.get_running_loop()
        crowd = loop.run_in_executor(None, ask_many, house.server.addresses[0], [0.0] * 100, patient(patience))
        time.sleep(away_s)  # noqa: ASYNC251 - the loop is away: that is the point
        asked = await crowd
        results = Counter((await house.tally.until(101))[1:])
        assert all(each.plan for each in asked) is (patience == "1")
        assert results["answered"] == sum(each.plan for each in asked) == len(house.oracle.calls) - 1
        assert results["answered"] + results["late"] == 100
        assert max(each.waited_s for each in asked if each.plan) <= float(patience)


async def test_a_lone_call_is_decided_in_the_same_turn() -> None:
    """Order and budget cost a call nothing where there is no other."""
    async with running() as house, house.pabx() as pabx:
        loop, turns = asyncio.get_running_loop(), 0
        decided = house.oracle.route

        def count() -> None:
            nonlocal turns
            turns += 1

        def route(call: Call) -> Decision:
            loop.call_soon(count)
            assert turns == 0
            return decided(call)

        house.oracle.route = route  # type: ignore[method-assign] # the oracle is this test's own
        assert await pabx.ask() == ORDER


async def test_the_oldest_goes_first() -> None:
    """Of more than may wait for a decision, those that came first are let go: their answer would be the latest."""
    async with running(bounds=Bounds(undecided=3)) as house:
        loop = asyncio.get_running_loop()
        asked = [socket.create_connection(house.server.addresses[0]) for _ in range(6)]
        await asyncio.sleep(0.05)  # all are accepted; nothing is to be awaited for that
        for connection in asked:
            connection.sendall(REQUEST)
            connection.setblocking(False)  # noqa: FBT003 - the standard library's own form
        results = await house.tally.until(2)
        assert results == ["pushed_out", "pushed_out"]
        heard = [await loop.sock_recv(asked[number], 1000) for number in (0, 3, 4, 5)]
        assert heard == [ORDER] * 4
        for connection in asked:
            connection.close()
        await house.tally.until(6)


async def test_a_fault_with_one_call_leaves_the_others_their_turn() -> None:
    """What comes after a decision is no part of it: all who asked at once get their plan, whatever it raises."""
    async with running() as house:
        house.oracle.fault = RuntimeError("a fault with what comes after a decision")
        loop = asyncio.get_running_loop()
        asked = [socket.create_connection(house.server.addresses[0]) for _ in range(4)]
        for connection in asked:
            connection.sendall(REQUEST)
            connection.setblocking(False)  # noqa: FBT003 - the standard library's own form
        assert [await loop.sock_recv(each, 1000) for each in asked] == [ORDER] * 4
        for connection in asked:
            connection.close()
        await house.tally.until(4)


async def test_who_says_nothing_keeps_no_caller_out() -> None:
    """When all places are taken, the oldest that is silent gives way; nobody who has begun to speak does."""
    async with running(bounds=Bounds(sessions=4)) as house, AsyncExitStack() as open_:
        talker = await open_.enter_async_context(house.pabx())
        talker.say(REQUEST[:10])
        for _ in range(40):
            await open_.enter_async_context(house.pabx())
        async with house.pabx() as caller:
            assert await caller.ask() == ORDER
            caller.say(DONE)
            assert (await house.tally.until(39))[-1] == "answered"
        assert set(house.tally.results[:-1]) == {"silent"}
        assert await talker.ask(REQUEST[10:]) == ORDER


async def test_who_says_nothing_is_gone_soon() -> None:
    """A PABX asks as soon as it connects: long before the time for a whole request is over."""
    clock = SystemClock()
    async with running(deadlines=Deadlines(request_s=PATIENCE_S)) as house, house.pabx() as silent:
        began = clock.steady()
        assert await silent.line() == b""
        assert clock.steady() - began < 1
        assert house.tally.results == ["silent"]


class Exhausted(socket.socket):
    """Listens, and can't take another connection."""

    __slots__ = ()

    def _accept(self) -> NoReturn:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


async def test_where_no_connection_can_be_taken_that_is_told_once_and_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sockets of `localhost` find it so in one turn; a moment later whoever came meanwhile is served."""
    monkeypatch.setattr(door, "EXHAUSTED_S", 0.05)
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with running(addresses=[("127.0.0.1", 0)] * 2) as house, AsyncExitStack() as open_:
        listening = [*house.server._door._listening.values()]
        for each in listening:
            each.__class__ = Exhausted
        callers = [open_.enter_context(socket.create_connection(each)) for each in house.server.addresses]
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(house.events) == 1
        for each in listening:
            each.__class__ = socket.socket
        for caller in callers:
            caller.sendall(REQUEST)
            assert await asyncio.to_thread(caller.recv, 1000) == ORDER
            caller.sendall(DONE)
        assert await house.tally.until(2) == ["answered"] * 2
        assert len(house.events) == 1
    assert faults == []
