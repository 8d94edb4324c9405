"""Panels, each by one call: what it shows, and the queries behind it."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as parts
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana_boards.colours import LINE, TARGET
from grafana_boards.queries import (
    ALWAYS_GOOD,
    COUNT,
    SHARE,
    SHORTEST_STEP,
    SOURCE,
    TIME,
    About,
    Query,
    Steps,
    instant,
    ranged,
    refs,
)

Panel = Builder[parts.Panel]


def number(about: About, query: Query, limits: Steps = ALWAYS_GOOD, *, none: str = "-") -> Panel:
    """Return one great figure, with its course behind it; `none` is shown where there is no value."""
    panel = _great(about, limits, none, kinds.BigValueGraphMode.AREA)
    return panel.interval(SHORTEST_STEP).targets([ranged(query, "A")])


def total(about: About, query: Query, limits: Steps = ALWAYS_GOOD, *, none: str = "-") -> Panel:
    """Return great figures of the time shown, one for each series."""
    return _great(about, limits, none, kinds.BigValueGraphMode.NONE).targets([instant(query, "A")])


def lines(about: About, queries: Sequence[Query], *, width: int = 12, most: float | None = None) -> Panel:
    """Return lines over time; `most` is the greatest value that can be."""
    panel = _course(about, queries, width)
    if most is not None:
        panel.max(most)
    return panel


def stack(about: About, queries: Sequence[Query], *, width: int = 12) -> Panel:
    """Return areas over time that add up."""
    return (
        _course(about, queries, width)
        .stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
        .fill_opacity(60)
        .line_width(0)
    )


def bars(about: About, queries: Sequence[Query], *, width: int = 12, step: str) -> Panel:
    """Return stacked bars over time, none of them for less than `step`."""
    return (
        _course(about, queries, width)
        .interval(step)
        .draw_style(kinds.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
        .fill_opacity(80)
        .line_width(0)
    )


def levels(about: About, query: Query, limits: Steps, *, most: float) -> Panel:
    """Return a bar for each series, as full as its value."""
    panel = (
        bargauge.Panel()
        .title(about.title)
        .description(about.says)
        .datasource(SOURCE)
        .unit(about.unit)
        .min(0)
        .max(most)
        .thresholds(_steps(limits))
        .color_scheme(dashboard.FieldColor().mode(parts.FieldColorModeId.THRESHOLDS))
        .display_mode(kinds.BarGaugeDisplayMode.BASIC)
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .span(12)
        .height(8)
    )
    return panel.targets([instant(query, "A")])


def states(
    about: About, query: Query, words: Mapping[str, tuple[str, str]], *, width: int = 12, height: int = 8
) -> Panel:
    """Return a band over time for each series, with the word and the colour of each value."""
    mapping = parts.ValueMap(
        options={value: parts.ValueMappingResult(text=text, color=colour) for value, (text, colour) in words.items()}
    )
    panel = (
        statetimeline.Panel()
        .title(about.title)
        .description(about.says)
        .datasource(SOURCE)
        .mappings([mapping])
        .color_scheme(dashboard.FieldColor().mode(parts.FieldColorModeId.FIXED).fixed_color(TARGET))
        .show_value(kinds.VisibilityMode.AUTO)
        .merge_values(merge_values=True)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(80)
        .legend(common.VizLegendOptions().show_legend(show_legend=False))
        .span(width)
        .height(height)
    )
    return panel.targets([ranged(query, "A")])


def table(about: About, row: Mapping[str, str], queries: Sequence[Query], *, width: int = 24) -> Panel:
    """Return a table with a column for each query; `row` are the labels that tell its rows apart, with their titles."""
    lettered = refs(queries)
    names = (
        {f"Value #{ref}": query.name for ref, query in lettered} if len(lettered) > 1 else {"Value": queries[0].name}
    )
    order = {label: place for place, label in enumerate((*row, *names))}
    panel = (
        tables.Panel()
        .show_header(show_header=True)
        .title(about.title)
        .description(about.says)
        .datasource(SOURCE)
        .transformations(
            [
                parts.DataTransformerConfig(id_val="merge", options={}),
                parts.DataTransformerConfig(
                    id_val="organize",
                    options={
                        "excludeByName": {"Time": True, "job": True},
                        "indexByName": order,
                        "renameByName": {**row, **names},
                    },
                ),
            ]
        )
        .no_value("-")
        .span(width)
        .height(8)
    )
    for query in queries:
        panel.override_by_name(query.name, _cell(query))
    return panel.targets([instant(query, ref).format(PromQueryFormat.TABLE) for ref, query in lettered])


def spread(about: About, query: Query, *, width: int = 12) -> Panel:
    """Return the buckets of a histogram of seconds over time, dark where much fell into."""
    panel = (
        heatmap.Panel()
        .title(about.title)
        .description(about.says)
        .datasource(SOURCE)
        .calculate(calculate=False)
        .color(
            heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues").steps(16).reverse(reverse=True)
        )
        .y_axis(heatmap.YAxisConfig().unit(TIME))
        .cell_gap(1)
        .show_tooltip()
        .interval("1m")
        .span(width)
        .height(8)
    )
    return panel.targets([ranged(query, "A").format(PromQueryFormat.HEATMAP)])


def firing(about: About) -> Panel:
    """Return the list of alerts of ccrouter, those that fire and those about to."""
    return (
        dashboard.Panel()
        .type("alertlist")
        .title(about.title)
        .description(about.says)
        .options(
            {
                "alertInstanceLabelFilter": '{alertname=~"Ccrouter.+"}',
                "alertName": "",
                "dashboardAlerts": False,
                "groupMode": "default",
                "maxItems": 20,
                "sortOrder": 3,
                "stateFilter": {"error": True, "firing": True, "noData": False, "normal": False, "pending": True},
                "viewMode": "list",
            }
        )
        .span(12)
        .height(8)
    )


def _great(about: About, limits: Steps, none: str, behind: kinds.BigValueGraphMode) -> stat.Panel:
    return (
        stat.Panel()
        .title(about.title)
        .description(about.says)
        .datasource(SOURCE)
        .unit(about.unit)
        .no_value(none)
        .thresholds(_steps(limits))
        .color_scheme(dashboard.FieldColor().mode(parts.FieldColorModeId.THRESHOLDS))
        .color_mode(kinds.BigValueColorMode.VALUE)
        .graph_mode(behind)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .span(4)
        .height(4)
    )


def _course(about: About, queries: Sequence[Query], width: int) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(about.title)
        .description(about.says)
        .datasource(SOURCE)
        .unit(about.unit)
        .min(0)
        .interval(SHORTEST_STEP)
        .color_scheme(dashboard.FieldColor().mode(parts.FieldColorModeId("shades")).fixed_color(LINE))
        .draw_style(kinds.GraphDrawStyle.LINE)
        .line_width(2)
        .fill_opacity(0)
        .show_points(kinds.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .show_legend(show_legend=True)
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
        )
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
        .span(width)
        .height(8)
    )
    for ref, query in refs(queries):
        looks = []
        if query.colour is not None:
            looks.append(parts.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": query.colour}))
        if query.dashed:
            looks.append(parts.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}))
        if looks:
            panel.override_by_query(ref, looks)
    return panel.targets([ranged(query, ref) for ref, query in refs(queries)])


def _cell(query: Query) -> list[parts.DynamicConfigValue]:
    looks: list[parts.DynamicConfigValue] = [parts.DynamicConfigValue("unit", query.unit)]
    if query.unit in {SHARE, TIME}:
        looks.append(parts.DynamicConfigValue("decimals", 1))
    elif query.unit == COUNT:
        looks.append(parts.DynamicConfigValue("decimals", 0))
    if query.limits:
        looks += [
            parts.DynamicConfigValue("thresholds", _steps(query.limits).build()),
            parts.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
        ]
    return looks


def _steps(limits: Steps) -> dashboard.ThresholdsConfig:
    steps = [parts.Threshold(value=value, color=colour) for value, colour in limits]
    return dashboard.ThresholdsConfig().mode(parts.ThresholdsMode.ABSOLUTE).steps(steps)
