"""The rules of deploy/prometheus, by promtool: they are well-formed, and each does what it is for."""

import re
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from ccrouter.telemetry.degraded import Degraded
from support.prometheus_files import ALERTS, CASES, PROMETHEUS, RECORDED, ROOT, Rule, looks, promtool, rules_in

FIRING: Final = re.compile(r'ALERTS\{alertname="(\w+)",alertstate="firing"\}')
LABELS: Final = re.compile(r"\$labels\.(\w+)")
DOCS: Final = "{{ $externalLabels.ccrouter_docs }}/monitoring.md#"
CERTIFICATE: Final = ROOT / "tests" / "support" / "tls" / "pbx.example.pem"


def looks_at(alert: str) -> list[dict[str, Any]]:
    """Return the looks that the cases take at an alert."""
    return [look for look in looks() if (firing := FIRING.fullmatch(look["expr"])) and firing[1] == alert]


@pytest.mark.parametrize("path", [RECORDED, ALERTS], ids=lambda path: path.name)
def test_promtool_finds_nothing_wrong(path: Path) -> None:
    """Expressions and templates are well-formed, and no rule stands there twice."""
    ended = promtool("check", "rules", path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "FAILED" not in ended.stdout + ended.stderr
    assert f"{len(rules_in(path))} rules found" in ended.stdout


@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus-remote.yml"])
def test_the_configurations_are_well_formed_and_find_their_files(name: str, tmp_path: Path) -> None:
    """With the rules beside them, and with the files that hold the token and the authority."""
    for each in PROMETHEUS.glob("*.yml"):
        shutil.copy(each, tmp_path)
    (tmp_path / "ccrouter.token").write_text("secret")
    (tmp_path / "ccrouter-ca.pem").write_text(CERTIFICATE.read_text())
    config = tmp_path / name
    config.write_text(config.read_text().replace("/etc/prometheus/", f"{tmp_path}/"))
    ended = promtool("check", "config", config)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 rule files found" in ended.stdout


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_each_rule_does_what_its_cases_say(path: Path) -> None:
    """Alerts fire and are silent, recording rules give the figures of worked examples."""
    ended = promtool("test", "rules", path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_case_can_fail(tmp_path: Path) -> None:
    """Another threshold, and promtool says which case does not hold."""
    shutil.copytree(PROMETHEUS, tmp_path / "prometheus")
    alerts = tmp_path / "prometheus" / ALERTS.name
    alerts.write_text(alerts.read_text().replace("(ccrouter_site_up) == 0", "(ccrouter_site_up) == 2"))
    ended = promtool("test", "rules", tmp_path / "prometheus" / "tests" / "alerts_sites.yml")
    assert ended.returncode == 1
    assert "CcrouterSiteDown" in ended.stdout + ended.stderr


@pytest.mark.parametrize("alert", rules_in(ALERTS), ids=lambda rule: rule.name)
def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent(alert: Rule) -> None:
    """So that none rings for ever, and none never."""
    taken = looks_at(alert.name)
    assert any(look["exp_samples"] for look in taken)
    assert any(not look["exp_samples"] for look in taken)


def test_no_case_is_about_an_alert_that_does_not_exist() -> None:
    """Of such a one promtool would find that it is silent, as it should be."""
    named = {firing[1] for look in looks() if (firing := FIRING.fullmatch(look["expr"]))}
    assert named == {rule.name for rule in rules_in(ALERTS)}


@pytest.mark.parametrize("rule", rules_in(RECORDED), ids=lambda rule: rule.name)
def test_each_recording_rule_has_a_worked_example(rule: Rule) -> None:
    """One whose outcome is a figure; no figure at all would be no proof."""
    assert any(rule.name in look["expr"] and look["exp_samples"] for look in looks())


@pytest.mark.parametrize("rule", rules_in(RECORDED), ids=lambda rule: rule.name)
def test_names_of_recording_rules_say_level_metric_and_operation(rule: Rule) -> None:
    """As Prometheus advises; the level names labels, the operation ends with its window."""
    level, metric, operation = rule.name.split(":")
    assert set(level.split("_")) <= {"service", "where", "short", "site", "currency", "rule", "destination"}
    assert metric.startswith("ccrouter_")
    assert re.fullmatch(r"(ratio_|mean_)?increase(15m|1h|1d)", operation)


@pytest.mark.parametrize("alert", rules_in(ALERTS), ids=lambda rule: rule.name)
def test_each_alert_tells_who_notices_and_what_to_do(alert: Rule) -> None:
    """Severity, a summary of one line, a description with a cure, and the link to its section."""
    labels, notes = alert.written["labels"], alert.written["annotations"]
    assert set(labels) == {"severity"}
    assert labels["severity"] in {"critical", "warning"}
    assert set(notes) == {"summary", "description", "runbook_url"}
    assert "\n" not in notes["summary"].strip()
    assert not notes["summary"].endswith(".")
    assert " To do: " in notes["description"]
    assert notes["description"].endswith(".")
    assert notes["runbook_url"] == DOCS + alert.name.lower()


@pytest.mark.parametrize("alert", rules_in(ALERTS), ids=lambda rule: rule.name)
def test_what_an_alert_says_has_no_gaps(alert: Rule) -> None:
    """Each label that its texts name is there when it fires."""
    named = {label for note in alert.written["annotations"].values() for label in LABELS.findall(note)}
    shown = [sample["labels"] for look in looks_at(alert.name) for sample in look["exp_samples"]]
    optional = {"pabx"} if alert.name == "CcrouterDegraded" else set()
    for label in named - optional:
        assert all(f'{label}="' in labels for labels in shown), label


def test_every_degraded_state_rings() -> None:
    """By an alert that names it, or by the one for all others, which leaves out only those."""
    by_name = {rule.name: rule for rule in rules_in(ALERTS)}
    left_out = re.search(r'state!~"([^"]+)"', by_name.pop("CcrouterDegraded").expr)
    assert left_out is not None
    assert {str(state) for state in Degraded} >= set(left_out[1].split("|"))
    own = " ".join(rule.expr for rule in by_name.values())
    for state in set(left_out[1].split("|")) - {"pabx_gone", "ami_stale", "rules_refused"}:
        assert f'state="{state}"' in own, state
    # These three have figures of their own, which say more.
    for series in (
        "ccrouter_pabx_in_sync",
        "ccrouter_pabx_heard_age_seconds",
        "ccrouter_config_last_reload_successful",
    ):
        assert series in own
