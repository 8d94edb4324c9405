"""What rules ask, taken apart: the single questions in their conditions."""

from collections.abc import Iterator
from dataclasses import replace

from ccrouter.routing.conditions import All, Any, Condition, Not, Threshold
from ccrouter.routing.rules import Rules, Service


def leaves(condition: Condition | None) -> Iterator[Condition]:
    """Yield the conditions in a condition that are no combination of others, in the order of the file."""
    match condition:
        case None:
            return
        case All(parts) | Any(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield condition


def asked(service: Service) -> Iterator[Condition]:
    """Yield all single conditions of a service's rules, those for waiting callers last."""
    for rule in (*service.rules, *service.while_waiting):
        yield from leaves(rule.when)


def of_service(rules: Rules, service: Service) -> Rules:
    """Return the same rules with no thresholds but those of one service: it decides alike, and is watched sooner."""
    return replace(rules, thresholds=tuple(each for each in asked(service) if isinstance(each, Threshold)))
