"""Known calls on a real PABX: every metric is seen with the value that callers, positions and sites counted themselves.

The scene is in support/known_calls.py. A metric of docs/metrics.md that nothing here expects fails the test.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import holidays
import pytest

from reference.metrics import ours
from support.known_calls import DESKS, HOUSE, IN_TIME_S, Known, Met, Scene, Scrape, series, total
from support.real_house import PABX, RealHouse

TESTS: Final = Path(__file__).parents[1]
NEAR_S: Final = 0.5
"""By how much two may differ, on a busy machine, of whom each measures one wait or talk by a clock of its own."""

MARGIN_S: Final = 0.1
"""Nearer to the limit, a wait would be in time for one and late for the other."""

INSIDE: Final = frozenset({"desk", "late"})
SEIZED: Final = ("tunis", "small", "refusing", "backup")

Expectation = Callable[[Known], None]
EXPECTED: Final[dict[str, Expectation]] = {}

SHOWN_ELSEWHERE: Final = {
    "calls_lost": ("telemetry/test_calls.py", "ccrouter_calls_{each}_total"),
    "calls_unseen": ("telemetry/test_calls.py", "ccrouter_calls_unseen_total"),
    "ami_link_faults": ("telemetry/test_metrics.py", "ccrouter_ami_link_faults"),
    "config_watch_failures": ("pabx/test_reload_under_calls.py", "ccrouter_config_watch_failures_total"),
    "decisions_failed": ("daemon/test_overflow.py", "failed"),
    "degraded": ("daemon/test_degraded.py", "ccrouter_degraded"),
    "degraded_begins": ("telemetry/test_degraded.py", "ccrouter_degraded_begins_total"),
    "facts_refused": ("telemetry/test_metrics.py", "ccrouter_facts_refused_total"),
    "fallback_in_force": ("pabx/test_compiled_in_force.py", "ccrouter_fallback_in_force"),
    "faults": ("daemon/test_overflow.py", "ccrouter_faults_total"),
    "journal_dropped": ("daemon/test_recorder.py", "dropped_total"),
    "journal_errors": ("daemon/test_recorder.py", "errors_total"),
    "log_lines_dropped": ("telemetry/test_metrics.py", "ccrouter_log_lines_dropped"),
    "mode_codes_dialled": ("pabx/test_phone_modes.py", "ccrouter_mode_codes_dialled_total"),
    "peer_faults": ("pabx/test_hostile.py", "ccrouter_peer_faults_total"),
    "relists": ("telemetry/test_metrics.py", "ccrouter_relists_total"),
    "site_lines": ("support/several_pabxs.py", "ccrouter_site_lines"),
    "webhook_deliveries": ("daemon/test_webhooks.py", "ccrouter_webhook_deliveries_total"),
    "webhook_waiting": ("daemon/test_webhooks.py", 'gauge("waiting")'),
    "webhook_oldest_timestamp_seconds": ("daemon/test_webhooks.py", 'gauge("oldest_timestamp_seconds")'),
    "stream_clients": ("telemetry/test_metrics.py", "ccrouter_stream_clients"),
    "stream_dropped": ("telemetry/test_metrics.py", "ccrouter_stream_dropped_total"),
    "stream_happened_left_out": ("telemetry/test_metrics.py", "ccrouter_stream_happened_left_out_total"),
}
"""What a scene where nothing goes wrong, on one PABX, shows as 0 or not at all: where it is shown, and by what."""


def shows(*names: str) -> Callable[[Expectation], Expectation]:
    """Register what metrics must have shown, by their names without `ccrouter_` and `_total`."""

    def registered(expectation: Expectation) -> Expectation:
        assert not EXPECTED.keys() & set(names)
        EXPECTED.update(dict.fromkeys(names, expectation))
        return expectation

    return registered


def named(metric: str) -> str:
    """Return a metric's name as it is registered here."""
    return metric.removeprefix("ccrouter_").removesuffix("_total")


