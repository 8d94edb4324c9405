"""Callers who wait in queues."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """A caller in a queue, as the PABX tells it.

    Attributes:
        position: rank in the queue; 1 is next.
        joined_at: when this wait began, seconds since 1970.
        waited_before_s: time spent in queues earlier in the same call.
        routed: whether the call went through ccrouter's dialplan; only such a call may be withdrawn. Where it is False,
            number, service and decision are empty.
        decision: the decision in force; empty on a fallback plan.
        withdrawing: the PABX has been asked to take the caller out, and has not said yet what became of it.

    """

    pabx: str
    queue: str
    uniqueid: str
    channel: str
    position: int
    joined_at: float
    waited_before_s: float
    routed: bool
    number: str
    service: str
    decision: str
    withdrawing: bool
