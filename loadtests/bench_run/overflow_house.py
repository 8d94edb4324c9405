"""Where the bench `overflow` takes place, and one round in it: callers wait, something happens, all are pulled away."""

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench_run.arrivals import Arrivals
from bench_run.beside import daemon_beside, used_s
from ccrouter.clock import SystemClock
from phones import Call, Callee, Callers, sign_in
from small_pabx import POSITIONS_ADDRESS, SITES_ADDRESS, Layout, SmallPabx, free_port
from support.listener import Event, Listener
from support.parties import CalleeHabits
from support.real_daemon import RealDaemon
from support.real_house import at_rest, in_sync

HERE: Final = Path(__file__).resolve().parent
CLOCK: Final = SystemClock()

POSITIONS: Final = 20
HABITS: Final[CalleeHabits] = {"answer_ms": 30, "talk_ms": 200}
"""Of positions: short talks, so that answers fall into every moment of the pull."""

LEAD_S: Final = 0.8
"""For so long positions have taken calls when the callers are pulled."""

CALLERS_PER_S: Final = 150
SETTLED_S: Final = 1.0
RESTED_S: Final = 1.2
"""Thresholds are looked at each second: one that holds until nobody waits sees that nobody does."""

ALL_WITHIN_S: Final = 15.0
LOOK_S: Final = 0.05

SECRET: Final = "of-the-bench"  # noqa: S105 - of an Asterisk that ends with the run
MANAGERS: Final = f"""
[bench]
secret = {SECRET}
read = agent
write = call,agent,reporting
eventfilter = ^Event: QueueCallerJoin

[rival]
secret = {SECRET}
read = agent
write = call
eventfilter = ^Event: QueueCaller(Join|Leave)
"""

ROUTING: Final = """\
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 600s}}
  lyon: {in_house: {queue: alarm, max_wait: 600s}}
  tunis: {external: {dial: PJSIP/21671000000@trunk-tunis, answer_within: 20s, max_calls: 1500}}
messages:
  closed: {play: please-try-call-later}
numbers:
  "0801000000": {service: alarmed}
  "0801000200": {service: some wait}
  "0801001000": {service: many wait}
  "0801999999": {service: closed agency}
services:
  alarmed:
    otherwise: [paris, closed]
    while_waiting:
      - {name: alarm, when: {waiting: {queue: alarm, at_least: 1}}, to: [tunis, closed]}
  some wait:
    otherwise: [paris, closed]
    while_waiting:
      - {name: some, when: {waiting: {queue: support, at_least: 200, until_below: 1}}, to: [tunis, closed]}
  many wait:
    otherwise: [paris, closed]
    while_waiting:
      - {name: many, when: {waiting: {queue: support, at_least: 1000, until_below: 1}}, to: [tunis, closed]}
  closed agency: {otherwise: [closed]}
"""
"""The capacity of the site is more than wait, so that each reservation and the PABX's own guard are a part of it."""

CLOSED: Final = "0801999999"
ALARM: Final = "0804000000"
"""A number whose caller waits in the queue that stands for the alarm; it is none of ccrouter's."""


@dataclass(frozen=True, slots=True)
class Mover:
    """Who moves the callers.

    Attributes:
        number: what they dial.
        queue: in which they wait.
        ours: whether it is ccrouter.
        answering: whether positions answer callers all the while; then the sign for the pull is a caller in the queue
            for the alarm, else it is the last of so many callers.

    """

    number: str
    queue: str
    ours: bool = False
    answering: bool = False


