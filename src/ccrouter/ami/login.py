"""From a greeting to a PABX that can be worked with: log-in, boot, rights, version."""

import asyncio
from dataclasses import dataclass
from typing import Final

from ccrouter.ami.connection import Address, Connection
from ccrouter.errors import LinkError

ANSWER_WITHIN_S: Final = 5.0
BOOTED_WITHIN_S: Final = 60.0
LOOK_S: Final = 1.0

NEEDED: Final = frozenset({"CoreSettings", "CoreStatus", "Getvar", "Ping", "QueueStatus", "Setvar", "Status"})
WITHDRAW: Final = "QueueWithdrawCaller"


class RefusedError(LinkError):
    """The PABX is there and does not let us work; somebody must change its configuration or ours."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a PABX says of itself: version, when it was started (its own words), whether callers can be withdrawn."""

    version: str
    started: str
    can_withdraw: bool


async def log_in(connection: Connection, address: Address, booted: asyncio.Event) -> Welcome:
    """Log in, wait until Asterisk is fully booted, and look what may be used.

    Raises:
        RefusedError: wrong name or password, or rights, modules or the event FullyBooted are missing.
        LinkError: the connection was lost, or an answer did not come in time.

    """
    try:
        response = await connection.ask(
            "Login", {"Username": address.username, "Secret": address.secret, "Events": "on"}, ANSWER_WITHIN_S
        )
    except ValueError as error:
        raise RefusedError(f"the log-in can't be sent: {error}") from None
    if not response.ok:
        raise RefusedError(f"the PABX refuses the manager user {address.username}: {response.text}")
    await _boot(connection, booted)
    return await _look_around(connection, address)


async def _boot(connection: Connection, booted: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(BOOTED_WITHIN_S):
            while not await _within(LOOK_S, booted):
                await connection.ask("Ping", {}, ANSWER_WITHIN_S)
    except TimeoutError:
        raise RefusedError(
            f"logged in, but FullyBooted did not come within {BOOTED_WITHIN_S:g} s: the manager user needs read=system,"
            " and no eventfilter may hold it back"
        ) from None


async def _within(limit_s: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(limit_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def _look_around(connection: Connection, address: Address) -> Welcome:
    asked = [connection.send(action, {}) for action in ("ListCommands", "CoreSettings", "CoreStatus")]
    commands, settings, status = [(await each.response(ANSWER_WITHIN_S)).fields for each in asked]
    missing = NEEDED - commands.keys()
    if missing:
        raise RefusedError(
            f"the PABX does not offer {', '.join(sorted(missing))} to the manager user {address.username}: it needs"
            " write=call,agent,reporting, and the module app_queue"
        )
    return Welcome(
        version=settings.get("AsteriskVersion", ""),
        started=f"{status.get('CoreStartupDate', '')} {status.get('CoreStartupTime', '')}",
        can_withdraw=WITHDRAW in commands,
    )
