"""What is asked of Prometheus, and what a panel says about itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models import dashboard as parts

from grafana_boards.colours import BAD, GOOD, WATCH

SOURCE: Final = parts.DataSourceRef(type_val="prometheus", uid="${source}")
"""The Prometheus that is chosen at the top of the dashboard."""

SHORTEST_STEP: Final = "10s"
"""The scrape interval of deploy/prometheus: between two looks there is nothing to draw."""

COUNT: Final = "none"
SHARE: Final = "percentunit"
TIME: Final = "s"
CLOCK: Final = "dtdurations"

Steps = Sequence[tuple[float | None, str]]


@dataclass(frozen=True, slots=True)
class About:
    """What a panel shows: its title, what it means, with formulas, and the unit as Grafana names it."""

    title: str
    says: str
    unit: str = COUNT


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of Prometheus.

    Attributes:
        expr: the expression; `$service` and the other variables of the dashboard stand in it as regular expressions.
        name: of its series, in the legend, with labels as `{{service}}`; of its column in a table.
        colour: of its series; None lets each have a shade of one colour.
        dashed: it is something aimed at or forecast, and drawn dashed.
        unit: of its column in a table.
        limits: from which value on a cell of a table has which colour.

    """

    expr: str
    name: str
    colour: str | None = None
    dashed: bool = False
    unit: str = COUNT
    limits: Steps = ()


def high_is_bad(watch: float, bad: float) -> Steps:
    """Return limits for what should be small."""
    return (None, GOOD), (watch, WATCH), (bad, BAD)


def low_is_bad(watch: float, good: float) -> Steps:
    """Return limits for what should be great: bad below `watch`, good from `good` on."""
    return (None, BAD), (watch, WATCH), (good, GOOD)


ALWAYS_GOOD: Final[Steps] = ((None, GOOD),)


def at_least(good: float) -> Steps:
    """Return limits for what is bad below a value."""
    return (None, BAD), (good, GOOD)


def below(bad: float) -> Steps:
    """Return limits for what is bad from a value on."""
    return (None, GOOD), (bad, BAD)


def refs(queries: Sequence[Query]) -> list[tuple[str, Query]]:
    """Return queries with the letters by which panels refer to them."""
    return [(chr(ord("A") + place), query) for place, query in enumerate(queries)]


def ranged(query: Query, ref: str) -> prometheus.Dataquery:
    """Ask for the course over the time shown."""
    return _asked(query, ref).range()


def instant(query: Query, ref: str) -> prometheus.Dataquery:
    """Ask for the values at the end of the time shown."""
    return _asked(query, ref).instant()


def _asked(query: Query, ref: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.name).ref_id(ref).datasource(SOURCE)
