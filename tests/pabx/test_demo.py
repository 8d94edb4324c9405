"""The demo: it plays to its end, ends what it started however it is ended itself, and would notice a lost call."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import psutil
import pytest
from rich.console import Console

from ccrouter.config.load import compile_text
from ccrouter.routing.conditions import Open
from demo_run.accounts import REACHED, Fate, Outcome, Talk, judge
from demo_run.cast import Wave
from demo_run.errors import DemoError
from demo_run.pages import Pages
from demo_run.pictures import Picture
from demo_run.rendering import render_routing
from demo_run.scenes import SCENES, SUPPORT
from demo_run.screen import whole
from demo_run.show import Show
from demo_run.stage import Pace, Stage
from demo_run.summary import summary
from phones import FOREVER_MS, Call, Placed
from support.demo import Nobody, kept_on_failure

ROOT: Final = Path(__file__).resolve().parent.parent.parent
DEMO: Final = ROOT / "scripts" / "demo"
ENDS_WITHIN_S: Final = 30
ADDRESS: Final = Pages(65535).wallboard


@dataclass(slots=True)
class Run:
    """A demo that runs with its output in a pipe, and the folder where it puts its own."""

    folder: Path
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def read_until(self, word: str) -> None:
        """Read lines up to one with this word; fail where the demo ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if word in line:
                return
        pytest.fail(f"the demo ended before it said {word!r}:\n" + "\n".join(self.lines))

    def read_all(self) -> int:
        """Read to its end and return its exit status."""
        assert self.process.stdout is not None
        self.lines += self.process.stdout.read().splitlines()
        return self.process.wait(ENDS_WITHIN_S)

    def leftovers(self) -> list[psutil.Process]:
        """Return the processes that work in its folder: all that it started names a file there."""
        found = (p for p in psutil.process_iter(["cmdline"]) if str(self.folder) in " ".join(p.info["cmdline"] or ()))
        return list(found)

    def kept(self) -> list[Path]:
        """Return what it left behind in files."""
        return list(self.folder.iterdir())


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder for temporary files, with a path short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="cc-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    """Start a demo that is short, and long enough for Asterisk to notice a dead site on a busy machine."""
    process = subprocess.Popen(  # noqa: S603 - our own script with our own arguments
        [DEMO, "--seconds", "45"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    with process:
        yield Run(folder, process)
        process.kill()


def holder_of(address: str) -> object:
    """Return whom the daemon takes for the holder of the token in the address of a page, which must be there."""
    page, token = address.split("#token=")
    with urlopen(page) as answer:  # noqa: S310 - the demo's own loopback address
        assert "<!doctype html>" in answer.read().decode()
    about_me = urljoin(page, "/api/v1/me")
    request = Request(about_me, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - likewise
    with urlopen(request) as answer:  # noqa: S310 - likewise
        return json.load(answer)


def test_a_whole_show_reaches_every_kind_of_destination_and_loses_no_call(run: Run) -> None:
    """In a pipe it prints plain lines, one for each decision; it ends with 0, and leaves nothing behind."""
    run.read_until("Position paris1:")
    wallboard, position = (line.split(": ")[1].strip() for line in run.lines[-2:])
    assert holder_of(wallboard) == {"name": "supervisor", "role": "switch", "of": ""}
    assert holder_of(position) == {"name": "paris1", "role": "position", "of": "PJSIP/paris1"}
    assert run.read_all() == 0, "\n".join(run.lines)
    text = "\n".join(run.lines)
    assert "\x1b" not in text
    for scene in SCENES:
        assert f"{scene.title}. {scene.says}" in text
    for sign in (
        "0800 100 200 -> paris: otherwise",
        "0805 300 400 -> tunis: share 70/30",
        "0800 100 200 -> tunis: peak (waiting: support",
        ": waited too long (after ",
        "0801 500 600 -> tunis: out of hours (closed: evening",
        "tunis full",
        "site tunis is down",
        "mode crisis is on",
        "0800 100 200 -> backup: crisis (mode: crisis",
        "mode crisis is off",
        "0809 700 800 -> closed: holiday (closed: agency",
        "No call was lost.",
    ):
        assert sign in text
    offered, *fates = next(line for line in run.lines if line.startswith("all ")).split()[1:]
    assert int(offered) == sum(int(count) for count in fates if count != "-")
    position, outsourcer, backup, message, _, lost = fates
    assert "-" not in {position, outsourcer, backup, message}
    assert lost == "-"
    shared = next(line for line in run.lines if line.startswith("Two sites share a line "))
    assert shared.split()[5:8] == ["10", "7", "3"]
    assert run.leftovers() == []
    assert run.kept() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_that_it_started(run: Run, number: signal.Signals) -> None:
    """It tells what became of the calls so far; the exit status names the signal; nothing is left behind."""
    run.read_until(" call ")
    assert run.leftovers()
    run.process.send_signal(number)
    assert 128 + number == run.read_all()
    assert "No call was lost so far." in run.lines
    assert run.leftovers() == []
    assert run.kept() == []


def test_nothing_outlives_a_demo_that_is_killed(run: Run) -> None:
    """The kernel kills what it started: Asterisk, the daemon, the telephones."""
    run.read_until(" call ")
    started = run.leftovers()
    run.process.kill()
    gone, alive = psutil.wait_procs(started, ENDS_WITHIN_S)
    assert alive == []
    assert len(started) == len(gone)


def test_an_asterisk_that_dies_is_told(run: Run) -> None:
    """It names the step and what to do, keeps the logs and says where, ends the rest, and fails."""
    run.read_until(" call ")
    next(process for process in run.leftovers() if "asterisk.conf" in " ".join(process.cmdline())).kill()
    assert run.read_all() == 1
    assert "FAILED: Running Asterisk" in run.lines
    assert any("app_queue.c: Added interface 'PJSIP/paris1'" in line for line in run.lines)
    (kept,) = run.kept()
    assert f"All logs and files are kept in {kept}" in run.lines
    assert run.leftovers() == []


# --- a call that does not end -----------------------------------------------------------------------------------------


def play_a_call_that_does_not_end(place: Path) -> None:
    """Place one call, and wait for its end as at the end of a show."""
    with kept_on_failure(place), Stage(place, Pace(talk_ms=FOREVER_MS, waited_s=5), lambda _: None) as stage:
        stage.cast.call(Wave(scene=0, number=SUPPORT, calls=1, per_s=10))
        Show(stage, Nobody())._watch_last_calls()


def test_a_call_that_does_not_end_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which telephones hang in which call, since when, and what Asterisk says; the logs are kept."""
    monkeypatch.setattr("demo_run.show.PATIENCE_S", 1)
    place = folder / "demo"
    place.mkdir()
    with pytest.raises(DemoError) as raised:
        play_a_call_that_does_not_end(place)
    told = str(raised.value)
    assert re.search(r"\+33639980000 to 0800100200; caller: sent .* 200 \d\.\d s ago; paris-1: .* answered \d", told)
    assert re.search(r"PJSIP/carrier-\w+!ccrouter-run!queue!\d+!Up!Queue!support,", told)
    assert re.search(r"carrier-\w+ +00:00:0\d alaw +[1-9]", told)
    assert raised.value.__notes__ == [f"All logs and files are kept in {place}"]
    assert "answered" in (place / "calls" / "paris-1.log").read_text()


