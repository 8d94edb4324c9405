"""The trace of a decision: what became of each rule, and every test made for it."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, overload

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import YES, Question, Tested
from ccrouter.routing.facts import Facts
from ccrouter.routing.rule import Rule
from ccrouter.routing.thresholds import Verdict


class RuleTested(NamedTuple):
    """What became of one rule: the verdict of its condition and every test made for it, in order."""

    rule: str
    verdict: Verdict
    tests: tuple[Tested, ...]


def examined(rule: Rule, question: Question) -> RuleTested:
    """Test a rule."""
    question.trace = []
    verdict = YES if rule.when is None else rule.when.test(question)
    return RuleTested(rule.name, verdict, tuple(question.trace))


class Trace(Sequence[RuleTested]):
    """What became of the rules, in order.

    Rules that the shortlist left out are tested when somebody reads, by the facts of the decision; nothing but the
    trace can come of it. The last rule is always there.

    Args:
        of: the call and the facts of the decision.
        before: what was tested before the rules, such as an override.
        asked: rules, and how many of them: up to the one that decided.
        found: what became of those that were on the shortlist, by their place.
        after: what applied when none of the rules did.

    """

    __slots__ = ("_after", "_all", "_asked", "_before", "_found", "_of")

    def __init__(
        self,
        of: tuple[Call, Facts],
        before: Sequence[RuleTested],
        asked: tuple[Sequence[Rule], int],
        found: dict[int, RuleTested],
        after: Sequence[RuleTested],
    ) -> None:
        self._of: tuple[Call, Facts] | None = of
        self._before = before
        self._asked = asked
        self._found = found
        self._after = after
        self._all: tuple[RuleTested, ...] | None = None

    def read(self) -> tuple[RuleTested, ...]:
        """Return all of it; the facts are let go of then."""
        of = self._of  # before the rest: another thread may read it too
        made = self._all
        if made is None and of is not None:
            question, found = Question(*of), self._found
            asked = enumerate(islice(*self._asked))
            rules = [found.get(place) or examined(rule, question) for place, rule in asked]
            made = self._all = (*self._before, *rules, *self._after)
            self._of = None
        return made or ()

    @overload
    def __getitem__(self, index: int) -> RuleTested: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[RuleTested, ...]: ...

    def __getitem__(self, index: int | slice) -> RuleTested | tuple[RuleTested, ...]:
        if index == -1 and self._all is None:
            if self._after:
                return self._after[-1]
            last = self._found.get(self._asked[1] - 1)
            if last is not None:
                return last
        return self.read()[index]

    def __iter__(self) -> Iterator[RuleTested]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self._before) + self._asked[1] + len(self._after)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Trace):
            return self.read() == other.read()
        return self.read() == other

    __hash__ = None  # type: ignore[assignment] # as for all that is equal by what it says

    def __repr__(self) -> str:
        return repr(self.read())
