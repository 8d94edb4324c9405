"""Which pages may have a browser ask here: those of this server, and of origins that the settings name (CORS)."""

import re
from collections.abc import Collection
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from ccrouter.web.control import problem

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})

ALLOWED: Final = web.RequestKey("ccrouter.origin", str)
"""The origin of a page elsewhere that may ask and read the answer."""

PREFLIGHT: Final = {
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, PUT, POST, DELETE",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type, Last-Event-ID",
    hdrs.ACCESS_CONTROL_MAX_AGE: "600",
}


def addressed(*, local: bool, names: Collection[str], origins: Collection[str], below: str) -> Middleware:
    """Return what refuses what a page of somebody else's had a browser send: under a foreign name, or from elsewhere.

    Args:
        local: only names of the loopback are the server's own.
        names: further names that are.
        origins: whose pages may ask for what is `below` this path; never with cookies, for there are none.
        below: path of the API.

    """
    own = LOOPBACK | {name.lower() for name in names}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get(hdrs.HOST, "").lower()
        if local and _name_in(host) not in own and not _is_loopback(host):
            told = "this server is not called so; its names are in the settings: http: {names: [...]}"
            return problem(told, HTTPStatus.MISDIRECTED_REQUEST)
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None or _place_of(origin) == host:
            return await handler(request)
        if origin not in origins or not request.path.startswith(f"{below}/"):
            return problem("pages of another origin may not ask here", HTTPStatus.FORBIDDEN)
        request[ALLOWED] = origin
        if request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=PREFLIGHT)
        return await handler(request)

    return middleware


def tell_origin(request: web.Request, response: web.StreamResponse) -> None:
    """Let a page of an allowed origin read the answer; caches are told that another page's would be another."""
    origin = request.get(ALLOWED)
    if origin is not None:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = hdrs.RETRY_AFTER
    response.headers.add(hdrs.VARY, hdrs.ORIGIN)


def _place_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""  # [ without ], say


def _name_in(host: str) -> str:
    return re.sub(r":[0-9]{1,5}$", "", host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(_name_in(host).strip("[]")).is_loopback
    except ValueError:
        return False
