"""When which fault comes: worked out from the seed before the run, and then carried out."""

import heapq
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ccrouter.clock import Clock
from chaos_run.faults import FAULTS, Fault
from chaos_run.house import House

FIRST_AT_S: Final = 3.0
CALM_AT_END_S: Final = 5.0
GAP_S: Final = (4.0, 10.0)
TOGETHER: Final = 0.2
"""Chance that a fault comes within a second of the one before it, and not after a gap."""

READY_AGAIN_S: Final = 2.0
"""How long after its end what a fault touched is left alone."""

ROLLED: Final = "restart"
ROLLED_AFTER_S: Final = 8.0
"""Of two routers, the other one is restarted as well, so much later, as for an upgrade."""

SPARED_FROM: Final = 0.6
"""From this part of the run on no fault ends a router's process, so that its memory can be watched."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A fault's place in the run, in seconds from its begin; `rank` is the router that it is at."""

    name: str
    rank: int
    at_s: float
    length_s: float

    @property
    def touched(self) -> frozenset[str]:
        """Return what it touches; what belongs to one router bears its rank."""
        fault = FAULTS[self.name]
        return fault.touches | {f"{each}{self.rank}" for each in fault.touches_at_router}


@dataclass(slots=True)
class Span:
    """A fault as it was, in instants (seconds since 1970).

    Attributes:
        ended: what was done was undone.
        recovered: the routers were ready again.
        over: calls do not count as its own any more.
        asked_again: the PABX leaves no router out because of it any more.

    """

    name: str
    rank: int
    began: float
    ended: float = float("inf")
    recovered: float = float("inf")
    over: float = float("inf")
    asked_again: float = float("inf")

    @property
    def fault(self) -> Fault:
        """Return which fault it was."""
        return FAULTS[self.name]


def random_course(seconds: float, routers: int, rng: random.Random, names: Sequence[str] = tuple(FAULTS)) -> list[Slot]:
    """Return faults in random order, one every few seconds; two touch the same thing only one after the other."""
    slots: list[Slot] = []
    at_s = FIRST_AT_S
    while at_s < seconds - CALM_AT_END_S:
        possible = [
            slot
            for name in names
            for slot in [_drawn(name, at_s, routers, rng)]
            if not (FAULTS[name].ends_router and at_s > seconds * SPARED_FROM) and not _in_the_way(slot, slots)
        ]
        if possible:
            [slot] = rng.choices(possible, [FAULTS[slot.name].weight for slot in possible])
            slots.append(slot)
            if slot.name == ROLLED and routers > 1:
                other = Slot(ROLLED, 3 - slot.rank, slot.at_s + ROLLED_AFTER_S, slot.length_s)
                slots += [] if _in_the_way(other, slots) else [other]
        at_s += rng.uniform(0, 1) if rng.random() < TOGETHER else rng.uniform(*GAP_S)
    return sorted(slots, key=lambda slot: slot.at_s)


def scripted_course(names: Sequence[str], seconds: float, routers: int, rng: random.Random) -> list[Slot]:
    """Return these faults in their order, with equal room for each."""
    room_s = (seconds - FIRST_AT_S - CALM_AT_END_S) / max(1, len(names))
    drawn = [_drawn(name, FIRST_AT_S + n * room_s, routers, rng) for n, name in enumerate(names)]
    return [Slot(slot.name, slot.rank, slot.at_s, min(slot.length_s, room_s * 0.6)) for slot in drawn]


def _drawn(name: str, at_s: float, routers: int, rng: random.Random) -> Slot:
    rank = rng.randint(1, routers)
    return Slot(name, rank, at_s, rng.uniform(*FAULTS[name].lasts_s))


def _in_the_way(slot: Slot, slots: Sequence[Slot]) -> bool:
    return any(_together(slot, each) and slot.touched & each.touched for each in slots)


def _together(one: Slot, other: Slot) -> bool:
    return (
        one.at_s < other.at_s + other.length_s + READY_AGAIN_S and other.at_s < one.at_s + one.length_s + READY_AGAIN_S
    )


def play(house: House, slots: Sequence[Slot], seed: int, clock: Clock, say: Callable[[str], None]) -> list[Span]:
    """Carry out the course, which begins now, and return it as it was."""
    began = clock.steady()
    spans: list[Span] = []
    due: list[tuple[float, int, Callable[[], None]]] = []

    def begin(slot: Slot, number: int) -> None:
        say(f"{clock.steady() - began:6.1f} s  {FAULTS[slot.name].title}{_at(slot, house)}")
        span = Span(slot.name, slot.rank, clock.now())
        spans.append(span)
        end = FAULTS[slot.name].begin(house, slot.rank, random.Random(f"{seed} {number}"))  # noqa: S311 - repeatable
        left_s = slot.length_s - (clock.now() - span.began)

        def finish() -> None:
            end()
            span.ended = clock.now()

        heapq.heappush(due, (clock.steady() + max(0.0, left_s), -number, finish))

    for number, slot in enumerate(slots, 1):
        heapq.heappush(due, (began + slot.at_s, number, lambda slot=slot, number=number: begin(slot, number)))  # type: ignore[misc]
    try:
        while due:
            at, _, act = heapq.heappop(due)
            time.sleep(max(0.0, at - clock.steady()))
            act()
    finally:
        for _, number, act in sorted(due):
            if number < 0:
                act()  # a disk that stays frozen can't be let go
    return spans


def _at(slot: Slot, house: House) -> str:
    return f", router {slot.rank}" if FAULTS[slot.name].of_router and len(house.routers) > 1 else ""
