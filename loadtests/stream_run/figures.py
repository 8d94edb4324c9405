"""The figures of a run."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """How values lie, in milliseconds."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, values_s: Iterable[float]) -> "Spread":
        """Return how values, in seconds, lie; none of them gives zeros."""
        told = sorted(values_s)
        if not told:
            return cls(0, 0.0, 0.0, 0.0)
        return cls(len(told), _ms(_quantile(told, 0.5)), _ms(_quantile(told, 0.99)), _ms(told[-1]))


@dataclass(slots=True)
class Half:
    """What was measured with, or without, clients: over all blocks of that kind.

    Attributes:
        answers_s: time to the first answer of each call; `blocks` how it lay in each block.
        cpu_s, wall_s: of the daemon's process, and how long that was.
        rss_mb: memory of the daemon at the end of each block.
        late_ms: how late the daemon's event loop ran at the most, in each block.

    """

    answers_s: list[float] = field(default_factory=list)
    blocks: list[Spread] = field(default_factory=list)
    unanswered: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    rss_mb: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)

    @property
    def p99_ms(self) -> float:
        """Return the median of the blocks' p99: what else the machine does in one of them does not decide."""
        return median(each.p99_ms for each in self.blocks)

    def content(self) -> dict[str, object]:
        """Return it for JSON."""
        spread = Spread.of(self.answers_s)
        return {
            "calls": spread.count,
            "calls_without_an_answer": self.unanswered,
            "first_answer_p50_ms": spread.p50_ms,
            "first_answer_p99_ms": spread.p99_ms,
            "first_answer_max_ms": spread.max_ms,
            "first_answer_p99_ms_of_each_block": [each.p99_ms for each in self.blocks],
            "daemon_cpu_percent": round(100 * self.cpu_s / self.wall_s, 1) if self.wall_s else None,
            "daemon_rss_mb": [round(each, 1) for each in self.rss_mb],
            "loop_late_ms": [round(each, 1) for each in self.late_ms],
        }


def delays(told: Mapping[str, float], seen: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return by kind of event, for each client that saw it, the seconds from the PABX's word to the client's."""
    found: dict[str, list[float]] = {}
    for key, instants in seen.items():
        if key in told:
            found.setdefault(key.partition(" ")[0], []).extend(at - told[key] for at in instants)
    return found


def _quantile(told: Sequence[float], share: float) -> float:
    return told[min(len(told) - 1, math.ceil(share * len(told)) - 1)]


def _ms(value_s: float) -> float:
    return round(1000 * value_s, 1)
