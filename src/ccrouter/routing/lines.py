"""Lines of a site, lent to several PABXs: together they never carry more calls than the site takes.

Each PABX counts its own calls alone, so that each has a part of the site's lines, and the parts make up no more than
the whole. They follow the calls: a part is made smaller first, and only when the PABX has confirmed it, and carries no
more than that, another is made greater. This module says how many lines each PABX should have; lending.py is how
they get there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

EVEN_PARTS = 4
"""The part of an even share that a PABX always keeps, as a divisor: what it may use where nobody has lent it lines."""


def own_lines(max_calls: int, pabxs: int) -> int:
    """Return the lines of a site that each of so many PABXs may always use.

    They are lent to no other, so that a PABX which has just restarted, and knows of nothing that it was lent, may use
    them. None where there are fewer lines than PABXs.
    """
    if pabxs <= 1:
        return max_calls
    return 0 if max_calls < pabxs else max(1, max_calls // (EVEN_PARTS * pabxs))


def deal(lines: int, own: int, held: Mapping[str, int], calls: Mapping[str, int]) -> dict[str, int]:
    """Return how many lines each PABX should have of those that there are for them.

    What they have is right as long as each has room for its next calls: half the room that it would be given now.

    Args:
        lines: for all of them together.
        own: that each has at the least.
        held: what each has now.
        calls: what each carries.

    """
    wanted = _evenly(lines, own, {pabx: calls.get(pabx, 0) for pabx in held})
    if sum(held.values()) == lines and all(
        has >= own and has - calls.get(pabx, 0) >= ceil((wanted[pabx] - calls.get(pabx, 0)) / 2)
        for pabx, has in held.items()
    ):
        return dict(held)
    return wanted


def _evenly(lines: int, own: int, calls: Mapping[str, int]) -> dict[str, int]:
    """Return a part for each: its calls, or its own lines, and of the spare ones half evenly and half by its calls."""
    base = {pabx: max(own, count) for pabx, count in calls.items()}
    spare = lines - sum(base.values())
    if spare < 0:
        beyond = {pabx: lines_ - own for pabx, lines_ in base.items()}
        base = dict.fromkeys(calls, own)
        return _add(base, max(0, lines - own * len(calls)), beyond)
    together = sum(calls.values())
    return _add(base, spare, {pabx: together + len(calls) * count or 1 for pabx, count in calls.items()})


def _add(base: Mapping[str, int], lines: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Return the base with so many lines added by weight; what does not divide goes to the greatest remainders."""
    whole = sum(weights.values())
    if not whole:
        return dict(base)
    parts = {pabx: divmod(lines * weight, whole) for pabx, weight in weights.items()}
    left = lines - sum(part for part, _ in parts.values())
    first = sorted(parts, key=lambda pabx: (-parts[pabx][1], -weights[pabx], pabx))[:left]
    return {pabx: base[pabx] + part + (pabx in first) for pabx, (part, _) in parts.items()}


@dataclass(slots=True)
class Account:
    """What one PABX in our hand has of one site.

    Attributes:
        lines: the most that its dialplan may take for its limit.
        calls: the most that it carries at the site although it may be more than that; 0 where it is not.
        written: what the PABX has confirmed since it is in our hand; None where it has confirmed nothing.

    """

    lines: int
    calls: int = 0
    written: int | None = None


@dataclass(slots=True)
class Purse:
    """The lines of one site, with those PABXs that are in our hand.

    Another router may have the others in its hand, or they may be out of reach: what they hold is not ours to lend.

    Attributes:
        pabxs: how many there are.
        away: the most that a PABX which was in our hand may have now.
        whole: all PABXs are in our hand, and were so at one and the same instant: what none of them has is ours.

    """

    max_calls: int
    pabxs: int
    accounts: dict[str, Account] = field(default_factory=dict)
    away: dict[str, int] = field(default_factory=dict)
    whole: bool = False
    _ours: int = 0
    _asked: tuple[int, Mapping[str, int], Mapping[str, int]] | None = None
    _dealt: dict[str, int] = field(default_factory=dict)

    @property
    def own(self) -> int:
        """Return what each PABX has in any case."""
        return own_lines(self.max_calls, self.pabxs)

    @property
    def lines(self) -> int:
        """Return how many lines the PABXs in our hand may have together."""
        if self.whole:
            return self.max_calls
        out = self.pabxs - len(self.accounts)
        elsewhere = sum(self.away.values()) + self.own * (out - len(self.away))
        return max(0, min(self._ours, self.max_calls - elsewhere))

    @property
    def free(self) -> int:
        """Return how many of them nobody can use; less than none where calls were counted that the guard refused."""
        return self.lines - sum(self.bound(pabx) for pabx in self.accounts)

    def bound(self, pabx: str) -> int:
        """Return the most calls that a PABX in our hand may carry at the site."""
        account = self.accounts[pabx]
        return max(account.lines, account.calls, self.own)

    def take(self, pabx: str, lines: int, calls: int) -> None:
        """Take a PABX in hand that was lent these lines, and carries these calls."""
        self._keep_what_is_held()
        account = self.accounts[pabx] = Account(max(lines, self.own))
        account.calls = calls if calls > account.lines else 0
        self.away.pop(pabx, None)
        self._ours += account.lines

    def lose(self, pabx: str) -> None:
        """Let a PABX go: what it may use stays lent to it."""
        if pabx in self.accounts:
            self.away[pabx] = self.bound(pabx)
            del self.accounts[pabx]
        self._keep_what_is_held()

    def wanted(self, calls: Mapping[str, int]) -> dict[str, int]:
        """Return how many lines each PABX in our hand should have."""
        held = {pabx: account.lines for pabx, account in self.accounts.items()}
        asked = (self.lines, held, calls)
        if asked != self._asked:  # every PABX asks many times a second, and few calls come and go meanwhile
            self._asked, self._dealt = (self.lines, held, dict(calls)), deal(self.lines, self.own, held, calls)
        return self._dealt

    def _keep_what_is_held(self) -> None:
        """Give up what no PABX in our hand holds: another router may have found it, and lent it."""
        self.whole = False
        self._ours = sum(account.lines for account in self.accounts.values())
