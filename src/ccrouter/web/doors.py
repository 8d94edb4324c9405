"""Who may use HTTP over TCP: tokens with roles, names of this server, and what every answer says to browsers.

The control API is the same as on the socket, below /api/v1. There the kernel says who asks; here a token does.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final, Protocol
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from structlog.typing import FilteringBoundLogger

from ccrouter.web.control import MAX_BODY_BYTES, problem, problems_told
from ccrouter.web.holders import HOLDER, SHOWN, Holder, Role, Shown
from ccrouter.web.operations import Operation, add

API: Final = "/api/v1"
BEARER: Final = re.compile(r"Bearer +([\x21-\x7e]{1,200})", re.IGNORECASE)
REALM: Final = 'Bearer realm="ccrouter"'
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "ccrouter",
    "X-Content-Type-Options": "nosniff",
}


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
        encrypted: it speaks TLS.

    """

    keys: Keys | None
    refusals: Refusals
    local: bool = True
    names: Collection[str] = ()
    encrypted: bool = False


def guarded(
    pages: Iterable[web.RouteDef], doors: Doors, log: FilteringBoundLogger, *tables: Iterable[Operation]
) -> web.Application:
    """Return the application of these pages, and with keys, of the operations of these tables below /api/v1."""
    known: dict[web.AbstractRoute, Operation] = {}
    app = web.Application(
        client_max_size=MAX_BODY_BYTES, middlewares=[problems_told(log), _addressed(doors), _allowed(doors, known, log)]
    )
    app.add_routes(pages)
    if doors.keys is not None:
        api = web.Application()
        for operations in tables:
            known.update(add(api.router, operations))
        app.add_subapp(API, api)

    async def dress(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.update({name: text for name, text in HEADERS.items() if not _own(name, response)})
        if doors.encrypted:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"

    app.on_response_prepare.append(dress)
    return app


def _own(name: str, response: web.StreamResponse) -> bool:
    """Tell whether an answer brings this header itself, as it may: the pages of web/pages.py do."""
    return name in {"Cache-Control", "Content-Security-Policy"} and name in response.headers


def _addressed(doors: Doors) -> Middleware:
    names = LOOPBACK | {name.lower() for name in doors.names}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what a page of somebody else's had a browser send: under a foreign name, or from another origin."""
        host = request.headers.get(hdrs.HOST, "").lower()
        if doors.local and _name_in(host) not in names and not _is_loopback(host):
            told = "this server is not called so; its names are in the settings: http: {names: [...]}"
            return problem(told, HTTPStatus.MISDIRECTED_REQUEST)
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and urlsplit(origin).netloc.lower() != host:
            return problem("pages of another origin may not ask here", HTTPStatus.FORBIDDEN)
        return await handler(request)

    return middleware


def _name_in(host: str) -> str:
    return re.sub(r":[0-9]{1,5}$", "", host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(_name_in(host).strip("[]")).is_loopback
    except ValueError:
        return False


def _allowed(doors: Doors, known: Mapping[web.AbstractRoute, Operation], log: FilteringBoundLogger) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        of_api = request.path == API or request.path.startswith(f"{API}/")
        if doors.keys is None or not (of_api or _is_guarded_page(request, doors)):
            return await handler(request)
        token = _token_of(request)
        holder = await doors.keys.holder(token)
        if holder is None:
            if request.path == "/readyz":
                return web.json_response({}, status=(await handler(request)).status)
            return _refused(request, doors, log)
        # Never only a look at the path: what a token is not good for is told by the route that was found.
        operation = known.get(request.match_info.route)
        why = _why_not(holder, operation, request.match_info) if of_api else _why_no_page(holder)
        if why:
            log.info(
                "a token is not good for this",
                holder=holder.name,
                role=holder.role.name.lower(),
                method=request.method,
                route=operation.path if operation is not None else request.path,
            )
            return problem(why, HTTPStatus.FORBIDDEN)
        request[HOLDER], request[SHOWN] = holder, Shown(token, doors.keys.holder)
        return await handler(request)

    return middleware


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
        answer = problem("this wants a token: Authorization: Bearer ...", HTTPStatus.UNAUTHORIZED)
        answer.headers[hdrs.WWW_AUTHENTICATE] = REALM
        return answer
    address = request.remote or ""
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
