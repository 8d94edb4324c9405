"""What a service asks before it decides."""

from collections.abc import Iterator
from dataclasses import replace

from ccrouter.outlook.places import parts_of
from ccrouter.routing.conditions import Condition, Threshold
from ccrouter.routing.rules import Rules, Service


def asked(service: Service) -> Iterator[Condition]:
    """Yield all single conditions of a service's rules, those for waiting callers last."""
    for rule in (*service.rules, *service.while_waiting):
        yield from parts_of(rule.when)


def of_service(rules: Rules, service: Service) -> Rules:
    """Return the same rules with no thresholds but those of one service: they decide its calls alike, and sooner."""
    return replace(rules, thresholds=tuple(each for each in asked(service) if isinstance(each, Threshold)))
