"""What people asked for, at this instant: modes, overrides, aims, shares, and calendars that lack a holiday."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric

from ccrouter.live.views import CallView
from ccrouter.routing.overrides import Override
from ccrouter.routing.rules import Rules
from ccrouter.telemetry.names import RuleNames


class ModeTurned(Protocol):
    """A mode that is on: since when, and until when (None: until it is switched off)."""

    @property
    def name(self) -> str:
        """Return its name."""
        ...

    @property
    def since(self) -> float:
        """Return when it was switched on."""
        ...

    @property
    def until(self) -> float | None:
        """Return when it ends."""
        ...


def modes(rules: Rules, turned: Iterable[ModeTurned]) -> Iterator[Metric]:
    """Yield the modes that the rules declare."""
    on = GaugeMetricFamily("ccrouter_mode_on", "1 when a mode is on, 0 when it is off.", labels=["mode"])
    since = GaugeMetricFamily(
        "ccrouter_mode_on_timestamp_seconds", "When a mode was switched on; absent while it is off.", labels=["mode"]
    )
    ends = GaugeMetricFamily(
        "ccrouter_mode_end_timestamp_seconds",
        "When a mode ends by itself; absent for one that is off or has no end.",
        labels=["mode"],
    )
    known = {mode.name: mode for mode in turned}
    for name in sorted(rules.modes):
        mode = known.get(name)
        on.add_metric([name], mode is not None)
        if mode is not None:
            since.add_metric([name], mode.since)
            if mode.until is not None:
                ends.add_metric([name], mode.until)
    yield from (on, since, ends)


def overrides(at: float, known: Iterable[Override]) -> Iterator[Metric]:
    """Yield how many overrides count now, and when the next of them ends."""
    ends = [each.until for each in known if each.active(at)]
    yield GaugeMetricFamily("ccrouter_overrides", "Overrides that count now.", value=len(ends))
    next_end = GaugeMetricFamily(
        "ccrouter_override_next_end_timestamp_seconds",
        "When the next of the overrides that count now ends; absent when none does.",
    )
    if ends:
        next_end.add_metric([], min(ends))
    yield next_end


def aims(rules: Rules, names: RuleNames) -> Iterator[Metric]:
    """Yield what services aim at, and what shares were asked for."""
    target = GaugeMetricFamily(
        "ccrouter_service_target_ratio",
        "Share of calls that a service aims to answer in time; absent for one that names no aim.",
        labels=["service"],
    )
    within = GaugeMetricFamily(
        "ccrouter_service_target_seconds",
        "Time in which a call of the service should be answered; 20 s where it names none.",
        labels=["service"],
    )
    for service in {each.name: each for each in (*rules.services.values(), rules.unknown)}.values():
        within.add_metric([service.name], service.goal.within_s)
        if service.goal.target is not None:
            target.add_metric([service.name], service.goal.target)
    asked = GaugeMetricFamily(
        "ccrouter_share_asked_ratio",
        "Part of a rule's share that a destination shall get, 0 to 1.",
        labels=["service", "rule", "destination"],
    )
    for (service_name, rule), share in names.shares.items():
        for leg, weight in zip(share.legs, share.weights, strict=True):
            asked.add_metric([service_name, rule, leg.site.name], weight / sum(share.weights))
    yield from (target, within, asked)


def in_progress(names: RuleNames, calls: Iterable[CallView]) -> Iterator[Metric]:
    """Yield how many calls are in progress, 0 for services without."""
    found = Counter(names.service(call.service) for call in calls)
    family = GaugeMetricFamily(
        "ccrouter_calls_in_progress", "Calls that have arrived and not ended, answered or not.", labels=["service"]
    )
    for service in sorted({*names.services, *found}):
        family.add_metric([service], found[service])
    yield family


def unplanned(calendars: Mapping[str, float]) -> Iterator[Metric]:
    """Yield the calendars that lack a holiday, each with its begin."""
    family = GaugeMetricFamily(
        "ccrouter_calendar_holiday_unplanned_timestamp_seconds",
        "Begin of the next public holiday within 60 days on which a calendar of the rules is open as on any other day, "
        "and which neither its `holidays` nor an exception names; absent when there is none.",
        labels=["calendar"],
    )
    for name, begins in sorted(calendars.items()):
        family.add_metric([name], begins)
    yield family
