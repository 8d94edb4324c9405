"""The show: plays the scenes in order, looks around four times a second, and keeps what became of the calls."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from ccrouter.clock import SystemClock
from demo_run.accounts import Fate, Outcome, count
from demo_run.cast import PATIENCE_S
from demo_run.errors import DemoError
from demo_run.pictures import Picture
from demo_run.scenes import SCENES, Setting
from demo_run.stage import Stage

LOOK_EVERY_S: Final = 0.25
LAST_CALLS_S: Final = 3.0
"""Kept at the end of a show for the last calls, besides the length of a talk."""


class Front(Protocol):
    """Whoever shows the pictures."""

    def cue(self, text: str) -> None:
        """Tell what happens in a scene."""
        ...

    def show(self, picture: Picture) -> None:
        """Show a picture."""
        ...


class Show:
    """Plays on a stage that is up."""

    def __init__(self, stage: Stage, front: Front) -> None:
        self._stage = stage
        self._front = front
        self._clock = SystemClock()
        self._began = self._clock.steady()
        self._total_s: float | None = None
        self._place = 0
        self._past: list[Outcome] = []
        self._past_fates: Counter[Fate] = Counter()

    def outcomes(self) -> Sequence[Outcome]:
        """Return what became of all calls so far."""
        return [*self._past, *self._stage.cast.outcomes()]

    def play(self, seconds: float, *, endless: bool) -> None:
        """Play all scenes in so many seconds; then again, until interrupted, where it is `endless`."""
        self._total_s = None if endless else seconds
        while True:
            self._play_once(seconds)
            if not endless:
                return
            self._past = list(self.outcomes())
            self._past_fates = count(self._past)
            self._stage.cast.start_over()

    def _play_once(self, seconds: float) -> None:
        start = self._clock.steady()
        length = seconds - LAST_CALLS_S - self._stage.pace.talk_ms / 1000
        whole = sum(scene.weight for scene in SCENES)
        begin = 0.0
        for self._place, scene in enumerate(SCENES):
            part = scene.weight / whole
            setting = Setting(self._stage, self._place, part * length)
            for cue in scene.cues:
                self._watch_until(start + (begin + cue.at * part) * length)
                if cue.says:
                    self._front.cue(cue.says)
                cue.do(setting)
            begin += part
            self._watch_until(start + begin * length)
        self._place = len(SCENES)
        self._watch_last_calls()

    def _watch_last_calls(self) -> None:
        deadline = self._clock.steady() + 2 * PATIENCE_S
        while self._stage.cast.calling:
            if self._clock.steady() > deadline:
                advice = "Find out who hangs on to the calls above: the log of each telephone is kept."
                raise DemoError("Waiting for the last calls to end", advice, self._stage.under_way())
            self._watch_until(self._clock.steady() + LOOK_EVERY_S)

    def _watch_until(self, instant: float) -> None:
        while True:
            self._stage.check()
            self._front.show(self._picture())
            left_s = instant - self._clock.steady()
            if left_s <= 0:
                return
            time.sleep(min(left_s, LOOK_EVERY_S))

    def _picture(self) -> Picture:
        return Picture(
            elapsed_s=self._clock.steady() - self._began,
            total_s=self._total_s,
            place=self._place,
            status=self._stage.daemon.status(),
            fates=self._past_fates + count(self._stage.cast.outcomes()),
            wallboard=self._stage.pages.wallboard,
        )
