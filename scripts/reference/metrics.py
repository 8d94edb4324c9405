"""The tables of docs/metrics.md: each metric with its type, unit, labels and their bounds, meaning and definition."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from prometheus_client.metrics_core import Metric

from reference.specimen import specimen

_MARKED: Final = re.compile(r"(<!-- metrics: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "calls": ("calls", "answer_wait", "abandon_wait", "talk"),
    "services": ("service", "overflows", "share"),
    "queues": ("queue",),
    "sites": ("site",),
    "steering": ("mode", "override", "overrides", "calendar", "config"),
    "decisions": ("decision", "decisions", "withdraws", "agi"),
    "pabxs": ("pabx", "ami", "events", "event", "peer", "facts", "relists", "router", "on"),
    "inside": ("loop", "tasks", "faults", "journal", "log", "degraded", "fallback", "build"),
    "outside": ("stream", "http", "webhook"),
}
"""By the mark in the page: the first word of the names of metrics, after `ccrouter_`."""

_UNITS: Final = {
    "timestamp_seconds": "instant, seconds since 1970",
    "seconds": "seconds",
    "ratio": "0 to 1",
    "info": "1",
    "cost": "the currency",
}

LABELS: Final[Mapping[str, str]] = {
    "service": "services of the routing file, `unknown number`; `other` for what it does not know",
    "destination": "sites and messages of the routing file, `unknown number`; `other`",
    "rule": "rules of the routing file; `otherwise`, `override`, `sent by hand`, `unknown number`",
    "site": "external sites of the routing file; `other` in counters",
    "pabx": "PABXs of the settings",
    "queue": "queues of the PABX, 500 at the most, those of sites first",
    "mode": "modes of the routing file",
    "calendar": "calendars of the routing file",
    "currency": "that of the site's tariff",
    "where": "`inside`: by a position; `outside`: by an external site",
    "short": "`yes`, `no`",
    "moment": "`entry`, `waiting`",
    "health": "`up`, `down`, `probe` (one call may try it), `unknown`",
    "entry": "`routed`, `fallback` (compiled rules), `stored`, `static`; `other`",
    "listing": "`queues`, `calls`, `endpoints`",
    "task": "tasks of the code, a few dozen at the most",
    "fault": "a fixed list of the code; `other`",
    "event": "kinds of events of the code; of refused ones their first 64 names, then `other`",
    "answer": "`on`, `off`, `refused`, `unknown`, `failed`",
    "version": "one at a time",
    "python": "one at a time",
    "route": "templates of the API's routes, never a path that was sent; `other`",
    "method": "methods of HTTP; `other`",
    "code": "statuses of HTTP",
    "webhook": "webhooks of the settings",
}
"""What values a label may have, where OF does not say otherwise."""

OF: Final[Mapping[tuple[str, str], str]] = {
    ("ccrouter_queue_wait_forecast_error_seconds", "queue"): "queues of in-house sites",
    ("ccrouter_queue_positions", "state"): "`ready`, `ringing`, `talking`, `wrap_up`, `busy`, `paused`, `out`",
    ("ccrouter_ami_link_state", "state"): "`down`, `connecting`, `refused` (mend it), `syncing`, `in_sync`",
    ("ccrouter_ami_link_changes_total", "state"): "as for `ccrouter_ami_link_state`",
    ("ccrouter_degraded", "state"): "those of [operations.md](operations.md#degraded-states)",
    ("ccrouter_degraded_begins_total", "state"): "likewise",
    ("ccrouter_degraded", "pabx"): "PABXs of the settings; empty for a state of ccrouter itself",
    ("ccrouter_degraded_begins_total", "pabx"): "likewise",
    ("ccrouter_site_tries_total", "result"): "`answered`, `busy`, `congestion`, `chanunavail`, `noanswer`, `full` (the "
    "limit), `died` (lost in the talk); `other`",
    ("ccrouter_withdraws_total", "result"): "`accepted`, `refused`, `unknown` (the PABX did not say)",
    ("ccrouter_agi_sessions_total", "result"): "`answered`, or a word of the code for why not; `other`",
    ("ccrouter_config_reloads_total", "result"): "`taken`, `refused`, `as_before`",
    ("ccrouter_fallback_writes_total", "result"): "`ok`, `failed`",
    (
        "ccrouter_webhook_deliveries_total",
        "result",
    ): "`delivered`, `refused`, `timeout`, `unreachable`, `given_up`, `dropped`",
    ("ccrouter_facts_refused_total", "reason"): "sentences of the code, 64 at the most; `other`",
    ("ccrouter_stream_dropped_total", "reason"): "`slow`, `behind`, `revoked`, `full`",
    ("ccrouter_site_calls", "site"): "sites of the routing file",
    ("ccrouter_site_up", "site"): "sites of the routing file",
}

_DEFINED: Final[Mapping[str, str]] = {
    "ccrouter_calls_offered_total": "offered",
    "ccrouter_calls_answered_total": "answered",
    "ccrouter_calls_in_time_total": "in time",
    "ccrouter_calls_abandoned_total": "abandoned",
    "ccrouter_calls_refused_total": "refused",
    "ccrouter_calls_lost_total": "lost",
    "ccrouter_calls_unseen_total": "unseen",
    "ccrouter_calls_in_progress": "in progress",
    "ccrouter_answer_wait_seconds": "wait",
    "ccrouter_abandon_wait_seconds": "wait",
    "ccrouter_talk_seconds": "talk",
    "ccrouter_overflows_total": "overflowed",
    "ccrouter_service_target_ratio": "service level",
    "ccrouter_service_target_seconds": "service level",
    "ccrouter_share_asked_ratio": "share",
    "ccrouter_share_given_total": "share",
    "ccrouter_queue_occupancy_ratio": "occupancy",
    "ccrouter_queue_estimated_wait_seconds": "EWT",
    "ccrouter_queue_wait_forecast_error_seconds": "EWT",
    "ccrouter_queue_positions": "position",
    "ccrouter_queue_positions_ready": "position",
    "ccrouter_queue_positions_busy": "position",
    "ccrouter_queue_positions_paused": "position",
    "ccrouter_queue_positions_logged_in": "position",
    "ccrouter_queue_positions_ghost": "ghost",
    "ccrouter_site_seizures_total": "seizure",
    "ccrouter_site_answers_total": "seizure",
    "ccrouter_site_talk_seconds_total": "seizure",
    "ccrouter_site_cost_total": "cost",
    "ccrouter_calendar_holiday_unplanned_timestamp_seconds": "unplanned holiday",
}
"""Word of the page's definitions that a metric goes by."""


