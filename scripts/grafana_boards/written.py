"""The dashboards as the files that Grafana reads."""

import json
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana_boards import health, operations, service_level, sites
from grafana_boards.frame import built

FOLDER: Final = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "dashboards"
DOCS: Final = "https://docs.example.org/ccrouter"
"""Stands for the address of the manual until somebody gives theirs."""

BOARDS: Final = (operations.BOARD, service_level.BOARD, sites.BOARD, health.BOARD)


def wanted(docs: str = DOCS) -> dict[str, str]:
    """Return the text of each file by its name."""
    return {
        f"{board.uid.removeprefix('ccrouter-')}.json": json.dumps(
            built(board, docs.rstrip("/")), cls=JSONEncoder, indent=1, sort_keys=True
        )
        + "\n"
        for board in BOARDS
    }
