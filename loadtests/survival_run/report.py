"""The figures of a run, as a table for people and as JSON."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from survival_run.accounts import Account
from survival_run.faults import CALM, FAULTS, Span
from survival_run.house import NUMBERS

PROMISE_S: Final = 1.0
"""Worst delay that a router's fault may add, and only until its heartbeat is stale."""

LIMIT_S: Final = 1.5
"""A call whose added delay is longer breaks the promise; the rest is for a busy machine."""

COLUMNS: Final = (
    ("calls", 6),
    ("lost", 6),
    ("routed", 8),
    ("stored", 8),
    ("static", 8),
    ("p50", 10),
    ("p99", 10),
    ("max", 10),
    ("worst added", 14),
)


@dataclass(frozen=True, slots=True)
class PhaseFigures:
    """Calls of one phase: by plan, and milliseconds from the INVITE to the first sign; `worst_added_ms` over calm."""

    calls: int
    lost: int
    routed: int
    stored: int
    static: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    worst_added_ms: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is: Asterisk's version as it tells it, calls per second, for how long, and the seed."""

    asterisk: str
    rate: float
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a run; `left_over` says what the router still sees after the last call, empty for nothing."""

    setting: Setting
    offered: int
    reached: Mapping[str, int]
    lost: Sequence[Account]
    phases: Mapping[str, PhaseFigures]
    recovered_s: Mapping[str, float]
    worst_added_s: float
    left_over: str

    @property
    def broken(self) -> tuple[str, ...]:
        """Return what was promised and not kept."""
        told = []
        if self.lost:
            told.append(f"{len(self.lost)} of {self.offered} calls were lost")
        if self.offered != sum(self.reached.values()) + len(self.lost):
            told.append(f"{self.offered} calls were offered, but {sum(self.reached.values())} are accounted for")
        if self.worst_added_s > LIMIT_S:
            told.append(f"a call waited {self.worst_added_s:.2f} s longer than in calm, promised is {PROMISE_S:g} s")
        if self.left_over:
            told.append(self.left_over)
        return tuple(told)

    def content(self) -> dict[str, object]:
        """Return what becomes JSON."""
        return asdict(self) | {"promised_added_s": PROMISE_S, "limit_added_s": LIMIT_S, "broken": self.broken}


def figures(setting: Setting, found: Sequence[Account], spans: Sequence[Span], left_over: str) -> Report:
    """Return the figures of all calls."""
    usual = {number: _usual_s([call for call in found if call.number == number]) for number in NUMBERS}
    phases = {
        phase: _of_phase([call for call in found if call.phase == phase], usual)
        for phase in (CALM, *(span.name for span in spans))
    }
    return Report(
        setting=setting,
        offered=len(found),
        reached=dict(sorted(Counter(call.reached for call in found if call.reached).items())),
        lost=[call for call in found if not call.reached],
        phases=phases,
        recovered_s={span.name: round(span.recovered - span.ended, 3) for span in spans},
        worst_added_s=round(max(phase.worst_added_ms for phase in phases.values()) / 1000, 4),
        left_over=left_over,
    )


def _usual_s(calls: Sequence[Account]) -> float:
    """Return the median delay in calm, or over all where there was no calm."""
    calm = [call.delay_s for call in calls if call.phase == CALM and call.delay_s is not None]
    return statistics.median(calm or [call.delay_s for call in calls if call.delay_s is not None] or [0.0])


def _of_phase(calls: Sequence[Account], usual: Mapping[str, float]) -> PhaseFigures:
    delays_ms = sorted(call.delay_s * 1000 for call in calls if call.delay_s is not None)
    added_ms = [(call.delay_s - usual[call.number]) * 1000 for call in calls if call.delay_s is not None]
    entries = Counter(call.entry for call in calls)
    return PhaseFigures(
        calls=len(calls),
        lost=sum(not call.reached for call in calls),
        routed=entries["routed"],
        stored=entries["stored"],
        static=entries["static"],
        p50_ms=_percentile(delays_ms, 50),
        p99_ms=_percentile(delays_ms, 99),
        max_ms=_percentile(delays_ms, 100),
        worst_added_ms=round(max(added_ms, default=0.0), 2),
    )


def _percentile(values: Sequence[float], percent: int) -> float:
    return round(values[min(len(values) - 1, len(values) * percent // 100)], 2) if values else 0.0


def table(report: Report) -> str:
    """Return the result for people."""
    run = report.setting
    lines = [
        f"Asterisk {run.asterisk}: {run.rate:g} calls/s for {run.seconds:g} s, seed {run.seed}",
        "",
        f"{'':<20}" + "".join(f"{title:>{width}}" for title, width in COLUMNS),
    ]
    for name, phase in report.phases.items():
        title = name if name == CALM else FAULTS[name].title
        times = "".join(f"{value:>7.1f} ms" for value in (phase.p50_ms, phase.p99_ms, phase.max_ms))
        lines.append(
            f"{title:<20}{phase.calls:>6}{phase.lost:>6}{phase.routed:>8}{phase.stored:>8}{phase.static:>8}"
            f"{times}{phase.worst_added_ms:>11.1f} ms"
        )
    reached = ", ".join(f"{count} {kind}" for kind, count in report.reached.items())
    back = ", ".join(f"{FAULTS[name].title} {took_s:.2f} s" for name, took_s in report.recovered_s.items())
    lines += [
        "",
        "Times are from the INVITE to the first 180, 183 or 200; added is what a call waited longer than the median",
        "call to its number in calm. A phase lasts until the router is ready again.",
        "",
        f"offered {report.offered}, reached {sum(report.reached.values())}: {reached}",
        f"lost {len(report.lost)}",
        f"worst added delay {report.worst_added_s:.3f} s; promised: {PROMISE_S:g} s, until the heartbeat is stale",
        f"ready again after: {back or 'no fault'}",
        *(f"LOST {call.caller} to {call.number} ({call.phase}, {call.entry}): {call.why}" for call in report.lost),
        *(f"BROKEN: {what}" for what in report.broken),
    ]
    return "\n".join(lines)
