"""Pairs of rules, one of each of two lists, that may decide about one call; and all that has to do with none."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace

from ccrouter.routing.rules import OTHERWISE, Rule, Service


def asks(rule: Rule) -> Hashable:
    """Return what a rule asks: rules that ask the same apply to the same calls."""
    return rule.when, rule.match_unknown


def pairs(
    before: Sequence[Hashable], after: Sequence[Hashable], elsewhere: Callable[[int, int], bool]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs that lead elsewhere, and of which no other rule tells that they can't decide together.

    The lists tell what each rule asks. Where both ask the same, a call that meets it gets no further in either.
    """
    old, new = _first_places(before), _first_places(after)
    open_to = dict.fromkeys(range(len(after)))  # rules that ask what no rule has asked before so far
    closing = defaultdict[int, list[int]](list)
    for other, asked in enumerate(after):
        closing[old.get(asked, len(before))].append(other)
    for at, asked in enumerate(before):
        twin = new.get(asked, len(after))
        for other in open_to:
            if other > twin:
                break
            if elsewhere(at, other):
                yield at, other
        for other in closing[at]:
            del open_to[other]


def cut_short(before: Service, after: Service) -> tuple[Service, Service]:
    """Return two services without the last rules of each, as far as they are in no such pair.

    They tell all that differs for a number which has the same language in both. What a rule leads to counts with all
    that is known of it: its sites, their calendars and their lines.
    """
    if before.last != after.last:
        return before, after
    otherwise = [Rule(OTHERWISE, None, service.otherwise) for service in (before, after)]
    rules = _cut([*before.rules, otherwise[0]], [*after.rules, otherwise[1]], asks)
    waiting = _cut(before.while_waiting, after.while_waiting, _moves)
    first, second = (
        replace(service, rules=service.rules[:arriving], while_waiting=service.while_waiting[:moving])
        for service, arriving, moving in zip((before, after), rules, waiting, strict=True)
    )
    return first, second


def _moves(rule: Rule) -> Hashable:
    """Return what a rule for waiting callers asks; whether anybody takes the call where it leads is part of that."""
    return rule.when, rule.match_unknown, rule.to


def _first_places(asked: Sequence[Hashable]) -> dict[Hashable, int]:
    return {each: at for at, each in reversed(list(enumerate(asked)))}


def _cut(before: Sequence[Rule], after: Sequence[Rule], asked: Callable[[Rule], Hashable]) -> tuple[int, int]:
    """Return how many rules of each list are in pairs, or stand before one that is."""
    old, new = list(map(asked, before)), list(map(asked, after))
    found = list(pairs(old, new, lambda at, other: before[at].to != after[other].to))
    first, second = (max((each[side] + 1 for each in found), default=0) for side in (0, 1))
    return first, second
