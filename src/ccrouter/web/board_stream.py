"""The API's operations about the board: all of it at once, and as a stream of what changes."""

from collections.abc import Callable
from typing import Annotated, Final

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field

from ccrouter.web.board import Board, Happened
from ccrouter.web.control import json_answer, query_of
from ccrouter.web.feed import Feed
from ccrouter.web.holders import Role
from ccrouter.web.operations import EVENT_STREAM, Operation
from ccrouter.web.stream import MOST, Streams

BOARD: Final = "board"
"""Key of the board's feed among the streams."""

FULL: Final = (503, f"{MOST} streams are open already, or ccrouter stops; `Retry-After` tells when to try again")


class StreamQuery(BaseModel):
    """What a stream may be asked for; `after` is the id of the last event seen, like the header `Last-Event-ID`."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[
        str,
        Field(
            max_length=40,
            pattern=r"^[0-9a-f-]*$",
            description="the id of the last event seen, as the stream sent it: digits, a to f, and `-`",
        ),
    ] = ""


def after_of(request: web.Request) -> str:
    """Return the id of the last event that a client has seen; empty for none.

    Raises:
        OrderError: the query is not what StreamQuery says.

    """
    query = query_of(request, StreamQuery)
    return request.headers.get("Last-Event-ID", "") or query.after


def board_stream(streams: Streams, view: Callable[[], Board]) -> list[Operation]:
    """Return the operations /board and /stream."""

    def make() -> Feed[Board]:
        return Feed(Board, view)

    async def board(_: web.Request) -> web.Response:
        return json_answer(streams.feed(BOARD, make).whole())

    async def stream(request: web.Request) -> web.StreamResponse:
        return await streams.serve(request, BOARD, make, after_of(request))

    return [
        Operation(
            method=hdrs.METH_GET,
            path="/board",
            name="get_board",
            does="Tells all that a wallboard shows.",
            handler=board,
            least=Role.READ,
            answer=Board,
        ),
        Operation(
            method=hdrs.METH_GET,
            path="/stream",
            name="follow_board",
            does="Streams the board, then each of its sections that changes, and what happens to calls.",
            handler=stream,
            least=Role.READ,
            query=StreamQuery,
            events={"board": Board, "happened": Happened},
            media=EVENT_STREAM,
            refusals=(FULL,),
        ),
    ]
