"""Asks a real Asterisk that has no router where calls go, and compares with what the router decides.

First each case of the gallery, as a real call at its instant and under its load; then routing files by chance, each at
many instants of two years, and again as the load moves; with some of them trunks are down. The exit status is 1 when
the compiled rules decided otherwise than the routing file says, or differ from the router where nobody said that they
would.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ccrouter.clock import SystemClock
from ccrouter.config.cases import load_cases
from ccrouter.config.load import compile_text
from support.bed import Bed, bed
from support.chances import chances
from support.configs import CONFIGS
from support.proved import Compared, proved, summed_up
from support.proved_by_chance import counted, played, sample
from support.routing_files import routing_files

FILES = (CONFIGS / "example.cases.yaml", *sorted((CONFIGS / "scenarios").glob("*.cases.yaml")))


def main() -> None:
    """Run, print, write."""
    options = argparse.ArgumentParser(
        prog="loadtests/fallback", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--version", type=int, choices=(22, 16), default=22, help="of Asterisk (22)")
    options.add_argument("--files", type=int, default=200, help="routing files by chance (200)")
    options.add_argument("--seed", type=int, default=1, help="of the files and the questions (1)")
    options.add_argument("--json", type=Path, help="where the figures go (loadtests/results/fallback-VERSION.json)")
    given_ = options.parse_args()
    clock = SystemClock()
    with bed(given_.version, [*(load_cases(file).rules for file in FILES), sample()]) as here:
        asterisk = here.pabx.cli("core show version").split()[1]
        say(f"Asterisk {asterisk}")
        began = clock.steady()
        gallery = {file.name.removesuffix(".cases.yaml"): list(proved(here, load_cases(file))) for file in FILES}
        for name, found in gallery.items():
            say(f"  {summed_up(name, found)}")
        took_gallery_s, began = clock.steady() - began, clock.steady()
        asked = by_chance(here, given_.files, given_.seed)
        took_chance_s = clock.steady() - began
    say(f"  by chance: {given_.files} files, {counted(asked)}, {took_chance_s:.0f} s")
    wrong = [str(each) for found in (*gallery.values(), asked) for each in found if not each.good]
    figures = {
        "asterisk": asterisk,
        "gallery": {name: figures_of(found) for name, found in gallery.items()},
        "gallery_s": round(took_gallery_s, 1),
        "by_chance": {"files": given_.files, "seed": given_.seed, **figures_of(asked)},
        "by_chance_s": round(took_chance_s, 1),
        "wrong": wrong,
    }
    path = given_.json or Path(__file__).parent.parent / "results" / f"fallback-{given_.version}.json"
    path.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    say("\n".join(["", *wrong, f"Written to {path}"]))
    sys.exit(1 if wrong else 0)


def by_chance(here: Bed, files: int, start: int) -> list[Compared]:
    """Return what came of the questions to so many files; one that is answered wrongly ends the run of its file."""
    found: list[Compared] = []

    @seed(start)
    @settings(
        max_examples=files,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(routing_files(), st.data())
    def ask(text: str, data: st.DataObject) -> None:
        rules = compile_text(text.encode(), "routing.yaml")
        for each in played(here, rules, data.draw(chances(rules))):
            found.append(each)
            if not each.good:
                return

    ask()
    return found


def figures_of(found: Sequence[Compared]) -> dict[str, object]:
    """Return how many plans are the same, and why the others are not."""
    why = Counter(reason for each in found if each.good and not each.same for reason in each.reasons)
    return {
        "asked": len(found),
        "as_the_router": sum(each.same for each in found),
        "differ_as_said": sum(each.good and not each.same for each in found),
        "wrong": sum(not each.good for each in found),
        **({"why": dict(why.most_common(20))} if why else {}),
    }


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
