"""A real Prometheus looks at the demo while it plays: every panel of every dashboard has something to show."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import pytest

from ccrouter.clock import SystemClock, utc
from demo_run.accounts import Fate, Outcome
from demo_run.scenes import pace_for
from demo_run.show import Show
from demo_run.stage import Stage
from grafana_boards.frame import Choice
from support.demo import Nobody, kept_on_failure
from support.grafana_boards_read import Asked, asked, filled_in
from support.prometheus_server import Prometheus

SECONDS: Final = 45
"""Long enough for Asterisk to notice a dead site on a busy machine."""
LOOKS_AFTERWARDS_S: Final = 3.0

VALUES: Final = {
    **{choice.value[0]: ".*" for choice in Choice},
    "__rate_interval": "5s",
    "__interval": "15s",
    "__range": "3m",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was there to see: Prometheus, still up; the times of the show, what became of its calls, the wallboard."""

    prometheus: Prometheus
    began: float
    ended: float
    outcomes: Sequence[Outcome]
    withdrawn: int
    board: Mapping[str, Any]

    def fates(self, *fates: Fate) -> int:
        """Return how many calls had one of these fates."""
        return sum(Counter(outcome.fate for outcome in self.outcomes)[fate] for fate in fates)


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """Play the demo once, with a real Asterisk and real calls, under the eyes of a real Prometheus."""
    folder, clock = Path(tempfile.mkdtemp(prefix="cc-")), SystemClock()
    with kept_on_failure(folder), Stage(folder, pace_for(SECONDS), lambda _: None) as stage:
        scraping = folder / "prometheus"
        scraping.mkdir()
        with Prometheus(scraping, f"127.0.0.1:{stage.pages.port}") as prometheus:
            # What was counted before the first look is no increase.
            prometheus.wait_for("ccrouter_calls_offered_total")
            began = clock.now()
            show = Show(stage, Nobody())
            show.play(SECONDS, endless=False)
            last = clock.steady()
            while clock.steady() < last + LOOKS_AFTERWARDS_S:
                stage.check()
            prometheus.wait_for(f"timestamp(ccrouter_calls_offered_total) > {clock.now()}")
            prometheus.wait_for(f"timestamp(service:ccrouter_service_level:ratio_increase15m) > {clock.now()}")
            yield Seen(prometheus, began, clock.now(), show.outcomes(), stage.withdrawn(), _board(stage))


def _board(stage: Stage) -> dict[str, Any]:
    """Return the wallboard's picture, as the demo's supervisor sees it."""
    address = f"http://127.0.0.1:{stage.pages.port}/api/v1/board"
    asked = Request(address, headers={"Authorization": f"Bearer {stage.pages.desk}"})
    with urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own address
        return dict(json.load(answer))


pytestmark = pytest.mark.timeout(170)


@pytest.mark.parametrize("query", list(asked()), ids=lambda query: f"{query.board}: {query.panel}: {query.expr[:60]}")
def test_every_query_of_every_panel_has_something_to_show(seen: Seen, query: Asked) -> None:
    """With `All` chosen, over the time of the show; a query that finds nothing would be an empty panel."""
    expr = filled_in(query.expr, VALUES)
    found = seen.prometheus.course(expr, seen.began, seen.ended) if query.ranged else seen.prometheus.now(expr)
    assert found, expr


@pytest.mark.parametrize("choice", Choice)
def test_something_can_be_chosen(seen: Seen, choice: Choice) -> None:
    """The list of each variable is not empty."""
    label, series = choice.value
    assert seen.prometheus.values_of(label, series)


def test_the_figures_are_those_of_the_telephones(seen: Seen) -> None:
    """What callers and those who answered them saw is what Prometheus counted, call by call."""
    counted = seen.prometheus.figure
    assert counted("sum(ccrouter_calls_offered_total)") == len(seen.outcomes)
    assert counted('sum(ccrouter_calls_answered_total{where="inside"})') == seen.fates(Fate.POSITION)
    outside = seen.fates(Fate.OUTSOURCER, Fate.BACKUP)
    assert counted('sum(ccrouter_calls_answered_total{where="outside"})') == outside
    assert counted("sum(ccrouter_calls_refused_total)") == seen.fates(Fate.MESSAGE)
    assert counted("sum(ccrouter_calls_abandoned_total)") == seen.fates(Fate.GAVE_UP)
    assert counted("sum(ccrouter_calls_lost_total)") == seen.fates(Fate.LOST) == 0
    assert counted('sum(ccrouter_overflows_total{moment="waiting"})') >= seen.withdrawn > 0
    assert counted("sum(ccrouter_calls_in_progress)") == 0


