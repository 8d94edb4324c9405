"""Where the bench `calls` takes place: one Asterisk, three sites that answer at once, and the daemon."""

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench_run.beside import daemon_beside, used_s
from phones import sign_in
from sipp import Sipp, local
from small_pabx import SITES_ADDRESS, Layout, SmallPabx, free_port
from support.real_daemon import RealDaemon
from support.real_house import in_sync, queue_in

HERE: Final = Path(__file__).resolve().parent

NUMBER: Final = "0800123456"
"""Routed by ccrouter; native.conf has the numbers of the other subjects."""

SITES: Final = ("paris", "tunis", "backup")

LOOK_S: Final = 0.3
QUIET: Final = 0.15
"""The part of a processor that is nothing: heartbeats, and looks at the sites."""

ROUTING: Final = """\
timezone: Europe/Paris
calendars:
  office: {hours: "Mo-Fr 00:00-24:00; Sa-Su 00:00-24:00"}
sites:
  desk: {in_house: {queue: support, max_wait: 60s}}
  paris: {external: {dial: PJSIP/trunk-paris, answer_within: 25s, max_calls: 900}}
  tunis: {external: {dial: PJSIP/trunk-tunis, answer_within: 25s, max_calls: 900}}
  backup: {external: {dial: PJSIP/trunk-backup, answer_within: 25s, max_calls: 900}}
messages:
  busy: {play: all-circuits-busy-now}
modes: [crisis]
numbers:
  "0800 123 456": {service: support}
services:
  support:
    rules:
      - {name: crisis, when: {mode: crisis}, to: [backup, busy]}
      - {name: out of hours, when: {closed: office}, to: [tunis, backup, busy]}
      - name: peak
        when:
          any:
            - waiting: {queue: support, at_least: 5}
            - no_position_ready: support
        to: [tunis, backup, busy]
      - {name: both, when: {open: office}, to: [{share: {paris: 70, tunis: 30}}, backup, busy]}
    otherwise: [desk, backup, busy]
"""


@dataclass(frozen=True, slots=True)
class CallHouse:
    """All that runs."""

    pabx: SmallPabx
    daemon: RealDaemon
    sites: tuple[Sipp, ...]

    def decided(self) -> float:
        """Return how many calls the router has decided so far."""
        return sum(
            value for name, value in self.daemon.metrics().items() if name.startswith("ccrouter_decisions_total")
        )

    def wait_until_quiet(self) -> None:
        """Return when Asterisk and the router have nothing to do any more: after an overload that takes a while."""
        while True:
            before = self.used()
            time.sleep(LOOK_S)
            after = self.used()
            if all(after[name] - before[name] < QUIET * LOOK_S for name in ("asterisk", "router")):
                return

    def used(self) -> dict[str, float]:
        """Return the processor seconds that each party has taken so far."""
        return {
            "asterisk": used_s(self.pabx.pid),
            "router": used_s(self.daemon.pid),
            "sites": sum(used_s(site.process.pid) for site in self.sites),
        }


@contextmanager
def call_house(constant_port: int) -> Iterator[CallHouse]:
    """Bring the house up; when it is given, calls are routed.

    Args:
        constant_port: where native.conf finds the server that answers a constant.

    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        stack.callback(shutil.rmtree, folder)
        ports = {name: free_port(address=SITES_ADDRESS) for name in SITES}
        sites = tuple(stack.enter_context(_site(folder, name, port)) for name, port in ports.items())
        agi_port = free_port(socket.SOCK_STREAM)
        layout = Layout(
            queues=("support",),
            positions={"agent1": ("support",)},
            sites=ports,
            agi=f"agi://127.0.0.1:{agi_port}/route",
            extra={
                "extensions.conf": (HERE / "native.conf").read_text().replace("@CONSTANT@", str(constant_port)),
                "modules.conf": "load => func_rand.so\n",
                "queues.conf": "\nmember => PJSIP/agent1\n",
            },
        )
        pabx = stack.enter_context(SmallPabx(layout, folder / "pabx"))
        sign_in(pabx, folder / "sipp", ["agent1"], free_port())
        daemon = daemon_beside(pabx, folder, ROUTING, agi_port)
        stack.callback(daemon.close)
        daemon.start()
        daemon.wait_until(lambda status: in_sync(status) and queue_in(status, "support").ready == 1)
        yield CallHouse(pabx, daemon, sites)


def _site(folder: Path, name: str, port: int) -> Sipp:
    arguments: tuple[str | Path, ...] = (
        "-sf",
        HERE / "answering.xml",
        *local(SITES_ADDRESS, port),
        "-aa",
        "-l",
        "10000",
    )
    return Sipp(folder / "sipp", name, arguments)