def by(scrape: Scrape, name: str, *labels: str) -> dict[tuple[str, ...], float]:
    """Return the series of a metric that are not 0, by these labels."""
    found: Counter[tuple[str, ...]] = Counter()
    for told, value in series(scrape, name):
        found[tuple(told[label] for label in labels)] += value  # type: ignore[assignment] # they are floats
    return {key: value for key, value in found.items() if value}


def counted(known: Known, holds: Callable[[Met], bool]) -> dict[tuple[str, ...], float]:
    """Return the callers for whom something holds, by service."""
    found = {(service,): sum(map(holds, met)) for service, met in known.met.items()}
    return {key: float(count) for key, count in found.items() if count}


def answered(known: Known) -> list[tuple[str, Met]]:
    """Return service and caller of all calls that somebody took."""
    return [(service, met) for service, all_of_it in known.met.items() for met in all_of_it if met.takers]


def about(expected: float, calls: int) -> object:
    """Return what equals a time of so many calls that others measured."""
    return pytest.approx(expected, abs=NEAR_S * max(1, calls))


# --- calls ------------------------------------------------------------------------------------------------------------


@shows("calls_offered")
def _offered(known: Known) -> None:
    assert by(known.after, "ccrouter_calls_offered_total", "service") == counted(known, lambda _: True)


@shows("calls_answered")
def _answered(known: Known) -> None:
    took = Counter(
        (service, met.takers[0], "inside" if met.takers[0] in INSIDE else "outside") for service, met in answered(known)
    )
    assert by(known.after, "ccrouter_calls_answered_total", "service", "destination", "where") == took


@shows("calls_in_time")
def _in_time(known: Known) -> None:
    in_time = counted(known, lambda met: bool(met.takers) and met.waited_s <= IN_TIME_S)
    assert by(known.after, "ccrouter_calls_in_time_total", "service") == in_time


@shows("calls_abandoned")
def _abandoned(known: Known) -> None:
    found = Counter(
        (service, "yes" if met.waited_s <= IN_TIME_S else "no")
        for service, all_of_it in known.met.items()
        for met in all_of_it
        if met.gave_up
    )
    assert set(found.values()) == {1, 2}
    assert by(known.after, "ccrouter_calls_abandoned_total", "service", "short") == found


@shows("calls_refused")
def _refused(known: Known) -> None:
    expected = {(service, "closed"): count for (service,), count in counted(known, lambda met: met.refused).items()}
    assert by(known.after, "ccrouter_calls_refused_total", "service", "destination") == expected


@shows("calls_lost", "calls_unseen")
def _all_accounted_for(known: Known) -> None:
    ends = ("answered", "abandoned", "refused")
    for name in ("lost", "unseen"):
        assert {value for _, value in series(known.after, f"ccrouter_calls_{name}_total")} == {0.0}
    assert sum(total(known.after, f"ccrouter_calls_{end}_total") for end in ends) == known.calls


@shows("calls_in_progress")
def _in_progress(known: Known) -> None:
    assert by(known.during, "ccrouter_calls_in_progress", "service") == {("full",): 1, ("peak",): 1}
    assert by(known.after, "ccrouter_calls_in_progress", "service") == {}


@shows("answer_wait_seconds")
def _answer_waits(known: Known) -> None:
    waits = "ccrouter_answer_wait_seconds"
    taken = counted(known, lambda met: bool(met.takers))
    assert by(known.after, f"{waits}_count", "service") == taken
    for (service,), calls in taken.items():
        waited = [met.waited_s for met in known.met[service] if met.takers]
        assert total(known.after, f"{waits}_sum", service=service) == about(sum(waited), len(waited))
        within = total(known.after, f"{waits}_bucket", service=service, le=f"{IN_TIME_S}")
        assert within == total(known.after, "ccrouter_calls_in_time_total", service=service)
        assert total(known.after, f"{waits}_bucket", service=service, le="+Inf") == calls


