"""Places real SIP calls on a real Asterisk while everything around them fails, and accounts for every call, one by one.

Routers are killed, stopped, restarted, reloaded and cut off; the PABX is reloaded and killed; a trunk refuses, dies
and comes back; the disk is full and hangs; clocks step. Who was called and answered is taken from the logs of the
callers' and the callees' telephones. The exit status is 1 when anything that was promised was broken: a call lost,
one that waited longer, a site above its capacity, a call that did without a router that was there, a share that was
not exact, anything left over after the last call.
"""

import argparse
import json
import os
import platform
import random
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Final

from ccrouter.clock import SystemClock
from chaos_run.accounts import PABX_RESTART, Account, accounts, most_at_once
from chaos_run.course import Slot, Span, play, random_course, scripted_course
from chaos_run.faults import FAULTS, forms
from chaos_run.house import NUMBERS, House, house
from chaos_run.left_over import Baseline, memory, quiet
from chaos_run.promises import shares, unrouted
from chaos_run.report import (
    BLACK_HOLE,
    PABX_AWAY,
    Busy,
    Report,
    Setting,
    Usual,
    by_fault,
    capacity,
    delays,
    entries,
    late,
    reached,
    story,
)
from chaos_run.table import table
from chaos_run.verdict import broken, content
from chaos_run.watch import INF, Watch
from phones import Call, Callers, Placed
from sipp import SippError

CALLER: Final = "+999{:08}"
"""A number that nobody has: +999 is a country code that was never given."""

PATIENCE_MS: Final = 30_000
TALK_MS: Final = 20_000
"""A caller whom nobody tells anything any more hangs up at last; a call that went well never lasts as long."""

OVER_WITHIN_S: Final = 90.0
WARM_UP_S: Final = 60.0
FIRST_CALLS: Final = 40
"""Placed before the run, so that what a router opens once and keeps is open."""

RATE: Final = 20.0


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(
        prog="loadtests/chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--version", type=int, choices=(22, 16), default=22, help="of Asterisk (22)")
    options.add_argument("--seconds", type=float, default=300, help="for which calls are placed (300)")
    options.add_argument("--rate", type=float, default=RATE, help=f"calls per second ({RATE:g})")
    options.add_argument("--routers", type=int, choices=(1, 2), default=1, help="that serve the PABX (1)")
    options.add_argument("--seed", type=int, help="of the faults' order and instants and the numbers' (a new one)")
    options.add_argument(
        "--faults", metavar="LIST", help=f"these, in this order, instead of a random course: {','.join(FAULTS)}"
    )
    options.add_argument("--json", type=Path, metavar="FILE", help="where all figures go as JSON (nowhere)")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="where all logs of the run go, at its end")
    given = options.parse_args()
    names = [name for name in (given.faults or "").split(",") if name]
    if set(names) - FAULTS.keys():
        options.error(f"--faults: {', '.join(sorted(set(names) - FAULTS.keys()))}: none of {', '.join(FAULTS)}")
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    rng = random.Random(seed)  # noqa: S311 - chosen to be repeatable
    if names:
        course = scripted_course(names, given.seconds, given.routers, rng)
    else:
        course = random_course(given.seconds, given.routers, rng)
    report = run(Wanted(given.version, given.routers, given.rate, given.seconds, seed, given.keep), course)
    if given.json:
        save(given.json, report)
    say(f"\n{table(report)}")
    sys.exit(1 if broken(report) else 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: Asterisk's major version, where the logs are kept, and what Setting tells too."""

    version: int
    routers: int
    rate: float
    seconds: float
    seed: int
    keep: Path | None


def run(wanted: Wanted, course: list[Slot]) -> Report:
    """Place the calls, carry out the faults, and account for all."""
    clock = SystemClock()
    rng = random.Random(wanted.seed)  # noqa: S311 - chosen to be repeatable
    for form in forms():
        say(form)
    with house(wanted.version, wanted.routers) as here:
        setting = Setting(
            asterisk=here.asterisk(),
            ccrouter=version_of("ccrouter"),
            machine=f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}",
            routers=wanted.routers,
            rate=wanted.rate,
            seconds=wanted.seconds,
            seed=wanted.seed,
            forms=forms(),
        )
        say(f"Asterisk {setting.asterisk}; {wanted.rate:g} calls/s for {wanted.seconds:g} s, seed {wanted.seed}")
        place(here, "first", [Call(caller=f"+9980000{n:04}", number=rng.choice(NUMBERS)) for n in range(FIRST_CALLS)])
        left_over = quiet(here)
        baseline = Baseline(here.routers)
        count = round(wanted.seconds * wanted.rate)
        calls = [Call(caller=CALLER.format(n), number=rng.choice(NUMBERS)) for n in range(count)]
        with Watch(here.routers) as watch:
            callers = start(here, "callers", calls, wanted.rate)
            spans = play(here, course, wanted.seed, clock, say)
            placed = met(callers, wanted.seconds + OVER_WITHIN_S)
            left_over += quiet(here)
            ended_at = clock.now()
        recover(spans, watch, wanted.routers, ended_at)
        left_over += baseline.exceeded(here.routers)
        found = accounts(here, placed, spans)
        if wanted.keep:
            keep(here, wanted.keep)
        return figures(setting, here, Told(found, spans, watch, left_over, ended_at))


