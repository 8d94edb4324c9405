"""What can happen, in the past tense. Every event carries its PABX and its instant (seconds since 1970, UTC).

Facts behind the translation from AMI: the queue's own events mislead (an abandon event also comes on time-out and on
withdrawal), so the end of a wait is told by `StepEnded`, `CallerConnected` or `CallHungUp`.
"""

from enum import StrEnum

from ccrouter.routing.plan import Step
from ccrouter.routing.snapshot import Seconds
from ccrouter.routing.values import dataclass


@dataclass(frozen=True, slots=True)
class PabxEvent:
    """Base: something that one PABX told, or that happened to its link."""

    pabx: str
    at: float


class Listing(StrEnum):
    """A full picture that can be read from a PABX."""

    QUEUES = "queues"  # QueueStatus: queues, their members and callers
    CALLS = "calls"  # Status: the callers' channels with the variables of contract.CALL_VARIABLES
    ENDPOINTS = "endpoints"  # reachability of the trunks


@dataclass(frozen=True, slots=True)
class LinesLent(PabxEvent):
    """The PABX may use so many lines of a site, by its own confirmation; None where that is not known any more."""

    site: str
    lines: int | None


# --- the link ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkUp(PabxEvent):
    """Logged in and fully booted; listings follow."""

    version: str


@dataclass(frozen=True, slots=True)
class LinkLost(PabxEvent):
    """The link is down; nothing that is known of this PABX is fresh any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Heard(PabxEvent):
    """The PABX gave a sign of life."""


@dataclass(frozen=True, slots=True)
class PabxRestarted(PabxEvent):
    """Asterisk itself restarted: all its calls are gone."""


# --- listings: between ListBegan and ListDone the PABX tells all that it has ------------------------------------------


@dataclass(frozen=True, slots=True)
class ListBegan(PabxEvent):
    """The listing was asked for; what is older than this and does not appear in it is gone.

    `queue` restricts a listing of QUEUES to one queue; empty for all.
    """

    listing: Listing
    queue: str = ""


@dataclass(frozen=True, slots=True)
class ListDone(PabxEvent):
    """The listing is complete."""

    listing: Listing
    queue: str = ""


@dataclass(frozen=True, slots=True)
class QueueListed(PabxEvent):
    """A queue exists."""

    queue: str


@dataclass(frozen=True, slots=True)
class CallerListed(PabxEvent):
    """A caller waits in a queue since `wait_s` seconds (whole seconds), at `position` (1 is next)."""

    queue: str
    uniqueid: str
    channel: str
    position: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class CallListed(PabxEvent):
    """A caller's channel exists and stands at this step of its plan (see contract.CALL_VARIABLES).

    `since` is None where the dialplan did not say; `bridged` tells that the caller talks with somebody.
    """

    uniqueid: str
    channel: str
    number: str
    decision: str
    service: str
    rule: str
    kind: str
    target: str
    since: float | None
    bridged: bool


# --- positions --------------------------------------------------------------------------------------------------------


class DeviceState(StrEnum):
    """State of a member's telephone, by app_queue's numbers 0 to 8."""

    UNKNOWN = "unknown"
    NOT_IN_USE = "not_in_use"
    IN_USE = "in_use"
    BUSY = "busy"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"
    RINGING = "ringing"
    RING_IN_USE = "ring_in_use"
    ON_HOLD = "on_hold"


@dataclass(frozen=True, slots=True)
class PositionSeen(PabxEvent):
    """A member of a queue, whole: from a listing or from any of app_queue's member events.

    Attributes:
        interface: what app_queue dials, such as `PJSIP/agent1`; with PABX and queue it names the position.
        device: state of the telephone.
        in_call: connected to a caller of a queue.
        last_call_at: end of the last call, seconds since 1970 by the PABX's clock; 0 for none.
        wrapup_s: wrap-up after each call.

    """

    queue: str
    interface: str
    name: str
    device: DeviceState
    paused: bool
    paused_reason: str
    penalty: int
    in_call: bool
    last_call_at: float
    wrapup_s: float


@dataclass(frozen=True, slots=True)
class PositionLeft(PabxEvent):
    """A member logged out of a queue."""

    queue: str
    interface: str


@dataclass(frozen=True, slots=True)
class PositionCalled(PabxEvent):
    """A member of a queue is being rung for a caller; `called` is the uniqueid of the member's channel."""

    queue: str
    uniqueid: str
    interface: str
    called: str


