"""Rules for callers who wait that move nobody, come too late, or move callers to and fro."""

from collections.abc import Iterator, Sequence

from ccrouter.config.meaning.subject import Listed, Subject, sites_of
from ccrouter.config.problems import Problem
from ccrouter.routing.conditions import All, Condition, Threshold, Waited
from ccrouter.routing.destinations import Destination, InHouse, Leg, Message, Share
from ccrouter.routing.literals import literals
from ccrouter.routing.measures import EstimatedWait, LongestWait, Waiting
from ccrouter.routing.rules import Service
from ccrouter.routing.thresholds import Direction


def of_waiting(subject: Subject) -> Iterator[Problem]:
    """Yield what is wrong with the rules of `while_waiting`, as far as destinations tell."""
    for name, service in subject.rules.services.items():
        if not service.while_waiting:
            continue
        queues = _queues(service)
        if not queues:
            message = f"nobody ever waits in `{name}`: none of its rules leads to an in-house site"
            cure = "Remove `while_waiting`, or send calls to a queue first"
            yield subject.document.problem(("services", name, "while_waiting"), "M142", message, cure, key=True)
            continue
        listed = [each for each in subject.lists if each.service is service and each.prospect.waiting]
        yield from (_moves_nobody(subject, each) for each in listed if _only_to(each.rule.to) == queues)
        yield from _to_and_fro(subject, listed, queues)
        yield from _too_late(subject, listed)


def _queues(service: Service) -> set[str]:
    """Return the queues in which callers of a service may wait."""
    lists = (service.otherwise, *(rule.to for rule in (*service.rules, *service.while_waiting)))
    return {site.queue for to in lists for site in sites_of(to) if isinstance(site, InHouse)}


def _only_to(to: Sequence[Destination]) -> set[str]:
    """Return the one queue to which destinations lead, if they lead to nothing else before a message."""
    sites = list(sites_of(to))
    queues = {site.queue for site in sites if isinstance(site, InHouse)}
    alone = len(queues) == 1 and all(isinstance(site, InHouse) for site in sites)
    return queues if alone and not isinstance(to[0], Message) else set()


def _moves_nobody(subject: Subject, listed: Listed) -> Problem:
    queue = next(iter(_only_to(listed.rule.to)))
    message = (
        f"the rule `{listed.rule.name}` moves nobody: it leads to the queue `{queue}` alone, where its callers wait"
    )
    cure = "Send them elsewhere, or remove the rule"
    return subject.document.problem((*listed.path, "to"), "M141", message, cure, key=True)


def _to_and_fro(subject: Subject, listed: Sequence[Listed], queues: set[str]) -> Iterator[Problem]:
    """Yield pairs of rules that each relieve one queue by the other: callers may go round and round."""
    relieving = [(each, _first_queue(each.rule.to), _crowded(each.rule.when)) for each in listed]
    for i, (later, to, crowded) in enumerate(relieving):
        for earlier, other, other_crowded in relieving[:i]:
            if to and other and to != other and {to, other} <= queues and to in other_crowded and other in crowded:
                line = subject.line(earlier.path)
                message = (
                    f"callers may go to and fro between two queues: `{earlier.rule.name}` on line {line} moves them "
                    f"from `{to}` to `{other}`, and `{later.rule.name}` moves them back"
                )
                cure = "Let one of the two lead to a site outside, or ask that the other queue has a position `ready`"
                yield subject.document.problem((*later.path, "to"), "M143", message, cure, key=True)


def _first_queue(to: Sequence[Destination]) -> str | None:
    first = to[0]
    return first.site.queue if isinstance(first, Leg) and isinstance(first.site, InHouse) else None


def _crowded(when: Condition | None) -> set[str]:
    """Return the queues of which a condition asks that many wait, or long, if it asks nothing else of the load."""
    parts = when.parts if isinstance(when, All) else (when,)
    thresholds = [each for part in parts for each in literals(part) if isinstance(each, Threshold)]
    measured = [each for each in thresholds if isinstance(each.read, Waiting | LongestWait | EstimatedWait)]
    rising = all(each.level.direction is Direction.AT_LEAST for each in measured)
    if not rising or len(measured) < len(thresholds):
        return set()
    return {each.read.queue for each in measured if isinstance(each.read, Waiting | LongestWait | EstimatedWait)}


def _too_late(subject: Subject, listed: Sequence[Listed]) -> Iterator[Problem]:
    """Yield rules that ask for a longer wait than any queue of their service lets its callers wait.

    Nothing is said where another rule moves callers to a queue: they may wait there again, any number of times.
    """
    for each in listed:
        service = each.service
        if any(_longest_wait_s(rule.to) for rule in service.while_waiting if rule is not each.rule):
            continue
        longest_s = max(_longest_wait_s(to) for to in (service.otherwise, *(rule.to for rule in service.rules)))
        asked_s = _wait_asked_s(each.rule.when)
        if longest_s and asked_s > longest_s:
            message = (
                f"the rule `{each.rule.name}` never decides: it asks for a wait of {asked_s:g} s, "
                f"and callers wait {longest_s} s at most"
            )
            cure = "Ask for a shorter wait, or let callers wait longer (`max_wait` of the site, `for` in the rule)"
            yield subject.document.problem((*each.path, "when"), "M144", message, cure, key=True)


def _longest_wait_s(to: Sequence[Destination]) -> int:
    """Return how long a caller can wait in the queues of a list, one after another."""
    legs = [leg for each in to for leg in (each.legs if isinstance(each, Share) else (each,)) if isinstance(leg, Leg)]
    return sum(leg.limit_s or leg.site.max_wait_s for leg in legs if isinstance(leg.site, InHouse))


def _wait_asked_s(when: Condition | None) -> float:
    """Return the wait without which a condition can't hold."""
    parts = when.parts if isinstance(when, All) else (when,)
    return max((part.at_least_s for part in parts if isinstance(part, Waited)), default=0.0)