@cache
def ours() -> Mapping[str, Metric]:
    """Return ccrouter's own families by name, without those of the process."""
    return {name: family for name, family in specimen().items() if name.startswith("ccrouter_")}


def metrics_page(page: str) -> str:
    """Return the page with the tables between its marks as they must be.

    Raises:
        ValueError: a metric has no sample, is in no table, or a label has no bound.

    """
    shown = _MARKED.findall(page)
    missing = [*GROUPS.keys() - {name for _, name, _ in shown}, *(name for name in ours() if _group(name) is None)]
    if missing:
        raise ValueError(f"not in docs/metrics.md: {', '.join(missing)}")

    def renewed(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        return f"{begin}\n{_labels() if name == 'labels' else _table(name)}\n\n{end}"

    return _MARKED.sub(renewed, page)


def _group(name: str) -> str | None:
    rest = name.removeprefix("ccrouter_")
    fits = [
        (len(word), group) for group, words in GROUPS.items() for word in words if f"{rest}_".startswith(f"{word}_")
    ]
    return max(fits)[1] if fits else None


def _table(group: str) -> str:
    head = ["| metric | type, unit | labels | meaning | by |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(_row(name, ours()[name]) for name in sorted(ours()) if _group(name) == group)])


def _row(name: str, family: Metric) -> str:
    if not family.samples:
        raise ValueError(f"{name} has no sample in scripts/reference/specimen.py")
    labels = dict.fromkeys(label for sample in family.samples for label in sample.labels if label != "le")
    unit = next((unit for end, unit in _UNITS.items() if name.removesuffix("_total").endswith(f"_{end}")), "")
    kind = f"{family.type}, {unit}" if unit else family.type
    told = "; ".join(_label(name, label) for label in labels)
    word = _DEFINED.get(name, "")
    by = f"[{word}](#definitions)" if word else ""
    return f"| `{name}` | {kind} | {told} | {family.documentation} | {by} |"


def _label(name: str, label: str) -> str:
    """Return a label, with its bound where it is another one than that of all metrics with this label."""
    of = OF.get((name, label))
    if of is None and label not in LABELS:
        raise ValueError(f"{name}: scripts/reference/metrics.py does not say what bounds the label {label}")
    return f"`{label}`" if of is None else f"`{label}` ({of})"


def _labels() -> str:
    rows = (f"| `{label}` | {bound} |" for label, bound in sorted(LABELS.items()))
    return "\n".join(["| label | values |", "|---|---|", *rows])
