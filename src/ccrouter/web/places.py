"""The API's operations about where calls are answered: queues, sites, and the calls at one site."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ccrouter.web.board import QueueOnBoard, SiteOnBoard
from ccrouter.web.control import json_answer, query_of
from ccrouter.web.holders import HOLDER, Role
from ccrouter.web.operations import ASKED_WRONGLY, STORE_FAILS, Operation
from ccrouter.web.orders import UnknownNameError

MOST_CALLS: Final = 500


@dataclass(frozen=True, slots=True)
class SiteCall:
    """One call at a site.

    Attributes:
        number: that was dialled, as the routing file writes it; `label` is what it is called.
        uniqueid: of its channel; None for a token of the site alone.
        caller: masked as in the journal; None where hidden, and for a token of the site alone.
        since: when it came to the PABX; of one that ended, when it was sent here.
        waited_s: from then to the answer; to the end, or up to now, where nobody answered.
        talked_s: up to now while the talk lasts; None where nobody answered.
        outcome: answered, abandoned, lost or unknown, as in the journal; empty while the call goes on.

    """

    number: str
    label: str
    uniqueid: str | None
    caller: str | None
    since: float
    waited_s: float | None
    talked_s: float | None
    outcome: str


@dataclass(frozen=True, slots=True)
class SiteCalls:
    """The calls at a site.

    Attributes:
        at: now; `zone` is the time zone whose clock people here go by.
        now: the oldest first.
        ended: of the last 24 hours, as this router's journal has them, the newest first.

    """

    site: str
    at: float
    zone: str
    now: tuple[SiteCall, ...]
    ended: tuple[SiteCall, ...]


class SiteCallsQuery(BaseModel):
    """How many calls."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=0, le=MOST_CALLS, description="how many ended calls at most")


class Places(Protocol):
    """The daemon, as far as it tells of queues and sites."""

    def queues(self) -> Sequence[QueueOnBoard]:
        """Return the queues of all PABXs, by PABX and name."""
        ...

    def sites(self) -> Sequence[SiteOnBoard]:
        """Return the sites of the routing file, by name."""
        ...

    def site(self, name: str) -> SiteOnBoard:
        """Return one of them; raises UnknownNameError for one that there is not."""
        ...

    async def calls(self, name: str, limit: int) -> SiteCalls:
        """Return the calls at a site; raises UnknownNameError, and StoreError where the journal can't be read."""
        ...


QUEUES: Final = TypeAdapter(tuple[QueueOnBoard, ...])
SITES: Final = TypeAdapter(tuple[SiteOnBoard, ...])
SITE: Final = TypeAdapter(SiteOnBoard)
CALLS: Final = TypeAdapter(SiteCalls)

NO_SITE: Final = (404, "the routing file has no such site")
NAMED: Final = {"name": "of a site, as the routing file has it"}


def places(known: Places) -> list[Operation]:
    """Return what is told of queues and sites."""

    async def queues(_: web.Request) -> web.Response:
        return json_answer(QUEUES.dump_json(tuple(known.queues())))

    async def sites(_: web.Request) -> web.Response:
        return json_answer(SITES.dump_json(tuple(known.sites())))

    async def site(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        try:
            return json_answer(SITE.dump_json(known.site(name)))
        except UnknownNameError as error:
            raise (_gone(name) if _is_own(request) else error) from None

    async def calls(request: web.Request) -> web.Response:
        query = query_of(request, SiteCallsQuery)
        name, own = request.match_info["name"], _is_own(request)
        try:
            found = await known.calls(name, query.limit)
        except UnknownNameError as error:
            raise (_gone(name) if own else error) from None
        return json_answer(CALLS.dump_json(_of_site(found) if own else found))

    return [
        Operation(
            method="GET",
            path="/queues",
            name="list_queues",
            does="Lists the queues of all PABXs.",
            handler=queues,
            least=Role.READ,
            answer=tuple[QueueOnBoard, ...],
        ),
        Operation(
            method="GET",
            path="/sites",
            name="list_sites",
            does="Lists the sites of the routing file.",
            handler=sites,
            least=Role.READ,
            answer=tuple[SiteOnBoard, ...],
        ),
        Operation(
            method="GET",
            path="/sites/{name}",
            name="get_site",
            does="Tells of one site.",
            handler=site,
            least=Role.READ,
            scoped=(Role.SITE,),
            named=NAMED,
            answer=SiteOnBoard,
            refusals=(NO_SITE,),
        ),
        Operation(
            method="GET",
            path="/sites/{name}/calls",
            name="list_site_calls",
            does="Lists the calls at one site: those of now, and the last that ended there.",
            handler=calls,
            least=Role.READ,
            scoped=(Role.SITE,),
            named=NAMED,
            query=SiteCallsQuery,
            answer=SiteCalls,
            refusals=(ASKED_WRONGLY, NO_SITE, STORE_FAILS),
        ),
    ]


def _is_own(request: web.Request) -> bool:
    """Tell whether a token of the site alone asks."""
    holder = request.get(HOLDER)
    return holder is not None and holder.role is Role.SITE


def _gone(name: str) -> UnknownNameError:
    """Return what a token of a site alone is told of one that there is not: no name of another."""
    return UnknownNameError(f"the routing file has no site {name} now: ask whoever gave you the token")


def _of_site(found: SiteCalls) -> SiteCalls:
    """Return the calls as the site itself may see them: who calls is nothing that this API tells it."""
    return replace(
        found,
        now=tuple(replace(each, caller=None, uniqueid=None) for each in found.now),
        ended=tuple(replace(each, caller=None, uniqueid=None) for each in found.ended),
    )
