"""What is true at this instant, worked out when the metrics are asked for and never before."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ccrouter.clock import Clock
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import External, InHouse, Rules
from ccrouter.routing.snapshot import Health, QueueFacts, Snapshot

MOST_QUEUES: Final = 500
"""Queues of one PABX that are told, those of sites first: a PABX decides how many it has, and each costs time."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the collector reads what is true now; each is asked once a scrape, in the event loop's thread.

    Attributes:
        modes: the modes that are on at an instant, each with its end (None: until it is switched off).
        overrides: how many count at an instant.
        rank: of this router among those of its PABXs.
        on_duty: for each PABX, whether this router does there what only one may do.

    """

    snapshot: Callable[[], Snapshot]
    rules: Callable[[], Rules | None]
    modes: Callable[[float], Mapping[str, float | None]]
    overrides: Callable[[float], int]
    log_lines_dropped: Callable[[], int]
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
        facts = Facts(self._clock.now(), self._sources.snapshot())
        rules = self._sources.rules()
        yield from _pabxs(facts)
        yield from self._router()
        yield from _queues(facts, rules)
        yield from _sites(facts, rules)
        yield from _rules_in_force(rules, self._sources.modes(facts.at))
        yield GaugeMetricFamily(
            "ccrouter_overrides", "Overrides that count now.", value=self._sources.overrides(facts.at)
        )
        yield CounterMetricFamily(
            "ccrouter_log_lines_dropped",
            "Log lines that could not be written.",
            value=self._sources.log_lines_dropped(),
        )

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


QUEUE_GAUGES: dict[str, tuple[str, Callable[[QueueFacts, float], float | None]]] = {
    "ccrouter_queue_waiting": (
        "Callers who wait, with those sent there whom the PABX has not yet confirmed.",
        lambda queue, _: queue.waiting,
    ),
    "ccrouter_queue_longest_wait_seconds": (
        "Wait of the caller who waits longest; 0 when nobody waits.",
        lambda queue, at: 0.0 if queue.oldest_joined_at is None else max(0.0, at - queue.oldest_joined_at),
    ),
    "ccrouter_queue_estimated_wait_seconds": (
        "Forecast wait of a caller who joins now; absent when there is no forecast.",
        lambda queue, _: queue.estimated_wait_s,
    ),
    "ccrouter_queue_positions_logged_in": (
        "Positions that can be reached, paused or not.",
        lambda queue, _: queue.logged_in,
    ),
    "ccrouter_queue_positions_ready": (
        "Positions that would be rung for the next caller.",
        lambda queue, _: queue.ready,
    ),
    "ccrouter_queue_positions_busy": ("Positions in a call, ringing or in wrap-up.", lambda queue, _: queue.busy),
    "ccrouter_queue_positions_paused": ("Positions that asked for a pause.", lambda queue, _: queue.paused),
}


def _queues(facts: Facts, rules: Rules | None) -> Iterator[Metric]:
    known = _told(facts, rules)
    for metric, (help_text, read) in QUEUE_GAUGES.items():
        family = GaugeMetricFamily(metric, help_text, labels=["pabx", "queue"])
        for pabx, name in known:
            value = read(facts.snapshot.queues[pabx, name], facts.at)
            if value is not None:
                family.add_metric([pabx, name], value)
        yield family


def _told(facts: Facts, rules: Rules | None) -> list[tuple[str, str]]:
    """Return the queues that are told, by PABX and name."""
    queues = [(pabx, name) for pabx, name in facts.snapshot.queues if facts.fresh(pabx)]
    if len(queues) > MOST_QUEUES:
        sites = rules.sites.values() if rules is not None else ()
        ours = {site.queue for site in sites if isinstance(site, InHouse)}
        queues.sort(key=lambda key: (key[1] not in ours, key))
        each: dict[str, list[tuple[str, str]]] = {}
        for key in queues:
            each.setdefault(key[0], []).append(key)
        queues = [key for some in each.values() for key in some[:MOST_QUEUES]]
    return queues


def _sites(facts: Facts, rules: Rules | None) -> Iterator[Metric]:
    calls = GaugeMetricFamily(
        "ccrouter_site_calls",
        "Calls at an external site, with those sent there whom the PABX has not yet confirmed.",
        labels=["site"],
    )
    up = GaugeMetricFamily(
        "ccrouter_site_up", "1 when a site is up, 0 when it is down or on trial; absent when unknown.", labels=["site"]
    )
    capacity = GaugeMetricFamily(
        "ccrouter_site_max_calls", "Calls that a site takes at once; absent without a limit.", labels=["site"]
    )
    lines = GaugeMetricFamily(
        "ccrouter_site_lines",
        "Lines of a site that one of several PABXs may use, as it last confirmed; absent where none were lent.",
        labels=["pabx", "site"],
    )
    for name, site in facts.snapshot.sites.items():
        for part in site.parts:
            if part.lines is not None:
                lines.add_metric([part.pabx, name], part.lines)
    if any(facts.fresh(pabx) for pabx in facts.snapshot.pabxs):
        for name, site in facts.snapshot.sites.items():
            calls.add_metric([name], site.calls)
            if site.health is not Health.UNKNOWN:
                up.add_metric([name], site.health is Health.UP)
    for name, declared in rules.sites.items() if rules is not None else ():
        if isinstance(declared, External) and declared.max_calls:
            capacity.add_metric([name], declared.max_calls)
    yield from (calls, up, capacity, lines)


def _rules_in_force(rules: Rules | None, modes_on: Mapping[str, float | None]) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "ccrouter_config_info", "1, with the version of the routing file in force.", labels=["version"]
    )
    modes = GaugeMetricFamily("ccrouter_mode_on", "1 when a mode is on, 0 when it is off.", labels=["mode"])
    ends = GaugeMetricFamily(
        "ccrouter_mode_end_timestamp_seconds",
        "When a mode ends by itself; absent for one that is off or has no end.",
        labels=["mode"],
    )
    if rules is not None:
        info.add_metric([rules.version], 1)
        for mode in sorted(rules.modes):
            modes.add_metric([mode], mode in modes_on)
            end = modes_on.get(mode)
            if end is not None:
                ends.add_metric([mode], end)
    yield from (info, modes, ends)
