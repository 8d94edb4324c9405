"""What systemd is told, and how late the event loop runs."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ccrouter.telemetry.lag import watch_loop
from ccrouter.telemetry.notify import LOST_BEATS, Supervisor


@pytest.fixture
def systemd() -> Iterator[socket.socket]:
    """Give the other end: a datagram socket, as systemd has it."""
    with TemporaryDirectory(prefix="ccrouter-") as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(Path(folder) / "notify"))
        end.settimeout(5)
        yield end


def test_each_state_is_told_in_systemds_words(systemd: socket.socket) -> None:
    """One datagram a state; a text stays on one line, whatever it holds."""
    with Supervisor({"NOTIFY_SOCKET": systemd.getsockname()}, 42) as supervisor:
        supervisor.ready()
        supervisor.beat()
        supervisor.say("2 PABXs,\nREADY=1 « été »")
        supervisor.stopping()
    told = [systemd.recv(4096).decode() for _ in range(4)]
    assert told == ["READY=1", "WATCHDOG=1", "STATUS=2 PABXs, READY=1 « été »", "STOPPING=1"]


def test_an_abstract_address_works() -> None:
    """Where systemd has no file for its socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0ccrouter-test-{os.getpid()}-{time.monotonic_ns()}")
        end.settimeout(5)
        with Supervisor({"NOTIFY_SOCKET": f"@{end.getsockname()[1:].decode()}"}, 42) as supervisor:
            supervisor.ready()
        assert end.recv(64) == b"READY=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_without_systemd_nothing_happens(environment: dict[str, str]) -> None:
    """Also where the address is wrong: a daemon runs without being watched."""
    with Supervisor(environment, 42) as supervisor:
        supervisor.ready()
        supervisor.beat()
        assert supervisor.beat_every_s is None


def test_a_supervisor_that_hangs_holds_nobody_up(systemd: socket.socket) -> None:
    """With its queue full, messages are lost and the daemon goes on."""
    with Supervisor({"NOTIFY_SOCKET": systemd.getsockname()}, 42) as supervisor:
        for _ in range(5000):
            supervisor.beat()


@pytest.mark.parametrize(
    ("environment", "beat_every_s"),
    [
        ({"WATCHDOG_USEC": "6000000"}, 6 / LOST_BEATS),
        ({"WATCHDOG_USEC": "6000000", "WATCHDOG_PID": "42"}, 6 / LOST_BEATS),
        ({"WATCHDOG_USEC": "6000000", "WATCHDOG_PID": "43"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_time_allowed_is_cut_in_parts(environment: dict[str, str], beat_every_s: float | None) -> None:
    """A beat that comes late or is lost does not cost the daemon its life."""
    assert Supervisor(environment, 42).beat_every_s == beat_every_s


async def test_a_loop_that_was_held_up_is_seen() -> None:
    """A callback that blocks for 0.2 s shows as a lag of about that; an idle loop as nearly none. Tasks are counted."""
    lags: list[float] = []
    counted: set[int] = set()
    watching = asyncio.Event()

    def seen(lag_s: float, tasks: int) -> None:
        lags.append(lag_s)
        counted.add(tasks)
        watching.set()

    with suppress(TimeoutError):
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            task = group.create_task(watch_loop(seen, 0.01))
            await watching.wait()
            time.sleep(0.2)  # noqa: ASYNC251 - this is the fault to be seen
            watching.clear()
            await watching.wait()
            task.cancel()
    assert min(lags) < 0.15 < max(lags) < 5
    assert counted == {2}  # this test and the watcher
