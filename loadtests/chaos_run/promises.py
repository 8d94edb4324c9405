"""Promises that are about more than one call: who decided, that shares are exact, and that nothing is left over."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from chaos_run.accounts import Account
from chaos_run.blame import WAITED_S
from chaos_run.course import Span
from chaos_run.house import ORDERS

LOOK_BACK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Unrouted:
    """Calls that went by a plan that no router gave, at a time when not every router was out.

    Attributes:
        at_once: without having waited for one.
        slow: they waited until it, or the dialplan, gave up: on a busy machine a router can be so slow.

    """

    at_once: list[Account]
    slow: list[Account]


def unrouted(found: Iterable[Account], spans: Sequence[Span], routers: int) -> Unrouted:
    """Return those."""
    silencing = [span for span in spans if span.fault.silences]
    told = [call for call in found if call.without_router and not _all_out(call, silencing, routers)]
    return Unrouted(
        at_once=[call for call in told if (call.delay_s or 0.0) < WAITED_S],
        slow=[call for call in told if (call.delay_s or 0.0) >= WAITED_S],
    )


def _all_out(call: Account, spans: Sequence[Span], routers: int) -> bool:
    waited_s = call.delay_s or 0.0
    out = [span for span in spans if span.began - LOOK_BACK_S <= call.sent + waited_s and span.asked_again >= call.sent]
    return all(any(not span.fault.of_router or span.rank == rank for span in out) for rank in range(1, routers + 1))


def shares(found: Iterable[Account]) -> dict[str, object]:
    """Return how the calls of the share were shared: in each life of a router in turns, one here and one there.

    A decision whose call went on without it, because a fault came between, has had its turn: only there two calls in a
    row may go the same way.
    """
    lives: dict[str, list[tuple[int, Account]]] = defaultdict(list)
    for call in found:
        life, _, number = call.course.decision.partition("-")
        if call.number == ORDERS and call.course.entry == "routed" and call.course.steps and number:
            lives[life].append((int(number, 16), call))
    went: dict[str, int] = defaultdict(int)
    broken: list[str] = []
    handed_over = 0
    for life, calls in lives.items():
        turns = [call for _, call in sorted(calls, key=lambda each: each[0])]
        for call in turns:
            went[_way(call)] += 1
        for one, other in pairwise(turns):
            if _way(one) == _way(other):
                if one.faults | other.faults:
                    handed_over += 1
                else:
                    broken.append(f"{one.caller} and {other.caller} of life {life} both went to {_way(one)}")
    difference = max(went.values(), default=0) - min(went.values(), default=0)
    if difference > len(lives) + handed_over:
        broken.append(f"{dict(went)} differ by more than {len(lives)} lives and {handed_over} handovers allow")
    return {"went": dict(went), "lives": len(lives), "handed_over": handed_over, "broken": broken}


def _way(call: Account) -> str:
    return call.course.steps[0].partition(" -> ")[0]
