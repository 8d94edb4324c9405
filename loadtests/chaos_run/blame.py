"""Which fault explains what a caller met: each row of the table tells what one fault, or several at once, did."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from chaos_run.accounts import Account
from chaos_run.faults import FAULTS, LEFT_OUT_S

CALM: Final = "calm"

SLOW: Final = "too slow"
"""The row of calls that waited for a router in calm until it, or the dialplan, gave up."""

AFTER: Final = " after"
"""What the name of a row bears behind that of a fault which is over, but because of which a router is left out."""

FELT_S: Final = 0.1
"""A caller who waits so much longer than usual has felt something."""

WAITED_S: Final = 0.15
"""A router that falls behind lets calls go: a caller who waited was with one that was too slow."""


def rows_of(call: Account, added_s: float) -> Sequence[str]:
    """Return the names of the rows that a call counts in.

    One that went without a router, or waited longer, counts once: with what silences a router, where that was there, or
    is why the PABX left one out; of several, with all together. Any other call counts with each fault that was there.
    """
    if call.without_router or added_s >= FELT_S:
        silencing = [name for name in FAULTS if name in call.faults and FAULTS[name].silences]
        after = [name + AFTER for name in FAULTS if name in call.left_out_by]
        if silencing or after:
            return ["+".join([*silencing, *after])]
        if not call.faults and call.without_router and (call.delay_s or 0.0) >= WAITED_S:
            return [SLOW]
    return sorted(call.faults) or [CALM]


def rows(found: Iterable[Account], added_s: Mapping[str, float]) -> dict[str, list[Account]]:
    """Return the calls of each row, in the order of the table; `added_s` is by caller.

    A fault whose calls all count elsewhere has a row, too.
    """
    calls: dict[str, list[Account]] = defaultdict(list)
    met: set[str] = set()
    for call in found:
        met |= call.faults
        for name in rows_of(call, added_s[call.caller]):
            calls[name].append(call)
    alone = [each for name in FAULTS for each in (name, name + AFTER) if each in calls or each in met]
    together = sorted(name for name in calls if "+" in name)
    return {name: calls[name] for name in (CALM, *alone, *together, SLOW) if name != SLOW or name in calls}


def title(name: str) -> str:
    """Return what the table says for a row."""
    if name == CALM:
        return "calm"
    if name == SLOW:
        return "calm: router too slow"
    return " + ".join(map(_title, name.split("+")))


def _title(name: str) -> str:
    fault = FAULTS[name.removesuffix(AFTER)].title
    return f"{LEFT_OUT_S:.0f} s after {fault}" if name.endswith(AFTER) else fault


def faults_of(name: str) -> frozenset[str]:
    """Return the names of the faults that are there in a row."""
    return frozenset(name.split("+")) & FAULTS.keys()
