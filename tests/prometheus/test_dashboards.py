"""The dashboards as Grafana reads them: they are what their code gives, and each panel can be read without a guess."""

import re
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from grafana_boards import colours
from grafana_boards.frame import Choice
from grafana_boards.written import FOLDER, wanted
from reference.specimen import specimen
from support.grafana_boards_read import Asked, asked, boards, filled_in, panels
from support.prometheus_files import ALERTS, PROMETHEUS, RECORDED, ROOT, promtool, rules_in, series_in, unknown_series

BOARDS: Final = boards()
PANELS: Final = [(name, panel) for name, board in BOARDS.items() for panel in panels(board)]
QUERIES: Final = list(asked())

PALETTE: Final = {value for name, value in vars(colours).items() if name.isupper()}
WITHOUT_UNIT: Final = {"state-timeline", "table", "alertlist", "heatmap"}
"""Kinds that show words, or have a unit for each column or axis."""

CHOSEN: Final = {choice.value[0]: ".*" for choice in Choice}
VALUES: Final = {**CHOSEN, "__rate_interval": "1m", "__interval": "1m", "__range": "1h"}

SELECTOR: Final = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
LABEL: Final = re.compile(r"(\w+)\s*[=!]~?\s*\"")


def samples() -> dict[str, set[str]]:
    """Return each series that ccrouter tells with the labels that it has, by a specimen of all of them."""
    found: dict[str, set[str]] = {}
    for family in specimen().values():
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


TOLD: Final = samples()
EXPRESSIONS: Final = [
    *(query.expr for query in QUERIES),
    *(mark["expr"] for board in BOARDS.values() for mark in board["annotations"]["list"]),
    *(rule.expr for path in (RECORDED, ALERTS) for rule in rules_in(path)),
]


def test_the_committed_dashboards_are_what_the_code_gives() -> None:
    """Else somebody edited them by hand, or forgot scripts/dashboards."""
    assert wanted() == {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}


def test_the_address_of_the_manual_is_given_once() -> None:
    """Another one changes the one constant that all links begin with."""
    for name, text in wanted("https://wiki.example/cc/").items():
        assert text.count("wiki.example") == BOARDS[name]["templating"]["list"][1]["query"].count("docs.example") == 1
        assert "docs.example" not in text


def test_no_rule_and_no_panel_asks_for_what_does_not_exist() -> None:
    """Every series is one that the code tells, or that a recording rule makes."""
    assert list(unknown_series(EXPRESSIONS, TOLD)) == []


def test_a_metric_that_does_not_exist_would_be_found() -> None:
    """The test above can fail."""
    known = {"ccrouter_calls_offered_total"}
    expr = 'sum by (service) (rate(ccrouter_calls_ofered_total{service="a b"}[5m])) / ccrouter_calls_offered_total'
    assert list(unknown_series([expr], known)) == [("ccrouter_calls_ofered_total", expr)]
    assert series_in("a and on (job, pabx) group_left () b unless c{d='e'} offset 15m") == {"a", "b", "c"}


def test_no_selector_names_a_label_that_its_metric_has_not() -> None:
    """Such a one would find nothing, or too much."""
    wrong = [
        (series, label)
        for expr in EXPRESSIONS
        for series, inside in SELECTOR.findall(expr)
        if series in TOLD
        for label in LABEL.findall(inside)
        if label not in TOLD[series] | {"job", "instance"}
    ]
    assert wrong == []


def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    """With all that can be chosen left at `All`."""
    rules = [{"record": f"query:{place}", "expr": filled_in(query.expr, VALUES)} for place, query in enumerate(QUERIES)]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    ended = promtool("check", "rules", path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=lambda part: part["title"] if isinstance(part, dict) else part)
def test_each_panel_says_what_it_shows(name: str, panel: dict[str, Any]) -> None:
    """A title, an explanation of whole sentences, a unit, and queries with names; nothing refers to one data source."""
    assert panel["title"]
    assert len(panel["description"]) > 25, name
    assert panel["description"].endswith(".")
    assert panel["options"], "newer versions of Grafana want them"
    if panel["type"] == "alertlist":
        return
    assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
    if panel["type"] not in WITHOUT_UNIT:
        assert panel["fieldConfig"]["defaults"]["unit"]
    for target in panel["targets"]:
        assert target["expr"]
        assert target["legendFormat"]
        assert target["datasource"] == panel["datasource"]


@pytest.mark.parametrize("name", BOARDS)
def test_no_panel_covers_another(name: str) -> None:
    """All are on the grid of 24 columns, each with a number of its own."""
    places = [panel["gridPos"] for panel in BOARDS[name]["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    numbers = [panel["id"] for panel in BOARDS[name]["panels"]]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("name", BOARDS)
def test_only_colours_that_everybody_can_tell_apart(name: str) -> None:
    """Those of the palette, and schemes of one hue."""
    text = (FOLDER / name).read_text("utf-8")
    assert set(re.findall(r"#[0-9A-Fa-f]{6}", text)) <= PALETTE
    modes = set(re.findall(r'"mode": "((?:palette|continuous)[^"]*)"', text))
    assert modes == set()


@pytest.mark.parametrize("name", BOARDS)
def test_what_can_be_chosen_counts(name: str) -> None:
    """Each variable is used, each that is used exists, `All` is chosen at first, and its series has that label."""
    board = BOARDS[name]
    variables = {each["name"]: each for each in board["templating"]["list"]}
    used = {
        variable[0] or variable[1]
        for query in QUERIES
        if f"{query.board}.json" == name
        for variable in re.findall(r"\$(?:\{(\w+)[^}]*\}|(\w+))", query.expr)
        if not (variable[0] or variable[1]).startswith("__")
    }
    assert used == variables.keys() - {"source", "docs"}
    for label in used:
        variable = variables[label]
        assert (variable["current"]["value"], variable["allValue"], variable["includeAll"]) == ("$__all", ".*", True)
        series = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"])
        assert series is not None
        assert series[2] == label in TOLD[series[1]]


def test_the_dashboards_differ_in_their_names_and_know_each_other() -> None:
    """Grafana keeps them apart by uid; the tag by which they find each other is on each."""
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS) == 4
    for name, board in BOARDS.items():
        assert board["uid"] == f"ccrouter-{Path(name).stem}"
        assert board["tags"] == ["ccrouter"]
        assert board["links"][0]["tags"] == ["ccrouter"]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"{query.board}: {query.panel}")
def test_two_routers_count_a_call_once(query: Asked) -> None:
    """Both see every call: what each counts is never added up over instances."""
    each_counts_all = re.compile(r"ccrouter_(calls|answer_wait|abandon_wait|talk|site)_\w+")
    for found in each_counts_all.finditer(query.expr):
        before = query.expr[: found.start()]
        assert re.search(
            r"(max without \(instance\) \([^)]*|max by \([^)]*\) \([^)]*|service\w*:|site\w*:|max\([^)]*)$", before
        ), found[0]


def test_grafana_finds_the_dashboards_and_prometheus() -> None:
    """The files that provision it name the folder of the dashboards and the scrape interval."""
    provisioning = FOLDER.parent / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    interval = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["global"]["scrape_interval"]
    assert (source["type"], source["jsonData"]["timeInterval"]) == ("prometheus", interval)
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "ccrouter.yml").read_text())["providers"]
    manual = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
    assert provider["options"]["path"] in manual
