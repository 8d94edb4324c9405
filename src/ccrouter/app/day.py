"""Today's figures: what happens is counted, and what the journal tells of the hours before this start is added."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NoReturn

from structlog.typing import FilteringBoundLogger

from ccrouter.app.questions import Questions
from ccrouter.clock import Clock
from ccrouter.errors import StoreError
from ccrouter.live.effects import Effect, Outcome
from ccrouter.live.figures import ENDS, DayBook, Figures, SiteFigures, cost_of, midnight_after
from ccrouter.live.queues import CallKey
from ccrouter.routing.destinations import External
from ccrouter.routing.rules import Goal, Rules
from ccrouter.store.database import Database
from ccrouter.store.day import CallOfDay, calls_since
from ccrouter.web.board import Happened
from ccrouter.web.orders import BusyError

SEEDED_WITHIN_S: Final = 5.0
"""So long what happens waits to be counted; a disk that takes longer costs the figures of before the start."""

MOST_WAITING: Final = 20_000
MOST_CALLS: Final = 200_000
"""Calls of a day that are read back at a start."""

TICK_S: Final = 5.0


class Day:
    """Keeps the book of the day.

    Args:
        rules: in force at the start.
        journal: the decisions of before.
        fresh: tells whether a PABX was read whole since its link came up, and may be believed now.
        fault: counts a fault of ours, by a word for where.

    Attributes:
        book: what is counted so far.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        rules: Rules,
        *,
        journal: Database,
        questions: Questions,
        fresh: Callable[[str], bool],
        clock: Clock,
        fault: Callable[[str], None],
        log: FilteringBoundLogger,
    ) -> None:
        self.book = DayBook(rules, clock.now())
        self._rules = rules
        self._journal = journal
        self._questions = questions
        self._fresh = fresh
        self._clock = clock
        self._fault = fault
        self._log = log
        self._ahead = clock.now() - clock.steady()
        self._waiting: deque[Effect | Happened] | None = deque(maxlen=MOST_WAITING)

    def effect(self, effect: Effect) -> None:
        """Count what the live state reports; never waits, and never raises."""
        self._take(effect)

    def happened(self, happened: Happened) -> None:
        """Count a call that was sent elsewhere because of load."""
        self._take(happened)

    def configure(self, rules: Rules) -> None:
        """Take another version of the routing file."""
        self._rules = rules
        self.book.configure(rules, self._clock.now())

    def clock_set(self) -> None:
        """Move with the clock, which was set."""
        before, self._ahead = self._ahead, self._clock.now() - self._clock.steady()
        self.book.clock_set(self._clock.now(), self._ahead - before)

    async def run(self) -> NoReturn:
        """Add what the journal tells, once; then let the day end at midnight, for ever."""
        if self._waiting is not None:
            try:
                async with asyncio.timeout(SEEDED_WITHIN_S):
                    await self._seed()
            except (BusyError, StoreError, TimeoutError) as error:
                self._log.warning("today's figures begin at this start", reason=str(error) or "the disk is slow")
            finally:
                self._begin()
        while True:
            self.book.tick(self._clock.now())
            for pabx in filter(self._fresh, self.book.awaited):
                self.book.give_up(pabx)
            await asyncio.sleep(TICK_S)

    async def _seed(self) -> None:
        at, rules = self._clock.now(), self._rules
        midnight = midnight_before(at, rules)

        def read() -> tuple[Mapping[str, Figures], Mapping[str, SiteFigures], Mapping[CallKey, str]]:
            return seeds(calls_since(self._journal, midnight, at, MOST_CALLS), rules)

        self.book.seed(*await self._questions.ask(read))

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting or (), None
        for each in waiting:
            self._take(each)

    def _take(self, told: Effect | Happened) -> None:
        if self._waiting is not None:
            self._waiting.append(told)
            return
        try:
            if isinstance(told, Happened):
                self.book.overflowed(told.service, told.at)
            else:
                self.book.take(told)
        except Exception:  # noqa: BLE001 - a figure that is wrong must never cost a call
            self._fault("day")
            self._log.exception("what happened could not be counted", about=type(told).__name__)


def midnight_before(at: float, rules: Rules) -> float:
    """Return the begin of the day in which `at` lies, by the clock of the rules' zone."""
    return midnight_after(midnight_after(at, rules.zone) - 36 * 3600, rules.zone)


def seeds(
    calls: list[CallOfDay], rules: Rules
) -> tuple[Mapping[str, Figures], Mapping[str, SiteFigures], Mapping[CallKey, str]]:
    """Return figures by service and by site of these calls, and those that have not ended, each with its service.

    A call counts for the service that it came to. What only the live state saw, such as a talk at a site that did not
    end the call, is missing.
    """
    columns: dict[str, Counter[str]] = {}
    waited_s: dict[str, float] = {}
    sites: dict[str, SiteFigures] = {}
    under_way: dict[CallKey, str] = {}
    for call in calls:
        service = rules.services.get(call.service, rules.unknown)
        columns.setdefault(call.service, Counter()).update(_columns(call, rules, service.goal))
        if call.talked_s is not None:
            waited_s[call.service] = waited_s.get(call.service, 0.0) + call.waited_s
        site = rules.sites.get(call.target)
        if call.outcome is None:
            under_way[call.pabx, call.uniqueid] = call.service
        elif call.talked_s is not None and isinstance(site, External):
            cost = {} if site.tariff is None else {site.tariff.currency: cost_of(site.tariff, call.talked_s)}
            sites[site.name] = sites.get(site.name, SiteFigures()) + SiteFigures(1, 1, call.talked_s, cost)
    today = {name: Figures(**counts, waited_s=waited_s.get(name, 0.0)) for name, counts in columns.items()}
    return today, sites, under_way


def _columns(call: CallOfDay, rules: Rules, goal: Goal) -> Iterator[str]:
    """Yield the figures in which a call counts."""
    yield "offered"
    if call.moved:
        yield "overflowed"
    if call.talked_s is not None:
        yield from ("answered", "timed")
        yield "outside" if isinstance(rules.sites.get(call.target), External) else "inside"
        if call.waited_s <= goal.within_s:
            yield "in_time"
    elif call.outcome is not None and call.outcome in ENDS:
        yield ENDS[call.outcome]
        if call.outcome == Outcome.ABANDONED and call.waited_s <= goal.short_abandon_s:
            yield "short"
