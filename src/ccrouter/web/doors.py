"""Who may use HTTP over TCP: tokens with roles, names of this server, and what every answer says to browsers.

The control API is the same as on the socket, below /api/v1. There the kernel says who asks; here a token does.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Final, Protocol

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from structlog.typing import FilteringBoundLogger

from ccrouter.web.control import MAX_BODY_BYTES, problem, problems_told
from ccrouter.web.dress import dress
from ccrouter.web.holders import HOLDER, SHOWN, Holder, Role, Shown
from ccrouter.web.limits import CrowdedError, Limits, source_of
from ccrouter.web.operations import EVENT_STREAM, Operation, add
from ccrouter.web.origins import addressed, tell_origin

API: Final = "/api/v1"
BEARER: Final = re.compile(r"Bearer +([\x21-\x7e]{1,200})", re.IGNORECASE)
REALM: Final = 'Bearer realm="ccrouter"'
IN_ADDRESS: Final = re.compile(r"ccrouter_[A-Za-z0-9_-]{20,}|(?:^|[?&])(?:access_|auth_)?token=")
"""A token where addresses are written down by proxies, browsers and logs."""

ALWAYS_OPEN: Final = "/healthz"
"""Answered however much an address asks: who watches over the daemon must not be told that it is gone."""


class Keys(Protocol):
    """The tokens that are known."""

    async def holder(self, token: str) -> Holder | None:
        """Return whose token this is; None where it is nobody's, or ended."""
        ...


class Refusals(Protocol):
    """Counts wrong tokens."""

    def wait_s(self, address: str) -> float:
        """Count one of this address, and return how long it should wait before the next; 0 for not at all."""
        ...


@dataclass(frozen=True, slots=True)
class Doors:
    """How the pages and the API are guarded.

    Attributes:
        keys: the tokens; None serves no API.
        refusals: counts wrong tokens.
        local: only this machine reaches the server: its pages want no token, and its name is one of the loopback's.
        names: further names by which clients may call a server that is local.
        origins: of pages elsewhere that may ask the API.
        encrypted: it speaks TLS.
        limits: how much one may ask; None bounds nothing.
        answered: told of each answer: the template of its route, its method and status.

    """

    keys: Keys | None
    refusals: Refusals
    local: bool = True
    names: Collection[str] = ()
    origins: Collection[str] = ()
    encrypted: bool = False
    limits: Limits | None = None
    answered: Callable[[str, str, int], None] = lambda *_: None


def guarded(
    pages: Iterable[web.RouteDef], doors: Doors, log: FilteringBoundLogger, *tables: Iterable[Operation]
) -> web.Application:
    """Return the application of these pages, and with keys, of the operations of these tables below /api/v1."""
    known: dict[web.AbstractRoute, Operation] = {}
    address = addressed(local=doors.local, names=doors.names, origins=doors.origins, below=API)
    app = web.Application(
        client_max_size=MAX_BODY_BYTES,
        middlewares=[
            problems_told(log),
            address,
            _identified(doors, log),
            _permitted(known, log),
            _bounded(doors.limits, known),
        ],
    )
    app.add_routes(pages)
    if doors.keys is not None:
        api = web.Application()
        for operations in tables:
            known.update(add(api.router, operations))
        app.add_subapp(API, api)

    async def finish(request: web.Request, response: web.StreamResponse) -> None:
        dress(response)
        if doors.origins:
            tell_origin(request, response)
        if doors.encrypted:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        doors.answered(_template(request, known), request.method, response.status)

    app.on_response_prepare.append(finish)
    return app


def _template(request: web.Request, known: Mapping[web.AbstractRoute, Operation]) -> str:
    """Return the route that was found, with its parameters by name; empty where none was."""
    route = request.match_info.route
    if route in known:
        return f"{API}{known[route].template}"
    return route.resource.canonical if route.resource is not None else ""


def _identified(doors: Doors, log: FilteringBoundLogger) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Find out whose token is shown; without one only what is open is answered."""
        if doors.keys is None or not (_is_of_api(request) or _is_guarded_page(request, doors)):
            return _slowed(doors, request) or await handler(request)
        if IN_ADDRESS.search(request.query_string):
            told = "a token does not belong into an address, which logs keep; send it as Authorization: Bearer ..."
            return problem(told, HTTPStatus.BAD_REQUEST)
        token = _token_of(request)
        holder = await doors.keys.holder(token)
        if holder is not None:
            request[HOLDER], request[SHOWN] = holder, Shown(token, doors.keys.holder)
            return await handler(request)
        if request.path == "/readyz":
            return web.json_response({}, status=(await handler(request)).status)
        return _refused(request, doors, log)

    return middleware


def _permitted(known: Mapping[web.AbstractRoute, Operation], log: FilteringBoundLogger) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what a token is not good for: never by a look at the path, but by the route that was found."""
        holder = request.get(HOLDER)
        if holder is None:
            return await handler(request)
        operation = known.get(request.match_info.route)
        why = _why_not(holder, operation, request.match_info) if _is_of_api(request) else _why_no_page(holder)
        if not why:
            return await handler(request)
        log.info(
            "a token is not good for this",
            holder=holder.name,
            role=holder.role.name.lower(),
            method=request.method,
            route=operation.template if operation is not None else request.path,
        )
        return problem(why, HTTPStatus.FORBIDDEN)

    return middleware


