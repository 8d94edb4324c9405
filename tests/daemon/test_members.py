"""Orders about positions, to a PABX that does what the test says: accepted, refused or unknown, and nothing else."""

import asyncio

import pytest

from ccrouter.ami import link as link_module
from ccrouter.ami.members import MOST_AT_ONCE, LogIn, LogOut, MemberOrder, Pause
from ccrouter.ami.orders import Answer, Outcome
from ccrouter.ami.watches import LinkState
from support.ami_peer import AmiPeer, Caller, Held, Order, Reply, linked, silent

PHONE = "PJSIP/101"
THERE = {f"DEVICE_STATE({PHONE})": "NOT_INUSE"}
ACTIONS = ("QueueAdd", "QueueRemove", "QueuePause")


def says(response: str, text: str) -> dict[str, Reply]:
    """Return replies to all orders about members, which have this text."""

    def reply(call: Caller, order: Order) -> None:
        call.answer(order, response, Message=text)

    return dict.fromkeys(ACTIONS, reply)


async def ordered(peer: AmiPeer, order: MemberOrder) -> tuple[Outcome, list[dict[str, str]]]:
    """Return what becomes of an order over a link that is up, and what reached the PABX."""
    async with linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        outcome = await house.link.member(order)
    sent = [
        {key: value for key, value in each.items() if key != "ActionID"}
        for each in peer.calls[0].orders
        if each["Action"] in ACTIONS
    ]
    return outcome, sent


@pytest.mark.parametrize(
    ("order", "sent"),
    [
        (LogIn("support", PHONE), [{"Action": "QueueAdd", "Queue": "support", "Interface": PHONE}]),
        (
            LogIn("support", PHONE, "Alice Martin", paused=True, reason="lunch"),
            [
                {
                    "Action": "QueueAdd",
                    "Queue": "support",
                    "Interface": PHONE,
                    "MemberName": "Alice Martin",
                    "Paused": "true",
                },
                {
                    "Action": "QueuePause",
                    "Queue": "support",
                    "Interface": PHONE,
                    "Paused": "true",
                    "Reason": "lunch",
                },
            ],
        ),
        (LogOut("support", PHONE), [{"Action": "QueueRemove", "Queue": "support", "Interface": PHONE}]),
        (
            Pause("Local/101@from-queue/n", on=True, reason="déjeuner, 30 min"),
            [
                {
                    "Action": "QueuePause",
                    "Interface": "Local/101@from-queue/n",
                    "Paused": "true",
                    "Reason": "déjeuner, 30 min",
                }
            ],
        ),
        (Pause(PHONE, on=False), [{"Action": "QueuePause", "Interface": PHONE, "Paused": "false"}]),
    ],
    ids=["log in", "log in while paused", "log out", "pause", "go on"],
)
async def test_what_reaches_the_pabx(order: MemberOrder, sent: list[dict[str, str]]) -> None:
    """Each order with the fields that Asterisk 16 to 22 want, and the reason of a pause kept over a log-in."""
    async with AmiPeer(replies=says("Success", "done"), values=THERE) as peer:
        assert await ordered(peer, order) == (Outcome(Answer.ACCEPTED, "done"), sent)


@pytest.mark.parametrize(
    ("order", "text", "outcome"),
    [
        (LogIn("support", PHONE), "Unable to add interface: Already there", Answer.ACCEPTED),
        (LogOut("support", PHONE), "Unable to remove interface: Not there", Answer.ACCEPTED),
        (LogIn("x", PHONE), "Unable to add interface to queue: No such queue", "the PABX has no such queue"),
        (LogOut("x", PHONE), "Unable to remove interface from queue: No such queue", "the PABX has no such queue"),
        (LogOut("support", PHONE), "Member not dynamic", "take it out of queues.conf"),
        (Pause(PHONE, on=True), "Interface not found", "it is in no queue of this PABX"),
        (Pause(PHONE, on=True), "Permission denied", "Permission denied"),
    ],
)
async def test_what_the_pabx_says(order: MemberOrder, text: str, outcome: Answer | str) -> None:
    """What is so already is as good as done; each refusal of app_queue is told in words, any other as it came."""
    async with AmiPeer(replies=says("Error", text), values=THERE) as peer:
        result, _ = await ordered(peer, order)
    if isinstance(outcome, Answer):
        assert result == Outcome(outcome, text)
    else:
        assert result.result is Answer.REFUSED
        assert outcome in result.reason


