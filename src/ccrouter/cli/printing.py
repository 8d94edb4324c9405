"""Lines of words, printed: coloured on a terminal, plain elsewhere."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from ccrouter.outlook.words import Line

_STYLES: Final[dict[str, dict[str, Any]]] = {
    "plain": {},
    "head": {"bold": True},
    "decides": {"fg": "green", "bold": True},
    "yes": {},
    "no": {},
    "unknown": {"fg": "yellow"},
    "faint": {"dim": True},
    "bad": {"fg": "red", "bold": True},
}
"""By tone."""


def show(lines: "Iterable[Line]", indent: str = "") -> None:
    """Print lines."""
    coloured = False if os.environ.get("NO_COLOR") else None
    for line in lines:
        click.secho(f"{indent}{line.text}" if line.text else "", color=coloured, **_STYLES[line.tone.value])
