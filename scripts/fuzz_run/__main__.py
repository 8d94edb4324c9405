"""The command line of scripts/fuzz."""

import argparse
import os
import random
import sys
from pathlib import Path

from ccrouter.clock import SystemClock
from fuzz_run.run import Result, fuzz
from support.fuzz.all import TARGETS

FOLDER = Path(os.environ.get("CCROUTER_FUZZ_FOLDER", ".cache/fuzz"))


def tell(result: Result) -> None:
    """Print what came of a target."""
    rate = result.inputs / result.took_s if result.took_s else 0.0
    print(  # noqa: T201 - a command line prints
        f"{result.target:14} {result.inputs:9} inputs {result.took_s:6.0f} s {rate:8.0f}/s"
        f" {result.covered:6} points of the code reached, {len(result.faults)} faults",
        flush=True,
    )
    for fault in result.faults:
        print(f"    {fault.what}\n      {fault.where}")  # noqa: T201
        print(f"      scripts/fuzz --replay {result.target} {fault.file}", flush=True)  # noqa: T201
    if result.broken:
        print(f"    the run itself failed:\n{result.broken}", flush=True)  # noqa: T201


def main() -> int:
    """Fuzz as asked; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--target", action="append", choices=[*TARGETS])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "FILE"))
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    if asked.list:
        for name, target in TARGETS.items():
            print(f"{name:14} {(target.check.__doc__ or '').splitlines()[0]}")  # noqa: T201
        return 0
    if asked.replay:
        name, file = asked.replay
        if name not in TARGETS:
            parser.error(f"there is no target {name}; scripts/fuzz --list names them")
        TARGETS[name].check(Path(file).read_bytes())
        print("every promise was kept")  # noqa: T201
        return 0
    seed = asked.seed or random.SystemRandom().randrange(1, 1 << 31)
    print(f"seed {seed}", flush=True)  # noqa: T201
    results = []
    for name in asked.target or TARGETS:
        results.append(fuzz(TARGETS[name], asked.seconds, seed, FOLDER, SystemClock()))
        tell(results[-1])
    return int(any(result.faults or result.broken for result in results))


if __name__ == "__main__":
    sys.exit(main())
