"""Positions, as their agents and supervisors see and steer them over the API."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter.ami.link import PabxLink
from ccrouter.ami.members import PHONE, LogIn, LogOut, MemberOrder, Pause
from ccrouter.ami.orders import Answer
from ccrouter.app.calls_of_positions import CallsOfPositions
from ccrouter.app.sites import endpoints_of
from ccrouter.clock import Clock
from ccrouter.config.problems import suggest
from ccrouter.config.settings import PositionSettings
from ccrouter.live.desks import PositionOnBoard
from ccrouter.live.desks import PositionView as Desk
from ccrouter.live.positions import Position
from ccrouter.live.state import State
from ccrouter.router import Router
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.store.audit import Deed
from ccrouter.web.limits import Pace
from ccrouter.web.orders import OrderError, RefusedError, UnconfirmedError, UnknownNameError
from ccrouter.web.positions import LOGGED_OUT, Asker, PauseOrder, PositionView, QueueOfPosition, QueueOrder

SEEN_WITHIN_S: Final = 1.0
"""The PABX's own word for what it did follows its answer within milliseconds."""

LOOK_AGAIN_S: Final = 0.02

KEEP_IN_MIND: Final = 5_000
"""Positions that were in a queue since the start, and are in none now; the oldest goes."""

EVERY_S: Final = 5.0

ORDERS_AT_ONCE: Final = 20
ORDERS_HZ: Final = 0.5
"""Orders about one position that may come in a row, and each second from then on: each is written to disk and sent to
the PABX, and whoever has the token of a position should not keep both busy."""

Key = tuple[str, str]
"""PABX and interface."""

LOG_IN, LOG_OUT, PAUSED, RESUMED = "position log-in", "position log-out", "position paused", "position resumed"


@dataclass(frozen=True, slots=True)
class _Index:
    """All positions by their key, as of one change of the live state."""

    desks: Mapping[Key, Desk]
    places: Mapping[Key, list[Position]]


