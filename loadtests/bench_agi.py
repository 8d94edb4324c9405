#!/usr/bin/env python3
"""Measures our FastAGI server beside a minimal one, in the same run, with the same generator.

Each request is a TCP connection of its own, as Asterisk makes it. The minimal server answers a constant without reading
what it was sent: the least that any server on this event loop could do. Ours reads and checks the request, asks for a
(constant) decision, writes its plan, reads the answer and counts the session.
"""

import argparse
import asyncio
import multiprocessing
import resource
import select
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from typing import cast

import structlog
from structlog.typing import FilteringBoundLogger

from ccrouter.agi.calls import CodeDialled
from ccrouter.agi.lock import Lock
from ccrouter.agi.server import AgiServer
from ccrouter.agi.session import Desk
from ccrouter.clock import SystemClock
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision
from ccrouter.routing.plan import Plan, PlayStep, QueueStep, SiteStep, Treatment

REQUEST = b"""\
agi_network: yes
agi_network_script: route
agi_request: agi://127.0.0.1:4573/route
agi_channel: PJSIP/trunk-00000001
agi_language: fr
agi_type: PJSIP
agi_uniqueid: 1795297266.1
agi_version: 22.10.1
agi_callerid: 0612345678
agi_calleridname: Ren\xc3\xa9e
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: 0800123456
agi_rdnis: unknown
agi_context: ccrouter
agi_extension: 0800123456
agi_priority: 7
agi_enhanced: 0.0
agi_accountcode:\x20
agi_threadid: 140049718814400
agi_arg_1: 0800123456
agi_arg_2: 1
agi_arg_3: 0123456789abcdef0123456789abcdef

"""
REPLY = b"200 result=1\n"
ORDER = b'SET VARIABLE CCROUTER_PLAN "v1|d1|support|both|fr|position|0|&play|closed|ccrouter/closed"\n'

PLAN = Plan(
    (QueueStep("paris", "support", 90), SiteStep("tunis", "PJSIP/+21671000000@trunk-tunis", 25, 30)),
    PlayStep("closed", "ccrouter/closed"),
)


class Constant:
    """Decides the same for every call."""

    def __init__(self) -> None:
        self._decision = Decision(
            id="01JD8Q3V6K",
            call=Call("paris", "1.1", "0800123456"),
            at=0.0,
            number="0800123456",
            service="support",
            rule="both",
            plan=PLAN,
            treatment=Treatment(language="fr"),
            trace=(),
            considered=(),
            rules_version="1",
            state_age_s=0.0,
            latches={},
            turns={},
        )

    def dialled(self, _: CodeDialled, answer: Callable[[str], None]) -> None:
        """Know no code."""
        answer("unknown")

    def route(self, _: Call) -> Decision:
        """Give the decision."""
        return self._decision


class Counts:
    """Counts sessions by their result."""

    def __init__(self) -> None:
        self.results: dict[str, int] = {}

    def session_ended(self, result: str, _: float) -> None:
        """Count one."""
        self.results[result] = self.results.get(result, 0) + 1


class Minimal(asyncio.Protocol):
    """Answers a constant."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._asked = False

    def data_received(self, data: bytes) -> None:
        """Answer the request, close at the reply."""
        if self._asked:
            self._transport.close()
        elif data.endswith(b"\n\n"):
            self._asked = True
            self._transport.write(ORDER)


async def serve_minimal(parent: Connection) -> None:
    """Run the minimal server until the parent speaks."""
    server = await asyncio.get_running_loop().create_server(Minimal, "127.0.0.1", 0, backlog=4096)
    parent.send(server.sockets[0].getsockname()[1])
    await until_told(parent)
    server.close()


async def serve_ours(parent: Connection) -> None:
    """Run our server until the parent speaks."""
    counts = Counts()
    warnings_only = structlog.make_filtering_bound_logger("warning")
    log = structlog.wrap_logger(structlog.PrintLogger(sys.stderr), wrapper_class=warnings_only)
    constant, logger = Constant(), cast("FilteringBoundLogger", log.bind())
    lock = Lock("0123456789abcdef0123456789abcdef", SystemClock(), logger)
    desk = Desk(frozenset({"paris"}), constant, constant, counts, SystemClock(), logger, lock)
    server = AgiServer(desk, [("127.0.0.1", 0)])
    await server.start()
    parent.send(server.addresses[0][1])
    await until_told(parent)
    await server.stop()
    if set(counts.results) != {"answered"}:
        raise SystemExit(f"not every request was answered: {counts.results}")


async def until_told(parent: Connection) -> None:
    """Answer each word of the parent with the CPU seconds used so far; the empty word ends."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()

    def speak() -> None:
        if parent.recv():
            used = resource.getrusage(resource.RUSAGE_SELF)
            parent.send(used.ru_utime + used.ru_stime)
        else:
            told.set()

    loop.add_reader(parent.fileno(), speak)
    await told.wait()
    loop.remove_reader(parent.fileno())


def serve(name: str, loop: str, parent: Connection) -> None:
    """Be a server process."""
    factory = import_module("uvloop").new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run((serve_ours if name == "ccrouter" else serve_minimal)(parent))


