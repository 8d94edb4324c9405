"""How many series there are is decided by settings and routing file, whoever calls and however often."""

from collections.abc import Iterable, Iterator
from typing import Final

import structlog
from prometheus_client import generate_latest

from ccrouter.agi.desk import Made
from ccrouter.app.entry import Entry, decision_ids
from ccrouter.app.sites import limits_of
from ccrouter.app.writer import Writer
from ccrouter.config.load import compile_text
from ccrouter.live.events import (
    CallEnded,
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallHungUp,
    DeviceState,
    Event,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    PeerFault,
    PositionSeen,
    QueueListed,
    SiteAnswered,
    StepBegan,
    StepEnded,
    TalkEnded,
)
from ccrouter.live.state import State
from ccrouter.router import Router
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision
from ccrouter.routing.plan import QueueStep, SiteStep
from ccrouter.telemetry.live import LiveCollector, Sources
from ccrouter.telemetry.metrics import Metrics, new_registry
from ccrouter.telemetry.peers import LINK_FAULTS
from ccrouter.telemetry.waits import WAIT_BUCKETS_S
from support.hand_clock import HandClock

CALLS: Final = 1500
PABX: Final = "main"
RULES: Final = compile_text(
    b"""
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 90s}}
  tunis: {external: {dial: PJSIP/1@tunis, answer_within: 25s, max_calls: 30, tariff: {per_call: 0.10 EUR}}}
  backup: {external: {dial: PJSIP/1@backup, answer_within: 25s}}
messages: {closed: {play: ccrouter/closed}}
modes: [crisis]
numbers:
  "0800 123 456": {service: support}
  "0800 123 457": {service: orders}
services:
  support:
    service_level: {answered_within: 25s, target: 80%}
    rules: [{name: both, when: {not: {mode: crisis}}, to: [{share: {paris: 70, tunis: 30}}, closed]}]
    otherwise: [paris, backup, closed]
  orders:
    otherwise: [backup, closed]
""",
    "routing.yaml",
)
STRANGE: Final = ("0899\\n", "' or 1=1", "0800 123 456 ", "x" * 80, "", "été", '{le="1"}')


class House:
    """The daemon's own writer and router, without the sockets around them, and its metrics."""

    def __init__(self) -> None:
        log = structlog.wrap_logger(structlog.PrintLogger(), processors=[_silent])
        self.clock = HandClock()
        self.registry = new_registry()
        self.metrics = Metrics(self.registry, [PABX])
        self.metrics.rules_in_force(RULES, self.clock.now())
        state = State(limits_of(RULES), [PABX])
        writer = Writer(state, self.metrics, log, relist=lambda _: None, note=lambda _: None, steady=self.clock.steady)
        self.apply = writer.apply
        router = Router(
            RULES,
            state,
            apply=self.apply,
            clock=self.clock,
            modes=lambda _: frozenset(),
            overrides=lambda _: (),
            ids=decision_ids(),
        )
        self.entry = Entry(router, self.clock, self.metrics, log)
        sources = Sources(
            snapshot=lambda: state.snapshot(self.clock.now()),
            rules=lambda: RULES,
            names=self.metrics.names,
            calls=state.calls,
            positions=state.positions,
            desks=state.desks,
            modes=lambda _: (),
            overrides=lambda _: (),
            log_lines=lambda: (0, 0),
            ami_pending=lambda: {PABX: 0},
            on_duty=lambda: {PABX: True},
        )
        LiveCollector(self.registry, self.clock, sources)
        self.link()

    def link(self) -> None:
        """Bring the link up, with a queue and a position."""
        at = self.clock.now()
        self.apply(LinkUp(pabx=PABX, at=at, version="22"))
        for listing in Listing:
            self.apply(ListBegan(pabx=PABX, at=at, listing=listing))
        self.apply(QueueListed(pabx=PABX, at=at, queue="support"))
        for name in ("agent1", "agent2"):
            self.apply(
                PositionSeen(
                    pabx=PABX,
                    at=at,
                    queue="support",
                    interface=f"PJSIP/{name}",
                    name=name,
                    device=DeviceState.NOT_IN_USE,
                    paused=False,
                    paused_reason="",
                    penalty=0,
                    in_call=False,
                    last_call_at=0.0,
                    wrapup_s=0.0,
                )
            )
        for listing in Listing:
            self.apply(ListDone(pabx=PABX, at=at, listing=listing))

    def call(self, n: int, number: str) -> None:
        """Have one call come, be routed, and go its way; every second caller gives up, and some events are forged."""
        self.clock.at += 1.0
        channel, caller, uniqueid = f"PJSIP/carrier-{n:08x}", f"336{n:08}", f"1795289835.{n}"
        decision = self.entry.route(Call(PABX, uniqueid, number, caller))
        self.entry.routed([Made(decision, 0.0)])
        for event in _course(decision, uniqueid, channel, self.clock.now(), gives_up=n % 2 == 0):
            self.apply(event)
        forged = {"service": f"service{n}", "rule": f"rule{n}", "target": f"site{n}"}
        if n % 5 == 0:  # a plan of the PABX's own, with names that nobody knows
            self.apply(_end(f"{uniqueid}9", number, "site", self.clock.now(), decision="", entry="static", **forged))
            self.apply(
                PeerFault(pabx=PABX, at=self.clock.now(), event="QueueMemberPause", reason=caller, queue=channel)
            )

    def series(self) -> set[str]:
        """Return all series of ccrouter as they are written, without their values."""
        lines = generate_latest(self.registry).decode().splitlines()
        return {line.rpartition(" ")[0] for line in lines if line.startswith("ccrouter_")}


