"""Counters of the journal of decisions."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class JournalCounts:
    """How writing the journal goes. A journal that can't be written costs no call, so this is where it is seen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._written = Counter(
            "ccrouter_journal_written_total", "Decisions and ends of calls that are in the journal.", registry=registry
        )
        self._dropped = Counter(
            "ccrouter_journal_dropped_total",
            "Decisions and ends of calls that are missing in the journal, because too many waited.",
            registry=registry,
        )
        self._errors = Counter(
            "ccrouter_journal_errors_total", "Times that the journal could not be written.", registry=registry
        )
        self._healthy = Gauge(
            "ccrouter_journal_healthy", "1 when the journal could be written the last time, else 0.", registry=registry
        )
        self._healthy.set(1)
        self._waiting = Gauge(
            "ccrouter_journal_queue_length",
            "Decisions and ends of calls that wait to be written into the journal.",
            registry=registry,
        )

    def follow(self, waiting: Callable[[], int]) -> None:
        """Ask this for how many wait, whenever the metrics are read."""
        self._waiting.set_function(waiting)

    def written(self, count: int) -> None:
        """Count what is in the journal now."""
        self._written.inc(count)
        self._healthy.set(1)

    def dropped(self, count: int) -> None:
        """Count what will never be in it."""
        self._dropped.inc(count)

    def failed(self) -> None:
        """Count an attempt to write that failed."""
        self._errors.inc()
        self._healthy.set(0)
