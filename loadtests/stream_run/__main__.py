"""Places real SIP calls on a real Asterisk, in blocks without and with clients of the stream, one after the other.

Tells how long after the PABX's word each client heard what happened to a call (the PABX is heard over a session of our
own), what calls waited for their first answer in both halves, and what the daemon took of processor and memory. One
more client never reads. The exit status is 1 when a promise was broken: an event that a client missed or that came more
than a second late, a stream that ended, a board that is not what the events say, calls that wait longer with clients
than without (the median of the blocks' p99: more than 10 %, and more than 5 ms).
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import time
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import psutil

from ccrouter.clock import SystemClock
from chaos_run.house import NUMBERS, House, house
from phones import Call, Callers, Placed
from stream_run.figures import Half, Spread, delays
from support.real_house import in_sync
from support.sse import Merged, events_in

TOKEN: Final = "ccrouter_" + "s" * 43
SIGNS: Final = ("180", "183", "200")
TALK_MS: Final = 20_000
OVER_WITHIN_S: Final = 60.0
SETTLED_S: Final = 1.0
SOON_MS: Final = 1000.0
MORE: Final = (1.10, 5.0)
"""What calls may wait longer with clients than without: by this factor, or by so many milliseconds."""


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(
        prog="loadtests/stream", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--version", type=int, choices=(22, 16), default=22, help="of Asterisk (22)")
    options.add_argument("--clients", type=int, default=200, help="that read the stream (200)")
    options.add_argument("--seconds", type=float, default=60, help="with clients, and as many without (60)")
    options.add_argument("--blocks", type=int, default=4, help="into which each half is cut (4)")
    options.add_argument("--rate", type=float, default=20, help="calls per second (20)")
    options.add_argument("--seed", type=int, default=1, help="of the numbers called (1)")
    options.add_argument("--json", type=Path, help="where the figures go (loadtests/results/stream.json)")
    given = options.parse_args()
    with house(given.version, off_clock=False) as here:
        let_in(here)
        figures = Run(here, given).all()
    path = given.json or Path(__file__).parent.parent / "results" / "stream.json"
    path.write_text(json.dumps(figures, indent=2) + "\n")
    say(json.dumps(figures, indent=2))
    say(f"Written to {path}")
    sys.exit(1 if figures["broken"] else 0)


def let_in(here: House) -> None:
    """Have the daemon serve the API over TCP, to our token."""
    [daemon] = here.routers
    tokens = here.folder / "tokens"
    tokens.touch(0o600)
    tokens.write_text(f"tokens:\n  wall: {{role: read, sha256: {sha256(TOKEN.encode()).hexdigest()}}}\n")
    text = daemon.settings.read_text()
    written = f"port: {daemon.http_port}}}"
    daemon.stop()
    daemon.settings.write_text(text.replace(written, f"port: {daemon.http_port}, tokens: tokens}}"))
    daemon.start()
    daemon.wait_until(in_sync)


class Run:
    """All blocks of a run."""

    def __init__(self, here: House, given: argparse.Namespace) -> None:
        self.here = here
        self.given = given
        self.clock = SystemClock()
        self.halves = {False: Half(), True: Half()}
        self.delays: dict[str, list[float]] = {}
        self.seen = self.missed = self.ended = self.bytes = 0
        self.connected_s: list[float] = []
        self.clients_cpu_s = 0.0
        self.loads: list[float] = []
        self.boards_agree = True
        self._rng = random.Random(given.seed)  # noqa: S311 - chosen to be repeatable
        self._daemon = psutil.Process(here.routers[0].pid)

    def all(self) -> dict[str, Any]:
        """Run all blocks, and return the figures."""
        seconds = self.given.seconds / self.given.blocks
        say(f"Asterisk {self.here.asterisk()}; {self.given.rate:g} calls/s, {self.given.clients} clients")
        self._calls("warm-up", 10.0)
        for block in range(self.given.blocks):
            # Each goes first half of the time: what grows with the run is in both.
            for watched in (block % 2 == 1, block % 2 == 0):
                self._block(f"block {block + 1} {'with' if watched else 'without'} clients", seconds, watched=watched)
        return self._figures()

    def _block(self, name: str, seconds: float, *, watched: bool) -> None:
        clients = self._started("clients", self.here.routers[0].http_port, TOKEN, self.given.clients, self._text)
        hearing = self._started("hearing", self.here.pabx.ami_port, self.here.pabx.ami_secret)
        if watched:
            while self._streams():  # those of the block before: all of them together are more than there may be
                time.sleep(0.1)
            self._go(clients)
            while self._streams() <= self.given.clients:
                time.sleep(0.1)
        half, cpu, began = self.halves[watched], sum(self._daemon.cpu_times()[:2]), self.clock.steady()
        placed = self._calls(name.replace(" ", "-"), seconds)
        half.cpu_s += sum(self._daemon.cpu_times()[:2]) - cpu
        half.wall_s += self.clock.steady() - began
        if watched:
            self.clients_cpu_s += sum(psutil.Process(clients.pid).cpu_times()[:2])
        self.loads.append(os.getloadavg()[0])
        half.rss_mb.append(self._daemon.memory_info().rss / 2**20)
        half.late_ms.append(1000 * self.here.routers[0].metrics().get("ccrouter_loop_lag_max_seconds", 0.0))
        waits = [_first_answer_s(each) for each in placed]
        half.answers_s += [wait for wait in waits if wait is not None]
        half.unanswered += waits.count(None)
        time.sleep(SETTLED_S)
        told = json.loads(hearing.communicate(timeout=30)[0])
        if watched:
            boards = [self._board()]
            time.sleep(SETTLED_S)
            came = json.loads(clients.communicate(timeout=120)[0])
            self._take(came, told, [*boards, self._board()])
        else:
            clients.kill()
            clients.communicate()
        spread = Spread.of(wait for wait in waits if wait is not None)
        half.blocks.append(spread)
        say(f"{name}: first answer p50 {spread.p50_ms} ms, p99 {spread.p99_ms} ms, max {spread.max_ms} ms")

    def _take(self, came: dict[str, Any], told: dict[str, float], boards: list[dict[str, Any]]) -> None:
        found = delays(told, came["seen"])
        for kind, values in found.items():
            self.delays.setdefault(kind, []).extend(values)
        self.connected_s.append(came["connected_s"])
        self.ended += came["ended"]
        self.bytes += came["bytes"]
        self.seen += sum(map(len, found.values()))
        self.missed += sum(max(0, self.given.clients - len(came["seen"].get(key, ()))) for key in told)
        merged = Merged()
        for event in events_in(self._text.read_bytes()):
            merged.take(event)
        if merged.sections not in boards:
            self.boards_agree = False
            different = [name for name, value in boards[0].items() if value != merged.sections.get(name)]
            say(f"the events say something else than the board of {', '.join(different)}")

    def _board(self) -> dict[str, Any]:
        asked = Request(
            f"http://127.0.0.1:{self.here.routers[0].http_port}/api/v1/board",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        with urlopen(asked, timeout=10) as answer:  # noqa: S310 - likewise
            return {name: value for name, value in json.loads(answer.read()).items() if name != "at"}

    def _calls(self, name: str, seconds: float) -> list[Placed]:
        calls = [
            Call(caller=f"+999{self._rng.randrange(10**8):08}", number=self._rng.choice(NUMBERS))
            for _ in range(round(seconds * self.given.rate))
        ]
        with Callers(
            self.here.pabx,
            self.here.telephones,
            calls,
            name=name,
            per_s=self.given.rate,
            patience_ms=30_000,
            talk_ms=TALK_MS,
        ) as callers:
            return callers.wait(seconds + OVER_WITHIN_S)

    def _streams(self) -> float:
        return self.here.routers[0].metrics()["ccrouter_stream_clients"]

    @property
    def _text(self) -> Path:
        return self.here.folder / "stream.text"

    def _started(self, part: str, *arguments: object) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [sys.executable, "-m", f"stream_run.{part}", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _go(self, part: "subprocess.Popen[str]") -> None:
        if part.stdin is not None:
            part.stdin.write("\n")
            part.stdin.flush()

    def _figures(self) -> dict[str, Any]:
        without, watched = self.halves[False], self.halves[True]
        dropped = self.here.routers[0].metrics()
        late = {kind: asdict(Spread.of(values)) for kind, values in sorted(self.delays.items())}
        everything = Spread.of(value for values in self.delays.values() for value in values)
        ratio = round(watched.p99_ms / without.p99_ms, 3) if without.p99_ms else None
        allowed_ms = max(MORE[0] * without.p99_ms, without.p99_ms + MORE[1])
        promises = {
            "an event reached a client late, or not at all": self.missed > 0 or everything.max_ms > SOON_MS,
            "a stream ended whose client reads": self.ended > 0,
            "the events said something else than the board": not self.boards_agree,
            "calls waited longer with clients": watched.p99_ms > allowed_ms,
        }
        return {
            "asterisk": self.here.asterisk(),
            "ccrouter": version_of("ccrouter"),
            "machine": f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}",
            "load_average": [round(each, 1) for each in self.loads],
            "clients": self.given.clients,
            "calls_per_s": self.given.rate,
            "seconds_each_half": self.given.seconds,
            "delay_from_the_pabx_to_each_client": {**late, "all": asdict(everything)},
            "events_seen": self.seen,
            "events_missed": self.missed,
            "clients_connected_s": self.connected_s,
            "cpu_percent_of_the_clients_themselves": round(100 * self.clients_cpu_s / max(0.1, watched.wall_s), 1),
            "kb_per_s_and_client": round(self.bytes / 1024 / self.given.clients / max(0.1, watched.wall_s), 1),
            "never_reads": {
                reason: dropped[f'ccrouter_stream_dropped_total{{reason="{reason}"}}'] for reason in ("slow", "behind")
            },
            "without_clients": without.content(),
            "with_clients": watched.content(),
            "first_answer_p99_ms_median_of_blocks": {"without": without.p99_ms, "with": watched.p99_ms},
            "first_answer_p99_ratio": ratio,
            "broken": [what for what, is_so in promises.items() if is_so],
        }


def _first_answer_s(call: Placed) -> float | None:
    for sign in SIGNS:
        if sign in call.names:
            return call.after_s(sign)
    return None


def say(line: str) -> None:
    """Tell progress and result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