@shows("abandon_wait_seconds")
def _abandon_waits(known: Known) -> None:
    waits = "ccrouter_abandon_wait_seconds"
    gave_up = counted(known, lambda met: met.gave_up)
    assert by(known.after, f"{waits}_count", "service") == gave_up
    for (service,), calls in gave_up.items():
        waited = [met.waited_s for met in known.met[service] if met.gave_up]
        assert total(known.after, f"{waits}_sum", service=service) == about(sum(waited), int(calls))
        short = total(known.after, "ccrouter_calls_abandoned_total", service=service, short="yes")
        assert total(known.after, f"{waits}_bucket", service=service, le=f"{IN_TIME_S}") == short


@shows("talk_seconds")
def _talks(known: Known) -> None:
    talked = {talk.caller: talk.seconds for talk in known.talks}
    for service, all_of_it in known.met.items():
        spoke = [talked[met.placed.call.caller] for met in all_of_it if met.takers]
        assert total(known.after, "ccrouter_talk_seconds_count", service=service) == len(spoke)
        assert total(known.after, "ccrouter_talk_seconds_sum", service=service) == about(sum(spoke), len(spoke))


# --- services, overflow, shares ---------------------------------------------------------------------------------------


@shows("overflows")
def _overflows(known: Known) -> None:
    found = by(known.after, "ccrouter_overflows_total", "moment", "service", "rule", "destination")
    assert found == {
        ("entry", "dead site", "otherwise", "desk"): len(known.met["dead site"]),
        ("entry", "full", "otherwise", "small"): sum(met.refused for met in known.met["full"]),
        ("entry", "peak", "peak", "tunis"): sum(met.takers == ("tunis",) for met in known.met["peak"]),
        ("waiting", "too long", "too long", "tunis"): known.withdrawn,
    }


@shows("service_target_ratio", "service_target_seconds")
def _targets(known: Known) -> None:
    named_one = {("in time",): 0.8} | dict.fromkeys(
        [("late",), ("outside",), ("given up",), ("peak",), ("too long",)], 0.9
    )
    assert by(known.after, "ccrouter_service_target_ratio", "service") == named_one
    within = by(known.after, "ccrouter_service_target_seconds", "service")
    assert {service for (service,), seconds in within.items() if seconds == IN_TIME_S} == {
        each for (each,) in named_one
    }
    assert within["unknown number",] == within["shut",] == 20


@shows("share_asked_ratio", "share_given")
def _shares(known: Known) -> None:
    labels = ("service", "rule", "destination")
    took = Counter(met.takers[0] for met in known.met["shared"])
    given = {("shared", "half and half", site): count for site, count in took.items()}
    assert by(known.after, "ccrouter_share_given_total", *labels) == given
    assert by(known.after, "ccrouter_share_asked_ratio", *labels) == dict.fromkeys(given, 0.5)


# --- queues and positions ---------------------------------------------------------------------------------------------


@shows("queue_waiting", "queue_longest_wait_seconds", "queue_estimated_wait_seconds", "queue_occupancy_ratio")
def _queues(known: Known) -> None:
    assert by(known.during, "ccrouter_queue_waiting", "queue") == {("crowd",): 1}
    [(where, longest_s)] = by(known.during, "ccrouter_queue_longest_wait_seconds", "queue").items()
    assert where == ("crowd",)
    assert 0 < longest_s < 12  # the patience of the caller who waits
    assert by(known.after, "ccrouter_queue_longest_wait_seconds", "queue") == {}
    # Where a position is ready and nobody waits, a caller waits for nothing; where there is no sample, nothing is said.
    assert {told["queue"] for told, _ in series(known.after, "ccrouter_queue_estimated_wait_seconds")} == {
        *HOUSE.queues
    }
    assert "crowd" not in {told["queue"] for told, _ in series(known.during, "ccrouter_queue_estimated_wait_seconds")}
    assert by(known.during, "ccrouter_queue_occupancy_ratio", "queue") == {("crowd",): 1}


