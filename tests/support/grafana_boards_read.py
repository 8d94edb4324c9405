"""The dashboards of deploy/grafana as Grafana reads them: panels, and what each asks."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from grafana_boards.written import FOLDER

VARIABLE: Final = re.compile(r"\$(?:\{(\w+)[^}]*\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a panel; `ranged` where it is asked over the time shown, and not for its end alone."""

    board: str
    panel: str
    expr: str
    ranged: bool


def boards() -> dict[str, dict[str, Any]]:
    """Return the dashboards by their file's name."""
    return {path.name: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of a dashboard, without its headings."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def asked() -> Iterator[Asked]:
    """Yield every query of every panel."""
    for name, board in boards().items():
        for panel in panels(board):
            for target in panel.get("targets", ()):
                yield Asked(Path(name).stem, panel["title"], target["expr"], bool(target.get("range")))


def filled_in(expr: str, values: Mapping[str, str]) -> str:
    """Return an expression with values in the place of its variables.

    Raises:
        KeyError: a variable has none.

    """
    return VARIABLE.sub(lambda found: values[found[1] or found[2]], expr)
