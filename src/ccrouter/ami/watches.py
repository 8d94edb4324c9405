"""What a link tells of itself to whoever counts."""

from enum import StrEnum
from typing import Protocol


class LinkState(StrEnum):
    """The states of a link."""

    DOWN = "down"
    CONNECTING = "connecting"  # until logged in and fully booted
    REFUSED = "refused"  # wrong password, or rights or modules are missing: a person must mend it
    SYNCING = "syncing"  # up; the first listings are being read
    IN_SYNC = "in_sync"


class Fault(StrEnum):
    """What can go wrong on a link."""

    UNREACHABLE = "unreachable"  # no connection, no log-in
    REFUSED = "refused"
    LOST = "lost"  # the link was up, and broke
    MISSED_PING = "missed_ping"
    MISSED_BEAT = "missed_beat"
    LATE_ANSWER = "late_answer"  # or one to nothing that was asked
    LISTING_FAILED = "listing_failed"
    ORDER_UNCONFIRMED = "order_unconfirmed"
    LAMP_NOT_SET = "lamp_not_set"
    RIVAL = "rival"  # another router of the same rank serves the PABX
    RAISED = "raised"  # a fault of ccrouter's own


class Watches(Protocol):
    """Counts what happens to the links."""

    def link_changed(self, pabx: str, state: str) -> None:
        """Note a LinkState."""
        ...

    def link_failed(self, pabx: str, fault: str) -> None:
        """Count a Fault."""
        ...

    def link_answered(self, pabx: str, took_s: float) -> None:
        """Note how long the PABX took to answer a ping."""
        ...
