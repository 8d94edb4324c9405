"""The control API's routes about the past: what was decided for each call, and what admins did."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ccrouter.routing.records import CallEnd, DecisionMade
from ccrouter.web.control import Line, json_answer, query_of
from ccrouter.web.holders import Role
from ccrouter.web.operations import ASKED_WRONGLY, STORE_FAILS, Operation

MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A decision about a call, as routing/records.py writes it, and what became of the call under it."""

    record: dict[str, Any]
    outcome: CallEnd | None


@dataclass(frozen=True, slots=True)
class JournalLines:
    """Decisions in short, newest first; `zone` is the one whose clock people here go by."""

    zone: str
    lines: tuple[DecisionMade, ...]


@dataclass(frozen=True, slots=True)
class PastDeed:
    """What an admin did, or what came due, see store/audit.py."""

    at: float
    who: str
    what: str
    subject: str
    why: str
    since: float | None
    until: float | None


@dataclass(frozen=True, slots=True)
class History:
    """Deeds, newest first; `zone` is the one whose clock people here go by."""

    zone: str
    deeds: tuple[PastDeed, ...]


ENTRIES: Final = TypeAdapter(tuple[JournalEntry, ...])
LINES: Final = TypeAdapter(JournalLines)
HISTORY: Final = TypeAdapter(History)


class JournalQuery(BaseModel):
    """Which decisions; what is left out does not matter. Instants are in the routing file's time zone."""

    model_config = ConfigDict(extra="forbid")

    number: Line = Field(default="", description="dialled, however it is written")
    service: Line = ""
    rule: Line = Field(default="", description="that decided")
    destination: Line = Field(default="", description="where the call was sent first, or where it ended")
    since: Line = Field(default="", description="the first instant", examples=["2h ago", "yesterday 8:00"])
    until: Line = Field(default="", description="the instant after the last", examples=["now", "2027-01-02 08:00"])
    limit: int = Field(default=20, ge=1, le=MOST, description="how many at most")


class HistoryQuery(BaseModel):
    """How much of the history."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=MOST, description="how many deeds at most")
    positions: bool = Field(default=False, description="log-ins and pauses of positions as well")


class Past(Protocol):
    """The daemon, as far as it remembers. Each raises StoreError where it can't be read."""

    async def call(self, uniqueid: str) -> tuple[JournalEntry, ...]:
        """Return the decisions about a call, oldest first."""
        ...

    async def lines(self, query: JournalQuery) -> JournalLines:
        """Return decisions in short; raises OrderError for an instant that is none."""
        ...

    async def history(self, limit: int, *, positions: bool = False) -> History:
        """Return the last deeds; with `positions`, those about positions as well."""
        ...


def journal(past: Past) -> list[Operation]:
    """Return what is told of the past."""

    async def lines(request: web.Request) -> web.Response:
        return json_answer(LINES.dump_json(await past.lines(query_of(request, JournalQuery))))

    async def call(request: web.Request) -> web.Response:
        return json_answer(ENTRIES.dump_json(await past.call(request.match_info["uniqueid"])))

    async def history(request: web.Request) -> web.Response:
        query = query_of(request, HistoryQuery)
        return json_answer(HISTORY.dump_json(await past.history(query.limit, positions=query.positions)))

    return [
        Operation(
            method="GET",
            path="/journal",
            name="search_journal",
            does="Lists decisions, newest first.",
            handler=lines,
            least=Role.READ,
            query=JournalQuery,
            answer=JournalLines,
            refusals=(ASKED_WRONGLY, (404, "neither the rules nor the journal have such a name"), STORE_FAILS),
        ),
        Operation(
            method="GET",
            path="/journal/{uniqueid}",
            name="get_call",
            does="Tells the decisions about one call, oldest first, with all that was tested; none for an unknown one.",
            handler=call,
            least=Role.READ,
            named={"uniqueid": "of the call's channel, as the PABX gives it"},
            answer=tuple[JournalEntry, ...],
            refusals=(STORE_FAILS,),
        ),
        Operation(
            method="GET",
            path="/history",
            name="get_history",
            does="Lists who changed what, newest first.",
            handler=history,
            least=Role.READ,
            query=HistoryQuery,
            answer=History,
            refusals=(ASKED_WRONGLY, STORE_FAILS),
        ),
    ]
