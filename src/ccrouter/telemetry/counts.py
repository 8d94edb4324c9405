"""Counters of ccrouter's own doings, a class for each thing that happens; metrics.py puts them together."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LAG_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)


class CodeCounts:
    """Modes switched by telephone."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._dialled = Counter(
            "ccrouter_mode_codes_dialled_total",
            "Codes of modes that telephones dialled, by what they were told: on, off, refused, unknown, failed.",
            ["pabx", "answer"],
            registry=registry,
        )

    def dialled(self, pabx: str, answer: str) -> None:
        """Count a code that was dialled."""
        self._dialled.labels(pabx, answer).inc()


class RulesCounts:
    """How loading the routing file goes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._successful = Gauge(
            "ccrouter_config_last_reload_successful",
            "1 when the routing file as it was last read is in force, 0 when it was refused.",
            registry=registry,
        )
        self._succeeded_at = Gauge(
            "ccrouter_config_last_reload_success_timestamp_seconds",
            "When the version in force was loaded.",
            registry=registry,
        )
        self._reloads = Counter(
            "ccrouter_config_reloads_total", "Times that the routing file was read.", ["result"], registry=registry
        )
        self._unfollowed = Counter(
            "ccrouter_config_watch_failures_total",
            "Times that following the routing file for saves failed and began anew.",
            registry=registry,
        )

    def taken(self, at: float) -> None:
        """Note that the file was good and is in force since `at`."""
        self._successful.set(1)
        self._succeeded_at.set(at)
        self._reloads.labels("taken").inc()

    def refused(self) -> None:
        """Note that the file was bad; what was in force still is."""
        self._successful.set(0)
        self._reloads.labels("refused").inc()

    def as_before(self) -> None:
        """Note that the file holds what is in force."""
        self._successful.set(1)
        self._reloads.labels("as_before").inc()

    def not_followed(self) -> None:
        """Note that following the file failed, and begins anew."""
        self._unfollowed.inc()


class LoopLag:
    """How late the event loop runs what it was asked to run at a given time, and how many tasks it has."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lag = Histogram(
            "ccrouter_loop_lag_seconds", "How late the event loop runs.", registry=registry, buckets=LAG_BUCKETS_S
        )

        self._worst = Gauge(
            "ccrouter_loop_lag_max_seconds",
            "How late the event loop ran at most in a minute.",
            registry=registry,
        )
        self._tasks = Gauge(
            "ccrouter_tasks", "Tasks of the event loop; a call takes none, an order in flight one.", registry=registry
        )

    def seen(self, lag_s: float, tasks: int) -> None:
        """Note one measurement."""
        self._lag.observe(max(0.0, lag_s))
        self._tasks.set(tasks)

    def worst(self, lag_s: float) -> None:
        """Note the greatest of the last minute."""
        self._worst.set(lag_s)
