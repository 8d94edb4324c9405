"""What is looked at: a file with its rules, and what can be foreseen of each of its services."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ccrouter.config.document import Document, Path
from ccrouter.config.models import RoutingFile
from ccrouter.outlook.ahead import Ahead
from ccrouter.outlook.cubes import Budget
from ccrouter.outlook.prospect import Prospect
from ccrouter.outlook.stretches import Stretch, clocks
from ccrouter.routing.conditions import All, Any, Condition, Not, SiteIs, Threshold
from ccrouter.routing.destinations import Destination, InHouse, Leg, Share, Site
from ccrouter.routing.literals import literals
from ccrouter.routing.measures import CallRate, FreeLines, SiteCalls
from ccrouter.routing.rule import OTHERWISE, Rule
from ccrouter.routing.rules import Rules, Service

STEPS = 60_000
"""Of all searches about one file."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule in its list, or what is done `otherwise`, which comes after the last rule.

    Attributes:
        at: its place in the list, from 0.
        path: leads to it in the file.
        service: whose rule it is.
        prospect: what can be foreseen of the list.
        stretches: the year from now on, by the calendars at which the service looks.
        hours: how long the same calendars are open in it, by their names.

    """

    at: int
    rule: Rule
    path: Path
    service: Service
    prospect: Prospect
    stretches: Sequence[Stretch]
    hours: Mapping[frozenset[str], float]

    @property
    def otherwise(self) -> bool:
        """Tell whether it is no rule, but what is done when none decides."""
        return self.at == len(self.prospect.rules)

    @property
    def to(self) -> Path:
        """Return what leads to its destinations in the file."""
        return self.path if self.otherwise else (*self.path, "to")


@dataclass(slots=True)
class Subject:
    """A good file, seen at an instant (seconds since 1970)."""

    document: Document
    written: RoutingFile
    rules: Rules
    at: float
    purse: Budget = field(default_factory=lambda: Budget(STEPS))
    lists: list[Listed] = field(default_factory=list)
    _narrow: dict[str, Rules] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ahead = Ahead(self.at)
        numbers: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in self.rules.services}
        for form, number in self.rules.numbers.items():
            numbers[number.service.name][number.number] = (form, number.treatment.language)
        for name, service in self.rules.services.items():
            if service is self.rules.unknown:
                numbers[name][""] = ("", service.treatment.language)
            known = clocks(service)
            stretches, together = ahead.stretches(known), ahead.together(known)
            for section, rules, waiting in (
                ("rules", service.rules, False),
                ("while_waiting", service.while_waiting, True),
            ):
                prospect = Prospect(service, rules, [*numbers[name].values()], list(together), self.purse, waiting)
                for at, rule in enumerate(rules):
                    path: Path = ("services", name, section, at)
                    self.lists.append(Listed(at, rule, path, service, prospect, stretches, together))
                if not waiting:
                    last = Rule(OTHERWISE, None, service.otherwise)
                    path = ("services", name, OTHERWISE)
                    self.lists.append(Listed(len(rules), last, path, service, prospect, stretches, together))

    def narrow(self, service: Service) -> Rules:
        """Return the rules with what one service asks and uses alone: facts are made faster, and decide the same."""
        found = self._narrow.get(service.name)
        if found is None:
            asked = [condition for rule in service.rules for condition in literals(rule.when)]
            thresholds = tuple(each for each in asked if isinstance(each, Threshold))
            named = {each.site for each in asked if isinstance(each, SiteIs)}
            named |= {each.read.site for each in thresholds if isinstance(each.read, SiteCalls | FreeLines)}
            queues = {
                each.read.queue for each in thresholds if not isinstance(each.read, SiteCalls | FreeLines | CallRate)
            }
            used = {
                site.name for to in (service.otherwise, *(rule.to for rule in service.rules)) for site in sites_of(to)
            }
            sites = {
                name: site
                for name, site in self.rules.sites.items()
                if name in used or name in named or (isinstance(site, InHouse) and site.queue in queues)
            }
            found = self._narrow[service.name] = replace(self.rules, sites=sites, thresholds=thresholds)
        return found

    def line(self, path: Path) -> int:
        """Return the line on which the name of a rule stands."""
        return self.document.at((*path, "name")).line


def sites_of(to: Sequence[Destination]) -> Iterator[Site]:
    """Yield the sites to which destinations lead; of a share, those that have a part in it."""
    for each in to:
        if isinstance(each, Leg):
            yield each.site
        elif isinstance(each, Share):
            yield from (leg.site for leg, weight in zip(each.legs, each.weights, strict=True) if weight)


@dataclass(frozen=True, slots=True)
class Placed:
    """A condition, what leads to it in the file, and its parts where it has any."""

    condition: Condition
    path: Path
    parts: tuple["Placed", ...] = ()

    def literals(self) -> Iterator["Placed"]:
        """Yield the conditions without parts in it."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.literals()


def placed(document: Document, condition: Condition, path: Path) -> Placed:
    """Return a condition that was compiled from the mapping at `path`, with the places of all its parts."""
    mapping = document.get(path)
    names = list(mapping) if isinstance(mapping, dict) else []
    parts = (condition,) if len(names) == 1 or not isinstance(condition, All) else condition.parts
    found = tuple(_part(document, part, (*path, str(name)), str(name)) for name, part in zip(names, parts, strict=True))
    return found[0] if len(found) == 1 else Placed(condition, path, found)


def _part(document: Document, condition: Condition, path: Path, name: str) -> Placed:
    match condition:
        case All(parts) | Any(parts):
            each = tuple(placed(document, part, (*path, i)) for i, part in enumerate(parts))
            return Placed(condition, path, each)
        case Not(part) if name == "not":
            return Placed(condition, path, (placed(document, part, path),))
        case Not(part):  # a mode that must be off
            return Placed(condition, path, (Placed(part, path),))
        case _:
            return Placed(condition, path)
