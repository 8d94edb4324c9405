"""Metrics of the compiled rules: whether they could be written, and which PABX has them in force."""

from contextlib import suppress
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge


class FallbackCounts:
    """How the compiled rules fare."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._writes = Counter(
            "ccrouter_fallback_writes_total",
            "Times that the rules were compiled for the PABX's own dialplan, by result: ok, failed.",
            ["result"],
            registry=registry,
        )
        self._told_when = False
        self._written_at = Gauge(
            "ccrouter_fallback_written_timestamp_seconds",
            "When the compiled rules were last found or put on disk as they should be; "
            "absent before, and where none are kept.",
            registry=None,
        )
        self._in_force = Gauge(
            "ccrouter_fallback_in_force",
            "1 when a PABX has the newest compiled rules in force, else 0; absent while it does not tell.",
            ["pabx"],
            registry=registry,
        )

    def written(self, result: Literal["ok", "failed"], at: float) -> None:
        """Count a try to keep the file."""
        self._writes.labels(result).inc()
        if result == "ok":
            self._written_at.set(at)
            if not self._told_when:  # without labels it would be 0 before
                self._registry.register(self._written_at)
                self._told_when = True

    def in_force(self, pabx: str, *, newest: bool) -> None:
        """Note what a PABX has in force."""
        self._in_force.labels(pabx).set(newest)

    def unknown(self, pabx: str) -> None:
        """Note that a PABX does not tell."""
        with suppress(KeyError):
            self._in_force.remove(pabx)
