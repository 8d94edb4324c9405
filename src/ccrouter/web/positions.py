"""The API's routes about positions: what each does, the call it has, and its log-in and pauses; as a stream as well."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, Protocol

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ccrouter.live.desks import PositionOnBoard
from ccrouter.web.board_stream import FULL, StreamQuery
from ccrouter.web.control import Line, author_of, body_of, json_answer, query_of
from ccrouter.web.feed import Feed
from ccrouter.web.holders import HOLDER, Role
from ccrouter.web.operations import ASKED_WRONGLY, EVENT_STREAM, Operation
from ccrouter.web.orders import OrderError
from ccrouter.web.ring import Ring
from ccrouter.web.stream import Streams

LOGGED_OUT: Final = "logged_out"
"""State of a position that is in no queue; all others are those of the board."""

LONGEST_REASON: Final = 80

KEPT_BYTES: Final = 128 * 1024
"""Of what was told of one position: there may be hundreds of them, and who missed more is told all of it anew."""


@dataclass(frozen=True, slots=True)
class QueueOfPosition:
    """A queue that a position is in, or may log in to.

    Attributes:
        site: whose queue it is in the routing file; empty for a queue that the file does not know.
        on: the position is in it.
        allowed: who asks may log the position in there.
        fresh: False where its PABX is silent, and the figures are the last ones known.

    """

    name: str
    site: str
    on: bool
    paused: bool
    allowed: bool
    fresh: bool
    waiting: int
    oldest_at: float | None
    ready: int
    logged_in: int


@dataclass(frozen=True, slots=True)
class Link:
    """A page that belongs to a call, by its name in the routing file."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class CallOfPosition:
    """The call for which a position rings, or with whose caller it talks.

    Attributes:
        doing: ringing or talking, `since` when.
        number: that was dialled, as the routing file writes it.
        caller: as who asks may see it; None where it is hidden, not known, or not to be shown.
        hidden: the caller does not show their number.
        offered_at: when the call arrived.
        waited_s: from then until it rang here first or, of a talk, until it was answered.
        rule, reason: why the call came here; `reason` is empty where another router decided.
        links: pages to open for it.

    """

    uniqueid: str
    doing: str
    since: float | None
    queue: str
    number: str
    label: str
    service: str
    language: str
    caller: str | None
    hidden: bool
    offered_at: float
    waited_s: float | None
    rule: str
    reason: str
    decision: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class PositionView:
    """All about one position, as its page shows it.

    Attributes:
        fresh: False where its PABX is silent.
        pages: names of all pages that a call may bring.

    """

    at: float
    position: PositionOnBoard
    fresh: bool
    queues: tuple[QueueOfPosition, ...]
    call: CallOfPosition | None
    pause_reasons: tuple[str, ...]
    pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks about a position.

    Attributes:
        name: as the audit journal has it.
        own: it is the position's own token.
        queues: to which such a token may log in; None for no bound but that of all.

    """

    name: str
    own: bool = False
    queues: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class QueueOrder:
    """Log a position in to a queue, or out of it."""

    pabx: str
    interface: str
    queue: str
    on: bool
    reason: str
    asker: Asker


@dataclass(frozen=True, slots=True)
class PauseOrder:
    """Begin or end a pause of a position, in all its queues."""

    pabx: str
    interface: str
    on: bool
    reason: str
    asker: Asker


class PositionControls(Protocol):
    """The daemon, as far as positions are concerned."""

    def positions(self) -> tuple[PositionOnBoard, ...]:
        """Return the positions in all queues, by PABX and interface."""
        ...

    def pabx_of(self, interface: str, pabx: str, asker: Asker) -> str:
        """Return the PABX of a position, which is the one named, if one is.

        Raises:
            UnknownNameError: there is no such PABX, or no such position.
            OrderError: it is on several.

        """
        ...

    def view(self, pabx: str, interface: str, asker: Asker) -> PositionView:
        """Return all about a position."""
        ...

    async def log_position(self, order: QueueOrder) -> None:
        """Log a position in or out; return when that is seen, or after a moment.

        Raises:
            RefusedError: it stays as it is, and the text says why.
            UnconfirmedError: the PABX was asked, and did not answer.

        """
        ...

    async def pause_position(self, order: PauseOrder) -> None:
        """Begin or end a pause; as `log_position`."""
        ...


class PositionQuery(BaseModel):
    """Query of a position; `pabx` where several have one of that name."""

    model_config = ConfigDict(extra="forbid")

    pabx: Line = ""


class PositionStreamQuery(StreamQuery):
    """Query of a position's stream."""

    pabx: Line = ""


Reason = Annotated[Line, Field(max_length=LONGEST_REASON)]