@dataclass(slots=True)
class PositionDesk:
    """Answers the API (web.positions.PositionControls).

    Who may be logged in: a telephone of the PABX that was seen in a queue since the start, or that a token is for;
    never the trunk of a site. So who may switch can't have a queue ring just anything.

    Attributes:
        tokens: returns the interfaces of the tokens of positions.
        note: puts a deed into the audit journal; never raises, and waits for a moment at the most.
        changed: set by every change of the live state, and cleared here.

    """

    router: Router
    state: State
    links: Mapping[str, PabxLink]
    calls: CallsOfPositions
    settings: PositionSettings
    tokens: Callable[[], Collection[str]]
    note: Callable[[Deed], Awaitable[None]]
    changed: asyncio.Event
    clock: Clock
    log: FilteringBoundLogger
    _index: _Index = field(default_factory=lambda: _Index({}, {}))
    _seen: OrderedDict[Key, None] = field(default_factory=OrderedDict)
    _under_way: set[Key] = field(default_factory=set)
    _pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.clock.steady, ORDERS_HZ, ORDERS_AT_ONCE)
        self.changed.set()

    async def run(self) -> None:
        """Keep in mind who is in a queue, until cancelled."""
        while True:
            self._indexed()
            await asyncio.sleep(EVERY_S)

    def positions(self) -> tuple[PositionOnBoard, ...]:
        """Return the positions in all queues, by PABX and interface."""
        return tuple(desk for _, desk in sorted(self._indexed().desks.items()))

    def pabx_of(self, interface: str, pabx: str, asker: Asker) -> str:
        """Return the PABX of a position, which is the one named, if one is.

        Raises:
            UnknownNameError: there is no such PABX, or no such position.
            OrderError: it is on several.

        """
        if pabx and pabx not in self.links:
            raise UnknownNameError(f"there is no PABX {pabx}. {suggest(pabx, sorted(self.links))}")
        desks = self._indexed().desks
        there = [name for name in self.links if (name, interface) in desks]
        known = there or [name for name in self.links if (name, interface) in self._seen]
        if not known and (asker.own or interface in self.tokens()):
            known = list(self.links)
        if pabx:
            known = [name for name in known if name == pabx]
        if not known:
            names = sorted({name for _, name in (*desks, *self._seen)})
            raise UnknownNameError(
                f"there is no position {interface}{f' on {pabx}' if pabx else ''}: it was in no queue since the start, "
                f"and no token is for it. {suggest(interface, names)}"
            )
        if len(known) > 1:
            raise OrderError(
                f"pabx: {interface} may be on several; say {' or '.join(f'?pabx={name}' for name in known)}"
            )
        return known[0]

    def view(self, pabx: str, interface: str, asker: Asker) -> PositionView:
        """Return all about a position."""
        facts, index, key = self.router.facts(), self._indexed(), (pabx, interface)
        desk = index.desks.get(key) or Desk(pabx, interface, "", LOGGED_OUT, None, ())
        show = self.settings.show_caller
        return PositionView(
            at=facts.at,
            position=desk,
            fresh=facts.fresh(pabx),
            queues=tuple(self._queues(facts, pabx, index.places.get(key, []), asker)),
            call=self.calls.of(desk, "masked" if show == "whole" and not asker.own else show),
            pause_reasons=self.settings.pause_reasons,
            pages=tuple(
                dict.fromkeys(page for each in self.router.rules.services.values() for page in each.screen_pop)
            ),
        )

    async def log_position(self, order: QueueOrder) -> None:
        """Log a position in or out; return when that is seen, or after a moment.

        Raises:
            UnknownNameError: no site of the routing file has such a queue.
            RefusedError: it stays as it is, and the text says why.
            UnconfirmedError: the PABX was asked, and did not answer.

        """
        places = self._indexed().places.get((order.pabx, order.interface), [])
        if order.on:
            self._check_log_in(order)
            paused = [place for place in places if place.paused]
            told: MemberOrder = LogIn(
                order.queue,
                order.interface,
                next((place.name for place in places if place.name != order.interface), ""),
                paused=bool(paused) and len(paused) == len(places),
                reason=next((place.paused_reason for place in paused if place.paused_reason), ""),
            )
        else:
            if not any(place.queue == order.queue for place in places):
                raise RefusedError(f"{order.interface} is not in the queue {order.queue} of {order.pabx}")
            told = LogOut(order.queue, order.interface)
        await self._carry_out(order, told, LOG_IN if order.on else LOG_OUT, f"{order.interface} {order.queue}")
        await self._seen_as(order, lambda own: order.on == any(place.queue == order.queue for place in own))

    async def pause_position(self, order: PauseOrder) -> None:
        """Begin or end a pause; as `log_position`.

        Raises:
            RefusedError: it stays as it is, and the text says why.
            UnconfirmedError: the PABX was asked, and did not answer.

        """
        told = Pause(order.interface, order.on, order.reason if order.on else "")
        await self._carry_out(order, told, PAUSED if order.on else RESUMED, order.interface)
        await self._seen_as(order, lambda own: all(place.paused == order.on for place in own))

    # --- what is so ---------------------------------------------------------------------------------------------------

    def _indexed(self) -> _Index:
        if self.changed.is_set():
            self.changed.clear()
            places: dict[Key, list[Position]] = {}
            for pabx, place in self.state.positions():
                places.setdefault((pabx, place.interface), []).append(place)
            self._index = _Index({(each.pabx, each.interface): each for each in self.state.desks()}, places)
            for key in places:
                self._seen[key] = None
                self._seen.move_to_end(key)
            while len(self._seen) > KEEP_IN_MIND + len(places):
                self._seen.popitem(last=False)
        return self._index

    def _queues(self, facts: Facts, pabx: str, places: Collection[Position], asker: Asker) -> Iterator[QueueOfPosition]:
        known = _in_house(self.router.rules)
        own = {place.queue: place for place in places}
        # How others' queues fare is nothing to a token that is for some alone.
        may = known.keys() if asker.queues is None else known.keys() & asker.queues
        for name in sorted({*may, *own}):
            queue, place = facts.snapshot.queues.get((pabx, name)), own.get(name)
            if queue is None and place is None:
                continue  # of another PABX
            yield QueueOfPosition(
                name=name,
                site=known.get(name, ""),
                on=place is not None,
                paused=place is not None and place.paused,
                allowed=name in may,
                fresh=facts.fresh(pabx),
                waiting=0 if queue is None else queue.waiting,
                oldest_at=None if queue is None else queue.oldest_joined_at,
                ready=0 if queue is None else queue.ready,
                logged_in=0 if queue is None else queue.logged_in,
            )

    # --- orders -------------------------------------------------------------------------------------------------------

    def _check_log_in(self, order: QueueOrder) -> None:
        rules, interface, key = self.router.rules, order.interface, (order.pabx, order.interface)
        known = _in_house(rules)
        if order.queue not in known:
            cure = suggest(order.queue, sorted(known))
            raise UnknownNameError(f"no site of the routing file has a queue {order.queue}. {cure}")
        if order.asker.queues is not None and order.queue not in order.asker.queues:
            raise RefusedError(
                f"this token is not for the queue {order.queue}, but for {', '.join(sorted(order.asker.queues))}"
            )
        if not PHONE.fullmatch(interface):
            raise RefusedError(
                f"{interface} can't be logged in here: only a telephone of the PABX itself can, such as PJSIP/101; one "
                "that goes through the dialplan (Local/...) logs in by the PABX's own code"
            )
        if interface in endpoints_of(rules):
            raise RefusedError(f"{interface} is the trunk of a site, and no position")
        if key not in self._seen and interface not in self.tokens():
            raise RefusedError(f"{interface} was in no queue of {order.pabx} since the start, and no token is for it")

    async def _carry_out(self, order: QueueOrder | PauseOrder, told: MemberOrder, what: str, subject: str) -> None:
        key = (order.pabx, order.interface)
        if key in self._under_way:
            raise RefusedError(f"another order about {order.interface} is under way; try again in a moment")
        wait_s = self._pace.wait_s("|".join(key))
        if wait_s > 0:
            raise RefusedError(f"too many orders about {order.interface} in a row; try again in {wait_s:.0f} s")
        self._under_way.add(key)
        try:
            outcome = await self.links[order.pabx].member(told)
        finally:
            self._under_way.discard(key)
        line = self.log.bind(pabx=order.pabx, position=order.interface, author=order.asker.name)
        if outcome.result is Answer.REFUSED:
            line.info("an order about a position was refused", order=what, reason=outcome.reason)
            raise RefusedError(outcome.reason)
        line.info(what, subject=subject, reason=order.reason, answer=outcome.result)
        await self.note(Deed(self.clock.now(), order.asker.name, what, subject, order.reason))
        if outcome.result is Answer.UNKNOWN:
            raise UnconfirmedError(f"{order.pabx} did not confirm it, and it may have been done: {outcome.reason}")

    async def _seen_as(self, order: QueueOrder | PauseOrder, wanted: Callable[[list[Position]], bool]) -> None:
        """Wait until a position is seen as it is wanted, but for a moment only."""
        until = self.clock.steady() + SEEN_WITHIN_S
        while not wanted(self._indexed().places.get((order.pabx, order.interface), [])):
            if self.clock.steady() >= until:
                return
            await asyncio.sleep(LOOK_AGAIN_S)


def _in_house(rules: Rules) -> dict[str, str]:
    """Return the queues of the sites in house, with the site of each."""
    return {site.queue: site.name for site in rules.sites.values() if isinstance(site, InHouse)}
