"""The control API's routes about the past: what was decided for each call, and what admins did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ccrouter.routing.records import CallEnd, DecisionMade
from ccrouter.web.control import Line, json_answer
from ccrouter.web.faults import fault
from ccrouter.web.orders import OrderError

MOST: Final = 10_000

Query = TypeVar("Query", bound=BaseModel)


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
    """What GET /journal may ask for; instants as a person says them, in the routing file's time zone."""

    model_config = ConfigDict(extra="forbid")

    number: Line = ""
    service: Line = ""
    rule: Line = ""
    destination: Line = ""
    since: Line = ""
    until: Line = ""
    limit: int = Field(default=20, ge=1, le=MOST)


class HistoryQuery(BaseModel):
    """What GET /history may ask for."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=MOST)


class Past(Protocol):
    """The daemon, as far as it remembers. Each raises StoreError where it can't be read."""

    async def call(self, uniqueid: str) -> tuple[JournalEntry, ...]:
        """Return the decisions about a call, oldest first."""
        ...

    async def lines(self, query: JournalQuery) -> JournalLines:
        """Return decisions in short; raises OrderError for an instant that is none."""
        ...

    async def history(self, limit: int) -> History:
        """Return the last deeds."""
        ...


def journal(past: Past) -> list[web.RouteDef]:
    """Return the routes /journal and /history."""

    async def lines(request: web.Request) -> web.Response:
        return json_answer(LINES.dump_json(await past.lines(_asked(JournalQuery, request.query))))

    async def call(request: web.Request) -> web.Response:
        return json_answer(ENTRIES.dump_json(await past.call(request.match_info["uniqueid"])))

    async def history(request: web.Request) -> web.Response:
        return json_answer(HISTORY.dump_json(await past.history(_asked(HistoryQuery, request.query).limit)))

    return [
        web.get("/journal", lines),
        web.get("/journal/{uniqueid}", call),
        web.get("/history", history),
    ]


def _asked(model: type[Query], query: Mapping[str, str]) -> Query:
    try:
        return model.model_validate(dict(query))
    except ValidationError as error:
        raise OrderError(fault(error, model)) from error
