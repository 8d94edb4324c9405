"""Which files of docs/ are written from the code, in whole or between marks, and how."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ccrouter.config.schema import FILES, schema_text
from reference.alerts import monitoring_page
from reference.api import api_page, openapi
from reference.metrics import metrics_page
from reference.problems import problems_page
from reference.speed import performance_page
from reference.tables import Reference

HOUSE: Final = Path(__file__).parents[2]

_MARKED: Final = re.compile(r"(<!-- (\w+): (\w+)(?: of (\w+))? -->\n).*?(<!-- end -->)", re.DOTALL)
"""`<!-- keys: Calendar -->`, `<!-- keys: File of settings -->`, `<!-- table: measures -->`, up to `<!-- end -->`."""


def _with_tables(page: str) -> str:
    """Return a page with the tables between its marks as they must be."""

    def renewed(found: re.Match[str]) -> str:
        begin, kind, name, file, end = found.groups()
        reference = Reference(file or "routing")
        table = reference.keys(name) if kind == "keys" else getattr(reference, name)()
        return f"{begin}\n{table}\n\n{end}"

    return _MARKED.sub(renewed, page)


def _schema(file: str) -> Callable[[str], str]:
    return lambda _: schema_text(file)


PAGES: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        **{f"docs/{file}.schema.json": _schema(file) for file in FILES},
        "docs/api.md": api_page,
        "docs/openapi.json": openapi,
        "docs/metrics.md": metrics_page,
        "docs/monitoring.md": monitoring_page,
        "docs/performance.md": performance_page,
        "docs/problems.md": problems_page,
        "docs/routing.md": _with_tables,
        "docs/webhooks.md": _with_tables,
        "docs/workshop.md": _with_tables,
    }
)
"""By path in the checkout: from the text that is there to the one that should be."""


def wanted() -> dict[Path, str]:
    """Return the text that each page should have."""
    texts = {HOUSE / path: page for path, page in PAGES.items()}
    return {path: page(path.read_text("utf-8") if path.exists() else "") for path, page in texts.items()}
