"""What all sessions share: who decides, who counts, how long peers have; and how sessions end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from structlog.typing import FilteringBoundLogger

from ccrouter.agi.calls import CodeDialled
from ccrouter.agi.lock import Lock
from ccrouter.clock import Clock
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision


class Outcome(StrEnum):
    """How a connection ended; also the label of its counter."""

    ANSWERED = "answered"  # the PABX confirmed that the plan is set
    HUNG_UP = "hung_up"  # the caller was gone before
    PROBED = "probed"  # closed before it asked: a health check
    REFUSED = "refused"  # the peer broke the protocol, or asked for what is not ours
    UNKEYED = "unkeyed"  # it did not bring the router's key: an old dialplan, or no PABX at all
    FAILED = "failed"  # deciding raised an error, or a mode was not switched in time
    SILENT = "silent"  # no whole request in time
    UNCONFIRMED = "unconfirmed"  # the PABX did not take the plan, or said nothing in time
    CROWDED = "crowded"  # too many connections at once
    LATE = "late"  # it had waited for too long before its turn came
    PUSHED_OUT = "pushed_out"  # too many waited for their decision, and it was the oldest
    STOPPED = "stopped"  # cut when the server stopped


class Made(NamedTuple):
    """A decision, and the seconds that it took."""

    decision: Decision
    took_s: float


class Decides(Protocol):
    """Whoever knows where a call goes."""

    def route(self, call: Call) -> Decision:
        """Decide at once where this call goes."""
        ...

    def routed(self, made: Sequence[Made]) -> None:
        """Take down decisions whose plans are on their way; never raises."""
        ...


class Switches(Protocol):
    """Whoever switches modes for telephones."""

    def dialled(self, code: CodeDialled, answer: Callable[[str], None]) -> None:
        """Take in that a telephone dialled a code; `answer` gets one of contract.MODE_ANSWERS, now or later."""
        ...


class Watches(Protocol):
    """Whoever counts how connections end."""

    def session_ended(self, result: str, took_s: float) -> None:
        """Note the outcome of a connection, and the seconds since it was made."""
        ...


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds that a peer has for its first byte, its whole request and its answer; and that we have for a switch.

    The dialplan gives up after 1 s, so a later answer helps nobody.
    """

    begin_s: float = 0.5
    request_s: float = 1.0
    switch_s: float = 0.9
    reply_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Desk:
    """What all sessions share; `pabxs` are the names of the PABXs that may ask."""

    pabxs: frozenset[str]
    decides: Decides
    switches: Switches
    watches: Watches
    clock: Clock
    log: FilteringBoundLogger
    lock: Lock
    deadlines: Deadlines = Deadlines()
