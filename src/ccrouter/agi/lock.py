"""Who may ask: a request brings the key that this router wrote into the PABX, else somebody else has sent it.

Whoever reaches the port could invent calls, or ask in the name of a real one: that would move it in the picture.
"""

from hmac import compare_digest
from math import inf
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.agi.protocol import Request
from ccrouter.clock import Clock

ARGUMENT: Final = 2
"""Place of the key among the arguments of a request: it follows the number, and how long the dialplan waits."""

LOG_AGAIN_S: Final = 60.0


class Lock:
    """Knows the key, and when it was last missing.

    Attributes:
        refused_at: by PABX, when a request without the key last came in its name, in seconds since 1970.

    """

    def __init__(self, key: str, clock: Clock, log: FilteringBoundLogger) -> None:
        self.refused_at: dict[str, float] = {}
        self._key = key.encode()
        self._clock = clock
        self._log = log
        self._told_at = -inf
        self._untold = 0

    def opens(self, request: Request) -> bool:
        """Tell whether a request has the key."""
        arguments = request.arguments
        return len(arguments) > ARGUMENT and compare_digest(arguments[ARGUMENT].encode(), self._key)

    def refused(self, pabx: str, peer: object) -> None:
        """Note a request that was refused; `pabx` is in whose name it came, empty where it is none of ours."""
        if pabx:
            self.refused_at[pabx] = self._clock.now()
        self._untold += 1
        now = self._clock.steady()
        if now - self._told_at < LOG_AGAIN_S:
            return
        self._log.error(
            "AGI requests without this router's key get no plan: install the asterisk/extensions_ccrouter.conf of this "
            "version and reload the dialplan; or it is not the PABX that asks",
            pabx=pabx,
            peer=peer,
            requests=self._untold,
        )
        self._told_at, self._untold = now, 0