def _silent(*_: object) -> str:
    raise structlog.DropEvent


def _end(uniqueid: str, number: str, kind: str, at: float, **told: str) -> CallEnded:
    return CallEnded(pabx=PABX, at=at, uniqueid=uniqueid, number=number, kind=kind, **told)


def _course(decision: Decision, uniqueid: str, channel: str, at: float, *, gives_up: bool) -> Iterator[Event]:
    """Yield what the PABX tells of a call that goes to the first step of its plan, and is answered or given up."""
    said = {"number": decision.call.number, "decision": decision.id, "service": decision.service, "rule": decision.rule}
    step = decision.plan.steps[0]
    on = {"pabx": PABX, "uniqueid": uniqueid}
    kind, target = ("play", step.message) if hasattr(step, "message") else ("site", "")
    if isinstance(step, QueueStep):
        kind, target = "queue", step.site
    elif isinstance(step, SiteStep):
        target = step.site
    place = {"channel": channel, "step": 1, "kind": kind, "target": target}
    yield StepBegan(**on, **said, **place, at=at)  # type: ignore[arg-type]
    if kind == "queue":
        at_queue = {**on, "queue": "support"}
        yield CallerJoined(**at_queue, channel=channel, position=1, at=at)
        yield CallerLeft(**at_queue, at=at + 0.3)
        if not gives_up:
            talk = {**at_queue, "interface": "PJSIP/agent1", "hold_s": 0.0}
            yield CallerConnected(**talk, ring_s=0.0, at=at + 0.3)  # type: ignore[arg-type]
            yield TalkEnded(**talk, talk_s=1.0, at=at + 0.6)  # type: ignore[arg-type]
    elif kind == "site" and not gives_up:
        yield SiteAnswered(**on, at=at + 0.3)
        ended = {"result": "answered", "cause": 16, "elapsed_s": 0.6}
        yield StepEnded(**on, **said, **place, **ended, at=at + 0.6)  # type: ignore[arg-type]
    yield CallHungUp(**on, cause=16, at=at + 0.7)
    yield _end(uniqueid, said["number"], kind, at + 0.7, target=target, entry="routed", **_but_number(said))


def _but_number(said: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in said.items() if name != "number"}


# --- what settings and routing file predict ---------------------------------------------------------------------------

SERVICES: Final = ("support", "orders", "unknown number")
COUNTED: Final = (*SERVICES, "other")
OUTSIDE: Final = ("tunis", "backup")
SITES: Final = ("paris", *OUTSIDE)
STATES: Final = ("ready", "ringing", "talking", "wrap_up", "busy", "paused", "out")
RESULTS: Final = ("answered", "busy", "congestion", "chanunavail", "noanswer", "full", "died")
TALKS_S: Final = (10, 30, 60, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600)
ALONE: Final = (
    "agi_waiting",
    "config_last_reload_success_timestamp_seconds",
    "config_last_reload_successful",
    "config_watch_failures_total",
    "journal_dropped_total",
    "journal_errors_total",
    "journal_healthy",
    "journal_queue_length",
    "journal_written_total",
    "log_lines_dropped_total",
    "log_queue_length",
    "loop_lag_max_seconds",
    "overrides",
    "router_rank",
    "tasks",
)
"""One series each."""

EVENTS: Final = (
    "LinkUp",
    "ListBegan",
    "ListDone",
    "QueueListed",
    "PositionSeen",
    "CallRouted",
    "StepBegan",
    "StepEnded",
    "CallerJoined",
    "CallerLeft",
    "CallerConnected",
    "TalkEnded",
    "SiteAnswered",
    "CallHungUp",
    "CallEnded",
    "PeerFault",
)
"""Kinds that come in this test."""


def named(name: str, **labels: str) -> str:
    """Return a series as it is written."""
    told = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"ccrouter_{name}{{{told}}}" if told else f"ccrouter_{name}"


def histogram(name: str, bounds: Iterable[float], **labels: str) -> Iterator[str]:
    """Yield the series of a histogram."""
    yield from (named(f"{name}_bucket", **labels, le=str(float(bound))) for bound in bounds)
    yield named(f"{name}_bucket", **labels, le="+Inf")
    yield from (named(f"{name}_{part}", **labels) for part in ("sum", "count"))


def predicted() -> Iterator[str]:
    """Yield what settings and routing file make, where calls have gone every way that they can go here."""
    yield from map(named, ALONE)
    yield from _of_calls()
    yield from _of_services()
    yield from _of_queues_and_sites()
    yield from _of_the_pabx()


