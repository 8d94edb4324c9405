"""The shortlist: which rules of a list need to be tested at all, found without going through the list.

A condition says no with its first part that does, and nothing after it is asked. So of many rules it can be told
beforehand that they do not apply, by asking once what they all ask: is the office open, is a mode on, where does the
caller live, how many wait. A rule is left out only where testing it would be in vain: it would not apply, and no
threshold would be moved by the test.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import All, CallerIs, Condition, Threshold
from ccrouter.routing.facts import Facts
from ccrouter.routing.gates import Callers, Gates, subject
from ccrouter.routing.gates import gates as made
from ccrouter.routing.literals import literals
from ccrouter.routing.load_gates import Load
from ccrouter.routing.rule import Rule

FEW: Final = 6
"""Of so few rules each is tested: that costs less than to ask which of them need be."""


class Shortlist:
    """Finds the rules of a list that have to be tested; for several threads."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._every = (1 << len(rules)) - 1
        self._asked: tuple[tuple[Gates, ...], Load] | None = None

    def prepare(self) -> None:
        """Go through the rules now: it takes milliseconds, for which the first call would wait."""
        if len(self._rules) > FEW:
            _, load = self._asked or self._go_through()
            load.prepare()

    def of(self, call: Call, facts: Facts) -> int:
        """Return the rules to be tested as bits, the first rule the lowest; all others do not apply."""
        if len(self._rules) <= FEW:
            return self._every
        gates, load = self._asked or self._go_through()
        shut = 0
        for each in gates:
            shut |= each.rules(call, facts)
        left = self._every & ~shut
        return left & ~load.rules(call, facts, left, shut >> len(self._rules))

    def _go_through(self) -> tuple[tuple[Gates, ...], Load]:
        asked = self._asked = _gates(self._rules)
        return asked


def _gates(rules: Sequence[Rule]) -> tuple[tuple[Gates, ...], Load]:
    """Return all that can be asked beforehand, and what is asked last.

    Behind the bits of the rules come as many again, for the parts of the same rules that are behind a threshold: what
    they say counts only where no threshold would be moved on the way to them.
    """
    parts: defaultdict[Hashable, defaultdict[Condition, int]] = defaultdict(lambda: defaultdict(int))
    callers, load = Callers(), Load()
    for place, rule in enumerate(rules):
        its_bit = bit = 1 << place
        thresholds = [each for each in literals(rule.when) if isinstance(each, Threshold)]
        load.watch(thresholds, its_bit, unknown_counts=rule.match_unknown)
        for part in _conjuncts(rule.when):
            about = subject(part)
            if isinstance(part, CallerIs):
                callers.add(part, bit)
            elif about is not None:
                parts[about][part] |= bit
            elif bit == its_bit:
                load.add(part, its_bit)
            if any(isinstance(each, Threshold) for each in literals(part)):
                bit = its_bit << len(rules)
    asked = [made(about, its_parts) for about, its_parts in parts.items()]
    return (*asked, callers) if callers else tuple(asked), load


def _conjuncts(condition: Condition | None) -> Iterator[Condition]:
    """Yield the parts that must all say yes, in order."""
    if isinstance(condition, All):
        for part in condition.parts:
            yield from _conjuncts(part)
    elif condition is not None:
        yield condition
