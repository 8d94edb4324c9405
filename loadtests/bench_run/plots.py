"""Plots of figures as SVG that stands in a page: bars, or lines where the same is measured at several sizes."""

import io
import textwrap
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, NullLocator

from bench_run.runner import titled, written

OURS: Final = ("#2455c3", "#0f7f8f", "#6a4fc4", "#7d9be8")
OTHERS: Final = ("#c2571a", "#6b7280", "#2f7d4f", "#b3261e", "#a0813c")
BESIDE: Final = "#b9c0cf"
INK: Final = "#1d2433"
WIDTH: Final = 5.6
"""Inches; the page shows two plots in a row where there is room."""

LETTERS: Final = 30
"""Of a name, in a line of it."""

STYLE: Final[Any] = {"svg.fonttype": "none", "font.size": 9, "axes.edgecolor": "#9aa3b5", "text.color": INK}


def plot(figure: dict[str, Any]) -> str:
    """Return a figure of the results as a plot; its title stands in the page."""
    with mpl.rc_context(STYLE):
        return _lines(figure) if figure["axis"] else _bars(figure)


def _bars(figure: dict[str, Any]) -> str:
    subjects = figure["subjects"][::-1]
    names = [textwrap.fill(titled(each["name"], each["size"]), LETTERS) for each in subjects]
    drawing, axes = _drawn(0.45 + 0.13 * len(names) + 0.17 * sum(name.count("\n") + 1 for name in names))
    for at, each in enumerate(subjects):
        ours = each["name"].startswith("ccrouter")
        axes.barh(at, each["median"], height=0.6, color=OURS[0] if ours else BESIDE)
        axes.plot(each["values"], [at] * len(each["values"]), "o", color=INK, markersize=2.5, alpha=0.5)
        most = max(each["median"], *each["values"])
        axes.annotate(
            written(each["median"]), (most, at), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8.5
        )
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(figure["unit"])
    if figure["log"]:
        axes.set_xscale("log")
    axes.margins(x=0.12)
    if not figure["log"]:
        axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value)))
    return _svg(drawing)


def _lines(figure: dict[str, Any]) -> str:
    names = list(dict.fromkeys(each["name"] for each in figure["subjects"]))
    drawing, axes = _drawn(2.6 + 0.2 * len(names))
    ours, others = iter(OURS * len(names)), iter(OTHERS * len(names))
    for name in names:
        colour = next(ours if name.startswith("ccrouter") else others)
        points = sorted(
            (each["size"], each["median"], each["values"]) for each in figure["subjects"] if each["name"] == name
        )
        axes.plot([size for size, *_ in points], [median for _, median, _ in points], "o-", color=colour, label=name)
        for size, _, values in points:
            axes.plot([size] * len(values), values, ".", color=colour, markersize=3, alpha=0.5)
    axes.set_xscale("log")
    sizes = sorted({each["size"] for each in figure["subjects"]})
    axes.set_xticks(sizes, [f"{size:,g}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.08)
    if figure["log"]:
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value)))
    axes.set_xlabel(figure["axis"])
    axes.set_ylabel(figure["unit"])
    axes.grid(axis="y", color="#eceef3")
    drawing.legend(loc="outside lower left", frameon=False, fontsize=8.5)
    return _svg(drawing)


def _drawn(height: float) -> tuple[Drawing, Any]:
    drawing = Drawing(figsize=(WIDTH, height), layout="constrained")
    axes = drawing.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return drawing, axes


def _svg(drawing: Drawing) -> str:
    text = io.StringIO()
    drawing.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return "<svg" + text.getvalue().partition("<svg")[2]
