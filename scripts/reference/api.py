"""docs/openapi.json, and the table of the API's operations, from those of a daemon that is built and not run."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final, cast

import structlog
from structlog.typing import EventDict

from ccrouter.app.daemon import Daemon
from ccrouter.clock import SystemClock
from ccrouter.config.settings import compile_settings
from ccrouter.telemetry.logs import Logs
from ccrouter.web.openapi import text
from ccrouter.web.operations import Operation

SETTINGS: Final = """\
pabxs: [{name: main, host: 127.0.0.1, username: ccrouter, secret: {env: SECRET}}]
control: control.sock
state_dir: .
routing: routing.yaml
"""
RULES: Final = """\
messages: {closed: {play: vm-nobodyavail}}
numbers: {"0800 123 456": {service: support}}
services: {support: {otherwise: [closed]}}
timezone: Europe/Paris
"""

_MARKED: Final = re.compile(r"(<!-- operations -->\n).*?(<!-- end -->)", re.DOTALL)


@cache
def operations() -> Sequence[Operation]:
    """Return all that a daemon offers."""
    with TemporaryDirectory(prefix="ccrouter-") as name:
        folder = Path(name)
        (folder / "routing.yaml").write_text(RULES)
        settings = compile_settings(SETTINGS.encode(), folder / "settings.yaml", {"SECRET": "none"})
        # Its logs would be those of the whole process, from then on.
        logger = structlog.wrap_logger(None, processors=[_silent], wrapper_class=structlog.BoundLogger)
        logs = cast("Logs", SimpleNamespace(logger=logger, dropped=0, waiting=0))
        return tuple(Daemon(settings, SystemClock(), logs).operations())


def _silent(_: object, __: str, ___: EventDict) -> EventDict:
    raise structlog.DropEvent


def openapi(_: str) -> str:
    """Return docs/openapi.json, whatever stood there."""
    return text(operations())


def api_page(page: str) -> str:
    """Return docs/api.md with the table between its marks as it must be."""
    return _MARKED.sub(lambda found: f"{found[1]}\n{_table()}\n\n{found[2]}", page)


def _table() -> str:
    head = ("method", "path", "role", "what it does", "query, or fields of the body")
    rows = [head, ("---",) * 5, *map(_row, sorted(operations(), key=lambda each: (each.path, each.method)))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(each: Operation) -> tuple[str, str, str, str, str]:
    fields = ", ".join(_fields(each))
    return each.method, f"`{each.template}`", each.needs.replace(" or ", ", "), each.does.rstrip("."), fields


def _fields(each: Operation) -> Iterator[str]:
    for model in filter(None, (each.body, each.query)):
        told: dict[str, Any] = model.model_json_schema()
        for name in told["properties"]:
            if model is not each.body or name != "author":
                yield f"`{name}`" if name in told.get("required", ()) else f"[`{name}`]"


def examples() -> dict[str, str]:
    """Return the example of each body, as JSON, by the name of its operation."""
    found = {}
    for each in operations():
        if each.body is not None:
            schema = each.body.model_json_schema()
            found[each.name] = json.dumps(schema["examples"][0])
    return found
