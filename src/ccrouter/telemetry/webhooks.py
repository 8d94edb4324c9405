"""Counters of webhooks."""

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

RESULTS: Final = ("delivered", "refused", "timeout", "unreachable", "given_up", "dropped")
"""What becomes of a delivery: taken; answered with another status than 2xx; no answer in time; no connection, or none
that may be trusted; and of an event: not taken for a day; not sent, because too many waited or the disk took none."""


class WebhookCounts:
    """How telling webhooks goes."""

    def __init__(self, registry: CollectorRegistry, webhooks: Iterable[str]) -> None:
        self._deliveries = Counter(
            "ccrouter_webhook_deliveries_total",
            "Attempts to tell a webhook by result; events that were given up or dropped.",
            ["webhook", "result"],
            registry=registry,
        )
        self._waiting = Gauge(
            "ccrouter_webhook_waiting", "Events that wait to be told to a webhook.", ["webhook"], registry=registry
        )
        self._oldest = Gauge(
            "ccrouter_webhook_oldest_timestamp_seconds",
            "When the oldest event that waits for a webhook happened; 0 where none waits.",
            ["webhook"],
            registry=registry,
        )
        for webhook in webhooks:
            self._waiting.labels(webhook)
            for result in RESULTS:
                self._deliveries.labels(webhook, result)

    def count(self, webhook: str, result: str, number: int = 1) -> None:
        """Count what became of deliveries or events; `result` is one of RESULTS."""
        self._deliveries.labels(webhook, result).inc(number)

    def follow(self, webhook: str, backlog: Callable[[], tuple[int, float | None]]) -> None:
        """Ask this for how many wait and when the oldest happened, whenever the metrics are read."""
        self._waiting.labels(webhook).set_function(lambda: backlog()[0])
        self._oldest.labels(webhook).set_function(lambda: backlog()[1] or 0.0)
