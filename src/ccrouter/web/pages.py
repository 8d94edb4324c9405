"""The pages for people: the wallboard at `/`, a position's page at `/position`, and below `/pages` their parts.

They are open, for nothing in them is secret: what they show they ask of the API, with the token of whoever looks.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib import resources
from typing import Final

from aiohttp import ETag, hdrs, web
from aiohttp.typedefs import Handler

from ccrouter.web.packing import takes_gzip

KINDS: Final[Mapping[str, str]] = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}

SCREENS: Final[Mapping[str, str]] = {"/": "board.html", "/position": "position.html"}
OFF: Final = "off.html"
"""Shown in place of the screens where the API is not on, without which they have nothing to show."""

HEADERS: Final[Mapping[str, str]] = {
    # Asked for anew each time, and mostly answered by 304: after an upgrade no browser mixes old files with new ones.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of the pages; `packed` is its body for browsers that take gzip, as all do."""

    body: bytes
    packed: bytes
    kind: str
    mark: ETag


def files() -> dict[str, File]:
    """Return the files that ccrouter brings, by name; they are kept in memory, some 150 kB."""
    found = {}
    for each in resources.files("ccrouter.web").joinpath("static").iterdir():
        kind = KINDS.get(each.name.rpartition(".")[2])
        if kind is not None and each.is_file():
            body = each.read_bytes()
            # Weak: it stands for both forms of the body.
            mark = ETag(hashlib.sha256(body).hexdigest()[:32], is_weak=True)
            found[each.name] = File(body, gzip.compress(body, mtime=0), kind, mark)
    return found


def screens(*, served: bool) -> list[web.RouteDef]:
    """Return the routes of the pages; where the API is not `served`, they tell how to have it."""
    known = files()
    made = [web.get(path, _always(known[name if served else OFF], served=served)) for path, name in SCREENS.items()]

    async def part(request: web.Request) -> web.Response:
        # A look into a table, never a path on a disk.
        name = request.match_info["name"]
        if name not in known or known[name].kind == KINDS["html"]:
            raise web.HTTPNotFound
        return _answer(request, known[name])

    return [*made, web.get("/pages/{name}", part)]


def _always(file: File, *, served: bool) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        found = _answer(request, file)
        if not served:
            found.set_status(HTTPStatus.NOT_FOUND)
        return found

    return answer


def _answer(request: web.Request, file: File) -> web.Response:
    if any(seen.value == file.mark.value for seen in request.if_none_match or ()):
        answer = web.Response(status=HTTPStatus.NOT_MODIFIED, headers=HEADERS)
    elif takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        answer = web.Response(body=file.packed, content_type=file.kind, charset="utf-8", headers=HEADERS)
        answer.headers[hdrs.CONTENT_ENCODING] = "gzip"
    else:
        answer = web.Response(body=file.body, content_type=file.kind, charset="utf-8", headers=HEADERS)
    answer.etag = file.mark
    answer.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    return answer
