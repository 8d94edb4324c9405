"""The policy of a large file as somebody would write it by hand, in Python: if and elif, nothing kept, nothing told.

It has no stop levels, no hold times, no unknown facts, no plan and no reasons, and the calendars are worked out
beforehand: it is what a decision can cost at the least, asked in this order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench_run.large_file import CALENDARS, OUTSIDE, QUEUES
from ccrouter.routing.call import Call
from ccrouter.routing.snapshot import Health, QueueFacts, SiteFacts


@dataclass(frozen=True, slots=True)
class Known:
    """What the function looks at, ready to be looked up: all of one PABX, and the calls of one service a minute."""

    at: float
    queues: Mapping[str, QueueFacts]
    sites: Mapping[str, SiteFacts]
    modes: frozenset[str]
    opened: Mapping[str, bool]
    rate: float


Policy = Callable[[Call, Known], str]
"""Returns the first destination of a call."""


def policy(rules: int, numbers: int) -> Policy:
    """Return the function for the rules of one service, followed by what applies to all others."""
    names: dict[str, Any] = {"DOWN": Health.DOWN, "UP": Health.UP}
    exec("\n".join(_source(rules, numbers)), names)  # noqa: S102 - it is ours
    made: Policy = names["decide"]
    return made


def _source(rules: int, numbers: int) -> Iterator[str]:
    yield "def decide(call, known):"
    yield "    queues, sites, modes, opened, at = known.queues, known.sites, known.modes, known.opened, known.at"
    yield "    caller = call.caller"
    yield "    if caller is None: return 'house 0'"
    for n in range(rules):
        yield f"    if {_asked(n, numbers)}: return 'outside {n % OUTSIDE}'"
    yield "    return 'house 10'"


def _asked(n: int, numbers: int) -> str:
    calendar, queue, site = f"calendar {n % CALENDARS}", f"queue{n % QUEUES}", f"outside {n % OUTSIDE}"
    begins = f'caller.startswith("+331{n // 100 % 100:02}{n % 100:02}")'
    number, level = n % numbers, 3 + n // 10 % 50
    return (
        begins,
        f'not opened["{calendar}"] and {begins}',
        f'opened["{calendar}"] and queues["{queue}"].waiting >= {level} and {begins}',
        f'call.number == "0800{100 + number // 1000:03}{number % 1000:03}" and {begins}',
        f'(at - queues["{queue}"].oldest_joined_at >= {level} or sites["{site}"].health is DOWN) and {begins}',
        f"{1767225600 + n % 12 * 2629746} <= at < {1798761600 + n % 12 * 2629746} and {begins}",
        f'"{"crisis" if n % 20 < 10 else "all_outside"}" in modes and {begins}',
        f'{10 + n % OUTSIDE} - sites["{site}"].calls <= 2 and "maintenance" not in modes and {begins}',
        f'known.rate >= {level * 10} and opened["{calendar}"] and {begins}',
        f'queues["{queue}"].occupancy >= 0.95 and sites["{site}"].health is UP and {begins}',
    )[n % 10]
