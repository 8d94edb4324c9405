"""One connection to a PABX: orders and their answers, and its end."""

import asyncio
import gc

import pytest

from ccrouter.ami import link as link_module
from ccrouter.ami import pulse
from ccrouter.ami.connection import MAX_UNSENT, Connection
from ccrouter.ami.hearing import WANTED
from ccrouter.ami.orders import Answer
from ccrouter.ami.watches import LinkState
from ccrouter.ami.wire import Message
from ccrouter.errors import LinkError
from ccrouter.live.events import LinkLost, LinkUp
from support.ami import sample, written
from support.ami_peer import PATIENCE_S, AmiPeer, Caller, Held, Kept, Order, address, linked, silent

JOIN = sample(22, "QueueCallerJoin")


async def connected(peer: AmiPeer, heard: Kept[Message] | None = None) -> Connection:
    """Return a connection to a peer."""
    return await Connection.open(address(peer), WANTED, (heard or Kept[Message]()).keep, PATIENCE_S)


# --- orders and their answers -----------------------------------------------------------------------------------------


async def test_each_answer_finds_its_order() -> None:
    """Whatever the order of the answers; an error is an answer too."""
    held = Held()
    async with AmiPeer(replies={"Setvar": held}) as peer:
        connection = await connected(peer)
        pending = [connection.send("Setvar", {"Variable": f"V{n}"}) for n in range(50)]
        await held.until(50)
        for call, order in reversed(held.items):
            call.answer(order, "Error" if order["Variable"] == "V7" else "Success", Message=order["Variable"])
        answers = [await each.response(PATIENCE_S) for each in pending]
        assert [answer.text for answer in answers] == [f"V{n}" for n in range(50)]
        assert [answer.ok for answer in answers].count(False) == 1
        connection.close("done")


async def test_an_order_that_is_never_answered_is_given_up_and_forgotten() -> None:
    """Every order has a deadline, and leaves nothing behind."""
    async with AmiPeer(replies={"Ping": silent}) as peer:
        connection = await connected(peer)
        for _ in range(20):
            with pytest.raises(LinkError, match=r"^no answer to Ping within 0\.001 s$"):
                await connection.ask("Ping", {}, 0.001)
        assert dict(connection._lines.responses) == {}
        connection.close("done")


async def test_an_order_that_is_cancelled_is_forgotten() -> None:
    """Whoever waits may stop waiting."""
    async with AmiPeer(replies={"Ping": silent}) as peer:
        connection = await connected(peer)
        waiting = asyncio.gather(*(connection.ask("Ping", {}, PATIENCE_S) for _ in range(20)), return_exceptions=True)
        await peer.calls[0].ordered("Ping", 20)
        assert len(connection._lines.responses) == 20
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert dict(connection._lines.responses) == {}
        connection.close("done")


async def test_an_answer_that_comes_too_late_is_heard_and_harms_nothing() -> None:
    """It settles no other order."""
    held, heard = Held(), Kept[Message]()
    async with AmiPeer(replies={"Setvar": held}) as peer:
        connection = await connected(peer, heard)
        with pytest.raises(LinkError):
            await connection.ask("Setvar", {"Variable": "A"}, 0.001)
        call, order = await held.until()
        pending = connection.send("Ping", {})
        call.answer(order, Message="late")
        assert (await heard.until()).fields["Message"] == "late"
        assert (await pending.response(PATIENCE_S)).fields["Ping"] == "Pong"
        connection.close("done")


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("QueueAdd", "Added interface to queue"),
        ("Originate", "Originate successfully queued"),
        ("Command", "Command output follows"),
        ("Status", "Channel status will follow"),
        ("SKINNYdevices", ""),
    ],
)
async def test_what_looks_like_a_list_is_answered_all_the_same(action: str, text: str) -> None:
    """The first answer is the answer: panoramisk waits for more, or raises, by the words of some."""
    async with AmiPeer(replies={action: lambda call, order: call.answer(order, Message=text)}) as peer:
        connection = await connected(peer)
        response = await connection.ask(action, {}, PATIENCE_S)
        assert (response.ok, response.text) == (True, text)
        connection.close("done")


async def test_an_event_with_the_id_of_an_order_is_heard() -> None:
    """It is no answer; the answer comes after it."""
    heard = Kept[Message]()

    def both(call: Caller, order: Order) -> None:
        call.say(written(JOIN | {"ActionID": order["ActionID"]}))
        call.answer(order, Message="done")

    async with AmiPeer(replies={"Setvar": both}) as peer:
        connection = await connected(peer, heard)
        assert (await connection.ask("Setvar", {}, PATIENCE_S)).text == "done"
        assert [message.name for message in heard.items] == ["QueueCallerJoin"]
        connection.close("done")


