"""The show in plain lines, for a pipe or a log: one for each phase, each decision and each change."""

import click

from ccrouter.web.status import Status
from demo_run.pictures import Picture, because, clock, site_state
from demo_run.scenes import SCENES


class Lines:
    """Prints what is new in each picture."""

    def __init__(self) -> None:
        self._place: int | None = None
        self._seen: set[str] = set()
        self._states: dict[str, str] = {}
        self._elapsed_s = 0.0

    def step(self, text: str) -> None:
        """Tell what is being done."""
        click.echo(f"   {text}")

    def cue(self, text: str) -> None:
        """Tell what happens in a scene."""
        self._say("scene", text)

    def show(self, picture: Picture) -> None:
        """Print what is new."""
        self._elapsed_s = picture.elapsed_s
        if picture.place != self._place:
            self._place = picture.place
            self._tell_scene(picture)
        if picture.status is not None:
            self._tell_decisions(picture.status)
            self._tell_states(picture.status)

    def close(self) -> None:
        """End; there is nothing to put back."""

    def _tell_scene(self, picture: Picture) -> None:
        if picture.scene is None:
            self._say("scene", "The last calls end.")
            return
        click.echo()
        self._say("scene", f"{picture.place + 1} of {len(SCENES)}: {picture.scene.title}. {picture.scene.says}")
        self._say("look", picture.scene.look)

    def _tell_decisions(self, status: Status) -> None:
        new = [decision for decision in status.decisions if decision.id not in self._seen]
        for decision in reversed(new):
            why = f"{decision.rule} ({because(decision)})" if because(decision) else decision.rule
            self._say("call", f"{decision.number} -> {decision.destination}: {why}")
        self._seen = {decision.id for decision in status.decisions}

    def _tell_states(self, status: Status) -> None:
        now = {f"site {site.name}": site_state(site) for site in status.sites}
        now |= {f"mode {mode.name}": "on" if mode.on else "off" for mode in status.modes}
        for what, state in now.items():
            before = self._states.get(what)
            if before not in {None, state}:
                self._say("change", f"{what} is {state}")
        self._states = now

    def _say(self, kind: str, text: str) -> None:
        click.echo(f"{clock(self._elapsed_s):>5}  {kind:<6}  {text}")
