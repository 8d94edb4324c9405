"""The daemon as a whole, a real process: how it starts, takes a new file, says how it is, and stops."""

import asyncio
import hashlib
import re
import signal
import socket
from collections.abc import Iterator

import pytest

from ccrouter.clock import SystemClock
from ccrouter.contract import heartbeat
from support.ami_peer import AmiPeer, silent
from support.daemon_process import DaemonError
from support.office import GOOD, Office, open_office
from support.real_daemon import RealDaemon

OTHER = GOOD.replace("2min", "3min")
BAD = GOOD.replace("[desk, nobody]", "[desk, nobdoy]")
PROBLEM = "routing.yaml:11:23: error: there is no site or message `nobdoy`"
TAKEN = "routing file in force"
REFUSED = "routing file refused, the old rules stay in force"
LAST_RELOAD = "ccrouter_config_last_reload_successful"


@pytest.fixture
def office() -> Iterator[Office]:
    """Give an office where the file is read on request alone."""
    with open_office() as office:
        yield office


# --- the routing file -------------------------------------------------------------------------------------------------


def test_a_first_start_with_a_broken_file_is_refused(office: Office) -> None:
    """Without rules that were ever accepted there is nothing to run on: exit code 1, and where the fault is."""
    office.routing.write_text(BAD)
    office.daemon.start()
    assert office.daemon.wait() == 1
    assert PROBLEM in office.text()
    assert "Did you mean `nobody`?" in office.text()
    assert not office.control.exists()


def test_a_later_start_with_a_broken_file_runs_on_the_accepted_copy(office: Office) -> None:
    """A machine that restarts at night with a file broken the day before routes by the rules it had, and says so."""
    office.start()
    before = office.rules()
    office.daemon.stop()
    office.routing.write_text(BAD)
    office.start()
    rules = office.rules()
    assert before.version == rules.version
    assert PROBLEM in rules.problems[0]
    assert office.daemon.metrics()[LAST_RELOAD] == 0
    office.daemon.wait_for_line(event="started with the last routing file that was accepted", level="error")


def test_sighup_takes_a_good_file(office: Office) -> None:
    """SIGHUP puts a new file in force as a whole."""
    office.start()
    before = office.rules()
    office.routing.write_text(OTHER)
    told = office.hup(TAKEN)
    after = office.rules()
    assert (before.version, after.version) == (told["before"], told["version"])
    assert before.version != after.version
    assert office.daemon.metrics()[LAST_RELOAD] == 1


def test_sighup_refuses_a_bad_file(office: Office) -> None:
    """A bad file changes nothing; log, status and metric tell, until a good one came."""
    office.start()
    before = office.rules()
    office.routing.write_text(BAD)
    told = office.hup(REFUSED)
    assert PROBLEM in told["problems"][0]
    rules = office.rules()
    assert before.version == rules.version
    assert told["problems"] == list(rules.problems)
    assert office.daemon.metrics()[LAST_RELOAD] == 0
    office.routing.write_text(OTHER)
    office.hup(TAKEN)
    assert office.daemon.metrics()[LAST_RELOAD] == 1
    assert office.rules().problems == ()


def test_the_command_tells_the_true_outcome_of_a_reload(office: Office) -> None:
    """`ccrouter reload` fails with the faults when the file was refused, and succeeds when it is in force."""
    office.start()
    office.routing.write_text(BAD)
    with pytest.raises(DaemonError, match=re.escape(PROBLEM)) as refused:
        office.daemon.command("reload")
    assert "stays in force" in str(refused.value)
    office.routing.write_text(OTHER)
    assert "is in force" in office.daemon.command("reload")


def test_a_routing_file_that_is_gone_changes_nothing(office: Office) -> None:
    """An editor that removes the file before it writes the new one does no harm."""
    office.start()
    before = office.rules()
    office.routing.unlink()
    assert "routing.yaml" in office.hup(REFUSED)["problems"][0]
    assert before.version == office.rules().version


def test_the_rules_in_force_can_be_read(office: Office) -> None:
    """The control API gives them to the byte, whatever became of the file since."""
    office.start()
    office.routing.write_text(BAD)
    told = office.in_force()
    assert (GOOD, str(office.routing), "pbx") == (told.text, told.file, told.pabx)
    assert office.rules().version == told.version == hashlib.sha256(GOOD.encode()).hexdigest()[:12]


