"""The control API's operations about webhooks: how each fares, and a try."""

from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web
from pydantic import TypeAdapter

from ccrouter.web.control import json_answer
from ccrouter.web.holders import Role
from ccrouter.web.operations import Operation
from ccrouter.web.status import WebhookStatus


@dataclass(frozen=True, slots=True)
class WebhookTested:
    """What a webhook answered to a try.

    Attributes:
        status: of its answer; 0 for none.
        answer: in words.

    """

    name: str
    delivered: bool
    status: int
    answer: str
    took_s: float


WEBHOOKS: Final = TypeAdapter(tuple[WebhookStatus, ...])
TESTED: Final = TypeAdapter(WebhookTested)


class TellsWebhooks(Protocol):
    """The daemon, as far as it tells webhooks."""

    def states(self) -> tuple[WebhookStatus, ...]:
        """Return how each fares."""
        ...

    async def test(self, name: str) -> WebhookTested:
        """Tell one that nothing happened; raises UnknownNameError for one that there is not."""
        ...


def webhooks(tells: TellsWebhooks) -> list[Operation]:
    """Return the operations /webhooks and /webhooks/{name}/test."""

    async def states(_: web.Request) -> web.Response:
        return json_answer(WEBHOOKS.dump_json(tells.states()))

    async def test(request: web.Request) -> web.Response:
        return json_answer(TESTED.dump_json(await tells.test(request.match_info["name"])))

    return [
        Operation(
            method="GET",
            path="/webhooks",
            name="list_webhooks",
            does="Lists the webhooks, and tells how each fares.",
            handler=states,
            least=Role.READ,
            answer=tuple[WebhookStatus, ...],
        ),
        Operation(
            method="POST",
            path="/webhooks/{name}/test",
            name="test_webhook",
            does="Sends a webhook an event of the kind `ping` at once, and tells what it answered.",
            handler=test,
            least=Role.SWITCH,
            answer=WebhookTested,
            refusals=((404, "the settings have no such webhook"),),
        ),
    ]
