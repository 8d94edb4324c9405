"""The last resort of a stop: a thread that hangs with its disk must not keep the process."""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from typing import Final

from structlog.typing import FilteringBoundLogger

LEAVE_WITHIN_S: Final = 8.0
"""From SIGTERM to the end, whatever hangs: less than the unit's TimeoutStopSec, after which systemd would kill.

What a stop waits for, one after the other, takes less even if each takes as long as it may: the farewell to the PABXs
0.5 s, calls and orders under way 2 s, the journal 2 s, requests under way 1 s at each of the two servers. A disk that
hangs is what makes it longer.
"""

TOLD_WITHIN_S: Final = 0.5
"""For the last lines of the log to get out."""

LEFT_BEHIND: Final = 1
"""Exit code of a stop that had to leave something behind."""


class Leaving:
    """Ends the process when a stop takes too long.

    Args:
        left: returns what is lost by it, in words for the log.

    """

    def __init__(self, log: FilteringBoundLogger, left: Callable[[], str]) -> None:
        self._log = log
        self._left = left
        self._begun = False

    def begin(self) -> None:
        """Have the process end within LEAVE_WITHIN_S from now; a second call changes nothing."""
        if not self._begun:
            self._begun = True
            # Not one of the executor's threads: those may all hang, and the interpreter waits for them at its end.
            threading.Thread(target=self._wait, name="leaving", daemon=True).start()

    def _wait(self) -> None:
        main = threading.main_thread()
        threading.Event().wait(LEAVE_WITHIN_S - TOLD_WITHIN_S)
        hung = [each.name for each in threading.enumerate() if each is not main and not each.daemon]
        self._log.error(
            "the stop takes too long, so ccrouter ends without waiting any more",
            within_s=LEAVE_WITHIN_S,
            hanging=hung,
            left_behind=self._left(),
        )
        threading.Event().wait(TOLD_WITHIN_S)
        faulthandler.dump_traceback(sys.stderr)
        os._exit(LEFT_BEHIND)
