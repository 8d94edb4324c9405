"""Whether two rules can apply to calls of one caller, as far as that can be told at a glance."""

from ccrouter.routing.conditions import All, CallerIs, Condition
from ccrouter.routing.rule import Rule


def can_meet(one: Rule, other: Rule) -> bool:
    """Tell whether both may apply to the same call; False is certain, True is not.

    A rule that names callers says no to all others, whatever else is known of the call.
    """
    first, second = _callers(one.when), _callers(other.when)
    return first is None or second is None or _in_common(first, second) or _in_common(second, first)


def _callers(condition: Condition | None) -> CallerIs | None:
    """Return the callers without whom a condition says no; None for anybody."""
    parts = condition.parts if isinstance(condition, All) else (condition,)
    return next((part for part in parts if isinstance(part, CallerIs)), None)


def _in_common(first: CallerIs, second: CallerIs) -> bool:
    """Tell whether somebody is among both; a prefix of `first` is looked for in those of `second`, not the reverse."""
    known = (*first.prefixes, *first.numbers)
    return (
        (first.anonymous and second.anonymous)
        or not first.numbers.isdisjoint(second.numbers)
        or any(each.startswith(second.prefixes) for each in known)
    )
