"""The control API's routes about the routing file: the version in force."""

from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web
from pydantic import TypeAdapter

from ccrouter.web.control import json_answer


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


IN_FORCE: Final = TypeAdapter(RulesInForce)


class Book(Protocol):
    """The daemon, as far as it tells of its rules."""

    def in_force(self) -> RulesInForce:
        """Return the version in force."""
        ...


def versions(book: Book) -> list[web.RouteDef]:
    """Return the route /rules."""

    async def rules(_: web.Request) -> web.Response:
        return json_answer(IN_FORCE.dump_json(book.in_force()))

    return [web.get("/rules", rules)]