COUNTED: Final = {
    "offered": "sum(ccrouter_calls_offered_total{%s})",
    "answered": "sum(ccrouter_calls_answered_total{%s})",
    "inside": 'sum(ccrouter_calls_answered_total{%s,where="inside"})',
    "outside": 'sum(ccrouter_calls_answered_total{%s,where="outside"})',
    "in_time": "sum(ccrouter_calls_in_time_total{%s})",
    "abandoned": "sum(ccrouter_calls_abandoned_total{%s})",
    "short": 'sum(ccrouter_calls_abandoned_total{%s,short="yes"})',
    "refused": "sum(ccrouter_calls_refused_total{%s})",
    "overflowed": "sum(ccrouter_overflows_total{%s})",
    "lost": "sum(ccrouter_calls_lost_total{%s})",
    "waited_s": "sum(ccrouter_answer_wait_seconds_sum{%s})",
}
"""By what the wallboard calls it, what Prometheus is asked for the same of a service."""


def test_the_wallboard_shows_the_same(seen: Seen) -> None:
    """Figures of each service, its service level, and the cost of each site: one truth for both."""
    for service in seen.board["services"]:
        label = f'service="{service["name"]}"'
        figures = service["now"]
        counted = {word: seen.prometheus.now(expr % label) for word, expr in COUNTED.items()}
        told = {word: float(found[0]["value"][1]) if found else 0.0 for word, found in counted.items()}
        assert told == pytest.approx({word: figures[word] for word in COUNTED}), service["name"]
        recorded = seen.prometheus.figure(f"service:ccrouter_service_level:ratio_increase15m{{{label}}}")
        assert recorded == pytest.approx(figures["in_time"] / (figures["offered"] - figures["short"]), abs=0.05)
    zone = ZoneInfo(seen.board["zone"])
    if utc(seen.began).astimezone(zone).date() != utc(seen.ended).astimezone(zone).date():
        return  # the cost of the day began anew in the middle of the show
    for site in seen.board["sites"]:
        for currency, cost in site["cost_today"].items():
            expr = f'ccrouter_site_cost_total{{site="{site["name"]}", currency="{currency}"}}'
            assert seen.prometheus.figure(expr) == pytest.approx(cost)


def test_the_recorded_figures_are_of_the_right_size(seen: Seen) -> None:
    """Service levels and rates are shares; the cost is what the tariffs make of talks and answers."""
    recorded = seen.prometheus
    for series in recorded.now('{__name__=~"service:.*:ratio_increase.*"}'):
        # A call may overflow twice.
        most = 2 if "overflows" in series["metric"]["__name__"] else 1
        assert 0 <= float(series["value"][1]) <= most
    for site, per_call, per_minute in (("tunis", 0.10, 0.30), ("backup", 0.20, 0.45)):
        answers, talk_s, cost = (
            recorded.figure(f'sum({series}{{site="{site}"}})')
            for series in (
                "ccrouter_site_answers_total",
                "ccrouter_site_talk_seconds_total",
                "ccrouter_site_cost_total",
            )
        )
        # A talk is charged by the second, and the last one in full.
        exact = answers * per_call + talk_s / 60 * per_minute
        assert exact <= cost <= exact + answers * per_minute / 60
        assert answers > 0


def test_alerts_see_what_happens_to_real_calls(seen: Seen) -> None:
    """The outsourcer is full, then dead, for a while: too short to ring, long enough to be about to."""
    for name in ("CcrouterSiteFull", "CcrouterSiteDown"):
        about_to = f'ALERTS{{alertname="{name}", alertstate="pending", site="tunis"}}'
        assert seen.prometheus.course(about_to, seen.began, seen.ended), name


def test_every_rule_can_be_worked_out_and_no_call_was_lost(seen: Seen) -> None:
    """No rule fails on what is really scraped; alerts that ring say all that they should; the gravest are silent."""
    rules = seen.prometheus.rules()
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    firing = [alert for rule in rules for alert in rule.get("alerts", ())]
    for alert in firing:
        said = " ".join(alert["annotations"].values())
        assert "error" not in said.lower()
        assert "<no value>" not in said
        assert "https://docs.example.org/ccrouter/monitoring.md#" in said
    ringing = {alert["labels"]["alertname"] for alert in firing if alert["state"] == "firing"}
    assert ringing.isdisjoint(
        {"CcrouterCallLost", "CcrouterNoRouter", "CcrouterPabxUnlinked", "CcrouterModePastItsEnd"}
    )
