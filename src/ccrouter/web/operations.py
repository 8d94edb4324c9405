"""What the API offers, declared once: its routes, who may use them, and their description (OpenAPI) come from here."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from ccrouter.web.holders import Holder, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one route.

    Attributes:
        path: below /api/v1, with parameters in braces: `/modes/{name}`.
        name: unique, in snake_case: `switch_mode`.
        does: what it does, in one sentence for people.
        least: the least role that may; None for a route that only scoped tokens may use.
        scoped: POSITION or SITE, where such a token may use it too, for what is its own; the handler sees to that.
        body: model of the request's JSON body; None for none.
        body_optional: the body may be left out.
        query: model of the query's parameters; None for none.
        answer: type of the JSON answer, whatever pydantic's TypeAdapter takes; None for one that is no JSON.
        media: content type of the answer.
        status: of the answer, where all went well.
        refusals: further statuses that it may answer with, each with a sentence (401, 403, 404, 429 and 500 go without
            saying).

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
    answer: object = None
    media: str = "application/json"
    status: int = 200
    refusals: tuple[tuple[int, str], ...] = ()

    def allows(self, holder: Holder) -> bool:
        """Tell whether such a token may use it, for what is its own where it is a scoped one."""
        if holder.role < Role.READ:
            return holder.role in self.scoped
        return self.least is not None and holder.role >= self.least


def routes(operations: Iterable[Operation]) -> list[web.RouteDef]:
    """Return the routes of these operations; a GET answers HEAD as well."""
    made: list[web.RouteDef] = []
    for each in operations:
        if each.method == hdrs.METH_GET:
            made.append(web.get(each.path, each.handler))
        else:
            made.append(web.route(each.method, each.path, each.handler))
    return made
