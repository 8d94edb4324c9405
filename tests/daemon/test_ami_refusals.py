"""A link that does not come up: each reason is told, each wait has an end, and no password goes astray."""

import asyncio
import logging

import pytest

from ccrouter.ami import link as link_module
from ccrouter.ami import login
from ccrouter.ami.watches import LinkState
from support.ami_peer import SECRET, AmiPeer, address, linked, silent


async def test_a_wrong_password_is_told_clearly_and_tried_seldom() -> None:
    """State `refused`, a line that says what to mend, and no storm of log-ins; the password is nowhere."""
    async with AmiPeer() as peer, linked(peer, secret="not-the-s3cr3t") as house:  # noqa: S106 - a wrong one
        await house.ear.until(lambda: house.link.state is LinkState.REFUSED)
        assert house.link.reason == "the PABX refuses the manager user ccrouter: Authentication failed"
        [line] = house.log.entries
        assert (line["log_level"], line["event"], line["pabx"]) == ("error", "PABX refuses the link", "pbx")
        assert line["reason"] == house.link.reason
        assert house.ear.faults == ["refused"]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await peer.called(2)
        assert link_module.RETRY_REFUSED_S[0] >= 15
        assert "not-the-s3cr3t" not in repr([house.log.entries, house.ear.events, vars(house.link), address(peer)])


async def test_rights_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the words of manager.conf that mend it."""
    monkeypatch.setattr(link_module, "RETRY_REFUSED_S", (0.01, 0.01))
    few = ("CoreSettings", "CoreStatus", "ListCommands", "Login", "Ping", "QueueStatus")
    async with AmiPeer(commands=few) as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.REFUSED)
        assert house.link.reason == (
            "the PABX does not offer Getvar, Setvar, Status to the manager user ccrouter: it needs"
            " write=call,agent,reporting, and the module app_queue"
        )
        peer.commands = AmiPeer().commands
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)


async def test_fully_booted_that_never_comes_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A manager user without read=system never gets it."""
    monkeypatch.setattr(login, "BOOTED_WITHIN_S", 0.05)
    async with AmiPeer(booted=False) as peer, linked(peer) as house:
        await house.ear.until(lambda: house.link.state is LinkState.REFUSED)
        assert "FullyBooted did not come" in house.link.reason
        assert "read=system" in house.link.reason


async def test_a_log_in_that_is_never_answered_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """So has every answer before the link is up."""
    monkeypatch.setattr(login, "ANSWER_WITHIN_S", 0.05)
    for action in ("Login", "ListCommands", "CoreSettings", "CoreStatus"):
        async with AmiPeer(replies={action: silent}) as peer, linked(peer) as house:
            await house.ear.until(lambda: "unreachable" in house.ear.faults)
            assert house.link.reason == f"no answer to {action} within 0.05 s"
            await peer.calls[0].gone()


async def test_a_peer_without_a_greeting_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is sent nothing: the password is for an AMI only."""
    monkeypatch.setattr(link_module, "CONNECTED_WITHIN_S", 0.05)
    async with AmiPeer(greeting=b"") as peer, linked(peer) as house:
        await house.ear.until(lambda: "unreachable" in house.ear.faults)
        assert "no greeting from 127.0.0.1" in house.link.reason
        await peer.calls[0].gone()
        assert peer.calls[0].orders == []
        assert peer.calls[0].unread == b""


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 300])
async def test_what_is_no_ami_gets_no_password(greeting: bytes) -> None:
    """The reason says what answered there."""
    async with AmiPeer(greeting=greeting) as peer, linked(peer) as house:
        await house.ear.until(lambda: "unreachable" in house.ear.faults)
        assert "this is no Asterisk Manager port, it says" in house.link.reason
        await peer.calls[0].gone()
        assert peer.calls[0].orders == []
        assert peer.calls[0].unread == b""


async def test_panoramisk_logs_no_password(caplog: pytest.LogCaptureFixture) -> None:
    """It would, with the order that it keeps for the next time."""
    caplog.set_level(logging.DEBUG)
    async with AmiPeer(replies={"Login": silent}) as peer, linked(peer) as house:
        await (await peer.called()).ordered("Login")
        peer.calls[0].cut()
        await house.ear.until(lambda: "unreachable" in house.ear.faults)
    assert SECRET not in caplog.text
    assert SECRET not in repr(house.log.entries)


async def test_a_password_that_can_not_be_sent_is_told_without_it() -> None:
    """A line end in a secret file, say: the reason names the field only."""
    async with AmiPeer() as peer, linked(peer, secret=f"{SECRET}\r\nAction: Originate") as house:
        await house.ear.until(lambda: house.link.state is LinkState.REFUSED)
        assert house.link.reason == "the log-in can't be sent: the value of Secret holds a line end or a NUL"
        await peer.calls[0].gone()
        assert peer.calls[0].orders == []
