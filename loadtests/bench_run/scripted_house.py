"""The real daemon as a process of its own, linked to a PABX that is scripted, and as busy as a centre is."""

import asyncio
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from small_pabx import END_WITH_US, free_port
from support.ami import sample, written
from support.ami_peer import SECRET, AmiPeer
from support.daemon_process import CCROUTER

PABX: Final = "main"
SERVICES: Final = 10
NUMBERS: Final = 20
POSITIONS: Final = 20
WITHIN_S: Final = 30.0
QUIET_S: Final = 0.2
QUIET: Final = 0.1
"""What a daemon with nothing to do takes of a processor at most, heartbeats and clocks included."""

HUNG_UP: Final = f'ccrouter_events_total{{event="CallHungUp",pabx="{PABX}"}}'

SETTINGS: Final = f"""
pabxs: [{{{{name: {PABX}, host: 127.0.0.1, port: {{ami}}, username: ccrouter, secret: {{{{file: ami-secret}}}}}}}}]
agi: {{{{host: 127.0.0.1, port: {{agi}}}}}}
http: {{{{host: 127.0.0.1, port: {{http}}}}}}
routing: routing.yaml
control: control.sock
state_dir: state
"""

SERVICE: Final = """
  service {n}:
    service_level: {{answered_within: 20s, target: 80%}}
    rules:
      - {{name: crisis,       when: {{mode: crisis}},      to: [backup, tunis]}}
      - {{name: out of hours, when: {{closed: office}},    to: [tunis, closed]}}
      - name: peak
        when:
          any:
            - waiting: {{queue: queue{n}, at_least: 5, until_below: 3}}
            - estimated_wait: {{queue: queue{n}, at_least: 60s, until_below: 30s, for: 10s}}
            - no_position_ready: queue{n}
        to: [tunis, house {n}, backup]
      - {{name: both, when: {{open: office}}, to: [{{share: {{house {n}: 70, tunis: 30}}}}, backup]}}
    otherwise: [house {n}, tunis, closed]
    while_waiting:
      - {{name: too long, when: {{waited: 90s}}, to: [tunis, backup]}}
"""


def routing_text() -> str:
    """Return the rules: some numbers, some services, and each of them asks for what centres ask for.

    It is always open, and the sites outside are never full: calls get the same decision at any hour and rate.
    """
    houses = "".join(f"  house {n}: {{in_house: {{queue: queue{n}, max_wait: 90s}}}}\n" for n in range(SERVICES))
    numbers = "".join(
        f'  "{number}": {{service: service {n % SERVICES}, label: Line {n}}}\n' for n, number in enumerate(numbers_of())
    )
    return f"""timezone: Europe/Paris
calendars:
  office: {{hours: "Mo-Su 00:00-24:00", exceptions: {{2020-12-24: "08:30-16:00", 2020-12-31: closed}}}}
sites:
{houses}
  tunis:
    external:
      dial: PJSIP/+21671000000@trunk-tunis
      answer_within: 25s
      max_calls: 100000
      calendar: office
      tariff: {{per_call: 0.10 EUR, per_minute: 0.32 EUR}}
  backup: {{external: {{dial: PJSIP/+33155000000@trunk-backup, answer_within: 20s, max_calls: 100000}}}}
messages: {{closed: {{play: ccrouter/closed}}}}
modes: [crisis, all_outside]
numbers:
{numbers}
services:
""" + "".join(SERVICE.format(n=n) for n in range(SERVICES))


def numbers_of() -> list[str]:
    """Return the numbers that callers dial."""
    return [f"0800123{n:03}" for n in range(NUMBERS)]


