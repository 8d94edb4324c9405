"""Counters and histograms of the two sides on which a PABX speaks to us: FastAGI and AMI."""

from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter, Gauge

from ccrouter.telemetry.labels import Capped, among
from ccrouter.telemetry.series import Counts, Histograms

SESSION_BUCKETS_S = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
PING_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
LINK_STATES = ("down", "connecting", "refused", "syncing", "in_sync")
LINK_FAULTS = (
    "unreachable",
    "refused",
    "lost",
    "missed_ping",
    "missed_beat",
    "late_answer",
    "listing_failed",
    "order_unconfirmed",
    "lamp_not_set",
    "rival",
    "raised",
)


class AgiCounts:
    """Sessions of the FastAGI server."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sessions = Counts(
            "ccrouter_agi_sessions_total", "FastAGI sessions that ended, by how.", ["result"], registry=registry
        )
        self._results = Capped(32)
        self._seconds = Histograms(
            "ccrouter_agi_seconds",
            "Time from the connection of a FastAGI session to its end.",
            [],
            registry=registry,
            buckets=SESSION_BUCKETS_S,
        ).labels()

    def session_ended(self, result: str, took_s: float) -> None:
        """Count a session: `answered`, or in a word why it was not."""
        self._sessions.add(self._results(result))
        self._seconds.observe(took_s)


class LinkCounts:
    """The AMI links."""

    def __init__(self, registry: CollectorRegistry, pabxs: Collection[str] = ()) -> None:
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

        self._faults = Counts(
            "ccrouter_ami_link_faults_total",
            "What went wrong on the link to a PABX.",
            ["pabx", "fault"],
            registry=registry,
        )
        self._pings = Histograms(
            "ccrouter_ami_ping_seconds",
            "Time that a PABX took to answer a ping.",
            ["pabx"],
            registry=registry,
            buckets=PING_BUCKETS_S,
        )
        self._faults.begin((pabx, fault) for pabx in pabxs for fault in LINK_FAULTS)

    def link_changed(self, pabx: str, state: str) -> None:
        """Note the state of a link, one of LINK_STATES."""
        for each in LINK_STATES:
            self._state.labels(pabx, each).set(each == state)
        self._changes.labels(pabx, among(state, LINK_STATES)).inc()

    def link_failed(self, pabx: str, fault: str) -> None:
        """Count what went wrong, one of LINK_FAULTS."""
        self._faults.add(pabx, among(fault, LINK_FAULTS))

    def link_answered(self, pabx: str, took_s: float) -> None:
        """Note how long a PABX took to answer a ping."""
        self._pings.labels(pabx).observe(took_s)
