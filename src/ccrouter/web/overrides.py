"""The control API's routes about overrides: numbers that an admin sends elsewhere for a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from ccrouter.web.control import Line, author_of, body_of, json_answer
from ccrouter.web.holders import Role
from ccrouter.web.operations import ASKED_WRONGLY, STORE_FAILS, Operation
from ccrouter.web.status import OverrideStatus

LONGEST_S: Final = 366 * 86400
MOST_DESTINATIONS: Final = 20

OVERRIDE: Final = TypeAdapter(OverrideStatus)
OVERRIDES: Final = TypeAdapter(tuple[OverrideStatus, ...])


@dataclass(frozen=True, slots=True)
class OverrideOrder:
    """Send a number elsewhere for a time.

    Attributes:
        number: as a person writes it.
        since, until: instants as a person says them, in the routing file's time zone; `until` may be empty.
        for_s: in place of `until`, seconds from `since` on.

    """

    number: str
    to: tuple[str, ...]
    author: str
    reason: str
    since: str = "now"
    until: str = ""
    for_s: float | None = None


class OverrideControls(Protocol):
    """The daemon, as far as an admin may send numbers elsewhere."""

    def states(self) -> Sequence[OverrideStatus]:
        """Return all that count now or will later, newest set first."""
        ...

    async def set(self, order: OverrideOrder) -> OverrideStatus:
        """Set an override and return it.

        Raises:
            UnknownNameError: the routing file has no such number or destination.
            OrderError: it can't be carried out as it was given.
            StoreError: it could not be saved, and was not set.

        """
        ...

    async def cancel(self, override_id: str, author: str, reason: str) -> OverrideStatus:
        """End an override now and return it.

        Raises:
            UnknownNameError: there is none of that id.
            StoreError: it could not be saved, and the override goes on.

        """
        ...


class OverrideBody(BaseModel):
    """Which number goes where, and until when: by one of `until` and `for_s`."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"number": "0800 123 456", "to": ["tunis", "closed"], "reason": "strike", "until": "18:30"},
            ]
        },
    )

    number: Line = Field(min_length=1, description="of the routing file, however it is written")
    to: list[Line] = Field(
        min_length=1, max_length=MOST_DESTINATIONS, description="names of sites, the last perhaps that of a message"
    )
    since: Line = Field(default="now", alias="from", description="when it begins", examples=["now", "2027-01-02 08:00"])
    until: Line = Field(default="", description="when it ends", examples=["18:30", "monday 8:00"])
    for_s: float | None = Field(default=None, gt=0, le=LONGEST_S, description="how long it lasts")
    reason: Line = Field(min_length=1, description="for the history")
    author: Line = Field(default="", description="the person behind a shared user such as root")

    @model_validator(mode="after")
    def _ends_once(self) -> "OverrideBody":
        if (self.for_s is None) == (not self.until):
            raise ValueError("an override ends: give one of until and for_s")
        return self


class CancelBody(BaseModel):
    """Why an override ends."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"reason": "strike is over"}]}
    )

    reason: Line = Field(min_length=1, description="for the history")
    author: Line = Field(default="", description="the person behind a shared user such as root")


def overrides(controls: OverrideControls) -> list[Operation]:
    """Return what is told of overrides, and what sets and ends them."""

    async def listed(_: web.Request) -> web.Response:
        return json_answer(OVERRIDES.dump_json(tuple(controls.states())))

    async def set_(request: web.Request) -> web.Response:
        body = await body_of(request, OverrideBody)
        order = OverrideOrder(
            number=body.number,
            to=tuple(body.to),
            author=await author_of(request, body.author),
            reason=body.reason,
            since=body.since,
            until=body.until,
            for_s=body.for_s,
        )
        return json_answer(OVERRIDE.dump_json(await controls.set(order)))

    async def cancel(request: web.Request) -> web.Response:
        body = await body_of(request, CancelBody)
        author = await author_of(request, body.author)
        return json_answer(OVERRIDE.dump_json(await controls.cancel(request.match_info["id"], author, body.reason)))

    return [
        Operation(
            method="GET",
            path="/overrides",
            name="list_overrides",
            does="Lists the overrides that count now, or will.",
            handler=listed,
            least=Role.READ,
            answer=tuple[OverrideStatus, ...],
        ),
        Operation(
            method="POST",
            path="/overrides",
            name="set_override",
            does="Sends a number elsewhere for a time.",
            handler=set_,
            least=Role.SWITCH,
            body=OverrideBody,
            answer=OverrideStatus,
            refusals=(ASKED_WRONGLY, (404, "the routing file has no such number or destination"), STORE_FAILS),
        ),
        Operation(
            method="DELETE",
            path="/overrides/{id}",
            name="end_override",
            does="Ends an override now.",
            handler=cancel,
            least=Role.SWITCH,
            named={"id": "as the list of overrides tells it"},
            body=CancelBody,
            answer=OverrideStatus,
            refusals=(ASKED_WRONGLY, (404, "there is no such override"), STORE_FAILS),
        ),
    ]
