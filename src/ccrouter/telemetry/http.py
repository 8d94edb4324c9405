"""What was asked over HTTP, and how it was answered."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter

from ccrouter.telemetry.labels import OTHER, among

METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})


class HttpCounts:
    """Counts answers; a stream is counted when it begins."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "ccrouter_http_requests_total",
            "Requests over HTTP, by the template of their route and the status of their answer; `other` is no route.",
            ["route", "method", "code"],
            registry=registry,
        )

    def answered(self, route: str, method: str, code: int) -> None:
        """Count an answer; `route` is the template, never a path that a client sent, and empty for what is none."""
        self._requests.labels(route or OTHER, among(method, METHODS), str(code)).inc()
