"""Lamps of modes: each code is a device of the PABX, whose state telephones show on a key.

Asterisk keeps the states of such devices over its restarts, and forgets none by itself. To set one says what is so, and
does nothing: so it is said again after every loss of the link, and every now and then.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.ami.connection import Connection
from ccrouter.ami.watches import Fault
from ccrouter.contract import LAMP
from ccrouter.errors import LinkError

STATES: Final[Mapping[bool | None, str]] = {True: "INUSE", False: "NOT_INUSE", None: "INVALID"}
"""DEVICE_STATE takes no UNKNOWN (Asterisk 16.28, 22.10)."""

KEPT: Final = "DB_KEYS(CustomDevstate)"
"""Where func_devstate keeps the states (Asterisk 16.28, 22.10): names separated by commas, without `Custom:`."""

CODE: Final = re.compile(re.escape(LAMP.removeprefix("Custom:")) + r"([0-9]{1,8})")

LOOK_S: Final = 1.0
"""Between two looks where nobody tells of a change: a mode may end by itself."""

AGAIN_S: Final = 60.0
"""After so long all lamps are set again: somebody may have set one on the PABX's console."""

WITHIN_S: Final = 2.0


class Lamps:
    """Sets the lamps over one connection.

    Args:
        connection: to the PABX.
        wanted: by code, whether the lamp is on now; None for one that stands for nothing any more.
        failed: counts.
        log: logger.

    """

    def __init__(
        self,
        connection: Connection,
        wanted: Callable[[], Mapping[str, bool | None]],
        failed: Callable[[Fault], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._connection = connection
        self._wanted = wanted
        self._failed = failed
        self._log = log
        self._shown: dict[str, str] = {}
        self._changed = asyncio.Event()

    def look(self) -> None:
        """Look at once, for something changed."""
        self._changed.set()

    async def run(self) -> None:
        """Keep the lamps right, until cancelled or the connection is lost (LinkError)."""
        loop = asyncio.get_running_loop()
        again_at = loop.time() + AGAIN_S
        left_over = await self._left_over()
        while True:
            self._changed.clear()
            if loop.time() >= again_at:
                self._shown.clear()
                again_at = loop.time() + AGAIN_S
            for code, lit in {**left_over, **self._lit()}.items():
                if self._shown.get(code) != STATES[lit]:
                    await self._set(code, STATES[lit])
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _lit(self) -> Mapping[str, bool | None]:
        try:
            return self._wanted()
        except Exception:  # noqa: BLE001 - a display must not cost the link
            self._failed(Fault.LAMP_NOT_SET)
            self._log.exception("which lamps are lit could not be told")
            return {}

    async def _left_over(self) -> dict[str, bool | None]:
        """Return lamps that the PABX has, and that may be of a routing file of long ago."""
        try:
            kept = (await self._connection.ask("Getvar", {"Variable": KEPT}, WITHIN_S)).fields.get("Value", "")
        except LinkError:
            self._connection.check()
            return {}
        return {found[1]: None for found in map(CODE.fullmatch, kept.split(",")) if found}

    async def _set(self, code: str, state: str) -> None:
        order = {"Variable": f"DEVICE_STATE({LAMP}{code})", "Value": state}
        try:
            response = await self._connection.ask("Setvar", order, WITHIN_S)
        except LinkError as error:
            self._connection.check()
            reason = str(error)
        else:
            # Also where it refuses: a PABX without func_devstate is asked again when all lamps are.
            self._shown[code] = state
            if response.ok:
                return
            reason = f"the PABX refuses it ({response.text}): is the module func_devstate loaded?"
        self._failed(Fault.LAMP_NOT_SET)
        self._log.warning("lamp of a mode not set", code=code, state=state, reason=reason)
