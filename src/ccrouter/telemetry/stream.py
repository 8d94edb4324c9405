"""How many follow the stream of events, and why some were let go."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

REASONS: Final = ("slow", "behind", "revoked", "full")


class StreamCounts:
    """Counts the clients of the streams of events, and those that were not served further."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._clients = Gauge("ccrouter_stream_clients", "Open streams of events.", registry=registry)
        self._dropped = Counter(
            "ccrouter_stream_dropped_total",
            "Streams that ccrouter ended: the client took nothing for long (slow), or missed what is not kept any more "
            "(behind), or its token ended (revoked); or that it did not begin, for too many were open (full).",
            ["reason"],
            registry=registry,
        )
        for reason in REASONS:
            self._dropped.labels(reason)
        self._left_out = Counter(
            "ccrouter_stream_happened_left_out_total",
            "Events about single calls that no stream told, for there were too many in a second.",
            registry=registry,
        )

    def follow(self, clients: Callable[[], int]) -> None:
        """Ask this for how many there are, whenever the metrics are read."""
        self._clients.set_function(clients)

    def dropped(self, reason: str) -> None:
        """Count a stream that was ended or refused, for one of REASONS."""
        self._dropped.labels(reason).inc()

    def left_out(self) -> None:
        """Count an event about a call that was not told."""
        self._left_out.inc()
