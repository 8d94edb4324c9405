"""A circuit breaker for each site: it opens on failures of real calls, and lets one call at a time try again.

What a call tells of its site, by the end of its step (Q.850 causes and dial results as Asterisk gives them):

    result        cause         means                                 lesson
    answered                    somebody talked                       alive
    busy          17            486 or 600: the site refused          alive
    noanswer      19, ...       480, or it rang and nobody came       alive
    noanswer      0             silence until the limit of the dial   dead
    congestion    34            503                                   dead
    chanunavail   1, 3, 21, ..  404, 403, 500; or known unreachable   dead
    died                        lost in the middle of the talk        died
    full                        our own limit: nobody was called      nothing

A caller who hangs up while a site is dialled teaches nothing.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum

from ccrouter.live.queues import CallKey
from ccrouter.routing.snapshot import DOWN, PROBE, UNKNOWN, UP, Health, Seconds

FAILURES = 3
"""Failures in a row that open the breaker."""

OPEN_S: Seconds = 30.0
"""Time that it stays open; doubled each time a trial fails."""

LONGEST_OPEN_S: Seconds = 300.0


class Lesson(Enum):
    """What the end of a step tells of its site."""

    ALIVE = "alive"
    DEAD = "dead"
    DIED = "died"
    NOTHING = "nothing"


_LESSONS = {
    "answered": Lesson.ALIVE,
    "busy": Lesson.ALIVE,
    "congestion": Lesson.DEAD,
    "chanunavail": Lesson.DEAD,
    "died": Lesson.DIED,
}


def lesson(result: str, cause: int) -> Lesson:
    """Return what a site step that ended with `result` and Q.850 `cause` tells of its site."""
    if result == "noanswer":
        return Lesson.ALIVE if cause else Lesson.DEAD
    return _LESSONS.get(result, Lesson.NOTHING)


class Circuit(StrEnum):
    """State of a breaker."""

    CLOSED = "closed"  # calls pass
    OPEN = "open"  # for a time, none shall
    HALF_OPEN = "half open"  # one may try
    PROBING = "probing"  # one does


CLOSED, OPEN, HALF_OPEN, PROBING = Circuit


@dataclass(slots=True)
class Breaker:
    """Breaker of one site.

    Attributes:
        failures: tries in a row that found the site dead.
        deaths: talks in a row that the site tore. They have a count of their own, for each of them was answered first.
        open_s: time that the next opening lasts.
        until: end of the present opening.
        probe: the call that tries.
        proven: whether a call found the site alive since the breaker was last open.

    """

    circuit: Circuit = CLOSED
    failures: int = 0
    deaths: int = 0
    open_s: Seconds = OPEN_S
    until: float = 0.0
    probe: CallKey | None = None
    proven: bool = False

    @property
    def health(self) -> Health:
        """Return what the calls say of the site."""
        if self.circuit is CLOSED:
            return UP if self.proven else UNKNOWN
        return PROBE if self.circuit is HALF_OPEN else DOWN

    def arrived(self, call: CallKey, at: float) -> None:
        """Take in that a call is sent to the site; where one may try, it is this one."""
        self.tick(at)
        if self.circuit is HALF_OPEN:
            self.circuit, self.probe = PROBING, call

    def left(self, call: CallKey) -> None:
        """Take in that a call is not at the site any more; if it tried and taught nothing, another may."""
        if self.circuit is PROBING and self.probe == call:
            self.circuit, self.probe = HALF_OPEN, None

    def tick(self, at: float) -> None:
        """Let one call try where the breaker has been open for long enough."""
        # Farther away than it can be: the clock was set back.
        if self.circuit is OPEN and (at >= self.until or self.until - at > LONGEST_OPEN_S):
            self.circuit = HALF_OPEN

    def alive(self) -> None:
        """Close: a call was answered, or refused by somebody who is there."""
        self.circuit, self.probe, self.failures, self.proven = CLOSED, None, 0, True

    def ended_well(self) -> None:
        """Take in that a talk ended as talks do."""
        self.deaths = 0
        if self.circuit is CLOSED:
            self.open_s = OPEN_S

    def trust(self) -> None:
        """Close on trial, because the site can be reached again: the next failure opens."""
        self.circuit, self.probe, self.failures = CLOSED, None, FAILURES - 1

    def dead(self, at: float) -> None:
        """Take in a try that found the site dead."""
        if self.circuit is not OPEN:
            self.failures += 1
            if self.circuit is not CLOSED or self.failures >= FAILURES:
                self._open(at)

    def died(self, at: float) -> None:
        """Take in a talk that the site tore."""
        self.deaths = min(self.deaths + 1, FAILURES)
        if self.circuit is not OPEN and (self.circuit is not CLOSED or self.deaths >= FAILURES):
            self.deaths = FAILURES - 1
            self._open(at)

    def _open(self, at: float) -> None:
        self.circuit, self.probe, self.proven = OPEN, None, False
        self.until = at + self.open_s
        self.open_s = min(2 * self.open_s, LONGEST_OPEN_S)
