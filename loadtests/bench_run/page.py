"""The page of the results: what is promised, then plots and tables, in one file that needs nothing else."""

import re
from html import escape
from typing import Any, Final

from bench_run.plots import plot
from bench_run.runner import titled, written

STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1.5rem; color: #1d2433 }
p { max-width: 48rem } h1 { margin-bottom: .3rem } a { color: #2455c3; text-decoration: none }
h2 { margin: 3.5rem 0 .5rem; border-top: 1px solid #d5d9e2; padding-top: 1.5rem }
h3 { font-size: 15px; margin: 0 0 .3rem } h3 span { color: #5b6476; font-weight: 400 }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .3rem 1.2rem .3rem 0; text-align: left; vertical-align: top }
th { color: #5b6476; font-size: 13px; font-weight: 500 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
tr + tr td { border-top: 1px solid #eceef3 } tr.first td { border-top: 1px solid #c3c9d6 }
.kept { color: #10692c } .broken { color: #b3261e; font-weight: 600 }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(32rem, 100%), 1fr)); gap: 2rem 2.5rem }
.figures { margin: 1.5rem 0 }
code { font-size: 14px }
.taken, summary { color: #5b6476; font-size: 13px } details table { font-size: 13px; margin: .3rem 0 }
svg { width: 100%; height: auto } svg text { font-family: system-ui, sans-serif !important }
"""


CODE: Final = re.compile(r"`([^`]+)`")


def page(results: dict[str, Any]) -> str:
    """Return the page for all sections of the results."""
    body = "".join(_section(name, section) for name, section in results.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>How fast ccrouter is</title>'
        f"<style>{STYLE}</style></head><body><h1>How fast ccrouter is</h1>"
        "<p>Each figure is the median of rounds in which all subjects take turns; the dots are the rounds. "
        "<code>loadtests/bench</code> makes this page.</p>"
        f"{_promises(results)}{_contents(results)}{body}</body></html>\n"
    )


def _promises(results: dict[str, Any]) -> str:
    """Return what is promised, of all benches, each with what was measured."""
    all_of_them = [each for section in results.values() for each in section["promises"]]
    if not all_of_them:
        return "<p>These runs were too short for promises to count.</p>"
    rows = "".join(
        _promise(name, section["title"], each, first=each is section["promises"][0])
        for name, section in results.items()
        for each in section["promises"]
    )
    kept = sum(each["kept"] for each in all_of_them)
    return (
        f"<p>{kept} of {len(all_of_them)} promises kept.</p><table><tr><th></th><th>promise</th>"
        f"<th class=number>measured</th><th>limit</th><th></th></tr>{rows}</table>"
    )


def _promise(name: str, title: str, promise: dict[str, Any], *, first: bool) -> str:
    unit = escape(promise["unit"])
    return (
        f'<tr{" class=first" if first else ""}><td>{f"""<a href="#{name}">{escape(title)}</a>""" if first else ""}</td>'
        f"<td>{_text(promise['says'])}</td><td class=number>{written(promise['value'])} {unit}</td>"
        f"<td>{promise['side']} {written(promise['limit'])} {unit}</td>"
        f"<td class={'kept' if promise['kept'] else 'broken'}>{'kept' if promise['kept'] else 'BROKEN'}</td></tr>"
    )


def _contents(results: dict[str, Any]) -> str:
    links = (f'<a href="#{name}">{escape(section["title"])}</a>' for name, section in results.items())
    return f"<p>{' · '.join(links)}</p>"


def _section(name: str, section: dict[str, Any]) -> str:
    figures = [figure for figure in section["figures"] if figure["subjects"]]
    alone = [figure for figure in figures if len(figure["subjects"]) == 1]
    return (
        f'<h2 id="{name}">{escape(section["title"])}</h2><p>{_text(section["about"])}</p><div class=figures>'
        + "".join(_figure(figure) for figure in figures if len(figure["subjects"]) > 1)
        + f"</div>{_alone(alone)}"
        + "".join(f"<p>{_text(note)}</p>" for note in section["notes"])
        + _taken(section["taken"])
    )


def _figure(figure: dict[str, Any]) -> str:
    return (
        f"<div><h3>{_begun(figure['title'])} <span>{escape(figure['unit'])}</span></h3>{plot(figure)}"
        f"<details><summary>numbers</summary>{_table(figure)}</details></div>"
    )


def _table(figure: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(titled(each['name'], each['size']))}</td>{_numbers(each)}</tr>" for each in figure["subjects"]
    )
    return f"<table>{_head(figure['unit'])}{rows}</table>"


def _alone(figures: list[dict[str, Any]]) -> str:
    """Return the figures that only one subject has: nothing to compare, nothing to plot."""
    rows = "".join(
        f"<tr><td>{_begun(figure['title'])}</td><td>{escape(titled(each['name'], each['size']))}</td>{_numbers(each)}"
        f"<td>{escape(figure['unit'])}</td></tr>"
        for figure in figures
        for each in figure["subjects"]
    )
    return f"<table>{_head('', 2)}{rows}</table>" if rows else ""


def _head(unit: str, names: int = 1) -> str:
    return (
        "<tr>" + "<th></th>" * names + f"<th class=number>median {escape(unit)}</th><th class=number>least</th>"
        "<th class=number>most</th></tr>"
    )


def _numbers(subject: dict[str, Any]) -> str:
    told = (subject["median"], min(subject["values"]), max(subject["values"]))
    return "".join(f"<td class=number>{written(value)}</td>" for value in told)


def _taken(taken: dict[str, Any]) -> str:
    machine, versions = taken["machine"], taken["versions"]
    told = (
        f"{taken['rounds']} round{'s' * (taken['rounds'] > 1)} on {taken['on']}{', a quick run' * taken['quick']}",
        f"commit {taken['commit']}",
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}",
        f"load {taken['load_before']} before",
        ", ".join(f"{name} {version}" for name, version in versions.items()),
    )
    return f"<p class=taken>{escape('; '.join(told))}</p>"


def _text(text: str) -> str:
    """Return a text for people, with its code as code."""
    return CODE.sub(r"<code>\1</code>", escape(text))


def _begun(title: str) -> str:
    """Return a title that begins with a capital letter."""
    return escape(title[:1].upper() + title[1:])