# --- what counts as lost ----------------------------------------------------------------------------------------------

DONE: Final = Talk(2.0, Fate.POSITION, finished=True)
CUT: Final = Talk(1.0, Fate.OUTSOURCER, finished=False)


def placed(**signs: float) -> Placed:
    """Return what a caller met: each sign and its instant, a status with an underscore before it."""
    met = tuple((name.lstrip("_").replace("_", "-"), at) for name, at in signs.items())
    return Placed(call=Call(caller="+33639980000", number="0800100200"), signs=met)


@pytest.mark.parametrize(
    ("met", "answers", "hurried", "over", "fate"),
    [
        (placed(sent=0, _180=1), (), False, False, Fate.UNDER_WAY),
        (placed(sent=0, _200=1, bye=2, end=2), (DONE,), False, True, Fate.POSITION),
        (placed(sent=0, _200=1, bye=9, end=9), (CUT, DONE), False, True, Fate.POSITION),
        (placed(sent=0, _200=1, bye=2, end=2), (CUT,), False, True, Fate.LOST),
        (placed(sent=0, _200=1, bye=2, end=2), (), False, True, Fate.LOST),
        (placed(sent=0, _183=0, _480=2, end=2), (), False, True, Fate.MESSAGE),
        (placed(sent=0, _183=0, _480=0.5, end=1), (), False, True, Fate.LOST),
        (placed(sent=0, _180=0, _480=9, end=9), (), False, True, Fate.LOST),
        (placed(sent=0, _180=0, _503=0, end=1), (), False, True, Fate.LOST),
        (placed(sent=0, gave_up=1, _487=1, end=1), (), True, True, Fate.GAVE_UP),
        (placed(sent=0, gave_up=30, _487=30, end=30), (), False, True, Fate.LOST),
        (placed(sent=0, _200=1), (CUT,), False, True, Fate.LOST),
        (placed(), (), False, True, Fate.LOST),
    ],
)
def test_a_call_is_lost_unless_both_its_ends_say_otherwise(
    met: Placed,
    answers: tuple[Talk, ...],
    hurried: bool,  # noqa: FBT001 - a column of the table
    over: bool,  # noqa: FBT001 - a column of the table
    fate: Fate,
) -> None:
    """Answered means answered by somebody who hung up; a message was heard; only who meant to give up gave up."""
    judged, why = judge(met, answers, hurried=hurried, over=over)
    assert fate == judged
    assert (fate is Fate.LOST) == bool(why)


