"""What an admin of this machine may see and steer: the control API's view of the daemon."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from math import inf
from typing import Final

from ccrouter.ami.link import PabxLink
from ccrouter.app.entry import Entry
from ccrouter.app.fallback import FallbackFile
from ccrouter.app.modes import ModeSwitch
from ccrouter.app.overrides import OverrideSwitch
from ccrouter.app.rules_file import RulesFile
from ccrouter.app.writer import Writer
from ccrouter.live.state import State
from ccrouter.router import Router
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.telemetry.degraded import MEANINGS, Now
from ccrouter.web.orders import ModeOrder, ReloadOutcome
from ccrouter.web.public import Readiness
from ccrouter.web.status import DegradedStatus, ModeStatus, PabxStatus, Status, WebhookStatus, queues, recent, sites

PASSED_BY_S: Final = 60.0
"""How long a call that went by the PABX's own plan is worth a remark."""

UNKEYED: Final = (
    "REQUESTS WITHOUT THE KEY get no plan: install this version's extensions_ccrouter.conf and reload the dialplan; or "
    "it is not this PABX that asks"
)


RIVAL: Final = (
    "ANOTHER CCROUTER of the same rank serves this PABX, and each shuts the other's calls out: stop one, or make it "
    "the second router (docs/operations.md, Two routers)"
)


@dataclass(slots=True)
class Control:
    """Answers the control API (web.orders.Controls) and the question whether calls can be routed."""

    router: Router
    state: State
    rules_file: RulesFile
    mode_switch: ModeSwitch
    override_switch: OverrideSwitch
    links: Mapping[str, PabxLink]
    entry: Entry
    writer: Writer
    take: Callable[[Rules], None]
    degraded: Callable[[], Sequence[Now]]
    started_at: float
    unkeyed: Mapping[str, float] = field(default_factory=dict)
    """By PABX, when a request without the key was last refused."""
    fallback: FallbackFile | None = None
    webhooks: Callable[[], tuple[WebhookStatus, ...]] = tuple
    rank: int = 1
    listening: bool = False
    version: str = field(default_factory=lambda: version("ccrouter"))
    """Of the code that runs: read once, for an upgrade takes the package's files away and puts others there."""

    def readiness(self) -> Readiness:
        """Return whether calls can be routed."""
        facts = self.router.facts()
        return Readiness(
            rules_loaded=True,
            agi_listening=self.listening,
            pabxs_in_sync={name: facts.fresh(name) for name in self.links},
            router=self.rank,
            on_duty={name: link.on_duty for name, link in self.links.items()},
        )

    def status(self) -> Status:
        """Return the whole picture at this instant."""
        facts = self.router.facts()
        return Status(
            version=self.version,
            pid=os.getpid(),
            router=self.rank,
            at=facts.at,
            started_at=self.started_at,
            not_ready=self.readiness().obstacles,
            rules=self.rules_file.status(),
            degraded=self.degraded_states(),
            pabxs=tuple(
                PabxStatus(
                    name=name,
                    link=link.state,
                    in_sync=facts.age_s(name) is not None,
                    heard_age_s=_heard_age_s(facts, name),
                    version=link.version,
                    on_duty=link.on_duty,
                    reason="; ".join(
                        filter(None, (self._asked_by_others(name, facts.at), link.reason or self._remark(facts, name)))
                    ),
                    compiled=None if self.fallback is None else self.fallback.compiled(name),
                )
                for name, link in sorted(self.links.items())
            ),
            queues=queues(facts.snapshot, facts.at),
            sites=sites(facts.snapshot, self.router.rules),
            modes=tuple(self.modes()),
            overrides=tuple(self.override_switch.states()),
            decisions=recent(self.entry.recent),
            totals=dict(self.writer.totals),
            zone=str(self.router.rules.zone),
            webhooks=self.webhooks(),
        )

    def degraded_states(self) -> tuple[DegradedStatus, ...]:
        """Return the degraded states that are on."""
        return tuple(
            DegradedStatus(each.state, each.pabx, each.since, each.why, MEANINGS[each.state].calls)
            for each in self.degraded()
        )

    def _remark(self, facts: Facts, pabx: str) -> str:
        told = remark(facts, self.router.rules, pabx, self.writer.passed_by.get(pabx))
        stale = "" if self.fallback is None else self.fallback.remark(pabx)
        return "; ".join(each for each in (told, stale) if each)

    def _asked_by_others(self, pabx: str, at: float) -> str:
        """Return why requests come without our key: another router writes its own, or the PABX has an old dialplan."""
        if self.links[pabx].rival:
            return RIVAL
        return UNKEYED if at - self.unkeyed.get(pabx, -inf) < PASSED_BY_S else ""

    def modes(self) -> Sequence[ModeStatus]:
        """Return all modes that are declared or on, by name."""
        return self.mode_switch.states()

    async def switch_mode(self, order: ModeOrder) -> ModeStatus:
        """Switch a mode and return its state.

        Raises:
            UnknownNameError: the routing file declares no such mode (one that is on may still be switched off).
            StoreError: the switch could not be saved, and was not made.

        """
        return await self.mode_switch.switch(order)

    async def reload(self, author: str) -> ReloadOutcome:
        """Read the routing file again and tell how that went."""
        return await self.rules_file.reload(author, self.take)


def _heard_age_s(facts: Facts, pabx: str) -> float | None:
    """Return how long ago a PABX was last heard, over a link that is down by now too; None for never."""
    known = facts.snapshot.pabxs.get(pabx)
    return None if known is None or not known.heard_at else max(0.0, facts.at - known.heard_at)


def remark(facts: Facts, rules: Rules, pabx: str, passed_by: float | None) -> str:
    """Return what an admin should mend of a PABX whose link is up; empty where all is well.

    `passed_by` is when a call last went by the PABX's own plan.
    """
    if not facts.fresh(pabx):
        return ""
    told = [
        f"has no queue {site.queue} (site {site.name})"
        for site in rules.sites.values()
        if isinstance(site, InHouse) and (pabx, site.queue) not in facts.snapshot.queues
    ]
    if passed_by is not None and facts.at - passed_by < PASSED_BY_S:
        told.append("calls go by its own plan: does CCROUTER_AGI name the address at which ccrouter listens?")
    return "; ".join(told)