@shows(
    "queue_positions",
    "queue_positions_logged_in",
    "queue_positions_ready",
    "queue_positions_busy",
    "queue_positions_paused",
)
def _positions(known: Known) -> None:
    sat = {("desk",): DESKS + 1, ("late",): 2, ("crowd",): 1, ("slow",): 1}
    for scrape in (known.before, known.during, known.talking, known.after):
        assert by(scrape, "ccrouter_queue_positions", "queue") == sat
        assert by(scrape, "ccrouter_queue_positions_logged_in", "queue") == sat
        assert by(scrape, "ccrouter_queue_positions_paused", "queue") == {("desk",): 1}
        assert total(scrape, "ccrouter_queue_positions", queue="desk", state="paused") == 1
        busy = sum(total(scrape, "ccrouter_queue_positions", state=state) for state in ("talking", "ringing", "busy"))
        assert total(scrape, "ccrouter_queue_positions_busy") == busy
        ready = total(scrape, "ccrouter_queue_positions", state="ready")
        assert total(scrape, "ccrouter_queue_positions_ready") == ready == sum(sat.values()) - 1 - busy
    assert total(known.during, "ccrouter_queue_positions", queue="crowd", state="ringing") == 1
    assert 0 < total(known.talking, "ccrouter_queue_positions", queue="desk", state="talking") <= DESKS
    assert total(known.after, "ccrouter_queue_positions_busy") == 0


@shows("queue_positions_ghost")
def _ghosts(known: Known) -> None:
    assert by(known.before, "ccrouter_queue_positions_ghost", "queue") == {}
    assert by(known.after, "ccrouter_queue_positions_ghost", "queue") == {("crowd",): 1}


@shows("queue_wait_forecast_error_seconds")
def _forecasts(known: Known) -> None:
    error = "ccrouter_queue_wait_forecast_error_seconds"
    waited = [met.waited_s for met in known.met["late"]]  # one after the other, with positions ready: the forecast is 0
    assert total(known.after, f"{error}_count", queue="late") == len(waited)
    assert total(known.after, f"{error}_sum", queue="late") == about(sum(waited), len(waited))
    in_house = sum(met.takers[0] in INSIDE for _, met in answered(known))
    assert len(waited) < total(known.after, f"{error}_count") <= in_house


# --- sites ------------------------------------------------------------------------------------------------------------


@shows("site_seizures", "site_answers", "site_talk_seconds")
def _lines(known: Known) -> None:
    dialled = {(site,): known.dialled[site] for site in SEIZED}
    assert by(known.after, "ccrouter_site_seizures_total", "site") == dialled
    took = Counter((talk.at,) for talk in known.talks if talk.at in SEIZED)
    assert by(known.after, "ccrouter_site_answers_total", "site") == took
    for site, calls in took.items():
        talked_s = sum(talk.seconds for talk in known.talks if (talk.at,) == site)
        assert total(known.after, "ccrouter_site_talk_seconds_total", site=site[0]) == about(talked_s, calls)


@shows("site_cost")
def _costs(known: Known) -> None:
    found = by(known.after, "ccrouter_site_cost_total", "site", "currency")
    assert found == {
        ("tunis", "EUR"): pytest.approx(known.cost("tunis", 0.10, 6)),
        ("backup", "CHF"): pytest.approx(known.cost("backup", 1, 0)),
    }


@shows("site_tries")
def _tries(known: Known) -> None:
    took = Counter((talk.at, "answered") for talk in known.talks if talk.at in SEIZED)
    refused = {
        ("small", "full"): sum(met.refused for met in known.met["full"]),
        ("refusing", "congestion"): known.dialled["refusing"],
    }
    assert by(known.after, "ccrouter_site_tries_total", "site", "result") == took | refused


