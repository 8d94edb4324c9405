"""Labels that stay few: what a peer sends must never decide how many time series there are."""

import re
from collections.abc import Collection

OTHER = "other"
"""Stands for every value that is not among those expected."""

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,59}")


def among(value: str, expected: Collection[str]) -> str:
    """Return the value where it is one of those expected, else OTHER."""
    return value if value in expected else OTHER


class Capped:
    """Lets through the first `limit` different values that look like a name; all others become OTHER."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen: set[str] = set()

    def __call__(self, value: str) -> str:
        """Return the value, or OTHER."""
        if value in self._seen:
            return value
        if len(self._seen) >= self._limit or not PLAIN.fullmatch(value):
            return OTHER
        self._seen.add(value)
        return value
