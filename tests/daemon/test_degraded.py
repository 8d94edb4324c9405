"""Degraded states of a real daemon, each made by its real cause: it begins, calls go on, it ends."""

import asyncio
import fcntl
import os
import resource
import selectors
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ccrouter.app.leaving import LEAVE_WITHIN_S
from ccrouter.telemetry.degraded import Degraded
from support import set_clock
from support.agi import keyed, request
from support.ami_peer import AmiPeer
from support.daemon_process import DaemonError, Line
from support.office import GOOD, Office, open_office

BAD = GOOD.replace("[desk, nobody]", "[desk, nobdoy]")
REQUEST = request(network_script=b"route/pbx")


@pytest.fixture
def office() -> Iterator[Office]:
    """Give an office where the file is read on request alone."""
    with open_office() as office:
        yield office


def begun(office: Office, state: Degraded, within_s: float = 40) -> Line:
    """Wait for the begin of a state, and hold log, status and metric against each other."""
    line = office.daemon.wait_for_line(within_s, event="degraded", state=state.value)
    status = office.daemon.wait_until(lambda status: any(each.state == state for each in status.degraded))
    [told] = [each for each in status.degraded if each.state == state]
    assert told.calls == line["calls_get"]
    assert office.daemon.metrics()[sample(state, told.pabx)] == 1
    return line


def over(office: Office, state: Degraded, within_s: float = 40) -> Line:
    """Wait for the end of a state."""
    line = office.daemon.wait_for_line(within_s, event="degraded no more", state=state.value)
    status = office.daemon.wait_until(lambda status: all(each.state != state for each in status.degraded))
    assert office.daemon.metrics()[sample(state, str(line.get("pabx", "")))] == 0
    assert status.rules is not None
    return line


def sample(state: Degraded, pabx: str = "") -> str:
    """Return the name of a state's sample."""
    return f'ccrouter_degraded{{pabx="{pabx}",state="{state}"}}'


def plan(office: Office) -> bytes:
    """Return what a call is told; nothing where it is let go."""
    with socket.create_connection(("127.0.0.1", office.agi_port), timeout=20) as call:
        call.sendall(keyed(REQUEST, office.key))
        with suppress(ConnectionError):
            return call.recv(1000)
    return b""


