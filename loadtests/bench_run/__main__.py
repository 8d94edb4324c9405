"""Measures how fast ccrouter is, beside what one would take instead, and what is the limit.

Runs the benches that are named, or all, one after the other; the subjects of each take turns. Figures go to
bench.json (a bench that ran replaces its section) and to bench.html, a page with plots. Leave the machine alone
meanwhile. The exit status is 1 when a promise was broken, 2 when something could not be run.
"""

import argparse
import difflib
import json
import os
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from bench_run import machine
from bench_run.bench import Bench, Options
from bench_run.page import page
from bench_run.runner import run, say, written

RESULTS: Final = machine.ROOT / "loadtests" / "results"
QUICK: Final = Path(os.environ.get("CCROUTER_CACHE", machine.ROOT / ".cache")) / "bench"
"""Where quick figures go, which must not replace those that count."""

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "decide": "a decision, by rules and numbers",
        "workshop": "check, test, diff and reload of a large file",
        "agi": "requests of a PABX, beside panoramisk and minimal servers",
        "ami": "events of a PABX, beside panoramisk and splitters",
        "live": "the live state of a large house, step by step",
        "calls": "real calls through a real Asterisk, beside a native dialplan",
        "overflow": "waiting callers pulled to a site, on a real Asterisk",
        "scale": "the whole daemon by positions, queues, calls and PABXs, and with 200 who watch",
        "start": "commands, starts, and a restart with calls in progress, on a real Asterisk too",
        "journal": "the journal beside its disk",
        "scrape": "a scrape of a large house",
    }
)
BUSY: Final = 0.5
"""Programs that want to run, on average: with more, times say little."""


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(
        prog="loadtests/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="benches:\n" + "\n".join(f"  {name:<9} {what}" for name, what in NAMES.items()),
    )
    options.add_argument("names", nargs="*", metavar="NAME", help="which, of those below (all)")
    options.add_argument("--rounds", type=_rounds, help="of each (5 or more, as each bench has it)")
    options.add_argument(
        "--quick", action="store_true", help=f"short rounds, to see that all works: judges nothing, writes to {QUICK}"
    )
    options.add_argument("--results", type=Path, help=f"folder for bench.json and bench.html ({RESULTS})")
    given = options.parse_args()
    for name in given.names:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, 1)
            options.error(f"there is no bench {name}" + (f"; did you mean {near[0]}?" if near else ""))
    folder: Path = given.results or (QUICK if given.quick else RESULTS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "bench.json"
        results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    except (OSError, ValueError) as error:
        options.error(f"{folder} can't hold the results: {error}")
    if machine.load() > BUSY:
        say(f"The machine is busy (load {machine.load()}): times will say little, ratios less than they could.")
    try:
        broken = _all(given, path, results)
    except KeyboardInterrupt:
        say(f"\nStopped. The benches that were finished are in {path}.")
        sys.exit(130)
    except Exception:  # noqa: BLE001 - told here, so that its status is not that of a broken promise
        traceback.print_exc()
        sys.exit(2)
    say(f"Written to {path} and {path.with_suffix('.html')}" + ("; too short to judge" if given.quick else ""))
    sys.exit(1 if broken else 0)


def _all(given: argparse.Namespace, path: Path, results: dict[str, Any]) -> int:
    """Run what was asked for, write after each, and return how many promises were broken."""
    broken = 0
    for name in NAMES:
        if given.names and name not in given.names:
            continue
        bench: Bench = import_module(f"bench_run.{name}").BENCH
        results[name] = run(bench, Options(quick=given.quick), given.rounds or (1 if given.quick else bench.rounds))
        broken += _told(name, results[name])
        ordered: dict[str, Any] = {each: results[each] for each in NAMES if each in results}
        path.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
        path.with_suffix(".html").write_text(page(ordered))
    return broken


def _told(name: str, section: dict[str, Any]) -> int:
    for each in section["promises"]:
        verdict = "kept" if each["kept"] else "BROKEN"
        value, limit = (f"{written(each[key])} {each['unit']}".rstrip() for key in ("value", "limit"))
        sys.stdout.write(f"{name}: {each['says']}: {value} ({each['side']} {limit}): {verdict}\n")
    return sum(not each["kept"] for each in section["promises"])


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return rounds


if __name__ == "__main__":
    main()
