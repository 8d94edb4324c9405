"""Everything that is counted and measured, on a registry that is handed in.

Names start with `ccrouter_`, units are base units, labels come from the settings, the routing file or a fixed list:
never a caller, a channel or a call. What is true at this instant is not here but in live.py, read when it is asked for.
"""

import platform
from collections.abc import Callable, Collection
from importlib.metadata import version
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

from ccrouter.live.effects import (
    CallAnswered,
    CallFinished,
    CallOffered,
    Effect,
    FactRefused,
    Relist,
    SiteHealthChanged,
    SiteReleased,
    SiteTried,
    WaitEnded,
)
from ccrouter.live.events import CallEnded, PabxEvent, PeerFault
from ccrouter.routing.rules import Rules
from ccrouter.telemetry.calls import CallCounts
from ccrouter.telemetry.counts import CodeCounts, LoopLag, RulesCounts
from ccrouter.telemetry.decisions import DecisionCounts
from ccrouter.telemetry.events import EventCounts
from ccrouter.telemetry.fallback import FallbackCounts
from ccrouter.telemetry.http import HttpCounts
from ccrouter.telemetry.journal import JournalCounts
from ccrouter.telemetry.labels import Capped, among
from ccrouter.telemetry.names import RuleNames
from ccrouter.telemetry.peers import AgiCounts, LinkCounts
from ccrouter.telemetry.queues import QueueCounts
from ccrouter.telemetry.series import Counts
from ccrouter.telemetry.sites import SiteCounts

ENTRIES = ("routed", "fallback", "stored", "static")
"""Which plan the PABX's entry found: the router's, that of the compiled rules, the number's last, or the static one."""


def new_registry() -> CollectorRegistry:
    """Return an empty registry with the process's own figures, and without a `_created` series beside each counter."""
    disable_created_metrics()  # type: ignore[no-untyped-call] # the library left this one untyped
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    return registry


class Metrics:
    """All counters and histograms, by what they are about.

    Args:
        registry: where they are told.
        pabxs: names of the PABXs, so that what has not happened yet is 0 and not absent.

    Attributes:
        names: the names of the rules in force.
        decisions: what the router decided and how long that took.
        calls: what became of calls.
        queues: how waits went.
        sites: what external sites did.
        agi: sessions of the FastAGI server.
        links: the AMI links.
        codes: modes switched by telephone.
        rules: which routing file is in force, and how its last reload went.
        journal: how writing the journal of decisions goes.
        http: what was asked over HTTP.
        fallback: how the compiled rules fare.
        loop: how late the event loop runs.
        events: what the PABXs told.

    """

    def __init__(self, registry: CollectorRegistry, pabxs: Collection[str] = ()) -> None:
        self.names = RuleNames()
        self.decisions = DecisionCounts(registry, self.names, pabxs)
        self.calls = CallCounts(registry, self.names)
        self.queues = QueueCounts(registry, self.names)
        self.sites = SiteCounts(registry, self.names)
        self.agi = AgiCounts(registry)
        self.links = LinkCounts(registry, pabxs)
        self.codes = CodeCounts(registry)
        self.rules = RulesCounts(registry)
        self.journal = JournalCounts(registry)
        self.http = HttpCounts(registry)
        self.fallback = FallbackCounts(registry)
        self.loop = LoopLag(registry)
        self._own_faults = Counter(
            "ccrouter_faults_total", "Faults of ccrouter's own that it outlived, by task.", ["task"], registry=registry
        )
        self.events = EventCounts(registry)
        self._faults = Counter(
            "ccrouter_peer_faults_total",
            "AMI events that were refused: forged, incomplete, or with foreign fields.",
            ["pabx", "event"],
            registry=registry,
        )
        self._fault_names = Capped(64)
        self._contradictions = Counter(
            "ccrouter_facts_refused_total",
            "Events that contradicted what is possible and were not applied.",
            ["pabx", "reason"],
            registry=registry,
        )
        self._contradiction_names = Capped(64)
        self._relists = Counter(
            "ccrouter_relists_total",
            "Listings read again because what was heard and what was known did not agree.",
            ["pabx", "listing"],
            registry=registry,
        )
        self._entries = Counts(
            "ccrouter_calls_ended_total",
            "Calls that ended, by the plan that the PABX's entry found; the others went without the router.",
            ["pabx", "entry"],
            registry=registry,
        )
        self._facts: dict[type[PabxEvent], Callable[[Any], None]] = {PeerFault: self._doubted, CallEnded: self._ended}
        self._effects: dict[type[Effect], Callable[[Any], None]] = {
            CallOffered: self.calls.offered,
            CallAnswered: self.calls.answered,
            CallFinished: self.calls.finished,
            WaitEnded: self.queues.waited,
            SiteReleased: self.sites.released,
            SiteTried: self.sites.tried,
            SiteHealthChanged: self.sites.health_changed,
            Relist: self._relisted,
            FactRefused: self._refused,
        }
        self._entries.begin((pabx, entry) for pabx in pabxs for entry in ENTRIES)
        build = Gauge("ccrouter_build_info", "1, with the version that runs.", ["version", "python"], registry=registry)
        build.labels(version("ccrouter"), platform.python_version()).set(1)

    def rules_in_force(self, rules: Rules, at: float) -> None:
        """Note that this version of the routing file is in force since `at`; its names become the labels."""
        self.rules.taken(at)
        self.names.use(rules)
        self.decisions.use()
        self.calls.use(rules)
        self.queues.use()
        self.sites.use(rules)

    def fault(self, task: str) -> None:
        """Count a fault of our own that a task outlived; `task` is one of a few words of the code."""
        self._own_faults.labels(task).inc()

    def event(self, event: PabxEvent) -> None:
        """Count an event of a PABX."""
        kind = type(event)
        self.events.told[event.pabx, kind] += 1
        counted = self._facts.get(kind)
        if counted is not None:
            counted(event)

    def effect(self, effect: Effect) -> None:
        """Count what the live state reported."""
        counted = self._effects.get(type(effect))
        if counted is not None:
            counted(effect)

    def _doubted(self, event: PeerFault) -> None:
        self._faults.labels(event.pabx, self._fault_names(event.event)).inc()

    def _ended(self, event: CallEnded) -> None:
        self._entries.add(event.pabx, among(event.entry, ENTRIES))

    def _relisted(self, effect: Relist) -> None:
        self._relists.labels(effect.pabx, effect.listing).inc()

    def _refused(self, effect: FactRefused) -> None:
        self._contradictions.labels(effect.pabx, self._contradiction_names(effect.reason)).inc()
