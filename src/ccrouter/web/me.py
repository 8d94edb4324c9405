"""Who asks, as the API sees them: a page tells with it whose token it has, and offers what that is good for."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from pydantic import TypeAdapter

from ccrouter.web.control import author_of, json_answer
from ccrouter.web.holders import HOLDER, Role
from ccrouter.web.operations import Operation


@dataclass(frozen=True, slots=True)
class Me:
    """Who asks.

    Attributes:
        name: of the token, or of the user at the control socket.
        role: position, site, read, switch or administer.
        of: interface of the position, or name of the site, that such a token is for.

    """

    name: str
    role: str
    of: str = ""


ME: Final = TypeAdapter(Me)


def me() -> list[Operation]:
    """Return the operation that tells who asks."""

    async def who(request: web.Request) -> web.Response:
        holder = request.get(HOLDER)
        if holder is None:
            found = Me(await author_of(request), Role.ADMINISTER.name.lower())
        else:
            found = Me(holder.name, holder.role.name.lower(), holder.of)
        return json_answer(ME.dump_json(found))

    return [
        Operation(
            method="GET",
            path="/me",
            name="get_me",
            does="Tells who asks, and with which rights.",
            handler=who,
            least=Role.READ,
            scoped=(Role.POSITION, Role.SITE),
            answer=Me,
        )
    ]
