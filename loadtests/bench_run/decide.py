"""What a decision costs: by how many rules and numbers the file has, beside the same policy written by hand."""

import gc
import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Final

from bench_run.bench import Bench, Figure, Options, Promise, Subject, Taken
from bench_run.large_file import CALENDARS, LAST_RULE, OUTSIDE, QUEUES, routing_text
from bench_run.written_by_hand import Known, policy
from ccrouter.config.load import compile_text
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import Question
from ccrouter.routing.decide import decide, watch
from ccrouter.routing.decision import Decision
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import Ended, Health, PabxFacts, QueueFacts, SiteFacts, Snapshot
from ccrouter.routing.thresholds import OFF, Latch, LatchKey
from ccrouter.routing.trace import examined

PABX: Final = "main"
TUESDAY_NOON: Final = 1_795_518_000.0  # 2026-11-24 11:00 UTC: all calendars are open
SIZES: Final = (10, 100, 1000)
FEW, MANY = 10, 500
DIFFERENT: Final = 200
"""Calls and facts that are decided in turns: what is kept of one must not be all that the next needs."""

CALLS_PER_TICK: Final = 10
"""Calls come ten a second, and thresholds are looked at each second."""

OURS, BUSY, TOLD, ALL, BY_HAND = (
    "ccrouter, one service, the last rule decides",
    "ccrouter, the same, in a busy hour",
    "ccrouter, the same, and the whole trace is read",
    "every condition asked, rule by rule, told as well",
    "Python written by hand, if and elif",
)
BATCHES: Final = 5
SPREAD: Final = "ccrouter, 10 rules in each service"
ONE, TEN = "ccrouter, one service", "ccrouter, ten services"


@cache
def rules_of(rules: int, services: int, numbers: int) -> Rules:
    """Return compiled rules, so many in all, of which the last of each service takes all calls."""
    text = routing_text(rules=rules - services, numbers=numbers, services=services, last=True)
    return compile_text(text.encode(), "routing.yaml")


def facts(n: int, *, busy: bool = False) -> Facts:
    """Return what is true at the nth call of a noon: loads differ from call to call.

    While it is quiet they start no overflow. In a busy hour a third of the queues are full of callers and have nobody
    ready, and of ten sites outside one is down and two have two free lines.
    """
    at = TUESDAY_NOON + n / 10
    ended = tuple(Ended(at - 3000 + i * 10, 5.0, answered=True) for i in range(100))
    queues = {
        (PABX, f"queue{q}"): QueueFacts(PABX, f"queue{q}", 20 + n % 5, at - 60, 20, 0, 19, 1, 90.0, ended)
        if busy and q % 3 == 0
        else QueueFacts(PABX, f"queue{q}", (n + q) % 3, at - 1, 20, 4 + (n + q) % 5, 10 + n % 3, 1, 2.0, ended)
        for q in range(QUEUES)
    }
    sites = {
        f"outside {s}": SiteFacts(
            f"outside {s}",
            8 + s if busy and s % 5 == 2 else (n + s) % 4,
            Health.DOWN if busy and s % 10 == 4 else Health.UP,
        )
        for s in range(OUTSIDE)
    }
    arrivals = {f"service {s}": tuple(at - 60 * i for i in range(50, 0, -1)) for s in range(100)}
    return Facts(at, Snapshot(at, {PABX: PabxFacts(PABX, in_sync=True, heard_at=at)}, queues, sites, arrivals))


def calls(numbers: int) -> list[Call]:
    """Return calls to all numbers in turn, each from somebody else, whom no rule means."""
    dialled = (f"0800{100 + n // 1000:03}{n % 1000:03}" for n in range(numbers))
    return [
        Call(PABX, f"{TUESDAY_NOON:.0f}.{n}", number, f"+336{n:08}", "fr")
        for n, number in zip(range(max(DIFFERENT, numbers)), itertools.cycle(list(dialled)), strict=False)
    ]


