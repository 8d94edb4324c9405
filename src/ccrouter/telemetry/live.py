"""What is true at this instant, worked out when the metrics are asked for and never before."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ccrouter.clock import Clock
from ccrouter.live.desks import PositionView
from ccrouter.live.positions import Position
from ccrouter.live.views import CallView
from ccrouter.routing.facts import Facts
from ccrouter.routing.overrides import Override
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import Snapshot
from ccrouter.telemetry import steering
from ccrouter.telemetry.live_queues import queues
from ccrouter.telemetry.live_sites import sites
from ccrouter.telemetry.names import RuleNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the collector reads what is true now; each is asked once a scrape, in the event loop's thread.

    Attributes:
        names: the names of the rules in force.
        calls: those in progress.
        positions: each with its PABX, once for each queue.
        desks: positions over all their queues.
        modes: those that are on at an instant.
        overrides: those that count at an instant or will later.
        unplanned: calendars that lack a holiday, with its begin.
        log_lines: how many wait to be written, and how many could not be.
        agi_waiting: calls that wait for their decision.
        ami_pending: for each PABX, orders without an answer.
        rank: of this router among those of its PABXs.
        on_duty: for each PABX, whether this router does there what only one may do.

    """

    snapshot: Callable[[], Snapshot]
    rules: Callable[[], Rules | None]
    names: RuleNames
    calls: Callable[[], Iterable[CallView]] = tuple
    positions: Callable[[], Iterable[tuple[str, Position]]] = tuple
    desks: Callable[[], Iterable[PositionView]] = tuple
    modes: Callable[[float], Iterable[steering.ModeTurned]]
    overrides: Callable[[float], Iterable[Override]]
    unplanned: Callable[[], Mapping[str, float]] = dict
    log_lines: Callable[[], tuple[int, int]]
    agi_waiting: Callable[[], int] = int
    ami_pending: Callable[[], Mapping[str, int]] = dict
    rank: int = 1
    on_duty: Callable[[], Mapping[str, bool]] = dict


class LiveCollector(Collector):
    """Turns the snapshot, the rules and the modes into gauges.

    What is not known has no sample: a queue or a site of which no PABX has told anything fresh is absent, never 0.
    """

    def __init__(self, registry: CollectorRegistry, clock: Clock, sources: Sources) -> None:
        self._clock = clock
        self._sources = sources
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield one family after the other, all from one look at the clock and the snapshot."""
        sources = self._sources
        facts = Facts(self._clock.now(), sources.snapshot())
        rules = sources.rules()
        # All of them now: between two families others may have their turn (text.py), and the picture may change.
        positions, desks, calls = tuple(sources.positions()), tuple(sources.desks()), tuple(sources.calls())
        yield from _pabxs(facts)
        yield from self._router()
        yield from queues(facts, rules, positions, desks)
        yield from sites(facts, rules)
        yield from steering.in_progress(sources.names, calls)
        yield from self._rules_in_force(rules, facts.at)
        yield from steering.overrides(facts.at, sources.overrides(facts.at))
        yield from self._queues_of_our_own()

    def _router(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "ccrouter_router_rank", "Rank of this router: a PABX asks 1 before 2.", value=self._sources.rank
        )
        duty = GaugeMetricFamily(
            "ccrouter_on_duty",
            "1 when this router does for the PABX what only one of two may do: withdraw callers who wait.",
            labels=["pabx"],
        )
        for name, held in sorted(self._sources.on_duty().items()):
            duty.add_metric([name], held)
        yield duty

    def _rules_in_force(self, rules: Rules | None, at: float) -> Iterator[Metric]:
        info = GaugeMetricFamily(
            "ccrouter_config_info", "1, with the version of the routing file in force.", labels=["version"]
        )
        if rules is not None:
            info.add_metric([rules.version], 1)
            yield from steering.modes(rules, self._sources.modes(at))
            yield from steering.aims(rules, self._sources.names)
        yield info
        yield from steering.unplanned(self._sources.unplanned())

    def _queues_of_our_own(self) -> Iterator[Metric]:
        waiting, dropped = self._sources.log_lines()
        yield GaugeMetricFamily("ccrouter_log_queue_length", "Log lines that wait to be written.", value=waiting)
        yield CounterMetricFamily("ccrouter_log_lines_dropped", "Log lines that could not be written.", value=dropped)
        yield GaugeMetricFamily(
            "ccrouter_agi_waiting", "Calls that wait for their decision.", value=self._sources.agi_waiting()
        )
        pending = GaugeMetricFamily(
            "ccrouter_ami_pending", "Orders to a PABX that have no answer yet.", labels=["pabx"]
        )
        for name, orders in sorted(self._sources.ami_pending().items()):
            pending.add_metric([name], orders)
        yield pending


def _pabxs(facts: Facts) -> Iterator[Metric]:
    in_sync = GaugeMetricFamily(
        "ccrouter_pabx_in_sync", "1 when a full picture of the PABX was read since its link came up.", labels=["pabx"]
    )
    age = GaugeMetricFamily("ccrouter_pabx_heard_age_seconds", "Time since the PABX was last heard.", labels=["pabx"])
    for name, pabx in facts.snapshot.pabxs.items():
        in_sync.add_metric([name], pabx.in_sync)
        if pabx.heard_at:
            age.add_metric([name], max(0.0, facts.at - pabx.heard_at))
    yield from (in_sync, age)
