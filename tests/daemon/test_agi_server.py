"""The FastAGI server over the loopback: whatever the peer does, the server goes on, and counts it."""

import asyncio
import gc
import socket
from pathlib import Path

import pytest

from ccrouter.agi.desk import Deadlines
from ccrouter.agi.server import Bounds
from ccrouter.errors import CcrouterError, PeerError
from ccrouter.routing.call import Call
from support.agi import CALLER, UNIQUEID, keyed, request
from support.agi_house import DONE, ORDER, PATIENCE_S, REQUEST, running

HURRIED = Deadlines(request_s=0.1, reply_s=0.1)
CALL = Call("paris", UNIQUEID, "0800123456", CALLER, "en")


def open_files() -> int:
    """Return how many file descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


# --- as it should be --------------------------------------------------------------------------------------------------


async def test_a_call_gets_its_plan_in_one_round_trip() -> None:
    """Request, one order, its answer, and the server closes."""
    async with running() as house, house.pabx() as pabx:
        assert await pabx.ask() == ORDER
        pabx.say(DONE)
        assert await pabx.line() == b""

        assert await house.tally.until(1) == ["answered"]
        assert house.oracle.calls == [CALL]
        assert house.oracle.routed_ids == ["d1"]
        assert house.events == []


async def test_the_path_tells_which_of_several_pabxs_asks() -> None:
    """Each PABX asks for /route/ and its own name; without a name nothing is guessed."""
    async with running(pabxs=("paris", "lyon")) as house:
        for name in (b"lyon", b"paris"):
            async with house.pabx() as pabx:
                assert await pabx.ask(keyed(request(network_script=b"route/" + name))) == ORDER
                pabx.say(DONE)
                assert await pabx.line() == b""
        async with house.pabx() as pabx:
            assert await pabx.ask(keyed(request(network_script=b"route"))) == b""

        assert [call.pabx for call in house.oracle.calls] == ["lyon", "paris"]
        assert house.tally.results == ["answered", "answered", "refused"]


async def test_a_request_may_come_in_any_pieces() -> None:
    """Asterisk writes a request line by line."""
    async with running() as house, house.pabx() as pabx:
        for line in REQUEST.splitlines(keepends=True):
            pabx.say(line)
            await asyncio.sleep(0)
        assert await pabx.line() == ORDER


async def test_bytes_that_are_no_utf8_cost_no_call_its_plan() -> None:
    """They are replaced, and that is said."""
    async with running() as house, house.pabx() as pabx:
        assert await pabx.ask(keyed(request(calleridname=b"Ren\xe9e"))) == ORDER
        assert house.events == ["bytes of the AGI request were no UTF-8 and were replaced"]
        assert house.log.entries[1]["uniqueid"] == UNIQUEID


# --- peers that ask for nothing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"agi_network: yes\nagi_netw", REQUEST[:-1]])
@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_health_check_harms_nothing(sent: bytes, end: str) -> None:
    """Connect, perhaps say half a request, and close or break off: counted apart, and nothing is logged."""
    async with running() as house:
        async with house.pabx() as pabx:
            pabx.say(sent)
            await asyncio.sleep(0)
            if end == "reset":
                pabx.reset()

        assert await house.tally.until(1) == ["probed"]
        assert house.events == []
        async with house.pabx() as pabx:
            assert await pabx.ask() == ORDER


async def test_a_thousand_health_checks_leave_nothing_behind() -> None:
    """No task, no file descriptor, and no loop on empty reads: the next call is served."""
    async with running() as house:
        async with house.pabx() as pabx:
            assert await pabx.ask() == ORDER
        await house.tally.until(1)
        tasks, files = len(asyncio.all_tasks()), open_files()
        loop = asyncio.get_running_loop()
        for number in range(1000):
            with socket.socket() as probe:
                probe.setblocking(False)  # noqa: FBT003 - the standard library's own form
                await loop.sock_connect(probe, house.server.addresses[0])
                if number % 2:
                    await loop.sock_sendall(probe, b"agi_network")

        assert set((await house.tally.until(1001))[1:]) == {"probed"}
        gc.collect()
        assert len(asyncio.all_tasks()) == tasks
        assert open_files() == files
        async with house.pabx() as pabx:
            assert await pabx.ask() == ORDER


@pytest.mark.parametrize("sent", [b"", REQUEST[:-1]])
async def test_a_silent_peer_is_cut_off(sent: bytes) -> None:
    """Whoever connects and does not ask, or not to the end, is closed when the time for a request is over."""
    async with running(deadlines=HURRIED) as house, house.pabx() as pabx:
        pabx.say(sent)

        assert await pabx.line() == b""
        assert house.tally.results == ["silent"]
        assert house.events == ["no whole AGI request in time"]


# --- callers who are gone ---------------------------------------------------------------------------------------------


async def test_a_caller_who_is_gone_needs_no_decision() -> None:
    """After a stop of the process the backlog holds requests of calls that ended: none may take a share's turn."""
    async with running() as house, house.pabx() as pabx:
        assert await pabx.ask(REQUEST + b"HANGUP\n") == b""

        assert house.tally.results == ["hung_up"]
        assert house.oracle.calls == []