def processor_us(work: Callable[[], None], times: int) -> float:
    """Return the microseconds of processor time that a piece of work takes, done so often in a row.

    Those of the quickest of some batches: what else goes on in the machine can only add to them.
    """
    gc.collect()
    batch, took_s = max(1, times // BATCHES), []
    for _ in range(BATCHES):
        began = time.process_time()
        for _ in range(batch):
            work()
        took_s.append(time.process_time() - began)
    return min(took_s) / batch * 1e6


def decisions(
    rules: Rules, numbers: int, after: Callable[[Decision], object] = id, *, busy: bool = False
) -> Callable[[], None]:
    """Return the work of deciding one call after another."""
    asked = calls(numbers)
    seen, latches = [], dict[LatchKey, Latch]()
    for n in range(DIFFERENT):
        now = replace(facts(n, busy=busy), latches=latches)
        if n % CALLS_PER_TICK == 0:
            now = replace(now, latches=(latches := _on(rules, now)))
        seen.append(now)
    turns, at = itertools.cycle(asked), itertools.cycle(seen)

    def work() -> None:
        after(decide(rules, next(at), next(turns), "ab12cd-1f"))

    decided = {decide(rules, now, call, "d").rule for call, now in zip(asked, itertools.cycle(seen), strict=False)}
    if decided != {LAST_RULE}:
        raise RuntimeError(f"other rules decide too: {decided}")
    return work


def _on(rules: Rules, now: Facts) -> dict[LatchKey, Latch]:
    """Return the thresholds that are on, as the router keeps them from one look to the next."""
    return {key: latch for key, latch in watch(rules, now).items() if latch != OFF}


def all_asked(rules: Rules) -> Callable[[], None]:
    """Return the work of asking every condition of a service, call after call."""
    turns, at = itertools.cycle(calls(FEW)), itertools.cycle([facts(n) for n in range(DIFFERENT)])
    service = rules.services["service 0"]

    def work() -> None:
        question = Question(next(turns), next(at))
        for rule in service.rules:
            examined(rule, question)

    return work


def by_hand(rules: int) -> Callable[[], None]:
    """Return the work of the same policy as plain Python."""
    decided, seen = policy(rules - 1, FEW), [known(facts(n)) for n in range(DIFFERENT)]
    turns, at = itertools.cycle(calls(FEW)), itertools.cycle(seen)

    def work() -> None:
        decided(next(turns), next(at))

    return work


def known(now: Facts) -> Known:
    """Return the facts as a function by hand would have them."""
    queues = {name: queue for (_, name), queue in now.snapshot.queues.items()}
    opened = {f"calendar {n}": True for n in range(CALENDARS)}
    return Known(now.at, queues, now.snapshot.sites, now.modes, opened, 50 / 60)


def read(decision: Decision) -> object:
    """Read the whole trace."""
    return list(decision.trace)


@contextmanager
def subjects(options: Options) -> Iterator[Sequence[Subject]]:
    """Yield all, ready to be measured."""
    times = options.of(5000, 300)

    def subject(name: str, figure: str, work: Callable[[], None], size: int, count: int = times) -> Subject:
        work()
        return Subject(name, lambda: {figure: processor_us(work, count)}, size)

    made = []
    for size in SIZES:
        rules, fewer = rules_of(size, 1, FEW), max(20, times * 10 // size)
        spread = size // FEW
        made += [
            subject(OURS, "rules", decisions(rules, FEW), size),
            subject(BUSY, "rules", decisions(rules, FEW, busy=True), size),
            subject(TOLD, "rules", decisions(rules, FEW, read), size, fewer),
            subject(ALL, "rules", all_asked(rules), size, fewer),
            subject(BY_HAND, "rules", by_hand(size), size),
            subject(SPREAD, "rules", decisions(rules_of(size, spread, max(FEW, spread)), max(FEW, spread)), size),
        ]
    for numbers in (FEW, MANY):
        made += [
            subject(ONE, "numbers", decisions(rules_of(1000, 1, numbers), numbers), numbers),
            subject(TEN, "numbers", decisions(rules_of(1000, 10, numbers), numbers), numbers),
        ]
    yield made


def dearer(name: str, figure: str, small: int, large: int) -> Callable[[Taken], float]:
    """Return what says how many times as much the large one costs, by the median of the rounds."""

    def ratio(taken: Taken) -> float:
        pairs = zip(taken.of(figure, name, large), taken.of(figure, name, small), strict=True)
        return statistics.median(more / less for more, less in pairs)

    return ratio


BENCH: Final = Bench(
    name="decide",
    title="A decision, by the number of rules and numbers",
    about="""\
Processor time of one decision, from the call and the facts to the plan with its reasons. Rules are of ten kinds, in
turns: callers by prefix, calendars, waiting callers, numbers, longest waits or a site that is down, dates, modes,
free lines, call rates, occupancy; no two are the same. In the hardest case all stand in one service and the last one
decides. Loads and callers differ from call to call. Rules of which the shortlist (routing/shortlist.py) knows
beforehand that they do not apply are not asked one by one; the trace that tells of them is made when somebody reads
it, by the same conditions and the facts of the decision. The first line is the decision alone, with the deciding
rule's own tests; the second has the whole trace read at once, as the journal does in its own thread. Beside them:
asking every condition in turn, as it would be without a shortlist; and the same rules written by hand in Python, if
and elif, without thresholds that stop elsewhere, without unknown facts, plan or reasons.""",
    figures=(
        Figure("rules", "Processor time of a decision", "µs", axis="rules in the file", log=True),
        Figure("numbers", "Processor time of a decision, 1,000 rules", "µs", axis="numbers in the file"),
    ),
    promises=(
        Promise(
            "1,000 rules in one service, the last decides, beside 10", dearer(OURS, "rules", 10, 1000), "at most", 3
        ),
        Promise("The same in a busy hour", dearer(BUSY, "rules", 10, 1000), "at most", 3),
        Promise("1,000 rules over 100 services, beside 10 in one", dearer(SPREAD, "rules", 10, 1000), "at most", 3),
        # A tenth is what two measurements of the same thing differ by.
        Promise("500 numbers beside 10, one service", dearer(ONE, "numbers", FEW, MANY), "at most", 1.1),
        Promise("500 numbers beside 10, ten services", dearer(TEN, "numbers", FEW, MANY), "at most", 1.1),
    ),
    subjects=subjects,
    rounds=7,
)
