"""A dashboard around its panels: variables, links, marks of what was switched, and places on the grid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as parts

from grafana_boards.colours import TARGET, WATCH
from grafana_boards.panels import Panel
from grafana_boards.queries import SOURCE

TAG: Final = "ccrouter"
WIDTH: Final = 24


class Choice(Enum):
    """What may be chosen at the top: the label, and a series whose values of it there are."""

    SERVICE = ("service", "ccrouter_calls_offered_total")
    SITE = ("site", "ccrouter_site_calls")
    PABX = ("pabx", "ccrouter_pabx_in_sync")


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard.

    Attributes:
        uid: stays for good, since links and bookmarks hold it; `file` has the same name.
        choices: its variables, besides the data source.
        begins, every: the time shown, from when and drawn anew how often.

    """

    uid: str
    title: str
    says: str
    choices: Sequence[Choice]
    begins: str
    every: str
    sections: Sequence[Section]


def built(board: Board, docs: str) -> parts.Dashboard:
    """Return a dashboard for Grafana; `docs` is the address below which the pages of docs/ can be read."""
    frame = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.says)
        .tags([TAG])
        .editable()
        .timezone("browser")
        .time(board.begins, "now")
        .refresh(board.every)
        .tooltip(parts.DashboardCursorSync.CROSSHAIR)
        .variables([*_fixed(docs), *map(_chosen, board.choices)])
        .links(list(_links(board)))
        .annotations(list(_marks()))
    )
    made = frame.build()
    made.panels = list(_placed(board))
    return made


def _fixed(docs: str) -> Iterable[Any]:
    yield dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus")
    yield dashboard.ConstantVariable("docs").value(docs)


def _chosen(choice: Choice) -> dashboard.QueryVariable:
    label, series = choice.value
    everything = parts.VariableOption(selected=True, text="All", value="$__all")
    return (
        dashboard.QueryVariable(label)
        .label(label.upper() if choice is Choice.PABX else label.capitalize())
        .datasource(SOURCE)
        .query({"query": f"label_values({series}, {label})", "refId": label})
        .refresh(parts.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(parts.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(everything)
    )


def _links(board: Board) -> Iterable[dashboard.DashboardLink]:
    yield (
        dashboard.DashboardLink("ccrouter")
        .type(parts.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(as_dropdown=True)
        .keep_time(keep_time=True)
        .include_vars(include_vars=True)
    )
    yield (
        dashboard.DashboardLink("How to read this")
        .type(parts.DashboardLinkType.LINK)
        .icon("doc")
        .url(f"${{docs}}/monitoring.md#{board.title.lower().replace(' ', '-')}")
        .target_blank(target_blank=True)
    )
    yield (
        dashboard.DashboardLink("What alerts mean")
        .type(parts.DashboardLinkType.LINK)
        .icon("bolt")
        .url("${docs}/monitoring.md#alerts")
        .target_blank(target_blank=True)
    )


def _marks() -> Iterable[dashboard.AnnotationQuery]:
    """Yield what explains a change of the curves: a new routing file, a mode that is on."""
    yield (
        dashboard.AnnotationQuery()
        .name("Routing file")
        .datasource(SOURCE)
        .enable(enable=True)
        .icon_color(TARGET)
        .expr("max(changes(ccrouter_config_last_reload_success_timestamp_seconds[1m])) > 0")
    )
    yield (
        dashboard.AnnotationQuery()
        .name("Mode on")
        .datasource(SOURCE)
        .enable(enable=True)
        .icon_color(WATCH)
        .expr("max by (mode) (ccrouter_mode_on) == 1")
    )


def _placed(board: Board) -> Iterable[parts.Panel | parts.RowPanel]:
    """Yield headings and panels with number and place: from left to right, a new row where none fits any more."""
    number, y = 0, 0
    for section in board.sections:
        number += 1
        yield parts.RowPanel(
            title=section.title, id_val=number, grid_pos=parts.GridPos(x=0, y=y, w=WIDTH, h=1), collapsed=False
        )
        y += 1
        x = tallest = 0
        for panel in (each.build() for each in section.panels):
            number += 1
            wanted = panel.grid_pos or parts.GridPos()
            if x + wanted.w > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            panel.id_val, panel.grid_pos = number, parts.GridPos(x=x, y=y, w=wanted.w, h=wanted.h)
            yield panel
            x, tallest = x + wanted.w, max(tallest, wanted.h)
        y += tallest
