"""A daemon's metrics with a sample of each: what docs/metrics.md is made of, and what tests look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from ccrouter.config.load import compile_text
from ccrouter.live.effects import (
    CallAnswered,
    CallFinished,
    CallOffered,
    Effect,
    FactRefused,
    Outcome,
    Relist,
    SiteHealthChanged,
    SiteReleased,
    SiteTried,
    WaitEnded,
)
from ccrouter.live.events import CallEnded, Listing, PeerFault
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.facts import Facts
from ccrouter.routing.overrides import Override
from ccrouter.routing.snapshot import Health, PabxFacts, QueueFacts, SiteFacts, SitePart, Snapshot
from ccrouter.telemetry.degraded import DegradedStates
from ccrouter.telemetry.live import LiveCollector, Sources
from ccrouter.telemetry.metrics import Metrics, new_registry
from ccrouter.telemetry.stream import StreamCounts
from ccrouter.telemetry.webhooks import WebhookCounts

AT: Final = 1_795_255_200.0
PABX: Final = "main"
RULES: Final = compile_text(
    b"""
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 90s}}
  tunis:
    external:
      dial: PJSIP/+21671000000@trunk-tunis
      answer_within: 25s
      max_calls: 30
      tariff: {per_call: 0.10 EUR, per_minute: 0.32 EUR}
messages:
  closed: {play: ccrouter/closed}
modes: [crisis]
numbers:
  "0800 123 456": {service: support}
services:
  support:
    service_level: {answered_within: 25s, target: 80%}
    rules:
      - {name: peak, when: {waiting: {queue: support, at_least: 5}}, to: [tunis, closed]}
      - {name: both, when: {not: {mode: crisis}}, to: [{share: {paris: 70, tunis: 30}}, closed]}
    otherwise: [paris, tunis, closed]
    while_waiting:
      - {name: too long, when: {waited: 90s}, to: tunis}
""",
    "routing.yaml",
)
_CALL: Final[Mapping[str, Any]] = {"pabx": PABX, "uniqueid": "1", "number": "0800123456", "service": "support"}
_RULED: Final[Mapping[str, Any]] = {"rule": "both", "decision": "d"}


@dataclass(frozen=True, slots=True)
class _Mode:
    name: str = "crisis"
    since: float = AT
    until: float | None = AT + 3600


class _Clock:
    def now(self) -> float:
        return AT

    def steady(self) -> float:
        return 0.0


def specimen() -> Mapping[str, Metric]:
    """Return the families of a daemon to which everything has happened once, by their name as it is scraped."""
    registry = new_registry()
    metrics = Metrics(registry, [PABX])
    metrics.rules_in_force(RULES, AT)
    _doings(metrics)
    DegradedStates(registry, [PABX], _Clock(), structlog.get_logger())
    StreamCounts(registry)
    WebhookCounts(registry, ["crm"]).follow("crm", lambda: (0, None))

    metrics.http.answered("/api/v1/status", "GET", 200)
    for effect in _effects():
        metrics.effect(effect)
    _live(registry, metrics)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {f"{each.name}_total" if each.type == "counter" else each.name: each for each in families}


def _doings(metrics: Metrics) -> None:
    decided = decide(RULES, Facts(AT, Snapshot(AT)), Call(PABX, "1", "0800123456"), "d")
    metrics.decisions.decided(decided, 0.001)
    metrics.codes.dialled(PABX, "on")
    metrics.fallback.written("ok", AT)
    metrics.fallback.in_force(PABX, newest=True)
    metrics.agi.session_ended("answered", 0.001)
    metrics.links.link_changed(PABX, "in_sync")
    metrics.links.link_answered(PABX, 0.001)
    metrics.fault("tick")
    metrics.event(PeerFault(pabx=PABX, at=AT, event="QueueMemberPause", reason="forged"))
    metrics.event(CallEnded(**_CALL, at=AT, decision="d", rule="both", kind="site", target="tunis", entry="routed"))


def _effects() -> tuple[Effect, ...]:
    return (
        CallOffered(**_CALL, at=AT, caller=None, entry="routed"),
        CallAnswered(**_CALL, **_RULED, at=AT, caller=None, target="tunis", queue="", interface="", waited_s=4.0),
        CallFinished(**_CALL, **_RULED, at=AT, outcome=Outcome.ANSWERED, target="tunis", waited_s=4.0, talked_s=60.0),
        WaitEnded(pabx=PABX, queue="support", uniqueid="1", at=AT, answered=True, waited_s=4.0, forecast_s=6.0),
        SiteTried(
            pabx=PABX, uniqueid="1", decision="d", site="tunis", result="answered", cause=16, elapsed_s=64, at=AT
        ),
        SiteReleased(pabx=PABX, uniqueid="1", service="support", site="tunis", answered=True, talked_s=60.0, at=AT),
        SiteHealthChanged(site="tunis", health=Health.UP, reason="answered", at=AT),
        Relist(pabx=PABX, listing=Listing.QUEUES, reason="somebody unknown left"),
        FactRefused(pabx=PABX, reason="left twice"),
    )


def _live(registry: CollectorRegistry, metrics: Metrics) -> None:
    snapshot = Snapshot(
        AT,
        {PABX: PabxFacts(PABX, in_sync=True, heard_at=AT)},
        {(PABX, "support"): QueueFacts(PABX, "support", 3, AT - 42, 5, 1, 2, 2, 12.5)},
        {"tunis": SiteFacts("tunis", 7, Health.UP, (SitePart(PABX, 7, 30),))},
    )
    sources = Sources(
        snapshot=lambda: snapshot,
        rules=lambda: RULES,
        names=metrics.names,
        modes=lambda _: [_Mode()],
        overrides=lambda at: [Override("1", "0800123456", ("tunis",), at, at + 60, "ines", "storm")],
        unplanned=lambda: {"office": AT},
        log_lines=lambda: (0, 0),
        ami_pending=lambda: {PABX: 0},
        on_duty=lambda: {PABX: True},
    )
    LiveCollector(registry, _Clock(), sources)
