"""How many calls one router can decide: FastAGI requests, beside servers that answer a constant."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from typing import Final

from bench_run.bench import Bench, Figure, Options, Promise, Subject, Taken
from bench_run.callers import NoPlanError, asked, fast, paced
from bench_run.scripted_house import ScriptedHouse, numbers_of, processor_s, scripted_house

RATES: Final = (100, 500, 1000)
OURS: Final = "ccrouter"
LEAST: Final = "minimal, uvloop"
PANORAMISK: Final = "panoramisk, uvloop"
CONSTANTS: Final = {
    "minimal": ("minimal", "asyncio"),
    LEAST: ("minimal", "uvloop"),
    "panoramisk": ("panoramisk", "asyncio"),
    PANORAMISK: ("panoramisk", "uvloop"),
}
JOURNAL: Final = ("ccrouter_journal_written_total", "ccrouter_journal_dropped_total")
SESSIONS: Final = "ccrouter_agi_sessions_total"
ENDED: Final = SESSIONS + '{result="answered"}'


class Server:
    """One of those that are asked.

    Args:
        house: of the daemon, where it is ours: its calls must end too.

    Attributes:
        port: where it is asked.

    """

    def __init__(self, pid: int, port: int, key: bytes, house: ScriptedHouse | None = None) -> None:
        self._pid = pid
        self.port = port
        self._key = key
        self._house = house
        self._dialled = [number.encode() for number in numbers_of()]
        self._uniqueids = (b"1795297266.%d" % number for number in count(1))

    def full_speed(self, requests: int) -> Mapping[str, float]:
        """Ask as fast as it goes; what the server leaves for later, journal and log, counts as processor time too."""
        calls = self._calls(requests)
        before = processor_s(self._pid)
        with self._answering():
            took_s, _ = fast(self.port, self._requests(calls))
        idle_s = self._house.rest() if self._house is not None else 0.0
        cpu_s = processor_s(self._pid) - before - idle_s
        self._end(calls)
        return {"rate": requests / took_s, "cpu": cpu_s / requests * 1e6, "carried": requests / cpu_s}

    def at_rate(self, rate: int, requests: int) -> Mapping[str, float]:
        """Ask so many times a second."""
        calls = self._calls(requests)
        with self._answering():
            waits_s = sorted(paced(self.port, self._requests(calls), rate))
        self._end(calls)
        return {"p50": waits_s[requests // 2] * 1e3, "p99": waits_s[requests * 99 // 100] * 1e3}

    def _calls(self, number: int) -> list[bytes]:
        return [next(self._uniqueids) for _ in range(number)]

    def _requests(self, calls: Sequence[bytes]) -> list[bytes]:
        return asked(calls, self._dialled, self._key)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """End the run where a request gets no answer: the figures would not be of what they say."""
        try:
            yield
        except NoPlanError as error:
            told = {} if self._house is None else self._house.metrics()
            ends = ", ".join(f"{name} {value:g}" for name, value in told.items() if name.startswith(SESSIONS) and value)
            raise SystemExit(f"{error}; is the machine busy with something else? {ends}") from None

    def _end(self, calls: Sequence[bytes]) -> None:
        """Have the calls end, so that there are never more in progress than a round makes."""
        if self._house is not None:
            self._house.hang_up(calls)
            self._house.rest()


@contextmanager
def constant(which: str, loop: str) -> Iterator[Server]:
    """Run a server that answers a constant."""
    told, speaks = os.pipe()
    command = [sys.executable, "-m", "bench_run.agi_servers", which, loop]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=speaks) as process,  # noqa: S603 - our own
        os.fdopen(told) as said,
    ):
        os.close(speaks)
        yield Server(process.pid, int(said.readline()), b"0" * 32)
        process.communicate()


_notes: list[str] = []


@contextmanager
def subjects(options: Options) -> Iterator[Sequence[Subject]]:
    """Run all servers, and the daemon."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(constant(*how)) for name, how in CONSTANTS.items()}
        house = stack.enter_context(scripted_house())
        servers[OURS] = Server(house.pid, house.agi_port, house.key, house)
        for server in servers.values():
            server.full_speed(options.of(2000, 500))
        yield [
            *(Subject(name, partial(each.full_speed, options.of(5000, 1000))) for name, each in servers.items()),
            *(
                Subject(name, partial(each.at_rate, rate, rate * options.of(20, 5) // 10), float(rate))
                for rate in RATES
                for name, each in servers.items()
            ),
        ]
        _notes[:] = _told(house)


def _told(house: ScriptedHouse) -> Iterator[str]:
    metrics = house.metrics()
    written, dropped = (metrics.get(name, 0.0) for name in JOURNAL)
    lines = (house.folder / "ccrouter.log").read_bytes().count(b"\n")
    yield (
        f"The daemon took {metrics.get(ENDED, 0.0):,.0f} calls, wrote {written:,.0f} entries of its journal (each "
        f"decision, and the end of each call) and dropped {dropped:,.0f}, and wrote {lines:,} lines of its log."
    )


def _harder(to: str, taken: Taken) -> float:
    return min(taken.ratio(figure, OURS, to) for figure in ("rate", "carried"))


BENCH: Final = Bench(
    name="agi",
    title="Asked for a call",
    about=(
        "A PABX asks over FastAGI where a call goes, each time over a TCP connection of its own: request, order, "
        "answer, end. `ccrouter` is the whole daemon with its defaults, linked to a scripted PABX whose queues it "
        "knows: it reads and checks the request, decides by the rules of one of ten services with a trace, reserves "
        "the place, sends the plan, and keeps metrics, log (in a file) and journal (on disk). The others answer a "
        "constant: the minimal server is the least that a server on this event loop can do and does not read what "
        "it is sent; panoramisk's own server splits the request into a dict. Each server has a process of its own. "
        "Processor time is all that a server's process took, with what it did later (journal, log): it does not "
        "depend on how fast it is asked."
    ),
    figures=(
        Figure("rate", "at full speed", "requests/s"),
        Figure("carried", "carried by one core", "requests per processor second"),
        Figure("cpu", "processor time", "µs per request"),
        Figure("p50", "p50 of the time a request takes", "ms", axis="requests/s", log=True),
        Figure("p99", "p99 of the time a request takes", "ms", axis="requests/s", log=True),
    ),
    promises=(
        Promise(
            "requests beside panoramisk's server on uvloop (the worse of at full speed and per processor second)",
            partial(_harder, PANORAMISK),
            "at least",
            1.0,
            "times",
        ),
        Promise(
            "requests beside the minimal server on uvloop (the worse of at full speed and per processor second)",
            partial(_harder, LEAST),
            "at least",
            0.5,
            "times",
        ),
        Promise(
            "p99 at 1,000 requests/s beside the minimal server on uvloop",
            lambda taken: taken.ratio("p99", OURS, LEAST, 1000.0),
            "at most",
            3.0,
            "times",
        ),
    ),
    subjects=subjects,
    notes=lambda: _notes,
)
