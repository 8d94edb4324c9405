"""The simple conditions of which a condition is made."""

from collections.abc import Iterator

from ccrouter.routing.conditions import All, Any, Condition, Not


def literals(condition: Condition | None) -> Iterator[Condition]:
    """Yield the conditions that have no others in them, in the order of the file; none where there is no condition."""
    match condition:
        case None:
            return
        case All(parts) | Any(parts):
            for part in parts:
                yield from literals(part)
        case Not(part):
            yield from literals(part)
        case _:
            yield condition