class TurnBody(BaseModel):
    """Log in or out (`on`), begin or end a pause; whoever does it for somebody else says why."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"on": True, "reason": "lunch"}]}
    )

    on: bool
    reason: Reason = Field(default="", description="why; whose position it is may leave it out, nobody else")
    author: Line = Field(default="", description="the person behind a shared user such as root")


POSITIONS: Final = TypeAdapter(tuple[PositionOnBoard, ...])
VIEW: Final = TypeAdapter(PositionView)

REFUSALS: Final = (
    ASKED_WRONGLY,
    (404, "there is no such position, queue or PABX"),
    (409, "it stays as it is; `detail` tells why"),
    (504, "the PABX did not confirm it: it may have been done"),
)
AMBIGUOUS: Final = (ASKED_WRONGLY, (404, "there is no such position or PABX"))
BOTH: Final = (Role.POSITION,)


def positions(controls: PositionControls, streams: Streams) -> list[Operation]:
    """Return what is told of positions, and what logs them in and out and pauses them."""

    async def listed(_: web.Request) -> web.Response:
        return json_answer(POSITIONS.dump_json(controls.positions()))

    async def told(request: web.Request) -> web.Response:
        asker = await _asker(request)
        interface = _interface(request)
        pabx = controls.pabx_of(interface, query_of(request, PositionQuery).pabx, asker)
        return json_answer(VIEW.dump_json(controls.view(pabx, interface, asker)))

    async def log(request: web.Request) -> web.Response:
        body = await body_of(request, TurnBody)
        pabx, interface, asker = await _place(request, body)
        order = QueueOrder(pabx, interface, request.match_info["queue"], body.on, body.reason, asker)
        await controls.log_position(order)
        return json_answer(VIEW.dump_json(controls.view(pabx, interface, asker)))

    async def pause(request: web.Request) -> web.Response:
        body = await body_of(request, TurnBody)
        pabx, interface, asker = await _place(request, body)
        await controls.pause_position(PauseOrder(pabx, interface, body.on, body.reason, asker))
        return json_answer(VIEW.dump_json(controls.view(pabx, interface, asker)))

    async def stream(request: web.Request) -> web.StreamResponse:
        query = query_of(request, PositionStreamQuery)
        asker = await _asker(request)
        interface = _interface(request)
        pabx = controls.pabx_of(interface, query.pabx, asker)
        # Nobody follows the feed of somebody who may see, or do, something else.
        shown = Asker("", asker.own, asker.queues)
        after = request.headers.get("Last-Event-ID", "") or query.after
        return await streams.serve(request, ("position", pabx, interface, shown), _feed(pabx, interface, shown), after)

    def _feed(pabx: str, interface: str, asker: Asker) -> Callable[[], Feed[PositionView]]:
        return lambda: Feed(
            PositionView, lambda: controls.view(pabx, interface, asker), ring=Ring(most_bytes=KEPT_BYTES)
        )

    async def _place(request: web.Request, body: TurnBody) -> tuple[str, str, Asker]:
        asker = await _asker(request, body.author)
        if not asker.own and not body.reason:
            raise OrderError("reason: say why, for it is somebody else's position")
        interface = _interface(request)
        return controls.pabx_of(interface, query_of(request, PositionQuery).pabx, asker), interface, asker

    path = "/positions/{technology}/{name}"
    turn = partial(
        Operation,
        method=hdrs.METH_PUT,
        least=Role.SWITCH,
        scoped=BOTH,
        body=TurnBody,
        query=PositionQuery,
        answer=PositionView,
        refusals=REFUSALS,
    )
    return [
        Operation(
            method=hdrs.METH_GET,
            path="/positions",
            name="list_positions",
            does="Lists the positions in all queues.",
            handler=listed,
            least=Role.READ,
            answer=tuple[PositionOnBoard, ...],
        ),
        Operation(
            method=hdrs.METH_GET,
            path=path,
            name="get_position",
            does="Tells what a position does, its queues, and the call that it has.",
            handler=told,
            least=Role.READ,
            scoped=BOTH,
            query=PositionQuery,
            answer=PositionView,
            refusals=AMBIGUOUS,
        ),
        turn(
            path=f"{path}/queues/{{queue}}",
            name="log_position",
            does="Logs a position in to a queue, or out of it.",
            handler=log,
        ),
        turn(
            path=f"{path}/pause",
            name="pause_position",
            does="Begins or ends a pause of a position, in all its queues.",
            handler=pause,
        ),
        Operation(
            method=hdrs.METH_GET,
            path=f"{path}/stream",
            name="follow_position",
            does="Streams what a position does, its queues, and the call that it has.",
            handler=stream,
            least=Role.READ,
            scoped=BOTH,
            query=PositionStreamQuery,
            events={"board": PositionView},
            media=EVENT_STREAM,
            refusals=(*AMBIGUOUS, FULL),
        ),
    ]


def _interface(request: web.Request) -> str:
    return f"{request.match_info['technology']}/{request.match_info['name']}"


async def _asker(request: web.Request, person: str = "") -> Asker:
    holder = request.get(HOLDER)
    own = holder is not None and holder.role is Role.POSITION
    return Asker(await author_of(request, person), own, holder.queues if own and holder is not None else None)
