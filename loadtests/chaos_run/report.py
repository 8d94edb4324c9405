"""The figures of a run."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from chaos_run.accounts import Account
from chaos_run.blame import CALM, faults_of, rows, title
from chaos_run.course import Span
from chaos_run.faults import CALM_ADDED_S, FAULTS, SLACK_S
from chaos_run.house import NUMBERS, POSITIONS, SITES

PABX_AWAY: Final = "pabx-restart"
BLACK_HOLE: Final = "black-hole"

OTHER_HANGS_S: Final = 0.5
"""A caller who lost 2 s in the black hole of one router asks the other one, which may hang in that very moment."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Calls, and milliseconds that they waited longer for a first sign than the median call to their number in calm."""

    calls: int
    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True)
class FaultFigures:
    """One row: a fault, or several at once; the calls that count here, by plan, and what they waited longer.

    Attributes:
        times: how often it was there; None where several were there at once.
        elsewhere: calls that met it, but count in the row of what explains that they went without a router, or waited.
        promised_ms: what a caller may wait longer; None where the PABX itself was away.
        recovered_s: the longest from its end until calls could be routed again; None where that has no meaning.

    """

    title: str
    times: int | None
    elsewhere: int
    lost: int
    entries: Mapping[str, int]
    added: Delays
    promised_ms: float | None
    recovered_s: float | None


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is: versions, machine, calls per second, for how long, the seed, and which form faults had."""

    asterisk: str
    ccrouter: str
    machine: str
    routers: int
    rate: float
    seconds: float
    seed: int
    forms: Sequence[str]


@dataclass(frozen=True, slots=True)
class Capacity:
    """Most calls at once in a place's own log, and how many it takes."""

    seen: int
    allowed: int


@dataclass(frozen=True, slots=True)
class Busy:
    """How busy the machine was: the run's own greatest delay, the highest load average of a minute, its cores."""

    late_s: float
    load: float
    cores: int


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a run."""

    setting: Setting
    offered: int
    reached: Mapping[str, int]
    moved: int
    busy: Busy
    ended_by_pabx: Sequence[Mapping[str, object]]
    lost: Sequence[Mapping[str, object]]
    late: Sequence[Mapping[str, object]]
    unrouted: Sequence[Mapping[str, object]]
    slow: Sequence[Mapping[str, object]]
    entries: Mapping[str, int]
    added: Delays
    added_elsewhere: Delays
    added_in_black_hole: Delays
    by_fault: Mapping[str, FaultFigures]
    capacity: Mapping[str, Capacity]
    left_over: Sequence[str]
    shares: Mapping[str, object] = field(default_factory=dict)
    memory: Sequence[Mapping[str, object]] = ()
    course: Sequence[Mapping[str, object]] = ()

    @property
    def without_router_in_calm(self) -> int:
        """Return how many calls went by a plan that no router gave, with no fault about."""
        return sum(
            count for entry, count in self.by_fault[CALM].entries.items() if entry not in {"routed", "not heard"}
        )


class Usual:
    """What callers of each number wait for their first sign in calm: the median, in seconds."""

    def __init__(self, found: Sequence[Account]) -> None:
        self._median = {number: _median([call for call in found if call.number == number]) for number in NUMBERS}

    def added_s(self, call: Account) -> float:
        """Return what a call waited longer; nothing for one without a sign."""
        return 0.0 if call.delay_s is None else call.delay_s - self._median[call.number]


def _median(calls: Sequence[Account]) -> float:
    calm = [call.delay_s for call in calls if not call.faults and call.delay_s is not None]
    return statistics.median(calm or [call.delay_s for call in calls if call.delay_s is not None] or [0.0])


def promised_s(faults: Iterable[str]) -> float | None:
    """Return what a caller who meets these may wait longer; None where the PABX is away."""
    if PABX_AWAY in faults:
        return None
    hung_s = OTHER_HANGS_S if BLACK_HOLE in faults and "stop" in faults else 0.0
    return max([CALM_ADDED_S, *(FAULTS[name].added_s for name in faults)]) + hung_s


def by_fault(found: Sequence[Account], spans: Sequence[Span], usual: Usual) -> dict[str, FaultFigures]:
    """Return the figures of each row of the table."""
    times = Counter(span.name for span in spans)
    figures = {}
    for name, calls in rows(found, {call.caller: usual.added_s(call) for call in found}).items():
        promise = promised_s(faults_of(name))
        took = [span.recovered - span.ended for span in spans if span.name == name and span.recovered < float("inf")]
        met = sum(name in call.faults for call in found)
        figures[name] = FaultFigures(
            title=title(name),
            times=times[name] if name in FAULTS else None,
            elsewhere=met - len(calls) if name in FAULTS else 0,
            lost=sum(not call.reached for call in calls),
            entries=entries(calls),
            added=delays(calls, usual),
            promised_ms=None if promise is None else promise * 1000,
            recovered_s=round(max(took), 2) if took else None,
        )
    return figures


def delays(calls: Sequence[Account], usual: Usual) -> Delays:
    """Return what these calls waited longer than in calm."""
    added = sorted(usual.added_s(call) * 1000 for call in calls)
    return Delays(len(calls), percentile(added, 50), percentile(added, 99), percentile(added, 100))


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile of sorted values, 0 where there are none."""
    return round(values[min(len(values) - 1, len(values) * percent // 100)], 1) if values else 0.0


def entries(calls: Iterable[Account]) -> dict[str, int]:
    """Return how many calls went by which plan, as the PABX told."""
    return dict(sorted(Counter(call.course.entry or "not heard" for call in calls).items()))


def late(found: Iterable[Account], usual: Usual) -> list[Account]:
    """Return the calls that waited longer than promised."""
    kept = []
    for call in found:
        promise = promised_s(call.faults)
        if promise is not None and usual.added_s(call) > promise + SLACK_S:
            kept.append(call)
    return kept


def story(call: Account, usual: Usual) -> dict[str, object]:
    """Return what is known of one call."""
    return {
        "caller": call.caller,
        "number": call.number,
        "sent": round(call.sent, 3),
        "over": round(call.over, 3),
        "why": call.why,
        "added_ms": round(usual.added_s(call) * 1000, 1),
        "faults": sorted(call.faults),
        "entry": call.course.entry,
        "steps": call.course.steps,
        "died": call.died,
    }


def reached(found: Iterable[Account]) -> dict[str, int]:
    """Return how many calls reached what."""
    return dict(sorted(Counter(call.reached for call in found if call.reached).items()))


def capacity(most: Mapping[str, int]) -> dict[str, Capacity]:
    """Return what each place had at once, and what it may have."""
    allowed = {**POSITIONS, **SITES}
    return {name: Capacity(seen, allowed[name]) for name, seen in most.items()}