@pytest.mark.parametrize("state", ["INVALID", "UNKNOWN", ""])
async def test_what_is_no_telephone_is_not_logged_in(state: str) -> None:
    """Asterisk itself would make a member of any text; so the PABX is asked for the device first."""
    async with AmiPeer(replies=says("Success", ""), values={f"DEVICE_STATE({PHONE})": state}) as peer:
        outcome, sent = await ordered(peer, LogIn("support", PHONE))
    assert outcome == Outcome(Answer.REFUSED, f"the PABX has no telephone {PHONE}")
    assert sent == []


DANGEROUS: list[MemberOrder] = [
    LogIn("support", "Local/00900@outbound/n"),
    LogIn("support", "PJSIP/0900123456@trunk"),
    LogIn("support", "PJSIP/trunk/sip:0900123456@carrier.example"),
    LogIn("support", "pjsip/101"),
    LogIn("support", "DAHDI/g1"),
    LogIn("support", "PJSIP/101)}${SHELL(id)"),
    LogIn("support", "PJSIP/101&PJSIP/trunk"),
    LogIn("support", "PJSIP/101\r\nPaused: false"),
    LogIn("support", PHONE, "Eve|Local/00900@outbound;0;0;Eve"),
    LogIn("support", PHONE, paused=True, reason="x|Local/00900@outbound;0;0;Eve"),
    LogIn("support\r\n\r\nAction: Originate", PHONE),
    LogOut("support|x", PHONE),
    LogOut("support", "PJSIP/101\n"),
    Pause(PHONE, on=True, reason="lunch|Local/00900@outbound;0;0;Eve;"),
    Pause(PHONE, on=True, reason="lunch;1"),
    Pause(PHONE, on=True, reason="lunch\r\nQueue: sales"),
    Pause(PHONE, on=True, reason="\u202ehcnul"),
    Pause(PHONE, on=True, reason="x" * 81),
    Pause("PJSIP/1 01", on=True),
    Pause("", on=True),
]


async def test_what_could_do_more_than_it_says_is_not_sent() -> None:
    """Neither an interface that dials out, nor a text that would be read as another field, member or order."""
    async with AmiPeer(replies=says("Success", ""), values=THERE) as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        outcomes = [await house.link.member(order) for order in DANGEROUS]
        assert {outcome.result for outcome in outcomes} == {Answer.REFUSED}
        assert all(outcome.reason.startswith("not sent: ") for outcome in outcomes)
        assert [order for order in peer.calls[0].orders if order["Action"] in ACTIONS] == []
        assert [order for order in peer.calls[0].orders if "DEVICE_STATE" in order.get("Variable", "")] == []


async def test_a_pabx_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is told as unknown, for it may have been carried out, and is counted; nothing is sent again."""
    monkeypatch.setattr(link_module, "ORDER_WITHIN_S", 0.2)
    async with AmiPeer(replies=dict.fromkeys(ACTIONS, silent), values=THERE) as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        outcome = await house.link.member(Pause(PHONE, on=True, reason="lunch"))
        assert outcome.result is Answer.UNKNOWN
        assert "order_unconfirmed" in house.ear.faults
        assert len(peer.calls[0].named("QueuePause")) == 1


async def test_a_pabx_that_does_not_tell_the_telephone_gets_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is known that nothing was done."""
    monkeypatch.setattr(link_module, "ORDER_WITHIN_S", 0.2)

    def reply(call: Caller, order: Order) -> None:
        if "DEVICE_STATE" not in order["Variable"]:
            peer.reply(call, order)

    async with AmiPeer(values=THERE) as peer:
        peer.replies["Getvar"] = reply
        outcome, sent = await ordered(peer, LogIn("support", PHONE))
    assert outcome.result is Answer.REFUSED
    assert outcome.reason.startswith("not sent: no answer to Getvar")
    assert sent == []


async def test_more_orders_than_the_bound_are_refused_at_once() -> None:
    """Whoever floods the PABX with pauses waits for it, and nobody else does."""
    held = Held()
    async with AmiPeer(replies={"QueuePause": held}, values=THERE) as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(house.link.member(Pause(PHONE, on=True))) for _ in range(MOST_AT_ONCE + 5)]
            await held.until(MOST_AT_ONCE)
            for call, order in held.items:
                call.answer(order, Message="done")
        results = [task.result().result for task in asked]
    assert (results.count(Answer.ACCEPTED), results.count(Answer.REFUSED)) == (MOST_AT_ONCE, 5)


async def test_without_a_link_an_order_is_refused() -> None:
    """It was not sent."""
    async with AmiPeer(booted=False) as peer, linked(peer) as house:
        await peer.called()
        outcome = await house.link.member(LogOut("support", PHONE))
    assert outcome == Outcome(Answer.REFUSED, "not sent: the link to the PABX is down")
