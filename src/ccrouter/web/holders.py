"""Who shows a token, and what it is good for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from aiohttp import web


class Role(IntEnum):
    """What a token is good for.

    From READ on each has the rights of those before it. POSITION and SITE see what is theirs alone: the token names the
    position (`PJSIP/101`) or the site (`tunis`).
    """

    POSITION = -2
    SITE = -1
    READ = 1
    SWITCH = 2
    ADMINISTER = 3


@dataclass(frozen=True, slots=True)
class Holder:
    """Who shows a token.

    Attributes:
        of: interface of a POSITION, or name of a SITE; empty for all others.
        queues: that a POSITION may log in to; None for those of all sites in house.

    """

    name: str
    role: Role
    of: str = ""
    queues: frozenset[str] | None = None


HOLDER: Final = web.RequestKey("ccrouter.holder", Holder)
"""Where a request that came over TCP keeps who shows its token; one on the control socket has none."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The token that came with a request, for whoever serves its holder for long: it may be revoked meanwhile.

    Attributes:
        holder: returns whose token it is now; None where it is nobody's, or ended.

    """

    token: str = field(repr=False)
    holder: Callable[[str], Awaitable[Holder | None]]


SHOWN: Final = web.RequestKey("ccrouter.shown", Shown)
"""Where a request that came over TCP keeps its token; one on the control socket has none."""
