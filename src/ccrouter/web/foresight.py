"""The control API's operations about what would be: a call explained, and what a mode would change."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ccrouter.web.control import Line, body_of, json_answer, query_of
from ccrouter.web.holders import Role
from ccrouter.web.operations import ASKED_WRONGLY, Operation

MOST_MODES: Final = 200


class ExplainBody(BaseModel):
    """A call, and what is to stand for its part of the present."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"number": "0800 123 456", "at": "monday 8:00"}]}
    )

    number: Annotated[Line, Field(min_length=1, description="as it is dialled", examples=["0800 123 456"])]
    at: (
        Annotated[Line, Field(min_length=1, description="the instant; by default now", examples=["friday 18:00"])]
        | None
    ) = None
    caller: Annotated[Line, Field(min_length=1, description="who calls, or `anonymous`")] | None = None
    language: Annotated[Line, Field(description="of the channel", examples=["fr"])] = ""
    load: (
        Annotated[Line, Field(min_length=1, description="measures, or `quiet`", examples=["waiting=6,ready=0"])] | None
    ) = None
    modes: Annotated[list[Line], Field(max_length=MOST_MODES, description="that are on; [`none`] for none at all")] = []


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line for people, and how it is meant: plain, head, decides, yes, no, unknown, faint, bad."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Explained:
    """What becomes of a call, and why.

    Attributes:
        call: as the router would be asked.
        at: instant of the facts.
        zone: time zone whose clock people here go by.
        number: as the routing file writes it; empty where the file does not know the one dialled.
        destinations: names of the plan's steps, in order.
        plan: as the PABX would be given it.
        trace: of each rule its name, its verdict, and each test with its verdict and what was seen.
        considered: of each destination its name, why it is not first (empty where it can take the call), what was seen.
        state_age_s: age of the picture of the PABX; None where it can't be asked.
        words: all of it for people, as `ccrouter explain` prints it.
        remark: what to know of the instant; mostly empty.

    """

    call: dict[str, Any]
    at: float
    zone: str
    number: str
    service: str
    rule: str
    destinations: tuple[str, ...]
    plan: str
    trace: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...]
    considered: tuple[tuple[str, str, str], ...]
    rules_version: str
    state_age_s: float | None
    words: tuple[ExplainedLine, ...]
    remark: str


@dataclass(frozen=True, slots=True)
class Course:
    """A rule, and the destinations to which it leads in the order in which they are tried, a share with its parts."""

    rule: str
    destinations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreviewChange:
    """Numbers whose calls would go another way.

    Attributes:
        numbers: as the routing file writes them.
        label: of the numbers, for people.
        since, until: when; `until` None where it lasts beyond the time that was looked at.
        words: the change as a sentence.

    """

    numbers: tuple[str, ...]
    label: str
    service: str
    before: Course
    after: Course
    since: float
    until: float | None
    words: str


@dataclass(frozen=True, slots=True)
class PreviewMove:
    """Callers who wait and would be sent on; `callers` is how many."""

    queue: str
    service: str
    callers: int
    after: Course
    words: str


@dataclass(frozen=True, slots=True)
class ModePreview:
    """What switching a mode would change for callers who are like none that a rule names.

    Attributes:
        mode, on: the switch that was asked about.
        changed: it is not switched so already.
        at: now; `until` is how far it was looked ahead, and `zone` the time zone whose clock people here go by.
        ends: when the mode would end by itself; None for never.
        changes: what would be otherwise at once.
        waiting: what would become of callers who wait.
        later: what would be otherwise from some later time on, the load taken to stay as it is.
        same: how many numbers are called as before at once.
        unexplored: numbers that were not looked at, for it took too long.

    """

    mode: str
    on: bool
    changed: bool
    at: float
    until: float
    zone: str
    ends: float | None
    changes: tuple[PreviewChange, ...]
    waiting: tuple[PreviewMove, ...]
    later: tuple[PreviewChange, ...]
    same: int
    unexplored: tuple[str, ...]


class PreviewQuery(BaseModel):
    """Query of GET /modes/{name}/preview; without `on`, the other way round."""

    model_config = ConfigDict(extra="forbid")

    on: bool | None = None


EXPLAINED: Final = TypeAdapter(Explained)
PREVIEW: Final = TypeAdapter(ModePreview)

BUSY: Final = (int(HTTPStatus.SERVICE_UNAVAILABLE), "too much is asked at once, or the answer takes too long")


class Foresees(Protocol):
    """The daemon, as far as it tells what would be. Both raise BusyError."""

    async def explain(self, asked: ExplainBody) -> Explained:
        """Tell what would become of a call; raises OrderError where it asks nothing that can be answered."""
        ...

    async def preview(self, name: str, *, on: bool | None) -> ModePreview:
        """Tell what switching a mode would change; raises UnknownNameError for one that there is not."""
        ...


def foresight(foresees: Foresees) -> list[Operation]:
    """Return the operations /explain and /modes/{name}/preview."""

    async def explain(request: web.Request) -> web.Response:
        body = await body_of(request, ExplainBody)
        return json_answer(EXPLAINED.dump_json(await foresees.explain(body)))

    async def preview(request: web.Request) -> web.Response:
        query = query_of(request, PreviewQuery)
        return json_answer(PREVIEW.dump_json(await foresees.preview(request.match_info["name"], on=query.on)))

    return [
        Operation(
            method="POST",
            path="/explain",
            name="explain_call",
            does="Tells which way a call would go, and why, as `ccrouter explain`.",
            handler=explain,
            least=Role.READ,
            body=ExplainBody,
            answer=Explained,
            refusals=(ASKED_WRONGLY, BUSY),
        ),
        Operation(
            method="GET",
            path="/modes/{name}/preview",
            name="preview_mode",
            does="Tells what switching a mode would change for callers, now and for the rest of the day.",
            handler=preview,
            least=Role.READ,
            query=PreviewQuery,
            answer=ModePreview,
            refusals=(ASKED_WRONGLY, (404, "the routing file declares no such mode"), BUSY),
        ),
    ]
