"""A rule of the routing file, and the names of those that no file writes."""

from dataclasses import dataclass

from ccrouter.routing.conditions import Condition
from ccrouter.routing.destinations import Destination


@dataclass(frozen=True, slots=True)
class Rule:
    """The first rule whose condition says yes decides.

    Attributes:
        when: None matches always.
        match_unknown: whether the rule applies where its condition can't be answered; otherwise the next is tried.
        to: destinations in order.

    """

    name: str
    when: Condition | None
    to: tuple[Destination, ...]
    match_unknown: bool = False


OTHERWISE = "otherwise"
"""Name of the rule that decides when no other does."""

OVERRIDE = "override"
"""Name of the rule that decides while an admin sends a number elsewhere."""

UNKNOWN_NUMBER = "unknown number"
"""Name of the rule that decides for a number which the routing file does not know."""

SENT_BY_HAND = "sent by hand"
"""Name of the rule that decides where a person sends one caller who waits."""

TAKEN_NAMES = frozenset({OTHERWISE, OVERRIDE, UNKNOWN_NUMBER, SENT_BY_HAND})
"""Names that no rule of a file may have."""
