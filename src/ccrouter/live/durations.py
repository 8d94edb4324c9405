"""Numbers that a PABX tells, made safe to reckon with."""

from ccrouter.routing.snapshot import Seconds

LONGEST_S: Seconds = 30 * 86_400.0
"""No wait, talk or wrap-up lasts longer; what claims to is cut."""


def duration(value: Seconds) -> Seconds:
    """Return `value` between 0 and 30 days; 0 for what is not a number."""
    return min(value, LONGEST_S) if value > 0.0 else 0.0


def since(begin: float, end: float) -> Seconds:
    """Return the time from `begin` to `end`; 0 where the clock was set back between them."""
    return max(0.0, end - begin)
