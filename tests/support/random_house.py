"""A house in which anything may happen: a router over a real live state, and a PABX that tells what it is told to."""

import itertools
import json
from collections.abc import Iterator
from random import Random

from ccrouter.live.events import (
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallHungUp,
    DeviceState,
    EndpointSeen,
    Event,
    Heard,
    LinkLost,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    PabxEvent,
    PositionSeen,
    QueueListed,
    StepBegan,
    Ticked,
)
from ccrouter.live.queues import WaitingCaller
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from ccrouter.router import Router, WithdrawCaller
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import External, InHouse
from ccrouter.routing.facts import Facts
from ccrouter.routing.overrides import Override
from ccrouter.routing.plan import QueueStep, SiteStep
from ccrouter.routing.records import record_of_facts
from ccrouter.routing.rules import Rules
from support.hand_clock import HandClock

PABX = "main"
FIRST_DAY = 1_767_225_600.0  # 2026-01-01, a Thursday
POSITIONS = 3
CALLERS = ("0612345678", "+33612345678", "0387000000", None)
LANGUAGES = ("", "fr", "en")

_uniqueids = itertools.count(1)


class Observed(Router):
    """A router that keeps the JSON of all facts by which it decided, as GET /facts would have told them then."""

    handed: list[str]

    def facts(self) -> Facts:
        """Keep what is told."""
        found = super().facts()
        self.handed.append(json.dumps(record_of_facts(found)))
        return found


