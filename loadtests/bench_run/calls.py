"""The bench `calls`: real calls through a real Asterisk, routed by nothing, by its own dialplan, and by ccrouter."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from bench_run.agi import CONSTANTS, LEAST, constant
from bench_run.bench import Bench, Figure, Options, Promise, Subject, Taken
from bench_run.call_house import NUMBER, CallHouse, call_house
from bench_run.carrier import Carrier, Met

STEADY: Final = 100.0
"""Calls a second at which times are taken."""

NATIVE: Final = "native dialplan"
ASKING: Final = "native dialplan that asks for a constant"
NUMBERS: Final[Mapping[str, str]] = {
    "nothing": "0800000001",
    NATIVE: "0800000002",
    ASKING: "0800000003",
    "ccrouter": NUMBER,
}

LOWEST: Final = 20.0
STEP: Final = 1.05
"""From one rate to the next one, and in the first round, until one is too high, five at once."""


@dataclass(slots=True)
class _Caller:
    """Takes the figures of one subject; its search for the highest rate begins near where the last one ended."""

    house: CallHouse
    carrier: Carrier
    name: str
    steady_s: float
    step_s: float
    near: float = 0.0

    def measure(self) -> Mapping[str, float]:
        decided, before = self.house.decided(), self.house.used()
        met = self.carrier.place(NUMBERS[self.name], STEADY, self.steady_s)
        self.house.wait_until_quiet()
        used = {name: 1e3 * (now - before[name]) / met.placed for name, now in self.house.used().items()}
        return {
            **{f"p{percent}": met.percentile_ms(percent) for percent in (50, 90, 99)},
            "asterisk": used["asterisk"],
            "router": used["router"],
            "parties": used["sites"] + 1e3 * met.processor_s / met.placed,
            "faults": met.faults + self._unrouted(decided, met),
            "highest": self._highest(),
        }

    def _highest(self) -> float:
        """Return the highest rate that was clean, coming from below."""
        if not self.near:
            self.near = STEADY
            while self._clean(self.near * STEP**5):
                self.near *= STEP**5
        rate = self.near
        while not self._clean(rate):
            rate /= STEP
            if rate < LOWEST:
                raise RuntimeError(f"{self.name}: {LOWEST} calls/s were not clean")
        while self._clean(rate * STEP):
            rate *= STEP
        self.near = rate / STEP
        return rate

    def _clean(self, rate: float) -> bool:
        """Tell whether a rate was clean at once or when repeated: anything may disturb a machine for a moment."""
        return self._clean_once(rate) or self._clean_once(rate)

    def _clean_once(self, rate: float) -> bool:
        decided = self.house.decided()
        met = self.carrier.place(NUMBERS[self.name], rate, self.step_s)
        self.house.wait_until_quiet()
        return met.clean and not self._unrouted(decided, met)

    def _unrouted(self, decided: float, met: Met) -> float:
        """Return how many calls the router did not decide, though it should have: its PABX went on without it."""
        return met.placed - (self.house.decided() - decided) if self.name == "ccrouter" else 0


_ASTERISK: Final[list[str]] = []


@contextmanager
def _subjects(options: Options) -> Iterator[Sequence[Subject]]:
    with ExitStack() as stack:
        house = stack.enter_context(call_house(stack.enter_context(constant(*CONSTANTS[LEAST])).port))
        carrier = Carrier(house.pabx.sip_port)
        stack.callback(carrier.close)
        version = re.search(r"Asterisk (\S+)", house.pabx.cli("core show version"))
        _ASTERISK[:] = [version[1] if version else ""]
        callers = {name: _Caller(house, carrier, name, options.of(8, 3), options.of(3, 1)) for name in NUMBERS}
        for caller in callers.values():
            carrier.place(NUMBERS[caller.name], STEADY / 2, 2)
        yield [Subject(name, caller.measure) for name, caller in callers.items()]


def _notes() -> Sequence[str]:
    return (f"Asterisk {''.join(_ASTERISK)}.",)


def _added(percent: int) -> Promise:
    return Promise(
        says=f"what ccrouter adds to the native dialplan of the same policy at {STEADY:g} calls/s, p{percent}",
        value=lambda taken: taken.more(f"p{percent}", "ccrouter", NATIVE),
        side="at most",
        limit={50: 0.5, 99: 1.5}[percent],
        unit="ms",
    )


def _faults(taken: Taken) -> float:
    return sum(sum(taken.of("faults", name)) for name in NUMBERS)


BENCH: Final = Bench(
    name="calls",
    title="Real calls through a real Asterisk",
    about=(
        "From the INVITE to the 200 OK of the site that answers at once, by the kernel's own clock, and the highest "
        "rate at which no call is lost, no message is sent again and each call is answered within half a second. "
        "All subjects are numbers of the same Asterisk, which the router is linked to: `nothing` dials a site at once; "
        "the native dialplan (loadtests/bench_run/native.conf) looks at a mode, hours, the load of a queue, a share "
        "and capacities, as ccrouter's rules do; a third number goes the same way, but asks the minimal server of the "
        "bench `agi` before, over FastAGI, and ignores what it says. Calls last half a second and carry no sound; the "
        "carrier and the sites (SIPp) are on the same processor cores."
    ),
    figures=(
        Figure("p50", f"INVITE to 200 OK at {STEADY:g} calls/s, p50", "ms"),
        Figure("p90", f"INVITE to 200 OK at {STEADY:g} calls/s, p90", "ms"),
        Figure("p99", f"INVITE to 200 OK at {STEADY:g} calls/s, p99", "ms"),
        Figure("highest", "Highest clean rate", "calls/s"),
        Figure("asterisk", "Asterisk's processor time for a call", "ms"),
        Figure("router", "The router's processor time for a call", "ms"),
        Figure("parties", "Processor time of the carrier and the sites for a call", "ms"),
        Figure("faults", f"What went wrong at {STEADY:g} calls/s", "calls"),
    ),
    promises=(
        _added(50),
        _added(99),
        Promise(
            "the highest clean rate, as a part of the native dialplan's",
            lambda taken: taken.ratio("highest", "ccrouter", NATIVE),
            "at least",
            0.9,
        ),
        Promise(f"calls that went wrong at {STEADY:g} calls/s", _faults, "at most", 0),
    ),
    subjects=_subjects,
    notes=_notes,
)
