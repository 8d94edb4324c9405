"""Places real SIP calls on a real Asterisk while the router fails, and accounts for every call, one by one.

The router is killed with -9 and restarted, stopped by SIGSTOP and continued; its AMI link is cut, and falls silent. Who
was called and answered is taken from the logs of the callers' and the callees' telephones. The exit status is 1 when a
call was lost, when one waited 1.5 s longer than in calm (promised is 1 s, and that only until the heartbeat is stale),
or when the router still sees calls after the last one ended.
"""

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Final

from ccrouter.clock import SystemClock
from phones import Call
from support.daemon_process import DaemonError
from support.real_house import at_rest, in_sync
from survival_run.accounts import accounts
from survival_run.faults import FAULTS, course, play
from survival_run.house import NUMBERS, place
from survival_run.report import Report, Setting, figures, table

FIRST_CALLER: Final = 639_980_000
"""06 39 98 00 00 to 99 99 are kept for films: nobody has these numbers."""

PATIENCE_MS: Final = 30_000
OVER_WITHIN_S: Final = 60.0
AT_REST_WITHIN_S: Final = 20.0


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(
        prog="loadtests/survival", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--version", type=int, choices=(22, 16), default=22, help="of Asterisk (22)")
    options.add_argument("--seconds", type=float, default=60, help="for which calls are placed (60)")
    options.add_argument("--rate", type=float, default=20, help="calls per second (20)")
    options.add_argument("--seed", type=int, default=1, help="of the faults' instants and the numbers' order (1)")
    options.add_argument(
        "--faults", default=",".join(FAULTS), metavar="LIST", help=f"in their order ({','.join(FAULTS)})"
    )
    options.add_argument("--json", type=Path, help="where the figures go (loadtests/results/survival-VERSION.json)")
    given = options.parse_args()
    names = [name for name in given.faults.split(",") if name]
    unknown = sorted(set(names) - FAULTS.keys())
    if unknown or len(names) > len(set(names)):
        options.error(f"--faults: each of {', '.join(FAULTS)} once at the most, not {given.faults}")
    report = run(given.version, given.seconds, given.rate, given.seed, names)
    path = given.json or Path(__file__).parent.parent / "results" / f"survival-{given.version}.json"
    save(path, report)
    say(f"\n{table(report)}\n\nWritten to {path}")
    sys.exit(1 if report.broken else 0)


def run(version: int, seconds: float, rate: float, seed: int, names: list[str]) -> Report:
    """Place the calls, carry out the faults, and account for all."""
    clock = SystemClock()
    rng = random.Random(seed)  # noqa: S311 - chosen to be repeatable
    with place(version) as here:
        house = here.house
        say(f"Asterisk {here.asterisk}, SIP on 127.0.0.1:{house.pabx.sip_port}; ccrouter is ready")
        calls = [Call(caller=f"0{FIRST_CALLER + n}", number=rng.choice(NUMBERS)) for n in range(round(seconds * rate))]
        callers = house.start(calls, per_s=rate, patience_ms=PATIENCE_MS)
        spans = play(house, course(names, seconds, rng), clock, say)
        placed = callers.wait(seconds + OVER_WITHIN_S)
        left_over = ""
        try:
            house.daemon.wait_until(lambda status: at_rest(status) and in_sync(status), AT_REST_WITHIN_S)
        except DaemonError as error:
            left_over = f"after the last call the router still sees some: {str(error).partition(chr(10))[0]}"
        found = accounts(placed, here.callees, spans, here.entries())
    return figures(Setting(here.asterisk, rate, seconds, seed), found, spans, left_over)


def save(path: Path, report: Report) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report.content(), indent=2) + "\n")


def say(line: str) -> None:
    """Tell progress and result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