def test_the_summary_names_lost_calls_and_kinds_never_reached() -> None:
    """Each lost call is told with its scene and reason, and each kind of destination that no call reached."""
    found = [Outcome(0, "+1", Fate.POSITION, waited_s=0.4), Outcome(2, "+2", Fate.LOST, "cut off")]
    lines = list(summary(found, withdrawn=3, complete=True))
    assert "LOST: +2, in `The peak`: cut off" in lines
    missing = [fate for fate in REACHED if f"NEVER REACHED: {fate}" in lines]
    assert missing == [Fate.OUTSOURCER, Fate.BACKUP, Fate.MESSAGE]
    assert not any("No call was lost" in line for line in lines)
    assert max(map(len, lines)) < 80


# --- the story fits the hour, and the screen --------------------------------------------------------------------------


@pytest.mark.parametrize("hour", range(24))
def test_the_office_of_the_demo_is_closed_at_any_hour(hour: int) -> None:
    """Whenever it starts, evening help and the agency are closed then and for three hours."""
    now = datetime(2026, 3, 28, hour, 59, tzinfo=UTC)
    rules = compile_text(render_routing(now, 4).encode(), "routing.yaml")
    for service in ("evening help", "agency"):
        when = rules.services[service].rules[0].when
        assert isinstance(when, Open)
        for minutes in range(0, 180, 10):
            assert not when.calendar.is_open(now + timedelta(minutes=minutes))


@pytest.mark.parametrize("place", range(len(SCENES)))
def test_each_scene_fits_a_terminal_of_80_by_24(place: int) -> None:
    """What it says, with its longest cue, and what to look at are there to the last word."""
    scene = SCENES[place]
    cue = max((cue.says for cue in scene.cues), key=len)
    console = Console(width=80, height=24)
    with console.capture() as capture:
        console.print(whole(Picture(0, 90, place, None, Counter({Fate.POSITION: 1000}), ADDRESS), cue))
    assert ADDRESS in capture.get()
    words = capture.get().replace("│", " ").split()
    for text in (scene.title, scene.says, cue, scene.look):
        assert all(word in words or f"{word}." in words for word in text.split())
