"""The control API's routes to see and steer the daemon: its status, its modes, a reload."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ccrouter.web.control import Line, author_of, body_of, json_answer
from ccrouter.web.holders import Role
from ccrouter.web.operations import ASKED_WRONGLY, REFUSED_FILE, STORE_FAILS, Operation
from ccrouter.web.orders import Controls, ModeOrder, ReloadOutcome
from ccrouter.web.status import ModeStatus, Status
from ccrouter.web.wire import MODE, MODES, OUTCOME, STATUS

LONGEST_S: Final = 366 * 86400


class ModeBody(BaseModel):
    """How a mode is switched; it may end by itself, by one of `for_s` and `until`."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"on": True, "reason": "flooded", "for_s": 7200}]},
    )

    on: bool
    reason: Line = Field(min_length=1, description="for the history")
    author: Line = Field(default="", description="the person behind a shared user such as root")
    for_s: float | None = Field(default=None, gt=0, le=LONGEST_S, description="after how long it ends by itself")
    until: Line = Field(default="", description="when it ends by itself", examples=["18:30", "monday 8:00"])

    @model_validator(mode="after")
    def _ends_only_what_begins(self) -> "ModeBody":
        if (self.for_s is not None or self.until) and not self.on:
            raise ValueError("for_s and until go with on: true; a mode that is switched off has no end")
        if self.for_s is not None and self.until:
            raise ValueError("a mode ends once; give one of for_s and until")
        return self


class ReloadBody(BaseModel):
    """Nothing, or an empty object."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{}]})

    author: Line = Field(default="", description="the person behind a shared user such as root")


def steering(controls: Controls) -> list[Operation]:
    """Return what is seen of the daemon, and what steers it."""

    async def status(_: web.Request) -> web.Response:
        return json_answer(STATUS.dump_json(controls.status()))

    async def modes(_: web.Request) -> web.Response:
        return json_answer(MODES.dump_json(tuple(controls.modes())))

    async def switch(request: web.Request) -> web.Response:
        body = await body_of(request, ModeBody)
        order = ModeOrder(
            name=request.match_info["name"],
            on=body.on,
            author=await author_of(request, body.author),
            reason=body.reason,
            for_s=body.for_s,
            until=body.until,
        )
        return json_answer(MODE.dump_json(await controls.switch_mode(order)))

    async def reload(request: web.Request) -> web.Response:
        body = await body_of(request, ReloadBody) if request.can_read_body else ReloadBody()
        outcome = await controls.reload(await author_of(request, body.author))
        refused = HTTPStatus.UNPROCESSABLE_ENTITY if outcome.problems else HTTPStatus.OK
        return json_answer(OUTCOME.dump_json(outcome), refused)

    return [
        Operation(
            method="GET",
            path="/status",
            name="get_status",
            does="Tells the whole picture, as `ccrouter status --json`.",
            handler=status,
            least=Role.READ,
            answer=Status,
        ),
        Operation(
            method="GET",
            path="/modes",
            name="list_modes",
            does="Lists all modes.",
            handler=modes,
            least=Role.READ,
            answer=tuple[ModeStatus, ...],
        ),
        Operation(
            method="PUT",
            path="/modes/{name}",
            name="switch_mode",
            does="Switches a mode, for a time or until it is switched again.",
            handler=switch,
            least=Role.SWITCH,
            named={"name": "as the routing file has it"},
            body=ModeBody,
            answer=ModeStatus,
            refusals=(ASKED_WRONGLY, (404, "the routing file declares no such mode"), STORE_FAILS),
        ),
        Operation(
            method="POST",
            path="/reload",
            name="reload_rules",
            does="Reads the routing file again; 422 where it is refused and the rules of before stay in force.",
            handler=reload,
            least=Role.ADMINISTER,
            body=ReloadBody,
            body_optional=True,
            answer=ReloadOutcome,
            refusals=(ASKED_WRONGLY,),
            declines=(REFUSED_FILE,),
        ),
    ]
