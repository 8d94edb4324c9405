"""What is true of queues and positions at this instant."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric

from ccrouter.live.desks import PositionView
from ccrouter.live.positions import STATES, Position
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import QueueFacts

MOST_QUEUES: Final = 500
"""Queues of one PABX that are told, those of sites first: a PABX decides how many it has, and each costs time."""

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
    "ccrouter_queue_occupancy_ratio": (
        "Share of the positions in work that are busy: busy / (busy + ready); absent when nobody is either.",
        lambda queue, _: queue.occupancy,
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

Known = list[tuple[str, str]]


def queues(
    facts: Facts, rules: Rules | None, positions: Iterable[tuple[str, Position]], desks: Iterable[PositionView]
) -> Iterator[Metric]:
    """Yield the gauges of queues whose PABX is fresh.

    Args:
        facts: of this instant.
        rules: the version in force.
        positions: each with its PABX, once for each of its queues.
        desks: positions over all their queues.

    """
    known = _told(facts, rules)
    for metric, (help_text, read) in QUEUE_GAUGES.items():
        family = GaugeMetricFamily(metric, help_text, labels=["pabx", "queue"])
        for pabx, name in known:
            value = read(facts.snapshot.queues[pabx, name], facts.at)
            if value is not None:
                family.add_metric([pabx, name], value)
        yield family
    yield from _positions(known, positions, desks)


def _positions(
    known: Known, positions: Iterable[tuple[str, Position]], desks: Iterable[PositionView]
) -> Iterator[Metric]:
    doing: Counter[tuple[str, str, str]] = Counter()
    in_vain: Counter[tuple[str, str]] = Counter()
    for pabx, position in positions:
        doing[pabx, position.queue, position.state] += 1
    for desk in desks:
        in_vain.update((desk.pabx, queue) for queue in desk.queues if desk.ghost)
    states = GaugeMetricFamily(
        "ccrouter_queue_positions",
        "Positions by what they do now: ready, ringing, talking, wrap_up, busy (another call), paused, out (can't be "
        "reached).",
        labels=["pabx", "queue", "state"],
    )
    ghostly = GaugeMetricFamily(
        "ccrouter_queue_positions_ghost",
        "Positions that can be reached, and that rang 3 times in a row with nobody there.",
        labels=["pabx", "queue"],
    )
    for pabx, name in known:
        ghostly.add_metric([pabx, name], in_vain[pabx, name])
        for state in STATES:
            states.add_metric([pabx, name, state], doing[pabx, name, state])
    yield from (states, ghostly)


def _told(facts: Facts, rules: Rules | None) -> Known:
    """Return the queues that are told, by PABX and name."""
    queues = [(pabx, name) for pabx, name in facts.snapshot.queues if facts.fresh(pabx)]
    if len(queues) > MOST_QUEUES:
        sites = rules.sites.values() if rules is not None else ()
        ours = {site.queue for site in sites if isinstance(site, InHouse)}
        queues.sort(key=lambda key: (key[1] not in ours, key))
        each: dict[str, Known] = {}
        for key in queues:
            each.setdefault(key[0], []).append(key)
        queues = [key for some in each.values() for key in some[:MOST_QUEUES]]
    return queues