@dataclass(frozen=True, slots=True)
class Round:
    """What one round gave: seconds that it took, CPU seconds of the server, seconds of each request."""

    took_s: float
    cpu_s: float
    waits_s: list[float]

    @property
    def rate(self) -> float:
        """Return requests per second."""
        return len(self.waits_s) / self.took_s

    @property
    def cpu_us(self) -> float:
        """Return microseconds of the server's CPU time per request."""
        return self.cpu_s / len(self.waits_s) * 1e6

    def percentile_ms(self, percent: int) -> float:
        """Return the time that so many percent of the requests stayed under."""
        return sorted(self.waits_s)[min(len(self.waits_s) - 1, len(self.waits_s) * percent // 100)] * 1e3


def one_call(port: int) -> Iterator[tuple[int, int]]:
    """Make one request; yields the file descriptor and the event that it waits for, at each step."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as caller:
        caller.connect_ex(("127.0.0.1", port))
        yield caller.fileno(), select.EPOLLOUT
        caller.send(REQUEST)
        yield caller.fileno(), select.EPOLLIN
        if not caller.recv(4096).startswith(b"SET VARIABLE CCROUTER_PLAN"):
            raise SystemExit("a request got no plan")
        caller.send(REPLY)
        yield caller.fileno(), select.EPOLLIN
        caller.recv(4096)


def generate(port: int, count: int, together: int, rate: float | None) -> tuple[float, list[float]]:
    """Make `count` requests, at most `together` at once, at `rate` per second or as fast as it goes.

    Returns the seconds that all took, and those of each.
    """
    clock = time.perf_counter
    waits: list[float] = []
    under_way: dict[int, tuple[Iterator[tuple[int, int]], float]] = {}
    started = 0
    began = clock()
    with select.epoll() as poll:
        while len(waits) < count:
            due = count if rate is None else min(count, int((clock() - began) * rate) + 1)
            while started < due and len(under_way) < together:
                at = clock() if rate is None else began + started / rate
                steps = one_call(port)
                descriptor, event = next(steps)
                under_way[descriptor] = (steps, at)
                poll.register(descriptor, event)
                started += 1
            # A paced round never sleeps: epoll's shortest sleep is as long as a whole request.
            for descriptor, _ in poll.poll(0 if rate else None):
                steps, at = under_way[descriptor]
                following = next(steps, None)
                if following is None:
                    waits.append(clock() - at)
                    del under_way[descriptor]
                else:
                    poll.modify(*following)
    return clock() - began, waits


class Served:
    """A server in a process of its own."""

    def __init__(self, name: str, loop: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(name, loop, theirs), name=name)
        self._process.start()
        self._port: int = self._pipe.recv()

    def measure(self, count: int, together: int, rate: float | None) -> Round:
        """Run one round."""
        before = self._cpu_s()
        took_s, waits_s = generate(self._port, count, together, rate)
        return Round(took_s, self._cpu_s() - before, waits_s)

    def stop(self) -> None:
        """End the process; an unclean end ends the program."""
        self._pipe.send("")
        self._process.join(10)
        if self._process.exitcode != 0:
            raise SystemExit(f"{self._process.name} ended with {self._process.exitcode}")

    def _cpu_s(self) -> float:
        self._pipe.send("cpu")
        return float(self._pipe.recv())


def report(name: str, fast: list[Round], paced: list[Round]) -> tuple[float, float]:
    """Print a server's line, with medians over its rounds; returns requests per second and CPU microseconds."""
    rate = statistics.median(each.rate for each in fast)
    cpu_us = statistics.median(each.cpu_us for each in fast)
    p50, p99 = (statistics.median(each.percentile_ms(percent) for each in paced) for percent in (50, 99))
    sys.stdout.write(f"{name:<10} {rate:8.0f} req/s  {cpu_us:6.1f} us CPU  p50 {p50:6.2f} ms  p99 {p99:6.2f} ms\n")
    return rate, cpu_us


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio", help="the servers' event loop")
    options.add_argument("--requests", type=int, default=5000, help="requests in each round at full speed")
    options.add_argument("--rounds", type=int, default=5, help="rounds for each server, in turns")
    options.add_argument("--together", type=int, default=16, help="connections at once")
    options.add_argument(
        "--rate", type=float, default=1000, help="requests per second in the rounds that give p50, p99"
    )
    given = options.parse_args()
    names = ("minimal", "ccrouter")
    servers = {name: Served(name, given.loop) for name in names}
    fast: dict[str, list[Round]] = {name: [] for name in names}
    paced: dict[str, list[Round]] = {name: [] for name in names}
    for _ in range(given.rounds):
        for name in names:
            fast[name].append(servers[name].measure(given.requests, given.together, None))
            paced[name].append(servers[name].measure(int(given.rate), 256, given.rate))
    sys.stdout.write(
        f"{given.loop}, Python {sys.version.split()[0]}: {given.rounds} rounds of {given.requests} requests at full"
        f" speed, {given.together} at once; times at {given.rate:.0f} requests/s\n"
    )
    minimal = report("minimal", fast["minimal"], paced["minimal"])
    ours = report("ccrouter", fast["ccrouter"], paced["ccrouter"])
    sys.stdout.write(f"ratio      {ours[0] / minimal[0]:8.2f} of the rate, {ours[1] / minimal[1]:.2f} times the CPU\n")
    for server in servers.values():
        server.stop()


if __name__ == "__main__":
    main()
