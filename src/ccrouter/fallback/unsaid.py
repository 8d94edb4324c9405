"""What the dialplan can't say, or says otherwise, in the words of the routing file."""

from collections.abc import Iterator
from dataclasses import dataclass

from ccrouter.fallback.boole import Said
from ccrouter.fallback.when import OF_SITE, can_tell
from ccrouter.routing.conditions import SiteIs, Threshold
from ccrouter.routing.destinations import External
from ccrouter.routing.literals import literals
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Rules, Service


@dataclass(frozen=True, slots=True)
class Unsaid:
    """One thing that is not as the router would have it.

    Attributes:
        what: the words of the routing file.
        instead: what happens in its place.

    """

    service: str
    rule: str
    what: str
    instead: str


def of_rule(rules: Rules, service: Service, rule: Rule, said: Said, pabxs: int) -> Iterator[Unsaid]:
    """Yield what is not said of a rule whose condition came out as `said`, on one of so many PABXs."""
    for leaf in literals(rule.when):
        if isinstance(leaf, Threshold) and isinstance(leaf.read, OF_SITE) and pabxs > 1:
            yield Unsaid(service.name, rule.name, leaf.text, "counts the calls of this PABX alone")
        match leaf:
            case Threshold() if not can_tell(leaf.read):
                yield Unsaid(service.name, rule.name, leaf.text, f"not known to the PABX: {_outcome(said)}")
            case Threshold():
                if leaf.level.hold_s:
                    yield Unsaid(service.name, rule.name, leaf.text, "counts at once, without `for`")
                elif leaf.level.stop != leaf.level.start:
                    instead = "the level to stop at is looked at by each call only, and forgotten after 5 min without"
                    yield Unsaid(service.name, rule.name, leaf.text, instead)
            case SiteIs():
                site = rules.sites.get(leaf.site)
                if not isinstance(site, External) or not site.endpoint:
                    text = f"{'site_up' if leaf.wanted else 'site_down'}: {leaf.site}"
                    yield Unsaid(service.name, rule.name, text, f"nothing watches its trunk: {_outcome(said)}")


def while_waiting(service: Service) -> Iterator[Unsaid]:
    """Yield the rules about callers who wait: without a router nobody takes them out of their queue."""
    for rule in service.while_waiting:
        instead = "callers stay for as long as their step says, then the next one follows"
        yield Unsaid(service.name, rule.name, "while_waiting", instead)


def _outcome(said: Said) -> str:
    if said is True:
        return "the rule applies always"
    if said is False:
        return "the rule never applies"
    return "the rest of the condition decides"