@shows("site_calls", "site_max_calls", "site_up", "site_health_changes")
def _sites(known: Known) -> None:
    assert by(known.during, "ccrouter_site_calls", "site") == {("small",): 1, ("crowd",): 1}
    assert by(known.after, "ccrouter_site_calls", "site") == {}
    assert by(known.after, "ccrouter_site_max_calls", "site") == {("small",): 1}
    up = {told["site"]: value for told, value in series(known.after, "ccrouter_site_up")}
    assert up == dict.fromkeys((*HOUSE.queues, *HOUSE.sites), 1) | {"gone": 0}
    changes = by(known.after, "ccrouter_site_health_changes_total", "site", "health")
    assert {site for site, health in changes if health == "up"} >= {*HOUSE.sites}
    assert changes["gone", "down"] == 1


@shows("site_lines")
def _lent(known: Known) -> None:
    assert not [*series(known.after, "ccrouter_site_lines")]


# --- steering ---------------------------------------------------------------------------------------------------------


@shows("mode_on", "mode_on_timestamp_seconds", "mode_end_timestamp_seconds", "mode_codes_dialled")
def _modes(known: Known) -> None:
    assert by(known.after, "ccrouter_mode_on", "mode") == {("crisis",): 1}
    [(_, since)] = series(known.after, "ccrouter_mode_on_timestamp_seconds")
    [(_, ends)] = series(known.after, "ccrouter_mode_end_timestamp_seconds")
    assert known.began_at < since < known.began_at + 60
    assert ends - since == 4 * 3600
    assert total(known.after, "ccrouter_mode_codes_dialled_total") == 0


@shows("overrides", "override_next_end_timestamp_seconds")
def _overrides(known: Known) -> None:
    assert total(known.after, "ccrouter_overrides") == 1
    assert 0 < total(known.after, "ccrouter_override_next_end_timestamp_seconds") - known.began_at - 3600 < 60


@shows("calendar_holiday_unplanned_timestamp_seconds")
def _holidays(known: Known) -> None:
    paris = ZoneInfo("Europe/Paris")
    today = datetime.fromtimestamp(known.began_at, UTC).astimezone(paris).date()
    days = [day for ahead in range(61) if (day := today + timedelta(days=ahead)) in holidays.country_holidays("FR")]
    expected = [datetime(day.year, day.month, day.day, tzinfo=paris).timestamp() for day in days[:1]]
    found = series(known.after, "ccrouter_calendar_holiday_unplanned_timestamp_seconds", calendar="office")
    assert [value for _, value in found] == expected


@shows(
    "config_info",
    "config_last_reload_success_timestamp_seconds",
    "config_last_reload_successful",
    "config_reloads",
    "config_watch_failures",
)
def _config(known: Known) -> None:
    assert by(known.after, "ccrouter_config_info", "version") == {(known.version,): 1}
    assert total(known.after, "ccrouter_config_last_reload_successful") == 1
    assert by(known.after, "ccrouter_config_reloads_total", "result") == {("taken",): 1}
    assert 0 <= known.began_at - total(known.after, "ccrouter_config_last_reload_success_timestamp_seconds") < 60
    assert total(known.after, "ccrouter_config_watch_failures_total") == 0


# --- decisions, links -------------------------------------------------------------------------------------------------


@shows("decisions", "decision_seconds", "decisions_failed", "withdraws", "agi_sessions", "agi_seconds", "agi_waiting")
def _decisions(known: Known) -> None:
    made = by(known.after, "ccrouter_decisions_total", "service")
    expected = counted(known, lambda _: True)
    assert made == expected | {("too long",): expected["too long",] + known.withdrawn}
    rules = {"open": "in time", "peak": "peak", "crisis": "crisis", "half and half": "shared", "override": "overridden"}
    decided = by(known.after, "ccrouter_decisions_total", "rule", "service")
    assert {rule: service for rule, service in decided if rule not in {"otherwise", "too long"}} == rules
    count = known.calls + known.withdrawn
    assert total(known.after, "ccrouter_decision_seconds_count") == count
    assert 0 < total(known.after, "ccrouter_decision_seconds_sum") < count * 0.1
    assert total(known.after, "ccrouter_decisions_failed_total") == 0
    assert by(known.after, "ccrouter_withdraws_total", "result") == {("accepted",): known.withdrawn}
    assert by(known.after, "ccrouter_agi_sessions_total", "result") == {("answered",): known.calls}
    assert total(known.after, "ccrouter_agi_seconds_count") == known.calls
    assert total(known.after, "ccrouter_agi_waiting") == 0


