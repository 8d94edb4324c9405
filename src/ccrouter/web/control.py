"""The control API: what an admin on this machine may ask of the daemon. The file's permissions say who that is.

Each concern brings its own routes (web/steering.py and its neighbours); here is what they share.
"""

import asyncio
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, Field, ValidationError
from structlog.typing import FilteringBoundLogger

from ccrouter.errors import StoreError
from ccrouter.web.faults import ONE_LINE, fault
from ccrouter.web.holders import HOLDER
from ccrouter.web.operations import Operation, add
from ccrouter.web.orders import BusyError, OrderError, RefusedError, UnconfirmedError, UnknownNameError
from ccrouter.web.unix_socket import peer_of

MAX_BODY_BYTES: Final = 16 * 1024
BODY_WITHIN_S: Final = 10.0
"""A connection on which the rest of a body never comes would stay open for ever."""

PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """Problem details (RFC 9457): why a request was not done.

    Attributes:
        type: about:blank, for `status` says what kind of problem it is.
        title: the status in words.
        detail: what is wrong with this request, and what to do about it, for people.

    """

    type: str
    title: str
    status: int
    detail: str


Line = Annotated[str, Field(max_length=300, pattern=ONE_LINE)]
"""A text for people, on one line."""

Body = TypeVar("Body", bound=BaseModel)

STATUSES: Final[Mapping[type[OrderError], HTTPStatus]] = {
    UnknownNameError: HTTPStatus.NOT_FOUND,
    RefusedError: HTTPStatus.CONFLICT,
    UnconfirmedError: HTTPStatus.GATEWAY_TIMEOUT,
}


def control_app(log: FilteringBoundLogger, *tables: Iterable[Operation]) -> web.Application:
    """Return the application of the control socket, with the operations of these tables."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[problems_told(log)])
    for operations in tables:
        add(app.router, operations)
    return app


async def body_of(request: web.Request, model: type[Body]) -> Body:
    """Return the body of a request.

    Raises:
        OrderError: it is not what the model says; the text names the first field that is not, and what is expected.

    """
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            data = await request.read()
        return model.model_validate_json(data)
    except TimeoutError as error:
        raise OrderError(f"body: it did not come within {BODY_WITHIN_S:g} s") from error
    except web.RequestPayloadError as error:
        raise OrderError("body: it can't be read as its Content-Encoding or Transfer-Encoding says") from error
    except ValidationError as error:
        # For the control socket alone: over HTTP the author is the token's name.
        unsaid = ("author",) if HOLDER in request else ()
        raise OrderError(fault(error, model, unsaid)) from error


def query_of(request: web.Request, model: type[Body]) -> Body:
    """Return the query of a request.

    Raises:
        OrderError: it is not what the model says, or says one thing twice: who knows which one counted elsewhere.

    """
    twice = [name for name in request.query if len(request.query.getall(name)) > 1]
    if twice:
        raise OrderError(f"query: each of {', '.join(model.model_fields)} is given once at most")
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        raise OrderError(fault(error, model)) from error


async def author_of(request: web.Request, person: str = "") -> str:
    """Return the user at the other end, by the kernel's word; a person named on top stands before it.

    Over HTTP it is the name of the token, and nobody is named on top.
    """
    holder = request.get(HOLDER)
    if holder is not None:
        if person:
            raise OrderError("author: over HTTP the name of the token is the author; leave it out")
        return f"{holder.name} (token)"
    connection = None if request.transport is None else request.transport.get_extra_info("socket")
    if connection is None:
        raise OrderError("the connection is gone")
    uid = peer_of(connection).uid
    try:
        # Where users come from a directory over the network, the look-up may take its time.
        user = (await asyncio.to_thread(pwd.getpwuid, uid)).pw_name
    except KeyError:
        user = f"uid {uid}"
    return f"{person} ({user})" if person and person != user else user


def problems_told(log: FilteringBoundLogger) -> Middleware:
    """Return what turns errors into problem details (RFC 9457)."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            answer = problem(error.reason, error.status)
            if "Allow" in error.headers:
                answer.headers["Allow"] = error.headers["Allow"]
            return answer
        except OrderError as error:
            return problem(str(error), STATUSES.get(type(error), HTTPStatus.BAD_REQUEST))
        except BusyError as error:
            answer = problem(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
            answer.headers["Retry-After"] = "1"
            return answer
        except StoreError as error:
            log.warning("the state folder could not be used", path=request.path, error=str(error))
            return problem(str(error), HTTPStatus.INSUFFICIENT_STORAGE)
        except Exception:
            log.exception("an order failed", path=request.path)
            return problem("ccrouter failed at this; its log tells more", HTTPStatus.INTERNAL_SERVER_ERROR)

    return middleware


def problem(text: str, status: int) -> web.Response:
    """Answer with problem details."""
    found = Problem("about:blank", HTTPStatus(status).phrase, int(status), text)
    return web.json_response(asdict(found), status=status, content_type=PROBLEM)


def json_answer(body: bytes, status: int = HTTPStatus.OK) -> web.Response:
    """Answer with a body that is JSON already."""
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")
