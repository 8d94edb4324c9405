"""Measures how fast ccrouter is, beside what one would take instead, and what is the limit.

Runs the benches that are named, or all, one after the other; the subjects of each take turns. Figures go to
results/bench.json (a bench that ran replaces its section) and to results/bench.html, a page with plots. Leave the
machine alone meanwhile. The exit status is 1 when a promise was broken.
"""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bench_run.bench import Bench, Options
from bench_run.page import page
from bench_run.runner import run, say, written

RESULTS: Final = Path(__file__).resolve().parent.parent / "results"
NAMES: Final = ("decide", "workshop", "agi", "ami", "live", "calls", "overflow", "scale", "start", "journal", "scrape")


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(
        prog="loadtests/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)} (all)")
    options.add_argument("--rounds", type=int, help="of each (5 or more, as each bench has it)")
    options.add_argument("--quick", action="store_true", help="short rounds, to see that all works; no promise counts")
    options.add_argument(
        "--results", type=Path, default=RESULTS, help="folder for bench.json and bench.html (%(default)s)"
    )
    given = options.parse_args()
    unknown = sorted(set(given.names) - set(NAMES))
    if unknown:
        options.error(f"there is no bench {', '.join(unknown)}: {', '.join(NAMES)}")
    path = given.results / "bench.json"
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    broken = 0
    for name in NAMES:
        if given.names and name not in given.names:
            continue
        bench: Bench = import_module(f"bench_run.{name}").BENCH
        results[name] = run(bench, Options(quick=given.quick), given.rounds or (1 if given.quick else bench.rounds))
        broken += _told(name, results[name])
        ordered: dict[str, Any] = {each: results[each] for each in NAMES if each in results}
        given.results.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
        path.with_suffix(".html").write_text(page(ordered))
    say(f"Written to {path} and {path.with_suffix('.html')}")
    sys.exit(1 if broken else 0)


def _told(name: str, section: dict[str, Any]) -> int:
    for each in section["promises"]:
        verdict = "kept" if each["kept"] else "BROKEN"
        value, limit = (f"{written(each[key])} {each['unit']}".rstrip() for key in ("value", "limit"))
        sys.stdout.write(f"{name}: {each['says']}: {value} ({each['side']} {limit}): {verdict}\n")
    return sum(not each["kept"] for each in section["promises"])


if __name__ == "__main__":
    main()