@shows("calls_ended", "events", "event_apply_seconds", "facts_refused", "peer_faults", "relists")
def _events(known: Known) -> None:
    assert by(known.after, "ccrouter_calls_ended_total", "pabx", "entry") == {(PABX, "routed"): known.calls}
    told = by(known.after, "ccrouter_events_total", "event")
    in_house = sum(talk.at in INSIDE for talk in known.talks)
    # Where both channels are gone at the end of a talk, Asterisk names neither: that is refused, and read again.
    nameless = total(known.after, "ccrouter_peer_faults_total", event="AgentComplete")
    told["TalkEnded",] += nameless
    expected = {"CallRouted": known.calls, "CallEnded": known.calls, "CallerConnected": in_house, "TalkEnded": in_house}
    assert expected == {event: told[event,] for event in expected}
    assert total(known.after, "ccrouter_event_apply_seconds_count") > sum(told.values())  # time passes by events too
    assert 0 < total(known.after, "ccrouter_event_apply_seconds_sum") < sum(told.values()) * 0.1
    assert total(known.after, "ccrouter_peer_faults_total") == nameless
    assert total(known.after, "ccrouter_relists_total") <= nameless
    assert total(known.after, "ccrouter_facts_refused_total") == 0


@shows(
    "pabx_in_sync",
    "pabx_heard_age_seconds",
    "ami_link_state",
    "ami_link_changes",
    "ami_link_faults",
    "ami_ping_seconds",
    "ami_pending",
    "router_rank",
    "on_duty",
)
def _links(known: Known) -> None:
    assert by(known.after, "ccrouter_pabx_in_sync", "pabx") == {(PABX,): 1}
    assert 0 <= total(known.after, "ccrouter_pabx_heard_age_seconds") < 5
    assert by(known.after, "ccrouter_ami_link_state", "state") == {("in_sync",): 1}
    once = {(state,): 1 for state in ("connecting", "syncing", "in_sync")}
    assert by(known.after, "ccrouter_ami_link_changes_total", "state") == once
    assert total(known.after, "ccrouter_ami_link_faults_total") == 0
    assert known.grew("ccrouter_ami_ping_seconds_count") > 5
    assert total(known.after, "ccrouter_ami_ping_seconds_sum") > 0
    assert 0 <= total(known.after, "ccrouter_ami_pending", pabx=PABX) < 10
    assert total(known.after, "ccrouter_router_rank") == total(known.after, "ccrouter_on_duty", pabx=PABX) == 1


# --- inside, outside --------------------------------------------------------------------------------------------------


@shows(
    "build_info",
    "degraded",
    "degraded_begins",
    "faults",
    "loop_lag_seconds",
    "loop_lag_max_seconds",
    "tasks",
    "log_queue_length",
    "log_lines_dropped",
)
def _inside(known: Known) -> None:
    assert by(known.after, "ccrouter_build_info", "version") == {(version("ccrouter"),): 1}
    assert known.grew("ccrouter_loop_lag_seconds_count") > 10
    assert total(known.after, "ccrouter_loop_lag_seconds_sum") > 0
    assert 0 <= total(known.after, "ccrouter_loop_lag_max_seconds") < 1
    assert 10 < total(known.after, "ccrouter_tasks") < 100
    assert 0 <= total(known.after, "ccrouter_log_queue_length") < 100
    for none in ("faults_total", "log_lines_dropped_total"):
        assert total(known.after, f"ccrouter_{none}") == 0
    states = {told["state"] for told, value in series(known.after, "ccrouter_degraded") if value}
    assert states <= {"overload"}  # of a machine that does other work as well