@pytest.mark.parametrize("answer", [b"HANGUP\n", b"511 Command Not Permitted on a dead channel\n", b"close", b"reset"])
async def test_a_caller_may_hang_up_while_the_plan_is_set(answer: bytes) -> None:
    """The PABX says HANGUP, refuses the order for a dead channel, or closes: counted, and no fault of anybody."""
    async with running() as house:
        async with house.pabx() as pabx:
            assert await pabx.ask() == ORDER
            if answer == b"reset":
                pabx.reset()
            elif answer != b"close":
                pabx.say(answer)
                assert await pabx.line() == b""

        assert await house.tally.until(1) == ["hung_up"]
        assert house.events == []


# --- peers that break the protocol ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            keyed(request(callerid=b"0612345678\nagi_calleridname: x\nagi_callingpres: 32")),
            "line 12 of the request repeats",
        ),
        (keyed(request(callerid=b"0612345678\nagi_threadid: 1\n\nHANGUP")), "line 10 of the request is agi_threadid"),
        (keyed(request(calleridname=b"0612345678" * 4000)), "the request is longer"),
        (keyed(request(extension=b"0612345678;")), "agi_extension is no number"),
        (REQUEST + b"agi_priority: 2\n", "nothing was asked"),
        (b"\xff" * 100 + b"\n\n", "line 1 of the request has no colon"),
    ],
)
async def test_a_forged_request_gets_no_plan(data: bytes, reason: str) -> None:
    """The connection is closed at once, so the dialplan goes on; the log says why, not what the caller wrote."""
    async with running() as house, house.pabx() as pabx:
        assert await pabx.ask(data) == b""

        assert house.tally.results == ["refused"]
        assert house.oracle.calls == []
        assert house.events == ["AGI refused"]
        assert house.log.entries[1]["reason"].find(reason) >= 0


async def test_a_refused_call_is_named_in_the_log() -> None:
    """The call's id is known before the text of the caller begins."""
    async with running() as house, house.pabx() as pabx:
        assert await pabx.ask(keyed(request(callerid=b"0612345678\nagi_uniqueid: 1.1"))) == b""

        assert house.log.entries[1]["uniqueid"] == UNIQUEID


@pytest.mark.parametrize(
    ("answer", "result", "event"),
    [
        (b"510 Invalid or unknown command\n", "unconfirmed", "the PABX did not take the plan"),
        (b"520-Wrong.\nUsage\n520 End of proper usage.\n", "unconfirmed", "the PABX did not take the plan"),
        (b"200 result=0\n", "unconfirmed", "the PABX did not take the plan"),
        (b"agi_priority: 2\n", "refused", "AGI refused"),
    ],
)
async def test_a_plan_that_was_not_taken_is_told(answer: bytes, result: str, event: str) -> None:
    """Only `200 result=1` says that the plan is set; every line names call and decision."""
    async with running() as house, house.pabx() as pabx:
        assert await pabx.ask() == ORDER
        pabx.say(answer)
        assert await pabx.line() == b""

        assert house.tally.results == [result]
        assert house.events == [event]
        line = house.log.entries[1]
        assert (line["pabx"], line["uniqueid"], line["decision"]) == ("paris", UNIQUEID, "d1")


async def test_a_pabx_that_does_not_confirm_is_cut_off() -> None:
    """The answer has a deadline of its own."""
    async with running(deadlines=Deadlines(request_s=PATIENCE_S, reply_s=0.1)) as house, house.pabx() as pabx:
        assert await pabx.ask() == ORDER
        assert await pabx.line() == b""

        assert house.tally.results == ["unconfirmed"]
        assert house.events == ["the PABX did not confirm the plan in time"]


