"""Lines of sites, lent to the PABXs over their links: carries out what routing.lending says."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import quote

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock
from ccrouter.errors import LinkError
from ccrouter.live.events import LinesLent
from ccrouter.routing.destinations import External
from ccrouter.routing.lending import Batch, Lender, Order
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import SiteFacts, Snapshot
from ccrouter.telemetry.metrics import Metrics

LOOK_S: Final = 0.05
"""Between two looks at the calls of the sites; what a PABX answered is looked at at once."""

LIVES_S: Final = 1.0
"""A PABX that is heard for so long after it ceased to be ours answers pings: another router has it in hand."""

STUMBLED_S: Final = 1.0

LOG_AGAIN_S: Final = 60.0
"""Until it is told again that a PABX still confirms nothing."""


class Exchanging(Protocol):
    """The link to a PABX, as far as lines are concerned."""

    @property
    def on_duty(self) -> bool:
        """Tell whether the lines of this PABX are ours to deal with; never without a link."""
        ...

    @property
    def linked(self) -> bool:
        """Tell whether the link is up."""
        ...

    @property
    def sessions(self) -> int:
        """Return how many times the link has come up."""
        ...

    async def exchange(self, orders: Sequence[Order]) -> list[str | None]:
        """Return the answers to orders sent in one go, None for what had none; raises LinkError."""
        ...


def limits(rules: Rules) -> dict[str, int]:
    """Return the most calls of each site that has a limit."""
    return {site.name: site.max_calls for site in rules.sites.values() if isinstance(site, External) and site.max_calls}


@dataclass(slots=True)
class Lines:
    """Keeps every PABX supplied with lines; each by a task of its own, so that a silent one keeps no other waiting.

    Attributes:
        links: by PABX.
        tell: puts what a PABX has into the live state.

    """

    links: Mapping[str, Exchanging]
    rules: Callable[[], Rules]
    snapshot: Callable[[], Snapshot]
    tell: Callable[[LinesLent], None]
    stamps: Iterator[str]
    clock: Clock
    metrics: Metrics
    log: FilteringBoundLogger
    _lender: Lender = field(init=False)
    _moved: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _told: dict[tuple[str, str], int | None] = field(init=False, default_factory=dict)
    _mute: dict[str, float] = field(init=False, default_factory=dict)
    _off_at: dict[str, float] = field(init=False, default_factory=dict)
    _limits: dict[str, int] = field(init=False, default_factory=dict)
    _limits_of: Rules | None = field(init=False, default=None)
    _counted: dict[str, tuple[SiteFacts, dict[str, int]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._lender = Lender(tuple(self.links), self.stamps, lambda site: quote(site, safe=""))

    async def run(self) -> None:
        """Lend until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for pabx in self.links:
                tasks.create_task(self._supply(pabx), name=f"lines {pabx}")

    async def _supply(self, pabx: str) -> None:
        sessions = 0
        while True:
            try:
                busy = await self._look(pabx, sessions)
            except Exception:
                self.metrics.fault("lines")
                self.log.exception("lines could not be lent", pabx=pabx)
                self._let_go(pabx)
                busy = False
                await asyncio.sleep(STUMBLED_S)
            sessions = self.links[pabx].sessions
            if busy:
                self._moved.set()
                self._moved = asyncio.Event()
                continue
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._moved.wait()
            except TimeoutError:
                pass

    async def _look(self, pabx: str, sessions: int) -> bool:
        """Ask a PABX what it is to be asked now; tell whether something came of it."""
        link, lender = self.links[pabx], self._lender
        if not link.on_duty or link.sessions != sessions:
            self._let_go(pabx)
            if not link.on_duty:
                return False
            sessions = link.sessions
        self._off_at.pop(pabx, None)
        rules = self.rules()
        if rules is not self._limits_of:
            self._limits, self._limits_of = limits(rules), rules
        lender.configure(self._limits)
        batch = lender.next(pabx, self._calls(self._limits), self.clock.steady())
        if batch is None:
            return False
        try:
            answers = await link.exchange(batch.orders)
        except LinkError:
            self._let_go(pabx)
            return False
        if link.sessions != sessions or not link.on_duty:
            return False
        self._heard(pabx, batch, answers)
        return None not in answers

    def _heard(self, pabx: str, batch: Batch, answers: Sequence[str | None]) -> None:
        lender = self._lender
        held = lender.in_hand(pabx)
        lender.answered(pabx, batch, answers, self.clock.steady())
        if None in answers:
            self._not_confirmed(pabx, batch)
            self._show()
            return
        if self._mute.pop(pabx, None) is not None:
            self.log.info("lines confirmed again", pabx=pabx)
        if held and not lender.in_hand(pabx):
            self.log.warning("another router lends the lines of this PABX", pabx=pabx)
        elif batch.takes and lender.in_hand(pabx):
            self.log.info("lines of this PABX are lent from here", pabx=pabx)
        self._show()

    def _not_confirmed(self, pabx: str, batch: Batch) -> None:
        now = self.clock.steady()
        if pabx not in self._mute or now - self._mute[pabx] >= LOG_AGAIN_S:
            self._mute[pabx] = now
            self.log.warning("lines not confirmed", pabx=pabx, sites=sorted(batch.lines or batch.counted))

    def _let_go(self, pabx: str) -> None:
        self._lender.lose(pabx)
        link, known = self.links[pabx], self.snapshot().pabxs.get(pabx)
        if not link.linked or link.on_duty:
            self._off_at.pop(pabx, None)
            return
        off_at = self._off_at.setdefault(pabx, self.clock.now())
        if known is not None and known.heard_at - off_at >= LIVES_S:
            # Another router lends now, and what it lends is not known here. A PABX that hangs keeps what it was lent.
            for key in [key for key in self._told if key[0] == pabx]:
                self._say(*key, None)

    def _show(self) -> None:
        for pabx, site, lines in self._lender.lent():
            self._say(pabx, site, lines)

    def _say(self, pabx: str, site: str, lines: int | None) -> None:
        if self._told.get((pabx, site)) != lines:
            self._told[pabx, site] = lines
            self.tell(LinesLent(pabx=pabx, at=self.clock.now(), site=site, lines=lines))

    def _calls(self, sites: Iterable[str]) -> dict[str, Mapping[str, int]]:
        """Return the calls of sites by PABX; counted anew only where something changed."""
        known, before = self.snapshot().sites, self._counted
        self._counted = {}
        for name in sites:
            site = known.get(name)
            if site is not None:
                as_before = name in before and before[name][0] is site
                counted = before[name][1] if as_before else {part.pabx: part.calls for part in site.parts}
                self._counted[name] = (site, counted)
        return {name: counted for name, (_, counted) in self._counted.items()}
