"""The names of the routing file in force, as the bounds of labels."""

from ccrouter.routing.conditions import All, Any, Condition, Not, SiteIs, Threshold
from ccrouter.routing.decision import Decision
from ccrouter.routing.rules import Rules, Service
from ccrouter.telemetry.labels import among

PASSED_OVER = frozenset({"full", "down", "empty"})
"""States of a destination that the load, and not its calendar, kept from being first."""


class RuleNames:
    """Tells which services and destinations exist; all others are counted as `other`."""

    def __init__(self) -> None:
        self._services: frozenset[str] = frozenset()
        self._destinations: frozenset[str] = frozenset()
        self._load_rules: frozenset[tuple[str, str]] = frozenset()

    def use(self, rules: Rules) -> None:
        """Take the names of a new version."""
        services = (*rules.services.values(), rules.unknown)
        self._services = frozenset(service.name for service in services)
        self._destinations = frozenset({*rules.sites, *rules.messages})
        self._load_rules = frozenset(pair for service in services for pair in _load_rules(service))

    def service(self, name: str) -> str:
        """Return the name of a service as a label."""
        return among(name, self._services)

    def destination(self, name: str) -> str:
        """Return the name of a site or message as a label."""
        return among(name, self._destinations)

    def overflow(self, decision: Decision) -> str | None:
        """Return when the load sent a call elsewhere (`entry`, `waiting`), or None where it did not.

        At entry: the rule that decided measures load, or a destination was passed over as full, down or empty.
        """
        if decision.call.waited_s is not None:
            return "waiting"
        if (decision.service, decision.rule) in self._load_rules:
            return "entry"
        for considered in decision.considered:
            if considered.state in PASSED_OVER:
                return "entry"
            if not considered.state:
                return None
        return None


def _load_rules(service: Service) -> set[tuple[str, str]]:
    return {(service.name, rule.name) for rule in service.rules if rule.when is not None and _measures(rule.when)}


def _measures(condition: Condition) -> bool:
    if isinstance(condition, All | Any):
        return any(_measures(part) for part in condition.parts)
    if isinstance(condition, Not):
        return _measures(condition.part)
    return isinstance(condition, Threshold | SiteIs)