@pytest.mark.parametrize("value", ["1\r\nAction: Originate", "1\n2", "1\r2", "1\x002", "x" * 1001])
async def test_a_value_that_would_be_another_order_is_not_sent(value: str) -> None:
    """Nothing of it reaches the PABX, and no order is left waiting."""
    async with AmiPeer() as peer:
        connection = await connected(peer)
        with pytest.raises(ValueError, match="Value"):
            connection.send("Setvar", {"Value": value})
        with pytest.raises(ValueError, match="can be named"):
            connection.send("Setvar", {f"A: {value[:3]}": "x"})
        await connection.ask("Ping", {}, PATIENCE_S)
        assert [order["Action"] for order in peer.calls[0].orders] == ["Ping"]
        assert dict(connection._lines.responses) == {}
        connection.close("done")


async def test_a_pabx_that_does_not_read_is_not_written_to_for_ever() -> None:
    """What waits to be sent is bounded."""
    async with AmiPeer() as peer:
        connection = await connected(peer)
        # Blocks this thread's loop between the writes, so that the peer can't read.
        with pytest.raises(LinkError, match="does not read"):
            _flood(connection)
        assert connection._lines.transport.get_write_buffer_size() < 2 * MAX_UNSENT
        connection.close("done")


def _flood(connection: Connection) -> None:
    while True:
        connection.send("Setvar", {"Value": "x" * 900})


# --- the end of a connection ------------------------------------------------------------------------------------------


async def test_all_who_wait_learn_of_the_loss_at_once() -> None:
    """Each gets the reason; nobody waits for a deadline."""
    async with AmiPeer(replies={"Ping": silent}) as peer:
        connection = await connected(peer)
        pending = [connection.send("Ping", {}) for _ in range(50)]
        await peer.calls[0].ordered("Ping", 50)
        peer.calls[0].cut()
        for each in pending:
            with pytest.raises(LinkError, match="the PABX closed the connection"):
                await each.response(PATIENCE_S)
        assert await connection.lost() == connection._reason
        with pytest.raises(LinkError, match="the PABX closed the connection"):
            connection.send("Ping", {})


async def test_what_was_not_answered_is_never_sent_again() -> None:
    """Not after a reconnection either: the caller may be somewhere else by then."""
    async with AmiPeer(replies={"QueueWithdrawCaller": silent}) as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(house.link.withdraw("support", f"c{n}", "v1")) for n in range(10)]
            await peer.calls[0].ordered("QueueWithdrawCaller", 10)
            peer.calls[0].cut()
        assert {task.result().result for task in asked} == {Answer.UNKNOWN}
        assert house.ear.faults.count("order_unconfirmed") == 10
        await house.ear.heard(LinkUp, 2)
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        await peer.calls[1].beaten(2)
        assert peer.calls[1].named("QueueWithdrawCaller") == []
        allowed = {"Login", "Ping", "Setvar", "ListCommands", "CoreSettings", "CoreStatus"}
        assert {order["Action"] for order in peer.calls[1].orders} <= allowed | {
            "QueueStatus",
            "Status",
            "Getvar",
        }


async def test_a_stopped_link_connects_no_more() -> None:
    """Stopped in an outage, it does not come back when the PABX does."""
    async with AmiPeer() as peer:
        peer.deafen()
        async with linked(peer) as house:
            await house.ear.until(lambda: house.ear.faults.count("unreachable") >= 2)
            house.task.cancel()
            await asyncio.wait([house.task])
        await peer.listen()
        waits = link_module.RETRY_S[1]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(waits):
                await peer.called()
        assert peer.calls == []


async def test_a_silent_peer_is_noticed_after_two_pings() -> None:
    """Nothing comes, and the connection stays open: it is cut, and made again."""
    async with AmiPeer() as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.replies.update(Ping=silent, Setvar=silent)
        lost = await house.ear.heard(LinkLost)
        assert isinstance(lost, LinkLost)
        assert lost.reason == "the PABX sent nothing during 2 pings"
        assert house.ear.faults.count("missed_ping") >= 2
        await peer.calls[0].gone()
        peer.replies.clear()
        await house.ear.heard(LinkUp, 2)


async def test_a_peer_that_only_talks_is_noticed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events come, and no order is answered: that is no use either."""
    monkeypatch.setattr(pulse, "MOST_MISSED_PINGS", 3)

    def talk(call: Caller, _order: Order) -> None:
        asyncio.get_running_loop().call_later(0.1, call.say, written(JOIN))

    async with AmiPeer(replies={"Ping": talk}) as peer, linked(peer) as house:
        lost = await house.ear.heard(LinkLost)
        assert isinstance(lost, LinkLost)
        assert lost.reason == "the PABX answered none of 3 pings"


async def test_nothing_is_left_of_a_hundred_connections() -> None:
    """No task, no timer of panoramisk's, no connection outlives its end."""
    async with AmiPeer() as peer:
        tasks = len(asyncio.all_tasks())
        for _ in range(100):
            (await connected(peer)).close("done")
            await peer.calls[-1].gone()
        gc.collect()
        assert [each for each in gc.get_objects() if isinstance(each, Connection)] == []
        assert len(asyncio.all_tasks()) <= tasks + 1