@dataclass(slots=True)
class OverflowHouse:
    """All that runs."""

    folder: Path
    pabx: SmallPabx
    daemon: RealDaemon
    site: Callee
    positions: Callee
    listener: Listener
    arrivals: Arrivals
    _calls: int = 0

    def round(self, mover: Mover, size: int) -> dict[str, float]:
        """Have so many callers pulled; return the figures."""
        waiting = [self._call(mover.number) for _ in range(size)]
        placed, sign = (waiting, self._call(ALARM)) if mover.answering else (waiting[:-1], waiting[-1])
        withdrawn = self._withdrawn()
        self._log_in(mover.queue)
        talks = _Talks(self.site, self.positions)
        since = len(self.listener.events)
        with self._callers(placed) as callers:
            self.listener.wait_for(_joined, 60, len(placed), since)
            # What the PABX tells this session costs it time: it tells nothing while times are taken.
            self.listener.ask("Events", EventMask="off")
            time.sleep(SETTLED_S)
            if mover.answering:
                self._pause(mover.queue, paused=False)
                time.sleep(LEAD_S)
            used = self._used()
            with self._callers([sign]) as last, self.arrivals.watched() as arrivals_s:
                talks.wait_for(size)
                used = {name: taken - used[name] for name, taken in self._used().items()}
                self._pause(mover.queue, paused=True)
                self._clear(callers, last)
        self.listener.ask("Events", EventMask="on")
        [crosses] = last.placed()
        figures = self._became(waiting, crosses.signs[0][1])
        if mover.ours:
            orders = {result: count - withdrawn[result] for result, count in self._withdrawn().items()}
            figures |= {
                "vain": orders["refused"] + orders["unknown"],
                "router_ms": used["router"] / size * 1e3,
                "arrival_ms": median(arrivals_s) * 1e3,
                "arrival_most_ms": max(arrivals_s) * 1e3,
            }
        return figures | {"asterisk_ms": used["asterisk"] / size * 1e3}

    def _became(self, calls: Sequence[Call], crossed_at: float) -> dict[str, float]:
        mine = {call.caller for call in calls}
        at_site = {
            each.caller: at for each in self.site.received() for sign, at in each.signs if sign == "answered"
        }  # fmt: skip - one sentence
        moved = {caller: at - crossed_at for caller, at in at_site.items() if caller in mine}
        talked = {each.caller for each in self.positions.received() if each.answered} & mine
        after_s = sorted(moved.values())
        return {
            "first_s": after_s[0],
            "half_s": median(after_s),
            "last_s": after_s[-1],
            "torn": len(talked & moved.keys()),
            "talked": len(talked),
            "lost": len(mine - talked - moved.keys()),
        }

    def _call(self, number: str) -> Call:
        self._calls += 1
        return Call(caller=f"336{self._calls:08}", number=number)

    def _callers(self, calls: Sequence[Call]) -> Callers:
        name = f"callers-{calls[0].caller}"
        return Callers(self.pabx, self.folder / "sipp", calls, name=name, per_s=CALLERS_PER_S)

    def _log_in(self, queue: str) -> None:
        for n in range(1, POSITIONS + 1):
            self.listener.ask("QueueAdd", Queue=queue, Interface=f"PJSIP/agent{n}", Paused="true")

    def _pause(self, queue: str, *, paused: bool) -> None:
        for n in range(1, POSITIONS + 1):
            self.listener.ask("QueuePause", Queue=queue, Interface=f"PJSIP/agent{n}", Paused=str(paused).lower())

    def _clear(self, *callers: Callers) -> None:
        """End all calls, and return when nothing is left of them anywhere."""
        self.pabx.cli("dialplan set global NATIVE_PEAK 0")
        self.listener.ask("Hangup", Channel="/^PJSIP\\/carrier-/")
        for each in callers:
            each.wait(30)
        deadline = CLOCK.steady() + 30
        while not re.search(r"^0 active channels$", self.pabx.cli("core show channels count"), re.MULTILINE):
            if CLOCK.steady() > deadline:
                raise SystemExit("the calls of the last round do not end")
            time.sleep(LOOK_S)
        self.daemon.wait_until(at_rest)
        time.sleep(RESTED_S)

    def _withdrawn(self) -> dict[str, float]:
        """Return how many orders the PABX accepted, refused, or did not answer so far."""
        counted = re.compile(r'ccrouter_withdraws_total\{.*result="(\w+)".*\}')
        found = ((counted.fullmatch(name), value) for name, value in self.daemon.metrics().items())
        return {match[1]: value for match, value in found if match}

    def _used(self) -> dict[str, float]:
        """Return the processor seconds that each has taken so far."""
        return {"asterisk": used_s(self.pabx.pid), "router": used_s(self.daemon.pid)}


class _Talks:
    """Counts the talks that begin from now on."""

    def __init__(self, *callees: Callee) -> None:
        self._logs = [callee.sipp.log for callee in callees]
        self._read = [log.stat().st_size if log.exists() else 0 for log in self._logs]
        self._begun = 0

    def wait_for(self, count: int) -> None:
        """Return when there were so many, or nothing can come any more."""
        deadline = CLOCK.steady() + ALL_WITHIN_S
        while self._begun < count and CLOCK.steady() < deadline:
            time.sleep(LOOK_S)
            for index, log in enumerate(self._logs):
                self._begun += self._new(index, log)

    def _new(self, index: int, log: Path) -> int:
        if not log.exists():
            return 0
        with log.open("rb") as text:
            text.seek(self._read[index])
            new = text.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read[index] += len(whole)
        return whole.count(b"|answered|")


def _joined(event: Event) -> bool:
    return event.get("Event") == "QueueCallerJoin"


@contextmanager
def overflow_house() -> Iterator[OverflowHouse]:
    """Bring the house up; when it is given, calls are routed and the site is known to be there."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        stack.callback(shutil.rmtree, folder)
        phones = folder / "sipp"
        site = stack.enter_context(Callee(phones, "tunis", address=SITES_ADDRESS))
        positions = stack.enter_context(Callee(phones, "positions", address=POSITIONS_ADDRESS, **HABITS))
        agi_port = free_port(socket.SOCK_STREAM)
        queues = ("support", "alarm", "redirected", "native")
        agents = [f"agent{n}" for n in range(1, POSITIONS + 1)]
        layout = Layout(
            queues=queues,
            positions=dict.fromkeys(agents, ()),
            sites={"tunis": site.port},
            statics={"": "play|closed|please-try-call-later"},
            agi=f"agi://127.0.0.1:{agi_port}/route",
            ring_s=2,
            # The telephones are silent.
            site_rtp_timeout_s=120,
            extra={
                "extensions.conf": (HERE / "overflow.conf").read_text(),
                # Callers wait although all positions pause.
                "queues.conf": "".join(f"\n[{queue}](+)\njoinempty = yes\nleavewhenempty = no\n" for queue in queues),
                "manager.conf": MANAGERS,
            },
        )
        pabx = stack.enter_context(SmallPabx(layout, folder / "pabx"))
        sign_in(pabx, phones, agents, positions.port)
        daemon = daemon_beside(pabx, folder, ROUTING, agi_port)
        stack.callback(daemon.close)
        daemon.start()
        daemon.wait_until(lambda status: in_sync(status) and any(site.health == "up" for site in status.sites))
        listener = stack.enter_context(Listener(pabx.ami_port, "bench", SECRET))
        key = listener.ask("Getvar", Variable="CCROUTER_KEY")["Value"]
        yield OverflowHouse(folder, pabx, daemon, site, positions, listener, Arrivals(agi_port, key, CLOSED))


@contextmanager
def redirecting(house: OverflowHouse) -> Iterator[None]:
    """Have the program run that redirects callers."""
    program = (sys.executable, "-m", "bench_run.redirecting", str(house.pabx.ami_port), "rival", SECRET)
    running = subprocess.Popen(program)  # noqa: S603 - our own program
    try:
        yield
    finally:
        running.kill()
        running.wait()
