"""The API's routes about callers who wait: who they are, and one of them sent elsewhere by hand."""

from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ccrouter.web.control import Line, author_of, body_of, json_answer, query_of
from ccrouter.web.holders import Role
from ccrouter.web.operations import ASKED_WRONGLY, Operation
from ccrouter.web.overrides import MOST_DESTINATIONS


@dataclass(frozen=True, slots=True)
class WaitingStatus:
    """A caller who waits in a queue.

    Attributes:
        number: as the routing file writes it, or as it was dialled; empty for a call that came by another way than
            ccrouter's dialplan.
        caller: masked; None where it is hidden or not known.
        position: rank in the queue, 1 is next.
        joined_at: when this wait began, seconds since 1970-01-01 UTC.
        waited_s: in queues, in all, by this call.
        leaving: the PABX was asked to take them out.
        sendable: they can be sent elsewhere by hand now, at this router.

    """

    pabx: str
    queue: str
    uniqueid: str
    number: str
    label: str
    service: str
    caller: str | None
    language: str
    position: int
    joined_at: float
    waited_s: float
    decision: str
    leaving: bool
    sendable: bool


@dataclass(frozen=True, slots=True)
class SendOrder:
    """Send a waiting caller elsewhere; an empty `pabx` means whichever has a caller of that uniqueid."""

    uniqueid: str
    to: tuple[str, ...]
    author: str
    reason: str
    pabx: str = ""


@dataclass(frozen=True, slots=True)
class SentStatus:
    """A waiting caller who was sent elsewhere.

    Attributes:
        decision: its id, as in the journal.
        to: site or message that comes first.
        moved: False while a position rings for them: they go when it does not answer, and stay with it when it does.

    """

    pabx: str
    uniqueid: str
    decision: str
    to: str
    moved: bool


class WaitingControls(Protocol):
    """The daemon, as far as callers who wait are concerned."""

    def waiting(self) -> tuple[WaitingStatus, ...]:
        """Return the callers who wait, the one who waits longest first."""
        ...

    async def send(self, order: SendOrder) -> SentStatus:
        """Send a waiting caller elsewhere.

        Raises:
            UnknownNameError: nobody of that uniqueid waits, or there is no such destination.
            OrderError: it can't be carried out as it was given.
            RefusedError: the caller stays where they are, and the text says why.
            UnconfirmedError: the PABX was asked, and did not answer.

        """
        ...


class OfPabx(BaseModel):
    """Query that names a PABX, where there are several."""

    model_config = ConfigDict(extra="forbid")

    pabx: Line = ""


class SendBody(BaseModel):
    """Where a caller who waits is sent, and why."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"to": ["tunis"], "reason": "promised"}]}
    )

    to: list[Line] = Field(min_length=1, max_length=MOST_DESTINATIONS)
    reason: Line = Field(min_length=1)
    author: Line = Field(default="", description="the person behind a shared user such as root")


WAITING: Final = TypeAdapter(tuple[WaitingStatus, ...])
SENT: Final = TypeAdapter(SentStatus)


def waiting(controls: WaitingControls) -> list[Operation]:
    """Return what is told of callers who wait, and what sends one of them elsewhere."""

    async def listed(_: web.Request) -> web.Response:
        return json_answer(WAITING.dump_json(controls.waiting()))

    async def send(request: web.Request) -> web.Response:
        body = await body_of(request, SendBody)
        order = SendOrder(
            uniqueid=request.match_info["uniqueid"],
            to=tuple(body.to),
            author=await author_of(request, body.author),
            reason=body.reason,
            pabx=query_of(request, OfPabx).pabx,
        )
        return json_answer(SENT.dump_json(await controls.send(order)))

    return [
        Operation(
            method="GET",
            path="/waiting",
            name="list_waiting",
            does="Lists the callers who wait in queues, the one who waits longest first.",
            handler=listed,
            least=Role.READ,
            answer=tuple[WaitingStatus, ...],
        ),
        Operation(
            method="POST",
            path="/waiting/{uniqueid}/send",
            name="send_waiting",
            does="Sends a waiting caller to sites, and back to the queue where none of them answers.",
            handler=send,
            least=Role.SWITCH,
            body=SendBody,
            query=OfPabx,
            answer=SentStatus,
            refusals=(
                ASKED_WRONGLY,
                (404, "nobody of that uniqueid waits, or there is no such destination"),
                (409, "the caller stays where they are; `detail` tells why"),
                (504, "the PABX did not say whether it takes the caller out"),
            ),
        ),
    ]