# --- what is taken already --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("what", "name"), [("agi_port", "FastAGI"), ("http_port", "http")])
def test_a_port_that_is_taken_is_told(office: Office, what: str, name: str) -> None:
    """The daemon ends at once with 1, and names what could not listen, where, and why: never half a daemon."""
    port = getattr(office, what)
    with socket.create_server(("127.0.0.1", port)):
        office.daemon.start()
        assert office.daemon.wait() == 1
    [told] = office.text().splitlines()
    assert told.startswith("ccrouter: ")
    assert name in told
    assert f"127.0.0.1:{port}" in told
    assert "in use" in told
    assert not office.control.exists()


def test_a_second_daemon_leaves_the_first_alone(office: Office) -> None:
    """Who is started twice says so and no more, and ends: it reads and writes nothing of the one that runs."""
    office.start()
    office.routing.write_text(BAD)
    second = RealDaemon(office.daemon.folder, office.http_port)
    second.start()
    assert second.wait() == 1
    [told] = second.lines
    assert "another ccrouter is running" in told["event"]
    assert office.daemon.pid == office.status().pid


# --- what survives ----------------------------------------------------------------------------------------------------


def test_modes_survive_a_kill(office: Office) -> None:
    """A mode that was on is on after kill -9, with author and reason; its socket left behind is no obstacle."""
    office.start()
    office.daemon.command("mode", "set", "crisis", "--reason", "flooded")
    before = office.status().modes
    office.daemon.kill()
    assert office.control.exists()
    office.start()
    assert before == office.status().modes
    [crisis] = before
    assert (crisis.on, crisis.reason) == (True, "flooded")


def test_a_mode_ends_when_it_said_although_nobody_ran_then(office: Office) -> None:
    """A mode whose end came while the daemon was dead is off when it runs again."""
    office.start()
    office.daemon.command("mode", "set", "crisis", "--reason", "flooded", "--for", "1s")
    [crisis] = office.status().modes
    office.daemon.kill()
    assert crisis.until is not None
    clock = SystemClock()
    while clock.now() < crisis.until:
        pass
    office.start()
    [ended] = office.status().modes
    assert (crisis.on, ended.on) == (True, False)


# --- how it is, and its end -------------------------------------------------------------------------------------------


def test_systemd_is_told_how_it_is(office: Office) -> None:
    """READY when calls can come, signs of life all the time, STOPPING at the end, in this order."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        address = str(office.daemon.folder / "notify")
        systemd.bind(address)
        systemd.settimeout(30)
        office.daemon.environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "5000000"}
        office.start()
        assert systemd.recv(100) == b"READY=1"
        with socket.create_connection(("127.0.0.1", office.agi_port), timeout=30):
            assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        office.daemon.send(signal.SIGTERM)
        told = systemd.recv(100)
        while told == b"WATCHDOG=1":
            told = systemd.recv(100)
        assert told == b"STOPPING=1"
        assert office.daemon.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told(office: Office, number: signal.Signals) -> None:
    """Told to stop, it ends within 3 s with 0 and leaves no socket behind; idle peers can't hold it."""
    office.start()
    with (
        socket.create_connection(("127.0.0.1", office.agi_port)),
        socket.create_connection(("127.0.0.1", office.http_port)),
    ):
        office.daemon.send(number)
        assert office.daemon.wait(within_s=3) == 0
    assert not office.control.exists()
    assert office.text() == ""


@pytest.mark.parametrize("answers", [True, False])
async def test_the_pabx_hears_that_it_stops(office: Office, answers: bool) -> None:  # noqa: FBT001 - a parameter
    """Its last word over AMI withdraws the heartbeat, so no call asks it any more; a mute PABX holds nobody up."""
    async with AmiPeer() as peer:
        office.write_settings(peer.port)
        office.daemon.start()
        call = await peer.called()
        await call.beaten(2)
        if not answers:
            peer.replies["Setvar"] = silent
        office.daemon.send(signal.SIGTERM)
        assert await asyncio.to_thread(office.daemon.wait, 3) == 0
        await call.gone()
        last = call.beats[-1]
    assert (last["Variable"], last["Value"]) == (heartbeat(1), "0")
    assert office.text() == ""