@contextmanager
def no_room(office: Office) -> Iterator[None]:
    """Let no file of the daemon grow: the kernel refuses each write, as a full disk does."""
    before = resource.prlimit(office.daemon.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(office.daemon.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def hanging(path: Path) -> Iterator[None]:
    """Have whoever else opens a file hang in the kernel, as with a disk that does not answer (leases, fcntl(2))."""
    path.touch(mode=0o600)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    handle = os.open(path, os.O_RDWR)
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    try:
        yield
    finally:
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        os.close(handle)
        signal.signal(signal.SIGIO, before)


async def test_a_pabx_that_goes_and_comes_back(office: Office) -> None:
    """Its end of the link is cut and nobody answers: it is gone until the link is up; when it was heard is told."""
    async with AmiPeer() as peer:
        office.write_settings(peer.port)
        await asyncio.to_thread(office.start)
        await peer.called()
        await asyncio.to_thread(office.daemon.wait_until, lambda status: status.pabxs[0].in_sync)
        assert (await asyncio.to_thread(office.status)).degraded == ()
        port = peer.port
    assert (await asyncio.to_thread(begun, office, Degraded.PABX_GONE))["pabx"] == "pbx"
    gone = await asyncio.to_thread(office.status)
    assert [each.state for each in gone.degraded] == [Degraded.PABX_GONE]
    assert gone.pabxs[0].heard_age_s is not None
    assert b"CCROUTER_PLAN" in await asyncio.to_thread(plan, office)
    async with AmiPeer(port=port):
        await asyncio.to_thread(over, office, Degraded.PABX_GONE)


def test_a_file_that_is_refused_at_the_start_and_walked_back_from(office: Office) -> None:
    """The newest version that is still accepted counts, not only the last; a good file ends the state."""
    office.start()
    for number in (3, 4):
        office.routing.write_text(GOOD.replace("2min", f"{number}min"))
        office.hup("routing file in force")
    version = office.rules().version
    office.daemon.stop()
    spoil(office, version)
    office.routing.write_text(BAD)
    office.start()
    told = office.daemon.wait_for_line(event="started with the last routing file that was accepted")
    assert told["kept_as"] == 2
    assert b"|180" in plan(office)
    begun(office, Degraded.RULES_REFUSED)
    assert "rules_refused: " in office.daemon.command("status").partition("DEGRADED since ")[2]
    office.routing.write_text(GOOD)
    office.hup("routing file in force")
    over(office, Degraded.RULES_REFUSED)


def spoil(office: Office, version: str) -> None:
    """Damage the text of a kept version in the database."""
    import sqlite3  # noqa: PLC0415 - for this one test

    with sqlite3.connect(office.daemon.folder / "state" / "ccrouter.db") as database:
        changed = database.execute("update texts set packed = x'00' where hash = ?", (version,)).rowcount
    database.close()
    assert changed == 1


def test_a_disk_without_room(office: Office) -> None:
    """Nothing can be switched and the journal waits, both are told; calls go on, and both heal with the disk."""
    office.start()
    with no_room(office):
        assert b"CCROUTER_PLAN" in plan(office)
        with pytest.raises(DaemonError):
            office.daemon.command("mode", "set", "crisis", "--reason", "no room")
        begun(office, Degraded.JOURNAL_BROKEN)
        begun(office, Degraded.STATE_BROKEN)
        assert b"CCROUTER_PLAN" in plan(office)
    over(office, Degraded.JOURNAL_BROKEN)
    over(office, Degraded.STATE_BROKEN)
    office.daemon.command("mode", "set", "crisis", "--reason", "room again")


def test_a_state_database_that_is_damaged_at_the_start(office: Office) -> None:
    """It is moved aside and the daemon runs, in a state that says what was lost."""
    (office.daemon.folder / "state" / "ccrouter.db").write_bytes(b"no database at all" * 500)
    office.start()
    assert "moved to ccrouter.db.broken-" in str(begun(office, Degraded.STATE_BROKEN)["why"])
    assert b"CCROUTER_PLAN" in plan(office)


def test_a_disk_that_hangs_is_told_and_holds_up_no_stop(office: Office) -> None:
    """The journal's thread hangs in the kernel: a state, calls go on; told to stop, the daemon leaves it behind."""
    with hanging(office.daemon.folder / "state" / "journal.db"):
        office.start()
        assert b"CCROUTER_PLAN" in plan(office)
        assert "has not answered" in str(begun(office, Degraded.JOURNAL_BROKEN)["why"])
        assert b"CCROUTER_PLAN" in plan(office)
        assert office.daemon.stop(within_s=LEAVE_WITHIN_S + 6) == 1
    [line] = office.daemon.logged(event="the stop takes too long, so ccrouter ends without waiting any more")
    assert line["hanging"]
    assert "entries of the journal" in str(line["left_behind"])


def test_a_clock_that_jumps_and_is_put_right(office: Office) -> None:
    """A mode whose end a wrong hour brings is off, and on again by the right hour: nothing was cleared away."""
    hour = office.daemon.folder / "hour"
    hour.write_text("0")
    office.daemon.program = (sys.executable, set_clock.__file__, str(hour))
    office.start()
    office.daemon.command("mode", "set", "crisis", "--reason", "flooded", "--for", "30min")
    before = office.status()
    hour.write_text("3600")
    assert "ahead by 3600 s" in str(begun(office, Degraded.CLOCK_JUMP)["why"])
    wrong = office.daemon.wait_until(lambda status: not status.modes[0].on)
    assert 3000 < wrong.at - before.at < 4000
    hour.write_text("0")
    over(office, Degraded.CLOCK_JUMP)
    assert office.status().modes[0].on
    assert office.daemon.logged(event="mode ended") == []


def test_a_daemon_that_stood_still_under_a_flood(office: Office) -> None:
    """What came meanwhile is let go at once, the state begins and ends, and the next call has its plan."""
    office.start()
    office.daemon.freeze()
    calls = [socket.create_connection(("127.0.0.1", office.agi_port)) for _ in range(600)]
    for call in calls:
        call.sendall(keyed(REQUEST, office.key))
    with selectors.DefaultSelector() as waits:
        waits.select(1.0)  # nobody can answer; the calls grow old
    office.daemon.thaw()
    told = [heard(call) for call in calls]
    assert told == [b""] * 600
    assert b"CCROUTER_PLAN" in plan(office)
    begun(office, Degraded.OVERLOAD)
    over(office, Degraded.OVERLOAD)
    let_go = office.daemon.metrics()['ccrouter_agi_sessions_total{result="late"}']
    assert let_go == 600


def heard(call: socket.socket) -> bytes:
    """Return what a call was told."""
    with call:
        call.settimeout(20)
        with suppress(ConnectionError):
            return call.recv(1000)
    return b""
