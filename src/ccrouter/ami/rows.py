"""What the rows of a listing mean: the same as translate.py does for events, for what was asked for."""

import re
from collections.abc import Callable
from typing import Final

from ccrouter.ami import shapes
from ccrouter.ami.translate import MEMBER, fault
from ccrouter.ami.values import NAME, TEXT, UNIQUEID, WHOLE, Reading, checked, whole
from ccrouter.ami.wire import Message
from ccrouter.contract import CALL_VARIABLES, STEP_RESULTS
from ccrouter.errors import PeerError
from ccrouter.live.events import CallerListed, CallListed, Listing, PabxEvent, PositionSeen, QueueListed

ENDS: Final = {
    Listing.QUEUES: "QueueStatusComplete",
    Listing.CALLS: "StatusComplete",
}
"""The event that ends a listing."""

BEGAN: Final = re.compile("[0-9]{1,15}")
NOTHING: Final = ("",) * 4
"""In the place of parts that a text does not have."""
UNSET: Final = "(null)"
"""What Status writes for a variable that the channel does not have."""


def translate_row(message: Message, pabx: str, at: float) -> PabxEvent | None:
    """Return what a row tells; None where it is nothing to us; a PeerFault where it can't be believed."""
    shape = shapes.ROWS.get(message.name)
    if shape is None:
        return fault(message, "is no row of a listing", pabx, at)
    try:
        shapes.check(message, shape)
        return READERS[message.name](message, pabx, at)
    except PeerError as error:
        return fault(message, str(error), pabx, at)


def rows_told(message: Message) -> int:
    """Return how many rows the end of a listing says there were.

    Raises:
        PeerError: the message was mutilated.

    """
    shapes.check(message, shapes.COMPLETES[message.name])
    return whole(checked(message, "ListItems", WHOLE))


def _call(message: Message, pabx: str, at: float) -> PabxEvent | None:
    told: dict[str, str] = {}
    for assignment in message.values("Variable"):
        variable, _, value = assignment.partition("=")
        if variable in told:
            raise PeerError("tells a variable twice")
        told[variable] = "" if value == UNSET else value
    if not told.keys() >= set(CALL_VARIABLES):
        raise PeerError("lacks a variable")
    number, plan, step = (told[name] for name in CALL_VARIABLES)
    if not number:
        return None  # not a caller of ours
    _, decision, service, rule, *_ = [*plan.split("|", 4), *NOTHING]
    _, began, kind, target, *_ = [*step.split("|", 4), *NOTHING]
    return CallListed(
        pabx=pabx,
        at=at,
        uniqueid=checked(message, "Uniqueid", UNIQUEID),
        channel=checked(message, "Channel", NAME),
        number=number,
        decision=decision,
        service=service,
        rule=rule,
        kind=kind if kind in STEP_RESULTS else "",
        target=target,
        since=int(began) / 1000 if BEGAN.fullmatch(began) else None,
        bridged=bool(message.fields["BridgeID"]),
    )


READERS: Final[dict[str, Callable[[Message, str, float], PabxEvent | None]]] = {
    "QueueParams": Reading(QueueListed, Queue=NAME),
    "QueueMember": Reading(PositionSeen, Queue=NAME, Location=NAME, Name=TEXT, **MEMBER),
    "QueueEntry": Reading(CallerListed, Queue=NAME, Uniqueid=UNIQUEID, Channel=NAME, Position=WHOLE, Wait=WHOLE),
    "Status": _call,
}