def _bounded(limits: Limits | None, known: Mapping[web.AbstractRoute, Operation]) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what is too much of one token, or of all together; a stream is one request, however long it lasts."""
        holder = request.get(HOLDER)
        if holder is None or limits is None:
            return await handler(request)
        wait_s = limits.tokens.wait_s(holder.name)
        if wait_s > 0:
            return _too_much("this token asks too much", HTTPStatus.TOO_MANY_REQUESTS, wait_s)
        operation = known.get(request.match_info.route)
        if operation is not None and operation.media == EVENT_STREAM:
            return await handler(request)
        try:
            with limits.in_hand.holding(holder.name):
                return await handler(request)
        except CrowdedError as error:
            status = HTTPStatus.SERVICE_UNAVAILABLE if error.all_ else HTTPStatus.TOO_MANY_REQUESTS
            return _too_much("too much is asked at once" if error.all_ else "this token asks too much at once", status)

    return middleware


def _is_of_api(request: web.Request) -> bool:
    return request.path == API or request.path.startswith(f"{API}/")


def _slowed(doors: Doors, request: web.Request) -> web.Response | None:
    """Return the refusal of an address that asks too much without a token."""
    if doors.limits is None or request.path == ALWAYS_OPEN:
        return None
    wait_s = doors.limits.addresses.wait_s(source_of(request))
    if wait_s <= 0:
        return None
    return _too_much("this address asks too much", HTTPStatus.TOO_MANY_REQUESTS, wait_s)


def _too_much(what: str, status: HTTPStatus, wait_s: float = 1.0) -> web.Response:
    answer = problem(f"{what}; ask again after the seconds that Retry-After tells", status)
    answer.headers[hdrs.RETRY_AFTER] = str(ceil(wait_s))
    return answer


def _why_not(holder: Holder, operation: Operation | None, named: Mapping[str, str]) -> str:
    """Return why a token is not good for this; empty where it is, and where there is nothing that it could do."""
    if operation is None:
        return ""
    if not operation.allows(holder):
        return f"this wants a token with the role {operation.needs}; yours has `{holder.role.name.lower()}`"
    if operation.is_of_another(holder, named):
        return f"this token is for the {holder.role.name.lower()} {holder.of} alone"
    return ""


def _why_no_page(holder: Holder) -> str:
    if holder.role >= Role.READ:
        return ""
    return f"this wants a token with the role `read`; yours has `{holder.role.name.lower()}`"


def _is_guarded_page(request: web.Request, doors: Doors) -> bool:
    return not doors.local and request.path in {"/metrics", "/readyz"}


def _token_of(request: web.Request) -> str:
    """Return the token shown; empty for none, or for several: who knows which one counted behind a proxy."""
    shown = request.headers.getall(hdrs.AUTHORIZATION, [])
    found = BEARER.fullmatch(shown[0]) if len(shown) == 1 else None
    return found[1] if found else ""


def _refused(request: web.Request, doors: Doors, log: FilteringBoundLogger) -> web.Response:
    if hdrs.AUTHORIZATION not in request.headers:
        slowed = _slowed(doors, request)
        if slowed is not None:
            return slowed
        answer = problem("this wants a token: Authorization: Bearer ...", HTTPStatus.UNAUTHORIZED)
        answer.headers[hdrs.WWW_AUTHENTICATE] = REALM
        return answer
    address = source_of(request)
    wait_s = doors.refusals.wait_s(address)
    if wait_s > 0:
        told = (
            "this token is not good: unknown, revoked, or ended, like many from this address of late; wait before you "
            "try another (one that is good passes at once)"
        )
        answer = problem(told, HTTPStatus.TOO_MANY_REQUESTS)
        answer.headers[hdrs.RETRY_AFTER] = str(int(wait_s) + 1)
        return answer
    log.warning("a wrong token was shown", address=address)
    answer = problem("this token is not good: unknown, revoked, or ended", HTTPStatus.UNAUTHORIZED)
    answer.headers[hdrs.WWW_AUTHENTICATE] = f'{REALM}, error="invalid_token"'
    return answer
