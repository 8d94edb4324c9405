"""Tells of the past: the journal of decisions and the audit journal, as the control API asks for them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from ccrouter.app.questions import Questions
from ccrouter.clock import Clock, utc
from ccrouter.config.instants import InstantError, past
from ccrouter.config.problems import suggest
from ccrouter.config.settings import Settings
from ccrouter.config.telephone import dialled
from ccrouter.routing.records import DecisionMade
from ccrouter.routing.rule import TAKEN_NAMES
from ccrouter.routing.rules import Rules
from ccrouter.store.audit import Audit
from ccrouter.store.database import Database
from ccrouter.store.decisions import Column, Decisions, Wanted
from ccrouter.web.journal import History, JournalEntry, JournalLines, JournalQuery, PastDeed
from ccrouter.web.orders import OrderError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Archive:
    """Answers the control API (web.journal.Past).

    Attributes:
        decisions: the journal, read over a connection of its own, so that a long search holds up no writing.
        rules: the version in force: it says how a number is written, and whose clock counts.

    """

    decisions: Decisions
    audit: Audit
    rules: Callable[[], Rules]
    clock: Clock
    questions: Questions

    async def call(self, uniqueid: str) -> tuple[JournalEntry, ...]:
        """Return the decisions about a call, oldest first.

        Raises:
            StoreError: the journal can't be read.

        """
        found = await self.questions.ask(partial(self.decisions.of_call, uniqueid))
        return tuple(JournalEntry(record, end) for record, end in found)

    async def lines(self, query: JournalQuery) -> JournalLines:
        """Return decisions in short, newest first.

        Raises:
            OrderError: an instant is none.
            UnknownNameError: nothing was found, and neither the rules nor the journal have such a name.
            StoreError: the journal can't be read.

        """
        rules = self.rules()
        wanted = Wanted(
            numbers=_spellings(rules, query.number),
            service=query.service,
            rule=query.rule,
            destination=query.destination,
            since=self._instant(query.since, rules),
            until=self._instant(query.until, rules),
        )
        found = await self.questions.ask(partial(self._lines, wanted, query.limit))
        if not found:
            await self.questions.ask(partial(self._check_names, wanted, rules))
        return JournalLines(str(rules.zone), found)

    async def history(self, limit: int, *, positions: bool = False) -> History:
        """Return the last deeds, newest first; with `positions`, those about positions as well.

        Raises:
            StoreError: the audit journal can't be read.

        """
        return History(
            str(self.rules().zone), await self.questions.ask(partial(self._deeds, limit, positions=positions))
        )

    # Thousands of rows take longer than a call may wait: the thread that reads them makes them what is told, too.

    def _lines(self, wanted: Wanted, limit: int) -> tuple[DecisionMade, ...]:
        return tuple(self.decisions.search(wanted, limit))

    def _check_names(self, wanted: Wanted, rules: Rules) -> None:
        services = [rules.unknown, *(each.service for each in rules.numbers.values())]
        deciding = {rule.name for each in services for rule in (*each.rules, *each.while_waiting)} | TAKEN_NAMES
        known: dict[Column, set[str]] = {
            "service": {each.name for each in services},
            "rule": deciding,
            "destination": {*rules.sites, *rules.messages},
        }
        for column, names in known.items():
            name = getattr(wanted, column)
            if not name or name in names:
                continue
            there = names | self.decisions.names(column)
            if name not in there:
                word = "site or message" if column == "destination" else column
                cure = suggest(name, sorted(there))
                raise UnknownNameError(f"neither the rules nor the journal have a {word} {name}. {cure}")

    def _deeds(self, limit: int, *, positions: bool) -> tuple[PastDeed, ...]:
        return tuple(PastDeed(**asdict(deed)) for deed in self.audit.latest(limit, positions=positions))

    def _instant(self, text: str, rules: Rules) -> float | None:
        if not text:
            return None
        try:
            return past(text, utc(self.clock.now()), rules.zone).timestamp()
        except InstantError as error:
            raise OrderError(str(error)) from error


def _spellings(rules: Rules, number: str) -> tuple[str, ...]:
    """Return how the journal may have a number; none where none is asked for."""
    if not number:
        return ()
    digits = dialled(number.strip())
    known = rules.numbers.get(digits)
    return (digits,) if known is None else (digits, known.number)


def journal_of(settings: Settings, database: Database) -> Decisions:
    """Return the journal as the settings want it kept."""
    return Decisions(database, mask_callers=settings.journal.mask_callers)
