"""What the live state asks for or reports, as values. Orders are imperative, reports are past tense."""

from enum import StrEnum

from ccrouter.live.events import Listing
from ccrouter.routing.snapshot import Health
from ccrouter.routing.values import dataclass


@dataclass(frozen=True, slots=True)
class Relist:
    """Read this listing again: what is known and what was heard do not agree."""

    pabx: str
    listing: Listing
    reason: str
    queue: str = ""


@dataclass(frozen=True, slots=True)
class SiteHealthChanged:
    """A site went up or down, and why, in words for a log."""

    site: str
    health: Health
    reason: str
    at: float


class Outcome(StrEnum):
    """How a call ended for its caller."""

    ANSWERED = "answered"  # talked with a position or a site
    MESSAGE = "message"  # heard the last step: message or voicemail
    ABANDONED = "abandoned"  # hung up before anybody answered
    LOST = "lost"  # ended otherwise while its PABX was watched, which must never be
    UNKNOWN = "unknown"  # its end, or what came before it, was not seen


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A routed call ended.

    Attributes:
        target: site (or message) where the call was when it ended.
        waited_s: from the decision to the answer, or to the end where nobody answered.
        talked_s: length of the talk; None where nobody answered. A call with CallAnswered has one, whatever its
            outcome: so each call is one of answered, abandoned, message, lost and unknown.
        offered_at: when the call was decided or first seen; None where only its end was seen.
        caller: None where it is hidden or not known.
        interface: of the position that talked last; empty where none did, or a site did after it.
        again: this end was told before, as unknown: for the journal, and not to be counted.

    """

    pabx: str
    uniqueid: str
    number: str
    service: str
    rule: str
    decision: str
    outcome: Outcome
    target: str
    waited_s: float
    talked_s: float | None
    at: float
    offered_at: float | None = None
    caller: str | None = None
    interface: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class CallOffered:
    """A call arrived; once for each call, whoever decided about it.

    A call that was under way when this router first saw it, in a listing after a start or an outage, is reported then:
    nobody has counted it here, and its answer and its end are yet to come. One whose number was asked again, or that
    shows up after it had to be reported as unknown, is not reported a second time.

    Attributes:
        caller: None where it is hidden or not known.
        entry: routed, or empty where the PABX went by a plan of its own.
        listed: it was under way already when it was first seen.

    """

    pabx: str
    uniqueid: str
    number: str
    service: str
    caller: str | None
    entry: str
    at: float
    listed: bool = False


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """A call was answered for the first time: by a position, or by a site.

    Attributes:
        target: site that answered, in-house or external.
        queue, interface: of the position that answered; both are empty for an external site, and the interface where
            only a listing told of the answer.
        waited_s: since the call was offered; None where it had been answered when it was first seen.

    """

    pabx: str
    uniqueid: str
    number: str
    service: str
    rule: str
    decision: str
    caller: str | None
    target: str
    queue: str
    interface: str
    waited_s: float | None
    at: float


@dataclass(frozen=True, slots=True)
class PositionRang:
    """A position began to ring for a caller of a queue."""

    pabx: str
    queue: str
    interface: str
    uniqueid: str
    at: float


@dataclass(frozen=True, slots=True)
class PositionMissed:
    """A position stopped ringing without an answer: it did not take the call, or the caller went elsewhere.

    Every PositionRang is followed by this, by the answer, or by the loss of the link, of which nothing is told here.

    `ignored` tells that it had its whole time to ring, that nobody took the call, and that its telephone, which could
    be reached, did not refuse it.
    """

    pabx: str
    queue: str
    interface: str
    uniqueid: str
    ignored: bool
    at: float


@dataclass(frozen=True, slots=True)
class WaitEnded:
    """A wait in a queue ended, and what was forecast when it began.

    Attributes:
        answered: None where the caller was neither answered nor gave up, but went on to another place.
        forecast_s: estimated wait when the caller joined; None where there was no forecast.

    """

    pabx: str
    queue: str
    uniqueid: str
    answered: bool | None
    waited_s: float
    forecast_s: float | None
    at: float


@dataclass(frozen=True, slots=True)
class SiteTried:
    """A site step ended, with its result and Q.850 cause."""

    pabx: str
    uniqueid: str
    decision: str
    site: str
    result: str
    cause: int
    elapsed_s: float
    at: float


@dataclass(frozen=True, slots=True)
class SiteReleased:
    """A call left an external site, which it was dialled to, and takes no line there any more.

    Attributes:
        answered: whether the site took the call.
        talked_s: length of the talk; 0 where the site did not answer, or its answer was not seen.

    """

    pabx: str
    uniqueid: str
    service: str
    site: str
    answered: bool
    talked_s: float
    at: float


@dataclass(frozen=True, slots=True)
class FactRefused:
    """An event contradicted what is possible and was not applied; counted by `reason`."""

    pabx: str
    reason: str


Effect = (
    Relist
    | SiteHealthChanged
    | CallOffered
    | CallAnswered
    | CallFinished
    | PositionRang
    | PositionMissed
    | WaitEnded
    | SiteTried
    | SiteReleased
    | FactRefused
)