def keep(here: House, folder: Path) -> None:
    """Copy the logs of routers, PABX and telephones."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*here.folder.glob("*.log"), *here.telephones.glob("*.[le]*"), here.pabx.log, here.pabx.queue_log):
        shutil.copy(path, folder)


def place(here: House, name: str, calls: list[Call]) -> list[Placed]:
    """Place calls and return when they are over."""
    with start(here, name, calls, RATE) as callers:
        return callers.wait(OVER_WITHIN_S)


def start(here: House, name: str, calls: list[Call], rate: float) -> Callers:
    """Place calls and return at once."""
    return Callers(here.pabx, here.telephones, calls, name=name, per_s=rate, patience_ms=PATIENCE_MS, talk_ms=TALK_MS)


def met(callers: Callers, within_s: float) -> list[Placed]:
    """Return what each caller met; one whose PABX was away when it gave up may wait for an answer for ever."""
    with suppress(SippError):
        callers.wait(within_s)
    return callers.placed()


def recover(spans: list[Span], watch: Watch, routers: int, ended_at: float) -> None:
    """Note in each span when calls could be routed again, and until when it is answerable for them."""
    for span in spans:
        if not span.fault.silences:
            span.recovered = span.ended
        elif span.fault.of_router:
            span.recovered = watch.recovered(span.rank, span.ended)
        else:
            span.recovered = max(watch.recovered(rank, span.ended) for rank in range(1, routers + 1))
        span.over = min(span.recovered, ended_at) + span.fault.lingers_s
        span.asked_again = span.over + span.fault.left_out_s


@dataclass(frozen=True, slots=True)
class Told:
    """What a run has told: its calls, its faults, how the routers fared, what was left over, and when it ended."""

    found: list[Account]
    spans: list[Span]
    watch: Watch
    left_over: list[str]
    ended_at: float


def figures(setting: Setting, here: House, told: Told) -> Report:
    """Return the figures of all calls."""
    found, spans, ended_at = told.found, told.spans, told.ended_at
    usual = Usual(found)
    without = unrouted(found, spans, setting.routers)
    lives = memory(told.watch.weights, WARM_UP_S)
    never = [span for span in spans if span.recovered == INF]
    return Report(
        setting=setting,
        offered=len(found),
        reached=reached(found),
        moved=sum(bool(call.died) for call in found),
        ended_by_pabx=[story(call, usual) for call in found if call.reached == PABX_RESTART],
        busy=Busy(round(told.watch.late_s, 2), round(told.watch.load, 1), os.cpu_count() or 1),
        lost=[story(call, usual) for call in found if not call.reached],
        late=[story(call, usual) for call in late(found, usual)],
        unrouted=[story(call, usual) for call in without.at_once],
        slow=[story(call, usual) for call in without.slow],
        entries=entries(found),
        added=delays(found, usual),
        added_elsewhere=delays([call for call in found if not call.faults & {BLACK_HOLE, PABX_AWAY}], usual),
        added_in_black_hole=delays(
            [call for call in found if BLACK_HOLE in call.faults and PABX_AWAY not in call.faults], usual
        ),
        by_fault=by_fault(found, spans, usual),
        capacity=capacity(most_at_once(here)),
        left_over=[*told.left_over, *(f"no router was ready again after {span.name}" for span in never)],
        shares=shares(found),
        memory=lives,
        course=[
            {
                "fault": span.name,
                "router": span.rank,
                "began": round(span.began, 3),
                "ended": round(span.ended, 3),
                "recovered": round(min(span.recovered, ended_at), 3),
            }
            for span in spans
        ],
    )


def save(path: Path, report: Report) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content(report), indent=2) + "\n")


def say(line: str) -> None:
    """Tell progress and result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
