"""Which queues and sites a service has to do with: where its rules lead, and what they ask about."""

from collections.abc import Iterator

from ccrouter.routing.conditions import SiteIs, Threshold
from ccrouter.routing.destinations import External, InHouse, Leg, Share, Site
from ccrouter.routing.literals import literals
from ccrouter.routing.measures import CallRate, FreeLines, SiteCalls
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Rules, Service


def queues_of(service: Service) -> tuple[str, ...]:
    """Return the queues of a service, each once, in the order of its rules."""
    return tuple(dict.fromkeys(_queues(service)))


def sites_of(service: Service) -> tuple[str, ...]:
    """Return the external sites of a service, each once, in the order of its rules."""
    return tuple(dict.fromkeys(_sites(service)))


def queue_named(rules: Rules, name: str) -> str | None:
    """Return the queue that a name stands for, its own or that of an in-house site; None where there is none."""
    known = [site for site in rules.sites.values() if isinstance(site, InHouse)]
    if any(site.queue == name for site in known):
        return name
    return next((site.queue for site in known if site.name == name), None)


def _rules(service: Service) -> tuple[Rule, ...]:
    return (*service.rules, Rule("", None, service.otherwise), *service.while_waiting)


def _destinations(rule: Rule) -> Iterator[Site]:
    for destination in rule.to:
        legs = destination.legs if isinstance(destination, Share) else (destination,)
        yield from (leg.site for leg in legs if isinstance(leg, Leg))


def _queues(service: Service) -> Iterator[str]:
    for rule in _rules(service):
        for part in literals(rule.when):
            if isinstance(part, Threshold) and not isinstance(part.read, SiteCalls | FreeLines | CallRate):
                yield part.read.queue
        yield from (site.queue for site in _destinations(rule) if isinstance(site, InHouse))


def _sites(service: Service) -> Iterator[str]:
    for rule in _rules(service):
        for part in literals(rule.when):
            if isinstance(part, SiteIs):
                yield part.site
            elif isinstance(part, Threshold) and isinstance(part.read, SiteCalls | FreeLines):
                yield part.read.site
        yield from (site.name for site in _destinations(rule) if isinstance(site, External))
