"""Pairs of rules, one of each of two lists, that may decide about one call; and all that has to do with none."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace

from ccrouter.outlook.meetings import can_meet
from ccrouter.outlook.residue import STAY
from ccrouter.routing.rule import OTHERWISE, Rule
from ccrouter.routing.rules import Service


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
    """Return two services without the rules that have to do with no such pair.

    They tell all that differs for a number which has the same language in both. What a rule leads to counts with all
    that is known of it: its sites, their calendars and their lines.
    """
    if before.last != after.last:
        return before, after
    otherwise = [Rule(OTHERWISE, None, service.otherwise) for service in (before, after)]
    rules = _cut([*before.rules, otherwise[0]], [*after.rules, otherwise[1]], asks)
    waiting = _cut([*before.while_waiting, STAY], [*after.while_waiting, STAY], _moves)
    first, second = (
        replace(service, rules=arriving, while_waiting=moving)
        for service, arriving, moving in zip((before, after), rules, waiting, strict=True)
    )
    return first, second


def _moves(rule: Rule) -> Hashable:
    """Return what a rule for waiting callers asks; whether anybody takes the call where it leads is part of that."""
    return rule.when, rule.match_unknown, rule.to


def _first_places(asked: Sequence[Hashable]) -> dict[Hashable, int]:
    return {each: at for at, each in reversed(list(enumerate(asked)))}


def _cut(
    before: Sequence[Rule], after: Sequence[Rule], asked: Callable[[Rule], Hashable]
) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Return the rules of each list, but for the last, that are in pairs, or may take the calls of one before it."""
    old, new = list(map(asked, before)), list(map(asked, after))
    found = [
        (before[at], after[other], at, other)
        for at, other in pairs(old, new, lambda at, other: before[at].to != after[other].to)
        if can_meet(before[at], after[other])
    ]
    ends = (max((each[2] for each in found), default=-1), max((each[3] for each in found), default=-1))
    first, second = (
        tuple(
            rule
            for rule in rules[: end + 1][: len(rules) - 1]
            if any(can_meet(rule, one) and can_meet(rule, other) for one, other, _, _ in found)
        )
        for rules, end in zip((before, after), ends, strict=True)
    )
    return first, second
