"""The demo's command: `scripts/demo` starts it when all that it needs is there."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import click
from rich.console import Console

from demo_run.accounts import Fate, Outcome
from demo_run.errors import DemoError
from demo_run.lines import Lines
from demo_run.scenes import pace_for
from demo_run.screen import Screen
from demo_run.show import Show
from demo_run.stage import Stage
from demo_run.summary import summary, unreached

SHORTEST_S: Final = 30
USUAL_S: Final = 120
ENDED_BY: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

FAILED: Final = 1
ENDED_BY_SIGNAL: Final = 128


class Interrupted(BaseException):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Demo:
    """One run of the demo, in a folder of its own."""

    def __init__(self, front: Screen | Lines, folder: Path) -> None:
        self.outcomes: Sequence[Outcome] = ()
        self.withdrawn = 0
        self._front = front
        self._folder = folder

    def run(self, seconds: float, *, endless: bool) -> None:
        """Play the show, and keep what became of its calls, however it ends.

        Raises:
            DemoError: a step failed.
            Interrupted: a signal came.

        """
        with Stage(self._folder, pace_for(seconds), self._front.step) as stage:
            show = Show(stage, self._front)
            try:
                show.play(seconds, endless=endless)
            finally:
                _ignore_signals()
                self._front.close()
                # Before the stage closes: it ends the telephones, too.
                self.outcomes, self.withdrawn = show.outcomes(), stage.withdrawn()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--seconds",
    type=click.IntRange(SHORTEST_S, 3600),
    help=f"End after about so many seconds, {SHORTEST_S} at least. Without it the scenes, {USUAL_S} s in all, "
    "play again and again until Ctrl-C.",
)
def main(seconds: int | None) -> None:
    """Show on this machine what ccrouter does: a real Asterisk, real SIP calls, no configuration of yours.

    The exit status is 0 when no call was lost and every kind of destination was reached.
    """
    console = Console()
    front = Screen(console) if console.is_terminal and not console.is_dumb_terminal else Lines()
    for each in ENDED_BY:
        signal.signal(each, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="ccrouter-demo-"))
    demo = Demo(front, folder)
    status = 0
    try:
        demo.run(seconds or USUAL_S, endless=seconds is None)
    except Interrupted as interrupted:
        status = ENDED_BY_SIGNAL + interrupted.number
    except DemoError as error:
        _tell(error)
        status = FAILED
    except BrokenPipeError:
        # Whoever read our lines has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = ENDED_BY_SIGNAL + signal.SIGPIPE
    sys.exit(_finish(demo, folder, status))


def _finish(demo: Demo, folder: Path, status: int) -> int:
    """Tell how it went, remove the folder unless it tells more, and return the exit status."""
    outcomes = demo.outcomes
    if outcomes:
        click.echo("\n".join(("", *summary(outcomes, demo.withdrawn, complete=status == 0))))
    if any(outcome.fate is Fate.LOST for outcome in outcomes) or (status == 0 and unreached(outcomes)):
        status = FAILED
    if status == FAILED:
        click.echo(f"All logs and files are kept in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return status


def _tell(error: DemoError) -> None:
    click.echo("\n".join(("", error.detail, "", f"FAILED: {error.step}", f"TO DO:  {error.advice}")), err=True)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    _ignore_signals()
    raise Interrupted(number)


def _ignore_signals() -> None:
    """Whatever ends things in order shall not be interrupted."""
    for each in ENDED_BY:
        signal.signal(each, signal.SIG_IGN)


if __name__ == "__main__":
    main(prog_name="scripts/demo")
