"""The files of deploy/prometheus and deploy/grafana, and promtool, as the tests of them use both."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
PROMETHEUS: Final = ROOT / "deploy" / "prometheus"
RECORDED: Final = PROMETHEUS / "ccrouter.rules.yml"
ALERTS: Final = PROMETHEUS / "ccrouter.alerts.yml"
CASES: Final = sorted((PROMETHEUS / "tests").glob("*.yml"))
PROGRAM: Final = ROOT / "scripts" / "prometheus"

OF_THE_SERVER: Final = frozenset({"up", "ALERTS"})
"""Series that Prometheus makes itself."""

_STRINGS: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"")
_LABEL_LISTS: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_SELECTORS: Final = re.compile(r"\{[^}]*\}")
_RANGES: Final = re.compile(r"\[[^\]]*\]")
_NAMES: Final = re.compile(r"(?<![\w:$])[a-zA-Z_][\w:]*(?!\s*\()\b(?!\s*\()")
_WORDS: Final = frozenset({"and", "or", "unless", "offset", "bool", "inf", "nan"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule or an alert, as its file has it; `name` is that of the series or of the alert."""

    name: str
    group: str
    written: dict[str, Any]

    @property
    def expr(self) -> str:
        """What it asks for."""
        return str(self.written["expr"])


def promtool(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run promtool."""
    return subprocess.run(  # noqa: S603 - our own script
        [PROGRAM, "promtool", *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=110
    )


@cache
def read(path: Path) -> Any:  # noqa: ANN401 - a file has the form that it has
    """Return what a YAML file holds."""
    return yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)


def looks() -> Iterator[dict[str, Any]]:
    """Yield each look that the cases take: an expression, an instant, and the samples that are expected."""
    for path in CASES:
        for case in read(path)["tests"]:
            yield from case["promql_expr_test"]


def rules_in(path: Path) -> list[Rule]:
    """Return the rules of a file, in its order."""
    return [
        Rule(rule.get("record") or rule["alert"], group["name"], rule)
        for group in read(path)["groups"]
        for rule in group["rules"]
    ]


def series_in(expr: str) -> set[str]:
    """Return the names of the series that an expression asks for."""
    bare = _STRINGS.sub('""', expr)
    for gone in (_SELECTORS, _RANGES, _LABEL_LISTS):
        bare = gone.sub(" ", bare)
    return {name for name in _NAMES.findall(bare) if name not in _WORDS and not re.fullmatch(r"\d\w*|[smhdwy]", name)}


def unknown_series(exprs: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield what expressions ask for and nobody makes: the series, and the expression."""
    made = {*known, *OF_THE_SERVER, *(rule.name for rule in rules_in(RECORDED))}
    for expr in exprs:
        for name in sorted(series_in(expr) - made):
            yield name, expr
