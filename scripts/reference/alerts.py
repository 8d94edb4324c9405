"""The table of alerts in docs/monitoring.md, from the file that Prometheus reads."""

import re
from pathlib import Path
from typing import Final

import yaml

ALERTS: Final = Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "ccrouter.alerts.yml"

_MARKED: Final = re.compile(r"(<!-- alerts: table -->).*?(<!-- end -->)", re.DOTALL)
_LABEL: Final = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
_VALUE: Final = re.compile(r"\{\{ \$value(?: \| \w+)? \}\}")


def monitoring_page(page: str) -> str:
    """Return the page with the table between its marks as it must be."""
    return _MARKED.sub(lambda found: f"{found[1]}\n{_table()}\n\n{found[2]}", page)


def _table() -> str:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    rows = (
        f"| [{rule['alert']}](#{rule['alert'].lower()}) | {rule['labels']['severity']} | {rule.get('for', 'at once')} "
        f"| {_in_words(rule['annotations']['summary'])} | {_noticed(rule['annotations']['description'])} |"
        for group in groups
        for rule in group["rules"]
    )
    head = "| alert | severity | after | says | callers, and what it means |", "|---|---|---|---|---|"
    return "\n".join(["", *head, *rows])


def _in_words(summary: str) -> str:
    """Return a summary with the names of its labels in the place of their values."""
    return _VALUE.sub("...", _LABEL.sub(lambda found: f"*{found[1]}*", summary))


def _noticed(description: str) -> str:
    """Return a description without what is to be done, which the sections tell."""
    return description.partition(" To do: ")[0]