@shows("journal_written", "journal_queue_length", "journal_healthy", "journal_dropped", "journal_errors")
def _journal(known: Known) -> None:
    assert total(known.after, "ccrouter_journal_written_total") == 2 * known.calls + known.withdrawn
    assert total(known.after, "ccrouter_journal_healthy") == 1
    for none in ("journal_queue_length", "journal_dropped_total", "journal_errors_total"):
        assert total(known.after, f"ccrouter_{none}") == 0


@shows("fallback_writes", "fallback_written_timestamp_seconds", "fallback_in_force")
def _fallback(known: Known) -> None:
    assert total(known.after, "ccrouter_fallback_writes_total", result="ok") > 0
    assert total(known.after, "ccrouter_fallback_writes_total", result="failed") == 0
    assert abs(total(known.after, "ccrouter_fallback_written_timestamp_seconds") - known.began_at) < 60
    assert by(known.after, "ccrouter_fallback_in_force", "pabx") == {}  # nobody has the PABX read them here


@shows(
    "http_requests",
    "stream_clients",
    "stream_dropped",
    "stream_happened_left_out",
    "webhook_deliveries",
    "webhook_waiting",
    "webhook_oldest_timestamp_seconds",
)
def _outside(known: Known) -> None:
    asked = by(known.after, "ccrouter_http_requests_total", "method", "code")
    assert asked.keys() == {("GET", "200")}
    assert asked["GET", "200"] >= 3  # the scrapes before
    assert not [sample for sample in known.after if sample.startswith("ccrouter_webhook")]  # the settings name none
    for none in ("stream_clients", "stream_dropped_total", "stream_happened_left_out_total"):
        assert total(known.after, f"ccrouter_{none}") == 0


# --- the tests --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known(shared_house: RealHouse) -> Known:
    """Play the scene once for each version."""
    return Scene(shared_house).play()


def test_each_metric_of_the_reference_is_proved() -> None:
    """Nobody adds a metric that nothing expects; what nothing goes wrong for here counts in the test that is named."""
    assert EXPECTED.keys() == {named(metric) for metric in ours()}
    assert SHOWN_ELSEWHERE.keys() <= EXPECTED.keys()
    found = {metric: word in (TESTS / place).read_text("utf-8") for metric, (place, word) in SHOWN_ELSEWHERE.items()}
    assert [metric for metric, shown in found.items() if not shown] == []


def test_nothing_is_scraped_that_the_reference_does_not_know(known: Known) -> None:
    """A metric that a part of the daemon brings along is in docs/metrics.md too."""
    scraped = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known.after if name.startswith("ccrouter_")}
    assert scraped <= ours().keys()


def test_callers_met_what_the_scene_wanted(known: Known) -> None:
    """The scene holds all ends of a call, and no wait is so near to a limit that either side of it would be right."""
    ends = Counter(
        "in house" if met.takers[:1] and met.takers[0] in INSIDE else met.takers[0] if met.takers else "nobody"
        for met in (each for all_of_it in known.met.values() for each in all_of_it)
    )
    assert ends == {"in house": 11, "tunis": 8, "backup": 3, "small": 1, "nobody": 8}
    assert all(len(met.takers) <= 1 for all_of_it in known.met.values() for met in all_of_it)
    waits = [met.waited_s for all_of_it in known.met.values() for met in all_of_it if not met.refused]
    assert not [wait for wait in waits if abs(wait - IN_TIME_S) < MARGIN_S]
    assert known.withdrawn == 2


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_metric_shows_what_was_counted(name: str, known: Known) -> None:
    """Each figure is that of the callers, positions and sites: calls to the call, times to half a second each."""
    EXPECTED[name](known)
