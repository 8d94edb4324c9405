"""Whoever reaches the FastAGI port without the key of the PABX's dialplan gets nothing, and changes nothing."""

import socket
from contextlib import suppress

import pytest

from support.agi import KEY, RECORDED, keyed, request
from support.agi_house import DONE, ORDER, REQUEST, running
from support.office import GOOD, open_office

ARGUED = RECORDED["22"].removesuffix(b"\n")
STRANGE = {
    "an old dialplan": ARGUED + b"agi_arg_1: 0800123456\nagi_arg_2: 0.5\n\n",
    "no arguments": RECORDED["22"],
    "an empty key": keyed(RECORDED["22"], ""),
    "another key": keyed(RECORDED["22"], "f" * 32),
    "the key's begin": keyed(RECORDED["22"], KEY[:31]),
    "more than the key": keyed(RECORDED["22"], KEY + "0"),
    "no ASCII": keyed(RECORDED["22"], "é" * 16),
    "no UTF-8": keyed(RECORDED["22"]).replace(KEY.encode(), b"\xff" * 32),
    "the key elsewhere": ARGUED + f"agi_arg_1: {KEY}\nagi_arg_2: {KEY}\nagi_arg_3: \nagi_arg_4: {KEY}\n\n".encode(),
    "the key as the caller": request(callerid=KEY.encode(), calleridname=KEY.encode()),
    "a mode": keyed(request(network_script=b"mode"), "0" * 32),
}


@pytest.mark.parametrize("sent", STRANGE.values(), ids=STRANGE)
async def test_a_request_without_the_key_is_refused(sent: bytes) -> None:
    """Closed without an order, and nobody is asked to decide or to switch; the next call is served."""
    async with running() as house:
        async with house.pabx() as pabx:
            assert await pabx.ask(sent) == b""
        assert await house.tally.until(1) == ["unkeyed"]
        assert house.oracle.calls == []
        assert house.oracle.codes.empty()
        async with house.pabx() as pabx:
            assert await pabx.ask(REQUEST) == ORDER
            pabx.say(DONE)
            assert await house.tally.until(2) == ["unkeyed", "answered"]


async def test_many_requests_without_the_key_cost_one_line() -> None:
    """Which tells the cure; whoever floods the port can't fill the log."""
    async with running() as house:
        for _ in range(50):
            async with house.pabx() as pabx:
                assert await pabx.ask(STRANGE["another key"]) == b""
        assert await house.tally.until(50) == ["unkeyed"] * 50
        [told] = house.events
        assert "extensions_ccrouter.conf" in told
        assert house.log.entries[1]["pabx"] == "paris"


def test_the_status_tells_of_requests_without_the_key() -> None:
    """With the old dialplan every call goes by the PABX's own plan: the admin must see why."""
    with open_office() as office:
        office.routing.write_text(GOOD)
        office.start()
        assert "WITHOUT THE KEY" not in office.daemon.command("status")
        with socket.create_connection(("127.0.0.1", office.agi_port), timeout=20) as call:
            call.sendall(request(network_script=b"route/pbx"))
            with suppress(ConnectionError):
                assert call.recv(100) == b""
        [seen] = office.status().pabxs
        assert "REQUESTS WITHOUT THE KEY" in seen.reason
        assert office.daemon.metrics()['ccrouter_agi_sessions_total{result="unkeyed"}'] == 1
        told = office.text() + office.daemon.command("status") + str(office.status())
        assert office.key not in told
