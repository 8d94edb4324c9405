"""Counters and histograms of the two sides on which a PABX speaks to us: FastAGI and AMI."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ccrouter.telemetry.labels import Capped, among

SESSION_BUCKETS_S = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
LINK_STATES = ("down", "connecting", "syncing", "up")


class AgiCounts:
    """Sessions of the FastAGI server."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sessions = Counter(
            "ccrouter_agi_sessions_total", "FastAGI sessions that ended, by how.", ["result"], registry=registry
        )
        self._results = Capped(32)
        self._seconds = Histogram(
            "ccrouter_agi_seconds",
            "Time from the connection of a FastAGI session to its end.",
            registry=registry,
            buckets=SESSION_BUCKETS_S,
        )

    def session_ended(self, result: str, took_s: float) -> None:
        """Count a session: `answered`, or in a word why it was not."""
        self._sessions.labels(self._results(result)).inc()
        self._seconds.observe(took_s)


class LinkCounts:
    """The AMI links."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._state = Gauge(
            "ccrouter_ami_link_state",
            "1 for the state in which the link to a PABX is, 0 for the others.",
            ["pabx", "state"],
            registry=registry,
        )
        self._changes = Counter(
            "ccrouter_ami_link_changes_total",
            "Times that the link to a PABX came to a state.",
            ["pabx", "state"],
            registry=registry,
        )

    def link_changed(self, pabx: str, state: str) -> None:
        """Note the state of a link, one of LINK_STATES."""
        for each in LINK_STATES:
            self._state.labels(pabx, each).set(each == state)
        self._changes.labels(pabx, among(state, LINK_STATES)).inc()
