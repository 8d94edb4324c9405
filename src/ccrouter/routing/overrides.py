"""Overrides: an admin sends one number elsewhere for a time, whatever its rules say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Override:
    """An order about one number that begins and ends by itself.

    Attributes:
        id: names it to people, short.
        number: one of the spellings under which it may be dialled.
        to: names of sites, the last perhaps that of a message, in order.
        since, until: seconds since 1970-01-01 UTC, half-open: [since, until).

    """

    id: str
    number: str
    to: tuple[str, ...]
    since: float
    until: float
    author: str
    reason: str

    def active(self, at: float) -> bool:
        """Tell whether it counts at an instant."""
        return self.since <= at < self.until
