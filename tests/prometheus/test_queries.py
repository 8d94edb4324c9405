"""The queries of docs/metrics.md, asked of Prometheus' own engine about two routers of which one counted less."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from support.prometheus_files import ROOT, promtool

MANUAL: Final = (ROOT / "docs" / "metrics.md").read_text("utf-8")
TABLE: Final = dict(re.findall(r"^\| ([^|`]+?) \| `([^`]+)`", MANUAL[MANUAL.index("## Queries") :], re.MULTILINE))

COUNTED: Final = {
    'ccrouter_calls_offered_total{service="s"}': 10,
    'ccrouter_calls_answered_total{service="s",destination="desk",where="inside"}': 5,
    'ccrouter_calls_answered_total{service="s",destination="tunis",where="outside"}': 2,
    'ccrouter_calls_in_time_total{service="s"}': 6,
    'ccrouter_calls_abandoned_total{service="s",short="yes"}': 1,
    'ccrouter_calls_abandoned_total{service="s",short="no"}': 1,
    'ccrouter_answer_wait_seconds_bucket{service="s",le="20.0"}': 6,
    'ccrouter_answer_wait_seconds_bucket{service="s",le="60.0"}': 7,
    'ccrouter_answer_wait_seconds_bucket{service="s",le="+Inf"}': 7,
    'ccrouter_answer_wait_seconds_count{service="s"}': 7,
    'ccrouter_answer_wait_seconds_sum{service="s"}': 84,
    'ccrouter_talk_seconds_count{service="s"}': 7,
    'ccrouter_talk_seconds_sum{service="s"}': 700,
    'ccrouter_site_cost_total{site="tunis",currency="EUR"}': 0.5,
    'ccrouter_site_seizures_total{site="tunis"}': 4,
    'ccrouter_site_answers_total{site="tunis"}': 2,
}
"""What each router counts in a minute, for both see all calls; the second was away for half of the hour."""

DECIDED: Final = {
    'ccrouter_overflows_total{moment="entry",service="s",rule="r",destination="tunis"}': 1,
    'ccrouter_share_given_total{service="s",rule="r",destination="desk"}': 3,
    'ccrouter_share_given_total{service="s",rule="r",destination="tunis"}': 1,
}
"""What each counts of the calls that it decided itself."""

ANSWERS: Final[Mapping[str, Mapping[str, float]]] = {
    "service level (as the wallboard shows it)": {'{service="s"}': 6 / 9},
    "... in time / offered": {'{service="s"}': 0.6},
    "... in time / answered": {'{service="s"}': 6 / 7},
    "... in time / (answered + abandoned)": {'{service="s"}': 6 / 9},
    "... of any time that is a bucket, of answered calls": {'{service="s"}': 1},
    "ASA, the mean wait of answered calls": {'{service="s"}': 12},
    "wait that 9 of 10 answered callers do not exceed": {'{service="s"}': 32},
    "AHT (talk; hold is part of it, wrap-up is not)": {'{service="s"}': 100},
    "abandon rate, less short ones": {'{service="s"}': 1 / 9},
    "overflow rate": {'{service="s"}': 0.2},
    "part of the answered calls that went outside": {'{service="s"}': 2 / 7},
    "occupancy, mean of an hour": {'{pabx="main",queue="support"}': 0.75},
    "cost per hour": {'{currency="EUR",site="tunis"}': 30},
    "ASR of a site, answers / seizures": {'{site="tunis"}': 0.5},
    "share given against asked": {
        '{destination="desk",rule="r",service="s"}': 0.75,
        '{destination="tunis",rule="r",service="s"}': 0.25,
    },
}


def of_router(series: str, instance: str) -> str:
    """Return a series as Prometheus stores it from one router."""
    return series.replace("{", f'{{instance="{instance}",', 1)


def test_each_query_of_the_manual_answers_as_it_says(tmp_path: Path) -> None:
    """No query is left out, and none adds up what two routers counted of the same calls."""
    assert TABLE.keys() == ANSWERS.keys()
    told = [(of_router(name, "a"), f"0+{step}x60") for name, step in (COUNTED | DECIDED).items()]
    told += [(of_router(name, "b"), f"0+0x30 0+{step}x29") for name, step in COUNTED.items()]
    told += [(of_router(name, "b"), f"0+{step}x60") for name, step in DECIDED.items()]
    occupancy = 'ccrouter_queue_occupancy_ratio{pabx="main",queue="support"}'
    told += [(of_router(occupancy, instance), "0.75x60") for instance in ("a", "b")]
    asked = [
        {
            "expr": f"round({expr}, 0.0001)",
            "eval_time": "1h",
            "exp_samples": [{"labels": labels, "value": round(value, 4)} for labels, value in ANSWERS[figure].items()],
        }
        for figure, expr in TABLE.items()
    ]
    case = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": series, "values": values} for series, values in told],
                "promql_expr_test": asked,
            }
        ],
    }
    (tmp_path / "queries.yml").write_text(yaml.safe_dump(case))
    done = promtool("test", "rules", tmp_path / "queries.yml")
    assert done.returncode == 0, done.stdout + done.stderr