def _of_calls() -> Iterator[str]:
    for service in COUNTED:
        yield named("calls_offered_total", service=service)
        yield named("calls_unseen_total", service=service)
        yield named("calls_in_progress", service=service)
    for service in SERVICES:
        yield from (named(f"calls_{end}_total", service=service) for end in ("in_time", "lost"))
        yield from (named("calls_abandoned_total", service=service, short=short) for short in ("yes", "no"))
        target = {25.0} if service == "support" else set()
        for wait in ("answer", "abandon"):
            yield from histogram(f"{wait}_wait_seconds", {*WAIT_BUCKETS_S, *target}, service=service)
        yield from histogram("talk_seconds", TALKS_S, service=service)
    for service, site in (("support", "paris"), ("support", "tunis"), ("support", "backup"), ("orders", "backup")):
        where = "inside" if site == "paris" else "outside"
        yield named("calls_answered_total", service=service, destination=site, where=where)
    for service, last in (("support", "closed"), ("orders", "closed"), ("unknown number", "unknown number")):
        yield named("calls_refused_total", service=service, destination=last)


def _of_services() -> Iterator[str]:
    yield named("service_target_ratio", service="support")
    yield from (named("service_target_seconds", service=service) for service in SERVICES)
    by_rule = {
        ("support", "both"): ("paris", "tunis"),
        ("support", "otherwise"): ("paris", "backup"),
        ("orders", "otherwise"): ("backup",),
    }
    for (service, rule), sites in by_rule.items():
        for site in sites:
            yield named("overflows_total", moment="entry", service=service, rule=rule, destination=site)
    for site in ("paris", "tunis"):
        share = {"service": "support", "rule": "both", "destination": site}
        yield from (named(name, **share) for name in ("share_asked_ratio", "share_given_total"))
        yield named("decisions_total", pabx=PABX, **share)
    yield named("decisions_total", pabx=PABX, service="orders", rule="otherwise", destination="backup")
    unknown = "unknown number"
    yield named("decisions_total", pabx=PABX, service=unknown, rule=unknown, destination=unknown)
    yield from (named(name, version=RULES.version) for name in ("config_info",))
    yield named("mode_on", mode="crisis")
    yield named("config_reloads_total", result="taken")


def _of_queues_and_sites() -> Iterator[str]:
    queue = {"pabx": PABX, "queue": "support"}
    gauges = ("waiting", "longest_wait_seconds", "estimated_wait_seconds", "occupancy_ratio")
    positions = ("logged_in", "ready", "busy", "paused", "ghost")
    yield from (named(f"queue_{name}", **queue) for name in (*gauges, *(f"positions_{name}" for name in positions)))
    yield from (named("queue_positions", **queue, state=state) for state in STATES)
    yield from histogram("queue_wait_forecast_error_seconds", (2, 5, 10, 20, 30, 60, 120, 300), **queue)
    yield from (named("site_calls", site=site) for site in SITES)
    yield from (named("site_up", site=site) for site in SITES)
    yield named("site_max_calls", site="tunis")
    yield named("site_cost_total", site="tunis", currency="EUR")
    for site in OUTSIDE:
        yield from (named(f"site_{name}_total", site=site) for name in ("seizures", "answers", "talk_seconds"))
        yield from (named("site_tries_total", site=site, result=result) for result in RESULTS)
        yield named("site_health_changes_total", site=site, health="up")


def _of_the_pabx() -> Iterator[str]:
    for name in ("decisions_failed_total", "ami_pending", "on_duty", "pabx_in_sync", "pabx_heard_age_seconds"):
        yield named(name, pabx=PABX)
    yield from (named("withdraws_total", pabx=PABX, result=result) for result in ("accepted", "refused", "unknown"))
    entries = ("routed", "fallback", "stored", "static")
    yield from (named("calls_ended_total", pabx=PABX, entry=entry) for entry in entries)
    yield from (named("ami_link_faults_total", pabx=PABX, fault=fault) for fault in LINK_FAULTS)
    yield from (named("events_total", pabx=PABX, event=event) for event in EVENTS)
    yield named("peer_faults_total", pabx=PABX, event="QueueMemberPause")
    yield named("relists_total", pabx=PABX, listing="queues")


# --- the test ---------------------------------------------------------------------------------------------------------


def test_the_number_of_series_is_what_settings_and_routing_file_predict() -> None:
    """1,500 calls of as many callers, to numbers that are known and to strange ones, with forged names among them."""
    house = House()
    numbers = ("0800123456", "0800123457", *STRANGE)
    for n in range(CALLS):
        house.call(n, numbers[n % len(numbers)] if n % 4 else f"08{n:08}")
    found = house.series()
    buckets = ("agi_seconds", "decision_seconds", "event_apply_seconds", "loop_lag_seconds", "build_info")
    latencies = {each for each in found if each.startswith(tuple(f"ccrouter_{name}" for name in buckets))}
    assert len(latencies) < 70  # of ccrouter itself, without a label that anybody outside could choose
    assert found - latencies == set(predicted())
    told = "\n".join(found)
    for secret in ("336", "carrier", "1795289835", "PJSIP", "agent1", "service1", "rule1", "site1"):
        assert secret not in told
