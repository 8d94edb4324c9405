"""The show on a terminal: one screen, drawn anew with each picture."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from rich.console import Console, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from ccrouter.web.status import QueueStatus, SiteStatus, Status
from demo_run.accounts import Fate
from demo_run.cast import TEAMS
from demo_run.pictures import ROLES, Picture, because, clock, site_state
from demo_run.scenes import SCENES

STATE_STYLES: Final = {"up": "green", "full": "bold yellow", "down": "bold red", "probe": "yellow", "unknown": "dim"}
FATE_STYLES: Final = {Fate.LOST: "bold red", Fate.GAVE_UP: "yellow", Fate.UNDER_WAY: "cyan"}
WIDEST_BAR: Final = 12
PLACE_WIDTHS: Final = (7, 11, WIDEST_BAR, 13, 32)
UNTIL: Final = re.compile(r" until (below|above) [0-9.]+")
"""The stopping value, left out of reasons: there is no room for it on a small screen."""


class Screen:
    """Draws pictures on the whole terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._cue = ""
        self._place: int | None = None

    def step(self, text: str) -> None:
        """Tell what is being done."""
        self._console.print(f"   {text}", highlight=False)

    def cue(self, text: str) -> None:
        """Tell what happens in a scene, until the next one."""
        self._cue = text

    def show(self, picture: Picture) -> None:
        """Draw."""
        if not self._live.is_started:
            self._live.start()
        if picture.place != self._place:
            self._place, self._cue = picture.place, ""
        self._live.update(whole(picture, self._cue), refresh=True)

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._live.stop()


def whole(picture: Picture, cue: str) -> Layout:
    """Return the whole screen; the decisions take what room is left."""
    layout = Layout()
    layout.split_column(
        Layout(_head(picture), size=1),
        Layout(_wallboard(picture), size=1),
        Layout(_scene(picture, cue), size=6),
        Layout(_places(picture.status), size=5),
        Layout(_decisions(picture.status)),
        Layout(_fates(picture.fates), size=2),
    )
    return layout


def _head(picture: Picture) -> RenderableType:
    time = clock(picture.elapsed_s) + ("" if picture.total_s is None else f" of {clock(picture.total_s)}")
    asterisk = picture.status.pabxs[0].version.split("+")[0] if picture.status is not None else ""
    line = Table.grid(expand=True)
    line.add_column()
    line.add_column(justify="right")
    line.add_row(
        Text.assemble((" ccrouter ", "bold white on blue"), f" on a real Asterisk {asterisk}"),
        Text(f"{time}   Ctrl-C ends it ", "dim"),
    )
    return line


def _wallboard(picture: Picture) -> RenderableType:
    address = Text(picture.wallboard, Style(color="cyan", link=picture.wallboard or None))
    return Text.assemble((" wallboard ", "dim"), address)


def _scene(picture: Picture, cue: str) -> RenderableType:
    scene = picture.scene
    if scene is None:
        return Panel("The last calls end.", title="[bold]That was it", title_align="left", border_style="blue")
    said = Text(scene.says)
    if cue:
        said.append(f" Now: {cue}.", "bold yellow")
    said.append("\n")
    said.append("Look: ", "bold green")
    said.append(scene.look)
    title = f"[bold]{picture.place + 1} of {len(SCENES)}: {scene.title}"
    return Panel(said, title=title, title_align="left", border_style="blue")


def _places(status: Status | None) -> RenderableType:
    if status is None:
        return Text("ccrouter does not answer", "bold red")
    table = Table.grid(padding=(0, 1))
    for width in PLACE_WIDTHS:
        table.add_column(width=width, no_wrap=True)
    queues = {queue.name: queue for queue in status.queues}
    for team, queue in TEAMS.items():
        if queue in queues:
            table.add_row(*_team(team, queues[queue]))
    sites = {site.name: site for site in status.sites}
    for name, role in ROLES.items():
        if name in sites:
            table.add_row(*_site(sites[name], role))
    modes = ", ".join(mode.name for mode in status.modes if mode.on)
    table.add_row(Text(" mode", "bold"), Text(modes or "none", "bold yellow" if modes else "dim"))
    return table


def _team(team: str, queue: QueueStatus) -> Iterator[RenderableType]:
    yield Text(f" {team}", "bold")
    yield Text("positions", "dim")
    yield Text.assemble(("●" * queue.busy, "yellow"), ("○" * queue.ready, "green"))
    yield Text(f"{queue.busy} of {queue.logged_in} busy")
    if not queue.waiting:
        yield Text("nobody waits", "dim")
        return
    longest = "" if queue.longest_wait_s is None else f", longest {queue.longest_wait_s:.0f} s"
    yield Text.assemble(("■" * min(queue.waiting, WIDEST_BAR), "red"), f" {queue.waiting} waiting{longest}")


def _site(site: SiteStatus, role: str) -> Iterator[RenderableType]:
    state = site_state(site)
    yield Text(f" {site.name}", "bold")
    yield Text(role, "dim")
    yield Text("■" * min(site.calls, WIDEST_BAR), "yellow")
    yield Text(f"{site.calls} of {site.max_calls} calls")
    yield Text(state, STATE_STYLES.get(state, ""))


def _decisions(status: Status | None) -> RenderableType:
    table = Table(box=None, expand=True, padding=(0, 0, 0, 1), header_style="dim")
    for title, ratio in (("last decisions", None), ("goes to", None), ("by the rule", None), ("because", 1)):
        table.add_column(title, ratio=ratio, no_wrap=True, overflow="ellipsis")
    for decision in status.decisions if status is not None else ():
        why = UNTIL.sub("", because(decision))
        table.add_row(decision.number, Text(decision.destination, "bold cyan"), Text(decision.rule, "green"), why)
    return table


def _fates(fates: Counter[Fate]) -> RenderableType:
    table = Table(box=None, padding=(0, 0, 0, 1), header_style="dim")
    table.add_column("calls", justify="right")
    for fate in Fate:
        table.add_column(fate, justify="right", style=FATE_STYLES.get(fate, "bold") if fates[fate] else "dim")
    table.add_row(str(fates.total()), *(str(fates[fate]) for fate in Fate))
    return table
