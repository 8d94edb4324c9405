"""Runs a bench: all its subjects in turns, round by round, so that what changes with the machine meets each alike."""

import statistics
import sys
from collections import defaultdict
from typing import Any

from bench_run import machine
from bench_run.bench import Bench, Options, Promise, Taken


def run(bench: Bench, options: Options, rounds: int) -> dict[str, Any]:
    """Return the section of the results that this bench fills: plain values, ready for JSON."""
    values: dict[str, dict[tuple[str, float | None], list[float]]] = defaultdict(lambda: defaultdict(list))
    before = machine.load()
    with bench.subjects(options) as subjects:
        for number in range(rounds):
            # Each goes first in turn: whoever follows a heavy one does so in other rounds too.
            turned = [*subjects[number % len(subjects) :], *subjects[: number % len(subjects)]]
            for subject in turned:
                where = (subject.name, subject.size)
                say(f"{bench.name}: round {number + 1} of {rounds}: {titled(*where)}", end=" ")
                measured = subject.measure()
                for key, value in measured.items():
                    values[key][where].append(value)
                say(
                    "; ".join(
                        f"{each.title} {written(measured[each.key])} {each.unit}"
                        for each in bench.figures
                        if each.key in measured
                    )
                )  # fmt: skip - one sentence
        order = [(subject.name, subject.size) for subject in subjects]
    taken = Taken(values)
    promises = [] if options.quick else [_promise(each, taken) for each in bench.promises]
    return {
        "title": bench.title,
        "about": bench.about,
        "taken": {
            "on": machine.today(),
            "commit": machine.commit(),
            "rounds": rounds,
            "quick": options.quick,
            "load_before": before,
            "machine": machine.machine(),
            "versions": machine.versions(),
        },
        "figures": [
            {
                "key": figure.key,
                "title": figure.title,
                "unit": figure.unit,
                "axis": figure.axis,
                "log": figure.log,
                "subjects": [
                    {
                        "name": name,
                        "size": size,
                        "median": _rounded(statistics.median(values[figure.key][name, size])),
                        "values": [_rounded(each) for each in values[figure.key][name, size]],
                    }
                    for name, size in order
                    if (name, size) in values[figure.key]
                ],
            }
            for figure in bench.figures
        ],
        "promises": promises,
        "notes": list(bench.notes()),
    }


def _promise(promise: Promise, taken: Taken) -> dict[str, Any]:
    value = promise.value(taken)
    return {
        "says": promise.says,
        "value": _rounded(value),
        "side": promise.side,
        "limit": promise.limit,
        "unit": promise.unit,
        "kept": promise.kept(value),
    }


def titled(name: str, size: float | None) -> str:
    """Return a subject's name with its size."""
    return name if size is None else f"{name} ({size:g})"


def written(value: float) -> str:
    """Return a value as people read it: three figures that count."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def say(line: str, end: str = "\n") -> None:
    """Show progress."""
    sys.stderr.write(line + end)
    sys.stderr.flush()


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