@dataclass(frozen=True, slots=True)
class PositionSilent(PabxEvent):
    """A member stopped ringing without having answered: its time was over, or its telephone refused."""

    queue: str
    uniqueid: str
    interface: str


# --- a caller in a queue ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallerJoined(PabxEvent):
    """A caller entered a queue at `position`."""

    queue: str
    uniqueid: str
    channel: str
    position: int


@dataclass(frozen=True, slots=True)
class CallerLeft(PabxEvent):
    """A caller left a queue, for whatever reason."""

    queue: str
    uniqueid: str


@dataclass(frozen=True, slots=True)
class CallerConnected(PabxEvent):
    """A position answered: `hold_s` whole seconds after the caller joined, `ring_s` after this position rang."""

    queue: str
    uniqueid: str
    interface: str
    hold_s: float
    ring_s: float


@dataclass(frozen=True, slots=True)
class TalkEnded(PabxEvent):
    """The talk between a caller and a position ended after `talk_s` whole seconds."""

    queue: str
    uniqueid: str
    interface: str
    hold_s: float
    talk_s: float


# --- a call on its way through a plan ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallRouted(PabxEvent):
    """The router decided: from here on the call counts at its first step, until the PABX confirms or `expires_at`.

    `caller` and `language` are those of the call (routing.call.Call); None for a hidden caller.
    """

    uniqueid: str
    number: str
    service: str
    rule: str
    decision: str
    first: Step
    expires_at: float
    caller: str | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawAsked(PabxEvent):
    """The router asked the PABX to take a caller out of a queue; the new plan starts with `first`."""

    uniqueid: str
    rule: str
    decision: str
    first: Step
    expires_at: float


@dataclass(frozen=True, slots=True)
class WithdrawAccepted(PabxEvent):
    """The PABX will take the caller out: at once, or when the ring that is under way ends, however long it lasts."""

    uniqueid: str
    decision: str


@dataclass(frozen=True, slots=True)
class WithdrawRefused(PabxEvent):
    """The PABX did not take the caller out: answered in that moment, or gone. The caller keeps what they have.

    Until `stays_until` it is not asked again.
    """

    uniqueid: str
    decision: str
    reason: str
    stays_until: float = 0.0


@dataclass(frozen=True, slots=True)
class StepBegan(PabxEvent):
    """A step of a plan began. `decision` is empty where the PABX runs a fallback plan."""

    uniqueid: str
    channel: str
    number: str
    decision: str
    service: str
    rule: str
    step: int
    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class StepEnded(PabxEvent):
    """A step ended and the plan goes on; `result` is one of contract.STEP_RESULTS, `cause` a Q.850 cause or 0."""

    uniqueid: str
    channel: str
    number: str
    decision: str
    service: str
    rule: str
    step: int
    kind: str
    target: str
    result: str
    cause: int
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class SiteAnswered(PabxEvent):
    """The called side of a Dial answered (DialEnd with ANSWER); tells nothing new for calls in a queue."""

    uniqueid: str


@dataclass(frozen=True, slots=True)
class DialFailed(PabxEvent):
    """A channel that was dialled for a caller did not answer; `called` is its uniqueid, `result` its DialStatus."""

    uniqueid: str
    called: str
    result: str


@dataclass(frozen=True, slots=True)
class CallHungUp(PabxEvent):
    """A channel is gone. Most are not callers: those that were never routed are ignored."""

    uniqueid: str
    cause: int


@dataclass(frozen=True, slots=True)
class CallEnded(PabxEvent):
    """The caller's channel ended, told by the dialplan, also for calls that a fallback plan carried.

    `by` tells who ended it: caller, plan, other; empty where the dialplan does not say.
    """

    uniqueid: str
    number: str
    decision: str
    service: str
    rule: str
    kind: str
    target: str
    entry: str
    by: str = ""


# --- trunks and time --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EndpointSeen(PabxEvent):
    """A SIP endpoint (`PJSIP/trunk-tunis`) is reachable or not; None where nothing watches it (no qualify)."""

    endpoint: str
    reachable: bool | None


@dataclass(frozen=True, slots=True)
class PeerFault(PabxEvent):
    """An event of the PABX was refused (forged, incomplete, foreign fields); what it touches must be read again.

    `queue` names the queue concerned where that can be told; empty otherwise.
    """

    event: str
    reason: str
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed: reservations expire, breakers probe again, windows roll."""

    at: float


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The clock that tells all instants was set by `by_s` seconds, ahead or (negative) back; `at` is after it."""

    at: float
    by_s: Seconds


Event = PabxEvent | Ticked | ClockSet
