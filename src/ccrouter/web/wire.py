"""How the values of the control API become JSON and come back from it."""

from typing import Final

from pydantic import TypeAdapter

from ccrouter.web.orders import ReloadOutcome
from ccrouter.web.status import ModeStatus, Status

STATUS: Final = TypeAdapter(Status)
MODE: Final = TypeAdapter(ModeStatus)
MODES: Final = TypeAdapter(tuple[ModeStatus, ...])
OUTCOME: Final = TypeAdapter(ReloadOutcome)