def processor_s(pid: int) -> float:
    """Return the processor time of a process so far, in seconds, of all its threads, to the nanosecond."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


@dataclass(frozen=True, slots=True)
class ScriptedHouse:
    """A daemon that runs.

    Attributes:
        pid: of its process.
        agi_port: where it is asked.
        key: what requests must bring.
        folder: its files; its log is ccrouter.log.

    """

    pid: int
    agi_port: int
    key: bytes
    folder: Path
    http_port: int
    _peer: AmiPeer
    _loop: asyncio.AbstractEventLoop

    def hang_up(self, uniqueids: Sequence[bytes]) -> None:
        """Have these calls end, and return when the daemon has taken that in."""
        before = self.metrics().get(HUNG_UP, 0.0)
        ended = sample(22, "Hangup")
        told = b"".join(
            written({**ended, "Uniqueid": each, "Linkedid": each}) for each in (each.decode() for each in uniqueids)
        )
        self.tell(told)
        self._wait(lambda: self.metrics().get(HUNG_UP, 0.0) == before + len(uniqueids))

    def tell(self, events: bytes) -> None:
        """Have the PABX send events."""
        self._loop.call_soon_threadsafe(self._peer.calls[-1].say, events)

    def metrics(self) -> dict[str, float]:
        """Return the samples of /metrics by name with labels, as written there."""
        with urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=WITHIN_S) as answer:
            text = answer.read().decode()
        samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def rest(self) -> float:
        """Return when the daemon has done all that it left for later, its journal and its log.

        What is returned is the processor time, in seconds, of the last look, when it had nothing to do.
        """
        idle_s = QUIET_S
        while idle_s >= QUIET * QUIET_S:
            before = processor_s(self.pid)
            time.sleep(QUIET_S)
            idle_s = processor_s(self.pid) - before
        return idle_s

    def _wait(self, holds: Callable[[], bool]) -> None:
        until = time.perf_counter() + WITHIN_S
        while not holds():
            if time.perf_counter() > until:
                raise SystemExit(f"the daemon is not as it should be; its log is {self.folder / 'ccrouter.log'}")
            time.sleep(0.05)


@contextmanager
def scripted_house() -> Iterator[ScriptedHouse]:
    """Run a daemon and its PABX, in a folder of their own; its log goes to a file, at the level that it has of itself.

    Raises:
        SystemExit: the daemon does not start.

    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ccrouter-bench-")))
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="scripted PABX", daemon=True)
        thread.start()
        stack.callback(loop.call_soon_threadsafe, loop.stop)
        peer = AmiPeer()
        peer.rows["QueueStatus"] = _queue_rows()
        asyncio.run_coroutine_threadsafe(peer.listen(), loop).result(WITHIN_S)
        agi, http = (free_port(socket.SOCK_STREAM, "127.0.0.1") for _ in range(2))
        (folder / "settings.yaml").write_text(SETTINGS.format(ami=peer.port, agi=agi, http=http))
        (folder / "routing.yaml").write_text(routing_text())
        (folder / "state").mkdir()
        (folder / "ami-secret").touch(0o600)
        (folder / "ami-secret").write_text(SECRET)
        log = stack.enter_context((folder / "ccrouter.log").open("wb"))
        process = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [*END_WITH_US, CCROUTER, "run", "--settings", folder / "settings.yaml"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        until = time.perf_counter() + WITHIN_S
        ready = False
        while not ready:
            if process.poll() is not None or time.perf_counter() > until:
                raise SystemExit(f"the daemon does not start:\n{(folder / 'ccrouter.log').read_text()}")
            time.sleep(0.05)
            ready = _ready(http)
        key = (folder / "state" / "agi.key").read_bytes().strip()
        yield ScriptedHouse(process.pid, agi, key, folder, http, peer, loop)


def _ready(http_port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{http_port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _queue_rows() -> list[dict[str, str]]:
    rows = []
    for n in range(SERVICES):
        queue = {"Queue": f"queue{n}"}
        rows.append({**sample(22, "QueueParams"), **queue})
        for position in range(POSITIONS):
            name = f"PJSIP/{n}{position:02}"
            who = {"Location": name, "Name": name, "StateInterface": name, "InCall": "0", "Status": "1"}
            rows.append({**sample(22, "QueueMember"), **queue, **who})
    return rows