class RandomHouse:
    """One PABX, positions, callers and sites, driven by chance."""

    def __init__(self, rules: Rules, chance: Random) -> None:
        self.rules = rules
        self.chance = chance
        day, hour = chance.randrange(730), chance.choice([chance.uniform(0, 24), chance.uniform(7, 17)])
        self.clock = HandClock(FIRST_DAY + day * 86400 + hour * 3600)
        self.modes: frozenset[str] = frozenset()
        self.overrides: tuple[Override, ...] = self._overrides()
        self.callers: list[str] = []
        self.outside = [site for site in rules.sites.values() if isinstance(site, External)]
        self.queues = [site.queue for site in rules.sites.values() if isinstance(site, InHouse)]
        self.state = State(
            SiteLimits(site.name, site.endpoint, site.max_calls)
            if isinstance(site, External)
            else SiteLimits(site.name, queue=site.queue)
            for site in rules.sites.values()
        )
        self.router = Observed(
            rules,
            self.state,
            apply=self.state.apply,
            clock=self.clock,
            modes=lambda _: self.modes,
            overrides=lambda at: tuple(each for each in self.overrides if at < each.until),
            ids=(f"d{next(_uniqueids)}" for _ in itertools.count()),
        )
        self.router.handed = []
        self._link_up()

    # --- questions ---

    def route(self) -> tuple[Decision, str]:
        """Let a call come in; return its decision, and the facts by which it was made."""
        number = self.chance.choice([*sorted(self.rules.numbers), "0899999999"])
        call = Call(PABX, f"1.{next(_uniqueids)}", number, self.chance.choice(CALLERS), self.chance.choice(LANGUAGES))
        self.router.handed.clear()
        decision = self.router.route(call)
        (handed,) = self.router.handed
        self._begin(call.uniqueid, decision)
        return decision, handed

    def drain(self) -> tuple[list[WaitingCaller], list[WithdrawCaller], list[str]]:
        """Look at the waiting callers; return those who may be moved, the orders, and the facts before each of them."""
        waiting = [
            caller
            for caller in sorted(self.state.waiting(), key=lambda caller: caller.joined_at)
            if caller.routed
            and caller.service in self.rules.services
            and not caller.withdrawing
            and caller.stays_until <= self.clock.now()
        ]
        self.router.handed.clear()
        orders = [order for order in self.router.drain({PABX}, _unexpected) if order is not None]
        return waiting, orders, list(self.router.handed)

    # --- what happens ---

    def happen(self) -> None:
        """Let one thing happen."""
        deeds = (
            (self._pass_time, 6),
            (self._see_position, 4),
            (self._see_endpoint, 2),
            (self._hang_up, 2),
            (self._connect, 3),
            (self._switch_modes, 1),
            (self._lose_link, 1),
        )
        deed = self.chance.choices([deed for deed, _ in deeds], [weight for _, weight in deeds])[0]
        deed()

    def _tell(self, event: type[PabxEvent], **fields: object) -> None:
        told: Event = event(pabx=PABX, at=self.clock.now(), **fields)
        self.state.apply(told)

    def _link_up(self) -> None:
        self._tell(LinkUp, version="22")
        for listing in Listing:
            self._tell(ListBegan, listing=listing)
            if listing is Listing.QUEUES:
                for queue in self.queues:
                    self._tell(QueueListed, queue=queue)
                    for position in range(POSITIONS):
                        self._position(queue, position)
            self._tell(ListDone, listing=listing)

    def _lose_link(self) -> None:
        self._tell(LinkLost, reason="closed")
        if self.chance.random() < 0.7:
            self._link_up()

    def _pass_time(self) -> None:
        self.clock.at += self.chance.choice([0.25, 1.0, 4.0, 7.0, 31.0, 95.0, 1000.0]) * self.chance.random()
        if self.chance.random() < 0.9:
            self._tell(Heard)
        self.state.apply(Ticked(at=self.clock.now()))
        self.router.watch()

    def _see_position(self) -> None:
        self._position(self.chance.choice(self.queues), self.chance.randrange(POSITIONS))

    def _position(self, queue: str, position: int) -> None:
        device = self.chance.choice([*DeviceState, DeviceState.NOT_IN_USE, DeviceState.NOT_IN_USE])
        self._tell(
            PositionSeen,
            queue=queue,
            interface=f"PJSIP/{queue}{position}",
            name=f"{queue}{position}",
            device=device,
            paused=self.chance.random() < 0.2,
            paused_reason="",
            penalty=0,
            in_call=device is DeviceState.IN_USE,
            last_call_at=0.0,
            wrapup_s=0.0,
        )  # fmt: skip - one subject

    def _see_endpoint(self) -> None:
        site = self.chance.choice(self.outside)
        self._tell(EndpointSeen, endpoint=site.endpoint, reachable=self.chance.choice([True, True, False, None]))

    def _switch_modes(self) -> None:
        self.modes = frozenset(mode for mode in self.rules.modes if self.chance.random() < 0.3)
        self.overrides = self._overrides()

    def _overrides(self) -> tuple[Override, ...]:
        known = [*self.rules.sites, *self.rules.messages, "a site that is gone"]
        found = []
        for n in range(self.chance.choice([0, 0, 0, 1, 2])):
            since = self.clock.now() + self.chance.uniform(-600, 300)
            to = tuple(self.chance.sample(known, self.chance.randint(1, 2)))
            number = self.chance.choice(sorted(self.rules.numbers))
            found.append(Override(f"o{n}", number, to, since, since + self.chance.uniform(1, 900), "anna", "by chance"))
        return tuple(found)

    # --- calls ---

    def _begin(self, uniqueid: str, decision: Decision) -> None:
        """Let the PABX carry out the first step of a plan."""
        step = decision.plan.steps[0]
        if not isinstance(step, QueueStep | SiteStep):
            return
        about = {"uniqueid": uniqueid, "channel": f"PJSIP/carrier-{uniqueid}"}
        self._tell(
            StepBegan,
            **about,
            number=decision.call.number,
            decision=decision.id,
            service=decision.service,
            rule=decision.rule,
            step=1,
            kind="queue" if isinstance(step, QueueStep) else "site",
            target=step.site,
        )  # fmt: skip - one subject
        self.callers.append(uniqueid)
        if isinstance(step, QueueStep):
            position = 1 + sum(caller.queue == step.queue for caller in self.state.waiting())
            self._tell(CallerJoined, **about, queue=step.queue, position=position)

    def _hang_up(self) -> None:
        if self.callers:
            self._tell(CallHungUp, uniqueid=self.callers.pop(self.chance.randrange(len(self.callers))), cause=16)

    def _connect(self) -> None:
        for caller in self._some(self.state.waiting()):
            self._tell(CallerLeft, queue=caller.queue, uniqueid=caller.uniqueid)
            held = {"hold_s": self.clock.now() - caller.joined_at, "ring_s": 2.0}
            self._tell(
                CallerConnected,
                queue=caller.queue,
                uniqueid=caller.uniqueid,
                interface=f"PJSIP/{caller.queue}0",
                **held,
            )

    def _some(self, callers: Iterator[WaitingCaller]) -> list[WaitingCaller]:
        return [caller for caller in callers if self.chance.random() < 0.5]


def _unexpected(_: WaitingCaller, error: Exception) -> None:
    raise error
