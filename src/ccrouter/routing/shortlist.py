"""The shortlist: which rules of a list need to be tested at all, found without going through the list.

A condition says no with its first part that does, and nothing after it is asked. So of many rules it can be told
beforehand that they do not apply, by asking once what they all ask: is the office open, is a mode on, where does the
caller live, how many wait. A rule is left out only where testing it would be in vain: it would not apply, and no
threshold would be moved by the test.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import All, CallerIs, Condition, Threshold
from ccrouter.routing.facts import Facts
from ccrouter.routing.gates import Callers, Gates, Load, gates, subject
from ccrouter.routing.literals import literals

if TYPE_CHECKING:
    from ccrouter.routing.rules import Rule


class Shortlist:
    """Finds the rules of a list that have to be tested; for several threads."""

    def __init__(self, rules: "Sequence[Rule]") -> None:
        self._rules = rules
        self._every = (1 << len(rules)) - 1
        self._asked: tuple[tuple[Gates, ...], Load] | None = None

    def of(self, call: Call, facts: Facts) -> Iterator[int]:
        """Yield the places of the rules to be tested, in their order; all others do not apply."""
        if self._asked is None:
            self._asked = _gates(self._rules)
        before, load = self._asked
        left = self._every
        for each in before:
            left &= ~each.rules(call, facts)
        left &= ~load.rules(call, facts, left)
        while left:
            lowest = left & -left
            yield lowest.bit_length() - 1
            left ^= lowest


def _gates(rules: "Sequence[Rule]") -> tuple[tuple[Gates, ...], Load]:
    """Return all that can be asked beforehand, and what is asked last."""
    parts: defaultdict[Hashable, defaultdict[Condition, int]] = defaultdict(lambda: defaultdict(int))
    callers, load = Callers(), Load()
    for place, rule in enumerate(rules):
        bit, conjuncts = 1 << place, list(_conjuncts(rule.when))
        for at, part in enumerate(conjuncts):
            if _moves(part):
                in_vain = not rule.match_unknown and not any(map(_moves, conjuncts[at + 1 :]))
                load.add(part, bit, unknown_counts=not in_vain)
                break  # what comes behind is asked only where this one does not say no
            about = subject(part)
            if isinstance(part, CallerIs):
                callers.add(part, bit)
            elif about is not None:
                parts[about][part] |= bit
            else:
                load.add(part, bit)
    asked = [gates(about, its_parts) for about, its_parts in parts.items()]
    return (*asked, callers) if callers else tuple(asked), load


def _conjuncts(condition: Condition | None) -> Iterator[Condition]:
    """Yield the parts that must all say yes, in order."""
    if isinstance(condition, All):
        for part in condition.parts:
            yield from _conjuncts(part)
    elif condition is not None:
        yield condition


def _moves(part: Condition) -> bool:
    """Tell whether a test of a part may move a threshold."""
    return any(isinstance(each, Threshold) for each in literals(part))
