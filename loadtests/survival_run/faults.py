"""What is done to the router and to its link while calls come in, and when."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ccrouter.clock import Clock
from support.real_house import RealHouse, in_sync

LONGEST_S: Final = 7.0
LEAD_SHARE: Final = 0.1
FAULT_SHARE: Final = 0.55

CALM: Final = "calm"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail: how it begins and ends; `title` is for the table."""

    title: str
    begin: Callable[[RealHouse], None]
    end: Callable[[RealHouse], None]


FAULTS: Final[Mapping[str, Fault]] = {
    "kill": Fault("killed by -9", lambda house: house.daemon.kill(), lambda house: house.daemon.start()),
    "stop": Fault("stopped (SIGSTOP)", lambda house: house.daemon.freeze(), lambda house: house.daemon.thaw()),
    "cut": Fault("AMI cut", lambda house: house.relay.refuse(), lambda house: house.relay.mend()),
    "silence": Fault("AMI silent", lambda house: house.relay.hold(), lambda house: house.relay.mend()),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A fault's place in the run: seconds from its begin to the fault, and the length of the fault."""

    name: str
    at_s: float
    length_s: float


@dataclass(frozen=True, slots=True)
class Span:
    """A fault as it was: instants (seconds since 1970) of its begin, of its end, and of the router's recovery."""

    name: str
    began: float
    ended: float
    recovered: float


def course(names: Sequence[str], seconds: float, rng: random.Random) -> list[Slot]:
    """Share a run out among faults: each in a slot of its own, at a random place in it, with calm around it."""
    lead_s = seconds * LEAD_SHARE
    slot_s = (seconds - lead_s) / max(1, len(names))
    length_s = min(LONGEST_S, slot_s * FAULT_SHARE)
    play_s = (slot_s - length_s) * 0.2
    return [Slot(name, lead_s + n * slot_s + rng.uniform(0, play_s), length_s) for n, name in enumerate(names)]


def play(house: RealHouse, slots: Sequence[Slot], clock: Clock, say: Callable[[str], None]) -> list[Span]:
    """Carry out the course, which begins now, and return it as it was.

    Raises:
        DaemonError: the router did not recover.

    """
    began = clock.steady()
    spans = []
    for slot in slots:
        fault = FAULTS[slot.name]
        time.sleep(max(0.0, began + slot.at_s - clock.steady()))
        at = clock.now()
        say(f"{clock.steady() - began:5.1f} s  {fault.title}")
        fault.begin(house)
        time.sleep(slot.length_s)
        ended = clock.now()
        fault.end(house)
        house.daemon.wait_until(in_sync)
        spans.append(Span(slot.name, at, ended, clock.now()))
        say(f"{clock.steady() - began:5.1f} s  over; ready again after {spans[-1].recovered - ended:.2f} s")
    return spans
