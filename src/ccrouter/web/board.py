"""The board: what a wallboard shows, as plain values that become JSON. Sections change as wholes.

Instants are seconds since 1970-01-01 UTC, times are seconds, shares are 0 to 1. None stands for what is not known.
"""

from dataclasses import dataclass

from ccrouter.live.desks import PositionOnBoard
from ccrouter.live.figures import Figures, Minute
from ccrouter.routing import values
from ccrouter.web.status import DegradedStatus, ModeStatus, OverrideStatus


@values.dataclass(frozen=True, slots=True)
class ServiceOnBoard:
    """One service.

    Attributes:
        labels: of its numbers, for people.
        waiting: callers in queues.
        oldest_at: when the caller who waits longest joined; None when nobody waits.
        estimated_wait_s: the least of its queues.
        target, within_s: the service level that is aimed at, such as 0.8 in 20 s.
        now: the last 15 minutes; `today` since midnight in the routing file's time zone.

    """

    name: str
    labels: tuple[str, ...]
    waiting: int
    oldest_at: float | None
    estimated_wait_s: float | None
    target: float | None
    within_s: float | None
    now: Figures
    today: Figures


@values.dataclass(frozen=True, slots=True)
class QueueOnBoard:
    """One queue; `fresh` is False where its PABX is silent and the figures are the last ones known."""

    pabx: str
    name: str
    site: str
    fresh: bool
    waiting: int
    oldest_at: float | None
    estimated_wait_s: float | None
    logged_in: int
    ready: int
    busy: int
    paused: int


@values.dataclass(frozen=True, slots=True)
class SiteOnBoard:
    """One site; `max_calls` 0 stands for no limit, `cost_today` by currency."""

    name: str
    external: bool
    calls: int
    max_calls: int
    health: str
    open: bool | None
    cost_today: dict[str, float]


@dataclass(frozen=True, slots=True)
class DecisionOnBoard:
    """A decision of late, without its caller."""

    id: str
    at: float
    number: str
    label: str
    service: str
    rule: str
    destination: str
    outside: bool
    reason: str
    waited_s: float | None


@dataclass(frozen=True, slots=True)
class LinkOnBoard:
    """One PABX: its link, and whether what is known of it is fresh."""

    name: str
    link: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Board:
    """All of it.

    Attributes:
        at: instant of the picture.
        zone: time zone whose clock people here go by.
        not_ready: why calls can't be routed; empty when well.
        rules_problems: why the routing file on disk was refused; empty when it was not.
        hour: the last 60 minutes, oldest first.

    """

    at: float
    zone: str
    version: str
    rules: str
    router: int
    not_ready: tuple[str, ...]
    rules_problems: tuple[str, ...]
    degraded: tuple[DegradedStatus, ...]
    pabxs: tuple[LinkOnBoard, ...]
    services: tuple[ServiceOnBoard, ...]
    queues: tuple[QueueOnBoard, ...]
    positions: tuple[PositionOnBoard, ...]
    sites: tuple[SiteOnBoard, ...]
    modes: tuple[ModeStatus, ...]
    overrides: tuple[OverrideStatus, ...]
    decisions: tuple[DecisionOnBoard, ...]
    hour: tuple[Minute, ...]


@values.dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to one call, as streams and webhooks tell it.

    Attributes:
        kind: offered, routed, ringing, answered, overflowed, missed, ended.
        caller: as the receiver may see it: whole, masked, or None where hidden or not allowed.
        moment: of an overflow: entry or waiting.
        target: site or message; `interface` of the position concerned.
        outcome: of an end: answered, abandoned, message, lost, unknown.
        waited_s, talked_s: None where that is not known, or not yet.

    """

    kind: str
    at: float
    pabx: str
    uniqueid: str
    number: str
    label: str
    service: str
    caller: str | None = None
    rule: str = ""
    decision: str = ""
    moment: str = ""
    target: str = ""
    queue: str = ""
    interface: str = ""
    outcome: str = ""
    waited_s: float | None = None
    talked_s: float | None = None
