"""The control API's route about the facts: all that a decision would see at this instant."""

import json
from typing import Protocol

from aiohttp import web

from ccrouter.routing.facts import Facts
from ccrouter.routing.records import Record, record_of_facts
from ccrouter.web.control import json_answer
from ccrouter.web.holders import Role
from ccrouter.web.operations import Operation


class Seeing(Protocol):
    """The daemon, as far as it tells what it sees."""

    def facts(self) -> Facts:
        """Return all that is true at this instant."""
        ...


def facts(seeing: Seeing) -> list[Operation]:
    """Return what tells the facts; its answer is read by routing.records.facts_of."""

    async def seen(_: web.Request) -> web.Response:
        return json_answer(json.dumps(record_of_facts(seeing.facts())).encode())

    return [
        Operation(
            method="GET",
            path="/facts",
            name="get_facts",
            does="Tells all that a decision would see now.",
            handler=seen,
            least=Role.READ,
            answer=Record,
        )
    ]
