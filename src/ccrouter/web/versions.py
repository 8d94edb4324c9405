"""The control API's routes about the routing file: the version in force, those before it, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ccrouter.web.control import Line, author_of, body_of, json_answer
from ccrouter.web.holders import Role
from ccrouter.web.operations import ASKED_WRONGLY, REFUSED_FILE, STORE_FAILS, Operation
from ccrouter.web.orders import ReloadOutcome, UnknownNameError
from ccrouter.web.wire import OUTCOME

LAST_NUMBER: Final = 999_999_999
"""No version has a greater number; SQLite could not even be asked about one of 2^63."""


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """The version in force.

    Attributes:
        file: path of the routing file.
        version: hash of the text, as decisions name it.
        text: what the file held when it was taken; what it holds now may differ.
        pabx: the first PABX of the settings.

    """

    file: str
    version: str
    text: str
    pabx: str


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version that came into force and was kept.

    Attributes:
        id: counts up.
        at: when it came into force, in seconds since 1970-01-01 UTC.
        hash: names its text, as decisions do.
        reason: why; empty where nobody said so.
        restores: id of the version whose text a rollback brought back.
        added, removed: lines that the text has, and lacks, against the one before.
        zone: time zone whose clock its people go by.

    """

    id: int
    at: float
    author: str
    hash: str
    file: str
    reason: str
    restores: int | None
    added: int
    removed: int
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Rollback:
    """Take the routing file again, into which the text of a kept version was put back."""

    id: int
    author: str
    reason: str


class RollbackBody(BaseModel):
    """Which version was put back, and why."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"id": 41, "reason": "wrong site"}]}
    )

    id: int = Field(ge=1, le=LAST_NUMBER)
    reason: Line = Field(default="", description="for the history")
    author: Line = Field(default="", description="the person behind a shared user such as root")


IN_FORCE: Final = TypeAdapter(RulesInForce)
VERSIONS: Final = TypeAdapter(tuple[KeptVersion, ...])
TEXT: Final = TypeAdapter(str)


class Book(Protocol):
    """The daemon, as far as it tells of its rules. All may raise StoreError: what was kept can't be read."""

    def in_force(self) -> RulesInForce:
        """Return the version in force."""
        ...

    async def kept(self) -> Sequence[KeptVersion]:
        """Return the versions kept, newest first."""
        ...

    async def text(self, number: int) -> str:
        """Return the text of a kept version.

        Raises:
            UnknownNameError: there is none of this number.

        """
        ...

    async def rollback(self, order: Rollback) -> ReloadOutcome:
        """Read the routing file again, which holds a kept version again, and tell how that went.

        Raises:
            UnknownNameError: there is no version of this number.

        """
        ...


def versions(book: Book) -> list[Operation]:
    """Return what is told of the routing file, and the way back."""

    async def rules(_: web.Request) -> web.Response:
        return json_answer(IN_FORCE.dump_json(book.in_force()))

    async def kept(_: web.Request) -> web.Response:
        return json_answer(VERSIONS.dump_json(tuple(await book.kept())))

    async def text(request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if len(number) > len(str(LAST_NUMBER)):
            raise UnknownNameError(f"there is no version {number}")
        return json_answer(TEXT.dump_json(await book.text(int(number))))

    async def rollback(request: web.Request) -> web.Response:
        body = await body_of(request, RollbackBody)
        outcome = await book.rollback(Rollback(body.id, await author_of(request, body.author), body.reason))
        refused = HTTPStatus.UNPROCESSABLE_ENTITY if outcome.problems else HTTPStatus.OK
        return json_answer(OUTCOME.dump_json(outcome), refused)

    return [
        Operation(
            method="GET",
            path="/rules",
            name="get_rules",
            does="Tells the routing file in force, with its text.",
            handler=rules,
            least=Role.READ,
            answer=RulesInForce,
        ),
        Operation(
            method="GET",
            path="/versions",
            name="list_versions",
            does="Lists the versions of the routing file that were in force, newest first.",
            handler=kept,
            least=Role.READ,
            answer=tuple[KeptVersion, ...],
            refusals=(STORE_FAILS,),
        ),
        Operation(
            method="GET",
            path=r"/versions/{number:\d+}",
            name="get_version",
            does="Tells the text of one version.",
            handler=text,
            least=Role.READ,
            named={"number": "as the list of versions tells it"},
            answer=str,
            refusals=((404, "there is no such version"), STORE_FAILS),
        ),
        Operation(
            method="POST",
            path="/rollback",
            name="note_rollback",
            does="Notes that a version was put back into the routing file, and reads that again; it writes no file.",
            handler=rollback,
            least=Role.ADMINISTER,
            body=RollbackBody,
            answer=ReloadOutcome,
            refusals=(ASKED_WRONGLY, (404, "there is no such version"), STORE_FAILS),
            declines=(REFUSED_FILE,),
        ),
    ]
