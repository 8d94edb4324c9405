"""What the control API asks of the daemon: the Protocol that it declares, and the values that cross it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ccrouter.errors import CcrouterError
from ccrouter.web.status import ModeStatus, Status


class OrderError(CcrouterError):
    """An order that can't be carried out as it was given; the text says why, and how to give it."""


class UnknownNameError(OrderError):
    """An order about something that does not exist."""


class RefusedError(OrderError):
    """An order that can't be carried out as things are now; the text says how they are."""


class UnconfirmedError(OrderError):
    """An order that a PABX was sent and did not confirm: it may have been carried out."""


class BusyError(CcrouterError):
    """Too much is asked at once, or the answer takes too long; the text says when to ask again."""


@dataclass(frozen=True, slots=True)
class ModeOrder:
    """Switch a mode.

    Attributes:
        author: who asks: the user at the other end of the socket, as the kernel tells it.
        for_s: seconds after which the mode ends by itself; None for until it is switched off.
        until: in place of `for_s`, the instant as a person says it, in the routing file's time zone.

    """

    name: str
    on: bool
    author: str
    reason: str
    for_s: float | None = None
    until: str = ""


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """What a reload came to: `version` is in force now; with problems it is the one of before.

    `remarks` tell what else an admin should know.
    """

    version: str
    changed: bool
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Controls(Protocol):
    """The daemon, as far as an admin on this machine may steer it."""

    def status(self) -> Status:
        """Return the whole picture at this instant."""
        ...

    def modes(self) -> Sequence[ModeStatus]:
        """Return all modes that are declared or on, by name."""
        ...

    async def switch_mode(self, order: ModeOrder) -> ModeStatus:
        """Switch a mode and return its state.

        Raises:
            UnknownNameError: the routing file declares no such mode.
            OrderError: it would end before it begins.
            StoreError: the switch could not be saved, and was not made.

        """
        ...

    async def reload(self, author: str) -> ReloadOutcome:
        """Read the routing file again and tell how that went."""
        ...
