"""Telephones that dial the code of a mode, over FastAGI: their answer comes later, and routed calls do not wait."""

import asyncio
from collections.abc import Callable

import pytest

from ccrouter.agi.calls import CodeDialled
from ccrouter.agi.desk import Deadlines
from ccrouter.agi.server import Bounds
from support.agi import UNIQUEID, keyed, request
from support.agi_house import DONE, ORDER, PATIENCE_S, House, Pabx, running

CHANNEL = "PJSIP/101-0000001a"
DIALLED = keyed(request(network_script=b"mode", channel=CHANNEL.encode(), extension=b"1"))
HURRIED = Deadlines(request_s=PATIENCE_S, switch_s=0.1, reply_s=0.1)


async def asked(house: House, pabx: Pabx, data: bytes = DIALLED) -> tuple[CodeDialled, Callable[[str], None]]:
    """Send a request, and return what whoever switches was told, with the way to answer."""
    pabx.say(data)
    async with asyncio.timeout(PATIENCE_S):
        return await house.oracle.codes.get()


@pytest.mark.parametrize("answer", ["on", "off", "refused", "unknown", "failed"])
async def test_a_telephone_gets_its_answer_when_there_is_one(answer: str) -> None:
    """Meanwhile a call is routed; the answer is one variable."""
    async with running() as house, house.pabx() as pabx, house.pabx() as other:
        code, tell = await asked(house, pabx)
        assert await other.ask() == ORDER
        assert code == CodeDialled("paris", CHANNEL, UNIQUEID)
        tell(answer)
        assert await pabx.line() == f'SET VARIABLE CCROUTER_MODE "{answer}"\n'.encode()
        pabx.say(DONE)
        assert await pabx.line() == b""
        assert house.tally.results == ["answered"]
        assert house.oracle.calls != []


async def test_an_answer_that_is_there_at_once_is_told_at_once() -> None:
    """Whoever switches may answer before it returns."""
    async with running() as house, house.pabx() as pabx:
        house.oracle.known = "unknown"
        assert await pabx.ask(DIALLED) == b'SET VARIABLE CCROUTER_MODE "unknown"\n'


async def test_a_switch_that_takes_too_long_is_given_up() -> None:
    """The dialplan would not wait any longer; an answer that still comes is nobody's."""
    async with running(deadlines=HURRIED) as house, house.pabx() as pabx:
        _, tell = await asked(house, pabx)
        assert await pabx.line() == b""
        assert await house.tally.until(1) == ["failed"]
        tell("on")
        assert house.events == ["a mode was not switched in time: its telephone hears that it failed"]


async def test_a_pabx_that_does_not_confirm_the_answer_is_told_apart() -> None:
    """The switch is made then, and the log says that the telephone may not have heard of it."""
    async with running(deadlines=HURRIED) as house, house.pabx() as pabx:
        _, tell = await asked(house, pabx)
        tell("on")
        assert await house.tally.until(1) == ["unconfirmed"]
        assert house.events == ["the PABX did not confirm the answer in time"]


@pytest.mark.parametrize("end", ["hangs up", "breaks off"])
async def test_a_telephone_that_is_gone_gets_no_answer(end: str) -> None:
    """Its switch goes on, and the end of it disturbs nobody."""
    async with running() as house:
        async with house.pabx() as pabx:
            _, tell = await asked(house, pabx)
            if end == "hangs up":
                pabx.say(b"HANGUP\n")
                assert await pabx.line() == b""
            else:
                pabx.reset()
        assert await house.tally.until(1) == ["hung_up"]
        tell("on")
        assert house.events == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (keyed(request(network_script=b"mode/lyon", channel=b"PJSIP/101-1")), "the PABX named after mode/"),
        (keyed(request(network_script=b"modes", channel=b"PJSIP/101-1")), "neither route nor mode"),
        (keyed(request(network_script=b"mode", channel=b"")), "agi_channel is no name"),
        (keyed(request(network_script=b"mode", channel=b"PJSIP/" + b"x" * 200)), "agi_channel is no name"),
        (keyed(request(network_script=b"mode", uniqueid=b"")), "agi_uniqueid is no id"),
        (
            keyed(request(network_script=b"mode", channel=b"PJSIP/101-1\nagi_channel: PJSIP/102-1")),
            "repeats agi_channel",
        ),
    ],
)
async def test_a_request_that_no_pabx_sends_is_refused(wrong: bytes, reason: str) -> None:
    """Nobody is asked to switch anything."""
    async with running() as house, house.pabx() as pabx:
        assert await pabx.ask(wrong) == b""
        assert await house.tally.until(1) == ["refused"]
        assert reason in str(house.log.entries[-1]["reason"])
        assert house.oracle.codes.empty()


async def test_the_path_tells_which_pabx_the_telephone_is_of() -> None:
    """As with routed calls: each PABX asks for its own name."""
    async with running(pabxs=("paris", "lyon")) as house, house.pabx() as pabx:
        code, _ = await asked(house, pabx, keyed(request(network_script=b"mode/lyon", channel=CHANNEL.encode())))
        assert code.pabx == "lyon"
        async with house.pabx() as nameless:
            assert await nameless.ask(keyed(request(network_script=b"mode"))) == b""


async def test_a_stop_cuts_telephones_that_wait() -> None:
    """Like all sessions, when the time for stopping is over; the dialplan then says that it failed."""
    hasty = Bounds(stop_s=0.1)
    async with running(bounds=hasty) as house, house.pabx() as pabx, asyncio.TaskGroup() as tasks:
        await asked(house, pabx)
        tasks.create_task(house.server.stop())
        assert await pabx.line() == b""
        assert house.tally.results == ["stopped"]