# --- faults of our own ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError("a fault"), PeerError("not the peer's"), KeyError("x")])
async def test_a_decision_that_fails_is_never_silent(error: Exception) -> None:
    """The call gets no plan, its id and the error are in the log, and the next call is served."""
    async with running() as house:
        house.oracle.error = error
        async with house.pabx() as pabx:
            assert await pabx.ask() == b""
        house.oracle.error = None
        async with house.pabx() as pabx:
            assert await pabx.ask() == ORDER

        assert house.tally.results[0] == "failed"
        line = house.log.entries[1]
        assert (line["log_level"], line["pabx"], line["uniqueid"]) == ("error", "paris", UNIQUEID)
        assert line["exc_info"]


async def test_a_plan_that_cannot_be_written_is_a_failed_decision() -> None:
    """A value that would change the plan's meaning is refused on our side of the wire."""
    async with running() as house, house.pabx() as pabx:
        house.oracle.file = "a&b"

        assert await pabx.ask() == b""
        assert house.tally.results == ["failed"]
        assert house.log.entries[1]["decision"] == "d1"


# --- limits, start and stop -------------------------------------------------------------------------------------------


async def test_too_many_at_once_are_turned_away_at_once() -> None:
    """Over the bound a caller loses no time; it is said once; as soon as there is a place it is given."""
    async with running(bounds=Bounds(sessions=2)) as house:
        async with house.pabx() as first, house.pabx() as second:
            assert await first.ask() == ORDER
            assert await second.ask() == ORDER
            for _ in range(20):
                async with house.pabx() as other:
                    assert await other.ask() == b""
            assert house.tally.results == ["crowded"] * 20
            assert house.events == ["FastAGI is crowded: calls get no plan from here"]
        await house.tally.until(22)
        async with house.pabx() as pabx:
            assert await pabx.ask() == ORDER


async def test_many_calls_at_once_are_all_served() -> None:
    """Two hundred callers in the same instant."""
    async with running() as house:

        async def call() -> bytes:
            async with house.pabx() as pabx:
                order = await pabx.ask()
                pabx.say(DONE)
                return order + await pabx.line()

        assert await asyncio.gather(*(call() for _ in range(200))) == [ORDER] * 200
        assert await house.tally.until(200) == ["answered"] * 200


async def test_a_stop_lets_sessions_finish() -> None:
    """Who asked before the stop gets the plan; nobody new is let in; the stop does not wait any longer than that."""
    async with running(bounds=Bounds(stop_s=PATIENCE_S)) as house, house.pabx() as pabx, asyncio.TaskGroup() as tasks:
        assert await pabx.ask() == ORDER
        address = house.server.addresses[0]
        stop = tasks.create_task(house.server.stop())
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        assert not stop.done()

        pabx.say(DONE)
        async with asyncio.timeout(PATIENCE_S / 2):
            await stop
        assert house.tally.results == ["answered"]


async def test_a_stop_ends_sessions_that_take_too_long() -> None:
    """A silent peer cannot hold up the stop."""
    async with running(bounds=Bounds(stop_s=0.05)) as house, house.pabx() as pabx:
        assert await pabx.ask() == ORDER

        async with asyncio.timeout(PATIENCE_S / 2):
            await house.server.stop()
        assert await pabx.line() == b""
        assert house.tally.results == ["stopped"]


async def test_a_connection_that_comes_with_the_stop_is_closed() -> None:
    """What was accepted in the very instant of the stop finds the roll closed."""
    async with running() as house:
        await house.server.stop()
        ours, theirs = socket.socketpair()
        with theirs:
            assert not house.server._let_in(ours)

            assert theirs.recv(1) == b""
            assert house.tally.results == ["stopped"]
            assert house.events == []


async def test_an_address_in_use_is_told_and_nothing_is_left_open() -> None:
    """All addresses or none; the text names the address and the reason."""
    async with running() as house:
        taken = house.server.addresses[0]
        with pytest.raises(CcrouterError, match=rf"127\.0\.0\.1:{taken[1]}.*in use"):
            async with running(addresses=[("127.0.0.1", 0), taken]):
                raise AssertionError("started on an address that is taken")


async def test_a_name_is_listened_at_by_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` mostly has two: a PABX that is told 127.0.0.1 must find the router there, whichever comes first."""
    resolve = socket.getaddrinfo

    def two(host: str, *arguments: int, **options: int) -> list[object]:
        names = ["127.0.0.2", "127.0.0.1", "127.0.0.2"] if host == "localhost" else [host]
        return [found for name in names for found in resolve(name, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    async with running(addresses=[("localhost", 0)]) as house:
        assert [host for host, _ in house.server.addresses] == ["127.0.0.2", "127.0.0.1"]
        for address in house.server.addresses:
            with socket.create_connection(address, PATIENCE_S):
                pass
