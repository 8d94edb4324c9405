"""What the API offers, declared once: its routes, who may use them, and their description (OpenAPI) come from here."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from ccrouter.web.holders import Holder, Role
from ccrouter.web.orders import OrderError

EVENT_STREAM: Final = "text/event-stream"

OWN: Final[Mapping[Role, str]] = {Role.POSITION: "{technology}/{name}", Role.SITE: "{name}"}
"""Which parameters of a path name the position, and the site, that it is about."""

Refusal = tuple[int, str]

ASKED_WRONGLY: Final[Refusal] = (
    400,
    "the request is not what is described here; `detail` names the field and the cure",
)
REFUSED_FILE: Final[Refusal] = (
    422,
    "the routing file was refused: `problems` tells why, and the rules of before count",
)
STORE_FAILS: Final[Refusal] = (507, "the state folder can't be read or written; `detail` tells why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one route.

    Attributes:
        path: below /api/v1, with parameters in braces: `/modes/{name}`.
        name: unique, in snake_case: `switch_mode`.
        does: what it does, in one sentence for people.
        least: the least role that may; None for a route that only scoped tokens may use.
        scoped: POSITION or SITE, where such a token may use it too, for what is its own: the doors refuse a path that
            is about another one, by OWN.
        body: model of the request's JSON body; None for none.
        body_optional: the body may be left out.
        query: model of the query's parameters; None for none, and then none is taken.
        named: what parameters of the path are, in some words.
        answer: type of the JSON answer, whatever pydantic's TypeAdapter takes; None for one that is no JSON.
        events: of a stream, the type of the JSON in each kind of event.
        media: content type of the answer.
        status: of the answer, where all went well.
        refusals: further statuses that it may answer with problem details, each with a sentence (401, 403, 404, 429 and
            500 go without saying).
        declines: further statuses that it answers with what `answer` says.

    """

    method: str
    path: str
    name: str
    does: str
    handler: Handler
    least: Role | None
    scoped: Collection[Role] = ()
    body: type[BaseModel] | None = None
    body_optional: bool = False
    query: type[BaseModel] | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    answer: object = None
    events: Mapping[str, object] = field(default_factory=dict)
    media: str = "application/json"
    status: int = 200
    refusals: tuple[Refusal, ...] = ()
    declines: tuple[Refusal, ...] = ()

    def allows(self, holder: Holder) -> bool:
        """Tell whether such a token may use it, for what is its own where it is a scoped one."""
        if holder.role < Role.READ:
            return holder.role in self.scoped
        return self.least is not None and holder.role >= self.least

    def is_of_another(self, holder: Holder, named: Mapping[str, str]) -> bool:
        """Tell whether the path, with these parameters, is about another position or site than a scoped token's."""
        own = OWN.get(holder.role)
        if own is None or "{" not in self.path:
            return False
        try:
            return own.format_map(named) != holder.of
        except KeyError:
            return True

    @property
    def template(self) -> str:
        """Return the path without the patterns of its parameters."""
        return re.sub(r"{(\w+):(?:[^{}]|{[^{}]*})*}", r"{\1}", self.path)

    @property
    def needs(self) -> str:
        """Return in words with which role it may be used."""
        roles = [] if self.least is None else [self.least]
        return " or ".join(f"`{role.name.lower()}`" for role in (*roles, *sorted(self.scoped)))


def add(router: web.UrlDispatcher, operations: Iterable[Operation]) -> dict[web.AbstractRoute, Operation]:
    """Add the routes of these operations, and return of which operation each is.

    A GET answers HEAD as well, but for a stream, whose end would never come.
    """
    made: dict[web.AbstractRoute, Operation] = {}
    for each in operations:
        resource = router.add_resource(each.path)
        methods = [each.method]
        if each.method == hdrs.METH_GET and each.media != EVENT_STREAM:
            methods.append(hdrs.METH_HEAD)
        handler = each.handler if each.query is not None else _unasked(each.handler)
        for method in methods:
            made[resource.add_route(method, handler)] = each
    return made


def _unasked(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.query_string:
            raise OrderError("query: nothing can be asked of this behind a `?`; leave it out")
        return await handler(request)

    return answer
