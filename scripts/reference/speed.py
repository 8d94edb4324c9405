"""The tables of docs/performance.md, from the figures that loadtests/bench has written."""

import json
import re
import textwrap
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).resolve().parents[2] / "loadtests" / "results" / "bench.json"

WIDTH: Final = 136

_MARKED: Final = re.compile(r"(<!-- speed: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def performance_page(page: str) -> str:
    """Return the page with the tables between its marks as they must be."""
    results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))

    def renewed(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        made = _WHOLE[name](results) if name in _WHOLE else f"{_figures(results[name])}\n\n{_origin(results[name])}"
        return f"{begin}\n{made}\n\n{end}"

    return _MARKED.sub(renewed, page)


def _machine(results: dict[str, Any]) -> str:
    """Return which benches were run on what."""
    benches: dict[str, list[str]] = {}
    for name, section in results.items():
        machine, versions = section["taken"]["machine"], section["taken"]["versions"]
        on = (
            f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, {machine['system']}; "
            f"{', '.join(f'{name} {version}' for name, version in versions.items())}"
        )
        benches.setdefault(on, []).append(name)
    told = " ".join(f"{', '.join(names)} on {on}." for on, names in benches.items())
    shared = "What takes part (Asterisk, callers, sites, load generators) shares the cores."
    return _wrapped(f"Measured were {told} {shared}")


def _origin(section: dict[str, Any]) -> str:
    """Return how the figures of a section were taken."""
    taken = section["taken"]
    return _wrapped(
        " ".join(
            [
                "How it was taken:",
                section["about"],
                *section["notes"],
                f"Medians of {taken['rounds']} rounds, {taken['on']}, commit {taken['commit']}.",
            ]
        )
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _promises(results: dict[str, Any]) -> str:
    head = "| bench | promise | measured | limit | |\n|---|---|---:|---:|---|"
    rows = [
        f"| {name} | {each['says']} | {_written(each['value'], each['unit'])} "
        f"| {each['side']} {_written(each['limit'], each['unit'])} | {'kept' if each['kept'] else '**broken**'} |"
        for name, section in results.items()
        for each in section["promises"]
    ]
    return "\n".join([head, *rows])


def _figures(section: dict[str, Any]) -> str:
    """Return a table of all that has one size, and one for each thing that is varied."""
    figures = [figure for figure in section["figures"] if figure["subjects"]]
    return "\n\n".join(_table(axis, figures) for axis in dict.fromkeys(figure["axis"] for figure in figures))


def _table(axis: str, of_all: list[dict[str, Any]]) -> str:
    """Return a row for each subject and size, and a column for each figure."""
    figures = [figure for figure in of_all if figure["axis"] == axis]
    subjects = dict.fromkeys((each["name"], each["size"]) for figure in figures for each in figure["subjects"])
    columns = [figure["title"] + (f" ({figure['unit']})" if figure["unit"] else "") for figure in figures]
    head = ["", *([axis] if axis else []), *columns]
    rows = [
        [
            name,
            *([] if not axis else ["" if size is None else f"{size:,g}"]),
            *(_median(figure, name, size) for figure in figures),
        ]
        for name, size in subjects
    ]
    return "\n".join([_row(head), "|---|" + "---:|" * (len(head) - 1), *map(_row, rows)])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _median(figure: dict[str, Any], name: str, size: float | None) -> str:
    return next(
        (_written(each["median"]) for each in figure["subjects"] if (each["name"], each["size"]) == (name, size)), ""
    )


def _written(value: float, unit: str = "") -> str:
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


_WHOLE: Final = {"machine": _machine, "promises": _promises}
"""What is made of all sections together."""
