"""Conditions in two values as expressions of the dialplan, folded where they are known already.

Three values take two questions of two values each: does it say yes, and does it at least not say no? `not` asks the one
for the other, and what can't be known answers no to the first and yes to the second.
"""

from collections.abc import Iterable

Said = bool | str
"""True, False, or an expression that gives 1 or 0 and stands in brackets where it needs them."""


def all_of(parts: Iterable[Said]) -> Said:
    """Return that every part holds."""
    return _joined(list(parts), "&", decisive=False)


def any_of(parts: Iterable[Said]) -> Said:
    """Return that one part holds."""
    return _joined(list(parts), "|", decisive=True)


def opposite(said: Said) -> Said:
    """Return that it does not hold."""
    return not said if isinstance(said, bool) else f"!{said}"


def _joined(parts: list[Said], sign: str, *, decisive: bool) -> Said:
    open_ones = list(dict.fromkeys(part for part in parts if isinstance(part, str)))
    if decisive in parts:
        return decisive
    if not open_ones:
        return not decisive
    return open_ones[0] if len(open_ones) == 1 else f"({f' {sign} '.join(open_ones)})"
