"""The scenes of the show: what is done, in one sentence, what to look at, and the cues that do it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from demo_run.cast import TEAM_SIZE, Wave
from demo_run.stage import Pace, Stage

SUPPORT: Final = "0800100200"
ORDERS: Final = "0805300400"
EVENING: Final = "0801500600"
AGENCY: Final = "0809700800"

RING_AND_REST_S: Final = 0.8
"""What a position needs from one talk to the next."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a cue has to work with: the stage, the place of its scene, and the scene's length."""

    stage: Stage
    scene: int
    seconds: float

    def call(self, number: str, calls: float, within: float, gives_up_s: float | None = None) -> None:
        """Place calls evenly over a part of the scene (1 for all of it)."""
        rounded = max(1, round(calls))
        per_s = rounded / (within * self.seconds)
        self.stage.cast.call(Wave(scene=self.scene, number=number, calls=rounded, per_s=per_s, gives_up_s=gives_up_s))


@dataclass(frozen=True, slots=True)
class Cue:
    """Something done at a point of its scene, 0 at its begin and 1 at its end; `says` only where it needs a word."""

    at: float
    do: Callable[[Setting], None]
    says: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene; `weight` is its share of the show's time."""

    title: str
    says: str
    look: str
    weight: float
    cues: tuple[Cue, ...]


def pace_for(seconds: float) -> Pace:
    """Return the pace of a show of this length."""
    return Pace(talk_ms=round(1000 * min(5.0, max(1.5, seconds / 30))), waited_s=max(2, round(seconds / 30)))


def _peak(setting: Setting) -> None:
    answered_per_s = TEAM_SIZE / (setting.stage.pace.talk_ms / 1000 + RING_AND_REST_S)
    setting.call(SUPPORT, 3 * answered_per_s * 0.6 * setting.seconds, within=0.6)


def _crisis_by_phone(setting: Setting) -> None:
    if not setting.stage.daemon.is_on("crisis"):  # by the wallboard: the code would switch it off
        setting.stage.cast.dial("paris1", "*481")


SCENES: Final = (
    Scene(
        "A quiet hour",
        "After-sales is called now and then; it has four positions in Paris.",
        "Each caller reaches one of them at once. The rule is `otherwise`: no other one applies.",
        7,
        (Cue(0, lambda on: on.call(SUPPORT, 4, within=0.8)),),
    ),
    Scene(
        "Two sites share a line",
        "Ten callers dial the orders line: 70 of 100 belong to Lyon, 30 to the outsourcer in Tunis.",
        "Exactly 7 go to lyon and 3 to tunis, in turns and not by chance.",
        10,
        (Cue(0, lambda on: on.call(ORDERS, 10, within=0.7)),),
    ),
    Scene(
        "The peak",
        "After-sales gets three times the calls that Paris can answer; a few callers give up early, on purpose.",
        "From 3 waiting on, new callers go to tunis (rule `peak`); who waits too long is taken out of the queue, to "
        "tunis or backup.",
        22,
        (Cue(0, _peak), Cue(0.2, lambda on: on.call(SUPPORT, 3, within=0.2, gives_up_s=1))),
    ),
    Scene(
        "A closed office",
        "Two callers dial evening help, whose calendar is closed at this hour.",
        "The rule `out of hours` sends them to the outsourcer.",
        6,
        (Cue(0, lambda on: on.call(EVENING, 2, within=0.6)),),
    ),
    Scene(
        "Outsourcer is full",
        "Eight more dial evening help, but the outsourcer has three lines.",
        "tunis stays at 3 of 3; whoever finds it full goes to the backup site instead.",
        9,
        (Cue(0, lambda on: on.call(EVENING, 8, within=0.5)),),
    ),
    Scene(
        "Outsourcer goes dead",
        "The outsourcer is cut off in the middle of its calls, and comes back later.",
        "Callers who were talking there are taken back and reach the backup site, as do new ones.",
        28,
        (
            Cue(0, lambda on: on.call(EVENING, 2, within=0.05)),
            Cue(0.13, lambda on: on.stage.cast.go_down("tunis"), "the outsourcer is cut off"),
            Cue(0.14, lambda on: on.call(EVENING, 1, within=0.02)),
            Cue(0.2, lambda on: on.call(EVENING, 4, within=0.65)),
            Cue(0.93, lambda on: on.stage.cast.open_up("tunis"), "the outsourcer is back"),
        ),
    ),
    Scene(
        "Crisis",
        "At the telephone paris1 somebody dials *481; later an admin types `ccrouter mode clear crisis`.",
        "While it is on, after-sales goes to the backup site; then back to Paris.",
        12,
        (
            Cue(0, _crisis_by_phone, "crisis on"),
            Cue(0.3, lambda on: on.call(SUPPORT, 5, within=0.25)),
            Cue(0.6, lambda on: on.stage.daemon.clear_mode("crisis", "all dry again"), "crisis off"),
            Cue(0.85, lambda on: on.call(SUPPORT, 2, within=0.1)),
        ),
    ),
    Scene(
        "A holiday",
        "The agency's number is dialled on its holiday.",
        "The rule `holiday` plays the message that it is closed. The call is never answered: nobody pays for it.",
        6,
        (Cue(0, lambda on: on.call(AGENCY, 3, within=0.4)),),
    ),
)
