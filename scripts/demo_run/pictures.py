"""What is shown at one instant, and how its parts read in words."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from ccrouter.web.status import DecisionStatus, SiteStatus, Status
from demo_run.accounts import Fate
from demo_run.scenes import SCENES, Scene

ROLES: Final = {"tunis": "outsourcer", "backup": "backup site"}


@dataclass(frozen=True, slots=True)
class Picture:
    """The show at one instant.

    Attributes:
        elapsed_s: since its begin.
        total_s: its length; None where it goes on until Ctrl-C.
        place: of the scene that plays, from 0 on; behind the last one while the last calls end.
        status: what ccrouter says; None while it does not answer.
        fates: what became of the calls, by what their ends say.
        wallboard: its address.

    """

    elapsed_s: float
    total_s: float | None
    place: int
    status: Status | None
    fates: Counter[Fate]
    wallboard: str = ""

    @property
    def scene(self) -> Scene | None:
        """The scene that plays; None while the last calls end."""
        return SCENES[self.place] if self.place < len(SCENES) else None


def clock(seconds: float) -> str:
    """Return minutes and seconds: `1:05`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def because(decision: DecisionStatus) -> str:
    """Return the reason of a decision, with the wait of a caller who was taken out of a queue."""
    return decision.reason if decision.waited_s is None else f"after {decision.waited_s:.0f} s in the queue"


def site_state(site: SiteStatus) -> str:
    """Return how a site is: down, full, up."""
    if site.health == "up" and site.max_calls and site.calls >= site.max_calls:
        return "full"
    return site.health
