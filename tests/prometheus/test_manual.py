"""docs/monitoring.md against the files that it is about: alerts, recording rules, dashboards, paths, commands."""

import re
from typing import Final

import pytest
from click import Command, Group

from ccrouter.cli import main
from ccrouter.telemetry.degraded import Degraded
from reference.alerts import monitoring_page
from support.grafana_boards_read import boards
from support.prometheus_files import ALERTS, PROMETHEUS, RECORDED, ROOT, read, rules_in

MANUAL: Final = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
HEADINGS: Final = re.findall(r"^#+ (.+)$", MANUAL, re.MULTILINE)


def anchor(heading: str) -> str:
    """Return how a browser calls a heading, as the usual viewers of Markdown do."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section(heading: str) -> str:
    """Return the text below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", MANUAL, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1].strip()


def test_the_table_of_alerts_is_written_from_their_file() -> None:
    """Else somebody changed an alert, and not scripts/docs."""
    assert monitoring_page(MANUAL) == MANUAL


def test_each_alert_has_a_section_and_each_section_an_alert() -> None:
    """In the order of the file; the link of an alert leads to its section."""
    sections = [heading for heading in HEADINGS if heading.startswith("Ccrouter")]
    assert sections == [rule.name for rule in rules_in(ALERTS)]
    for rule in rules_in(ALERTS):
        _, _, wanted = rule.written["annotations"]["runbook_url"].partition("#")
        assert wanted == anchor(rule.name)
        assert len(section(rule.name)) > 60, rule.name


def test_the_states_without_an_alert_of_their_own_are_named() -> None:
    """Those that the common one does not leave out."""
    common = next(rule for rule in rules_in(ALERTS) if rule.name == "CcrouterDegraded")
    left_out = re.search(r'state!~"([^"]+)"', common.expr)
    assert left_out is not None
    told = set(re.findall(r"`([a-z_]+)`", section(common.name)))
    assert {str(state) for state in Degraded} - set(left_out[1].split("|")) == told


def test_each_recording_rule_is_in_the_table_of_formulas() -> None:
    """And no row is about one that does not exist."""
    told = set(re.findall(r"`([a-z_]+:ccrouter_[a-z_]+:[a-z_]*increase)`", section("Formulas")))
    assert told == {re.sub(r"(15m|1h|1d)$", "", rule.name) for rule in rules_in(RECORDED)}


@pytest.mark.parametrize("name", boards())
def test_each_dashboard_has_a_section_to_which_its_link_leads(name: str) -> None:
    """And every other address below the manual is that of a heading."""
    board = boards()[name]
    assert len(section(board["title"])) > 200
    for link in board["links"]:
        page, _, wanted = str(link.get("url", "")).partition("#")
        if page:
            assert page == "${docs}/monitoring.md"
            assert wanted in map(anchor, HEADINGS)


def test_panels_that_the_manual_names_exist() -> None:
    """Names in italics are titles of panels or of dashboards."""
    titles = {panel["title"] for board in boards().values() for panel in board["panels"]}
    titles |= {board["title"] for board in boards().values()}
    body = MANUAL.replace("<!-- alerts: table -->", "\0").replace("<!-- end -->", "\0")
    text = "".join(body.split("\0")[::2])
    for named in re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", text):
        wanted = " ".join(named.split())
        assert any(title.startswith(wanted) or wanted in title for title in titles), wanted


def test_what_the_manual_says_of_intervals_and_thresholds_holds() -> None:
    """The numbers in its text are those of the files."""
    example = read(PROMETHEUS / "prometheus.yml")
    assert example["global"]["scrape_interval"] == "10s"
    assert "**Why ten seconds.**" in MANUAL
    by_name = {rule.name: rule.expr for rule in rules_in(ALERTS)}
    assert ">= 20" in by_name["CcrouterServiceLevelLow"]
    assert "> 0.2\n" in by_name["CcrouterOverflowLong"]
    assert "> 300" in by_name["CcrouterCallerWaitsLong"]
    assert "14 * 86400" in by_name["CcrouterHolidayUnplanned"]


def test_paths_that_the_manual_names_exist() -> None:
    """Files of the checkout, and pages that it links to with their headings."""
    for path in re.findall(r"`?((?:deploy|scripts|tests)/[\w./*-]+)", MANUAL):
        assert list(ROOT.glob(path.rstrip("."))), path
    for page, heading in re.findall(r"\]\((?:([\w./-]+\.md))?(?:#([\w-]+))?\)", MANUAL):
        target = ROOT / "docs" / (page or "monitoring.md")
        assert target.exists(), page
        if heading:
            headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
            assert heading in map(anchor, headings), f"{page}#{heading}"


def test_commands_that_manual_and_alerts_name_exist() -> None:
    """Each `ccrouter COMMAND` in code, with its subcommand and its options."""
    said = " ".join([MANUAL, *(rule.written["annotations"]["description"] for rule in rules_in(ALERTS))])
    found = re.findall(r"`(?:sudo )?ccrouter ([^`]+)`", said)
    assert len(found) > 10
    for line in found:
        words = line.split()
        command: Command = main
        for word in words[:2]:
            if isinstance(command, Group):
                assert word in command.commands, line
                command = command.commands[word]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line
