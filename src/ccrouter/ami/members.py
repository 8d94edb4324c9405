"""Orders to the PABX about positions: log in to a queue, log out, pause. Each is sent once, and never repeated.

Asterisk itself checks little: QueueAdd takes any text as an interface, and dials it for the next caller. And it keeps
members over a restart as `interface;penalty;paused;name;state interface;reason|...`, so that a `|` in the reason of a
pause would make a member of what follows it. What may be sent is therefore said here, sign by sign.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

from ccrouter.ami.connection import Connection, Response
from ccrouter.ami.orders import Answer, Outcome
from ccrouter.errors import LinkError

MOST_AT_ONCE: Final = 16
"""Orders without an answer; an agent who clicks is one, and callers who are withdrawn have places of their own."""

PHONE: Final = re.compile(r"(PJSIP|SIP)/[A-Za-z0-9_.-]{1,80}")
"""An interface that may be logged in: an endpoint of the PABX, and no more. `Local/` runs dialplan, a second `/` or an
`@` names whom an endpoint shall dial, other technologies name lines."""

MEMBER: Final = re.compile(r"[^\x00-\x20\x7f-\x9f|;,\"\\$&{}\[\]]{1,120}")
"""An interface that is a member already, however it came to be one."""

TEXT: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069|;\"\\${}]{0,80}")
"""The reason of a pause, or the name of a member: nothing that separates fields, where the PABX keeps them or logs
them."""

QUEUE: Final = re.compile(r"[^\x00-\x1f\x7f|;,\"\\$&{}\[\]]{1,80}")

ALREADY: Final = frozenset({"Unable to add interface: Already there", "Unable to remove interface: Not there"})
"""What the PABX says of an order that was carried out before it came."""

NOT_DYNAMIC: Final = "Member not dynamic"

MEANINGS: Final = {
    "Unable to add interface to queue: No such queue": "the PABX has no such queue",
    "Unable to remove interface from queue: No such queue": "the PABX has no such queue",
    NOT_DYNAMIC: "the PABX's own configuration puts it into this queue; pause it, or take it out of queues.conf",
    "Interface not found": "it is in no queue of this PABX",
}
"""Refusals of app_queue (Asterisk 16 to 22) in words for people."""

NO_PHONE: Final = frozenset({"INVALID", "UNKNOWN", ""})
"""States of a device that is no telephone of this PABX: UNKNOWN is what chan_sip says of any host on the network."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """Make a telephone a member of a queue.

    Attributes:
        name: for people; empty takes the interface.
        paused: begin with a pause.
        reason: of that pause.

    """

    queue: str
    interface: str
    name: str = ""
    paused: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LogOut:
    """Take a member out of a queue; a talk that is under way goes on."""

    queue: str
    interface: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Begin a pause in all queues of a member, with another reason where one is under way, or end it."""

    interface: str
    on: bool
    reason: str = ""


MemberOrder = LogIn | LogOut | Pause


class Members:
    """Sends such orders over one connection."""

    def __init__(self, connection: Connection, within_s: float) -> None:
        self._connection = connection
        self._within_s = within_s
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def carry_out(self, order: MemberOrder) -> Outcome:
        """Send an order, and tell what became of it; never raises.

        What is so already is accepted, with the PABX's word for it as the reason.
        """
        fault = _fault(order)
        if fault:
            return Outcome(Answer.REFUSED, f"not sent: {fault}")
        if self._places.locked():
            return Outcome(Answer.REFUSED, "not sent: too many orders wait for an answer")
        async with self._places:
            try:
                async with asyncio.timeout(self._within_s):
                    return await self._sent(order)
            except TimeoutError:
                return Outcome(Answer.UNKNOWN, f"no answer within {self._within_s:g} s")
            except LinkError as error:
                return Outcome(Answer.UNKNOWN, str(error))
            except ValueError as error:
                return Outcome(Answer.REFUSED, f"not sent: {error}")

    async def _sent(self, order: MemberOrder) -> Outcome:
        match order:
            case LogIn():
                return await self._log_in(order)
            case LogOut():
                return _outcome(await self._ask("QueueRemove", Queue=order.queue, Interface=order.interface))
            case Pause():
                paused = "true" if order.on else "false"
                reason = {"Reason": order.reason} if order.on else {}
                return _outcome(await self._ask("QueuePause", Interface=order.interface, Paused=paused, **reason))

    async def _log_in(self, order: LogIn) -> Outcome:
        asked = {"Variable": f"DEVICE_STATE({order.interface})"}
        try:
            known = await self._connection.ask("Getvar", asked, self._within_s / 2)
        except LinkError as error:
            return Outcome(Answer.REFUSED, f"not sent: {error}")
        if not known.ok or known.fields.get("Value", "") in NO_PHONE:
            return Outcome(Answer.REFUSED, f"the PABX has no telephone {order.interface}")
        name = {"MemberName": order.name} if order.name else {}
        paused = {"Paused": "true"} if order.paused else {}
        added = _outcome(await self._ask("QueueAdd", Queue=order.queue, Interface=order.interface, **name, **paused))
        if added.result is Answer.ACCEPTED and order.paused and order.reason:
            # QueueAdd has no reason for the pause that it begins.
            where = {"Queue": order.queue, "Interface": order.interface}
            await self._ask("QueuePause", **where, Paused="true", Reason=order.reason)
        return added

    async def _ask(self, action: str, **fields: str) -> Response:
        return await self._connection.ask(action, fields, self._within_s)


def _fault(order: MemberOrder) -> str:
    """Return why an order may not be sent; empty where it may."""
    if isinstance(order, LogIn):
        if not PHONE.fullmatch(order.interface):
            return "only a telephone of the PABX itself can be logged in, such as PJSIP/101"
        if not TEXT.fullmatch(order.name):
            return "the name holds a sign that a PABX would misread"
    elif not MEMBER.fullmatch(order.interface):
        return "the interface holds a sign that a PABX would misread"
    if not isinstance(order, Pause) and not QUEUE.fullmatch(order.queue):
        return "the name of the queue holds a sign that a PABX would misread"
    if not isinstance(order, LogOut) and not TEXT.fullmatch(order.reason):
        return 'the reason has more than 80 signs, or one of | ; " \\ $ { }, which a PABX would misread'
    return ""


def _outcome(response: Response) -> Outcome:
    if response.ok or response.text in ALREADY:
        return Outcome(Answer.ACCEPTED, response.text)
    return Outcome(Answer.REFUSED, MEANINGS.get(response.text, response.text))
