"""The page of the results: tables, plots and what is promised, in one file that needs nothing else."""

import io
from html import escape
from typing import Any, Final

from matplotlib.figure import Figure as Drawing

from bench_run.runner import titled, written

STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d2433 }
h2 { margin-top: 3rem; border-top: 1px solid #d5d9e2; padding-top: 1.5rem }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .25rem .9rem .25rem 0; text-align: left }
td.number { text-align: right; font-variant-numeric: tabular-nums }
tr + tr td { border-top: 1px solid #eceef3 }
.kept { color: #10692c } .broken { color: #b3261e; font-weight: 600 }
.taken { color: #5b6476; font-size: 13px } svg { max-width: 100%; height: auto }
"""
COLOURS: Final = ("#2455c3", "#c2571a", "#2f7d4f", "#8a3ab9", "#6b7280", "#b3261e", "#0f7f8f")


def page(results: dict[str, Any]) -> str:
    """Return the page for all sections of the results."""
    kept = sum(each["kept"] for section in results.values() for each in section["promises"])
    of = sum(len(section["promises"]) for section in results.values())
    contents = "".join(
        f'<li><a href="#{name}">{escape(section["title"])}</a></li>' for name, section in results.items()
    )
    body = "".join(_section(name, section) for name, section in results.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>How fast ccrouter is</title>'
        f"<style>{STYLE}</style></head><body><h1>How fast ccrouter is</h1>"
        f"<p>{kept} of {of} promises kept. Each figure is the median of interleaved rounds; the dots are the rounds."
        f"</p><ul>{contents}</ul>{body}</body></html>\n"
    )


def _section(name: str, section: dict[str, Any]) -> str:
    return (
        f'<h2 id="{name}">{escape(section["title"])}</h2><p>{escape(section["about"])}</p>'
        f"{_promises(section['promises'])}"
        + "".join(_table(figure) + _plot(figure) for figure in section["figures"] if figure["subjects"])
        + "".join(f"<p>{escape(note)}</p>" for note in section["notes"])
        + _taken(section["taken"])
    )


def _promises(promises: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(each['says'])}</td><td class=number>{written(each['value'])} {each['unit']}</td>"
        f"<td>{each['side']} {written(each['limit'])} {each['unit']}</td>"
        f"<td class={'kept' if each['kept'] else 'broken'}>{'kept' if each['kept'] else 'BROKEN'}</td></tr>"
        for each in promises
    )
    return f"<table>{rows}</table>" if rows else ""


def _table(figure: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(titled(each['name'], each['size']))}</td><td class=number>{written(each['median'])}</td>"
        f"<td class=number>{written(min(each['values']))}</td><td class=number>{written(max(each['values']))}</td></tr>"
        for each in figure["subjects"]
    )
    head = f"<tr><th>{escape(figure['title'])}</th><th>{escape(figure['unit'])}</th><th>least</th><th>most</th></tr>"
    return f"<table>{head}{rows}</table>"


def _taken(taken: dict[str, Any]) -> str:
    machine, versions = taken["machine"], taken["versions"]
    return (
        f"<p class=taken>{taken['rounds']} rounds on {taken['on']}{', a quick run' if taken['quick'] else ''}, commit "
        f"{escape(taken['commit'])}; {escape(str(machine['processor']))}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, {escape(str(machine['system']))}, load {taken['load_before']} before; "
        + escape(", ".join(f"{name} {version}" for name, version in versions.items()))
        + "</p>"
    )


def _plot(figure: dict[str, Any]) -> str:
    drawing = Drawing(
        figsize=(8, 3.2 if figure["axis"] else 0.7 + 0.42 * len(figure["subjects"])), layout="constrained"
    )
    axes = drawing.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    if figure["axis"]:
        _lines(axes, figure)
    else:
        _bars(axes, figure)
    text = io.StringIO()
    drawing.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "<svg" + text.getvalue().partition("<svg")[2]


def _bars(axes: Any, figure: dict[str, Any]) -> None:  # noqa: ANN401 - matplotlib's Axes says nothing of its methods
    subjects = figure["subjects"][::-1]
    for at, each in enumerate(subjects):
        ours = each["name"].startswith("ccrouter")
        axes.barh(at, each["median"], height=0.6, color="#2455c3" if ours else "#b9c0cf")
        axes.plot(each["values"], [at] * len(each["values"]), "o", color="#1d2433", markersize=3, alpha=0.6)
    axes.set_yticks(range(len(subjects)), [titled(each["name"], each["size"]) for each in subjects])
    axes.set_xlabel(f"{figure['title']} ({figure['unit']})")
    if figure["log"]:
        axes.set_xscale("log")


def _lines(axes: Any, figure: dict[str, Any]) -> None:  # noqa: ANN401 - as above
    names = list(dict.fromkeys(each["name"] for each in figure["subjects"]))
    for name, colour in zip(names, COLOURS * len(names), strict=False):
        points = sorted(
            (each["size"], each["median"], each["values"]) for each in figure["subjects"] if each["name"] == name
        )
        axes.plot([size for size, *_ in points], [median for _, median, _ in points], "o-", color=colour, label=name)
        for size, _, values in points:
            axes.plot([size] * len(values), values, ".", color=colour, markersize=3, alpha=0.5)
    axes.set_xscale("log")
    if figure["log"]:
        axes.set_yscale("log")
    axes.set_ylim(bottom=None if figure["log"] else 0)
    axes.set_xlabel(figure["axis"])
    axes.set_ylabel(f"{figure['title']} ({figure['unit']})")
    axes.legend(frameon=False, fontsize=8)
