"""A live state and the one who tells it what happens, so that a test reads as a transcript."""

from collections.abc import Iterable
from typing import Any

from ccrouter.live.effects import CallFinished, Effect, SiteTried
from ccrouter.live.events import (
    CallEnded,
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallerListed,
    CallHungUp,
    CallListed,
    CallRouted,
    DeviceState,
    DialFailed,
    EndpointSeen,
    Event,
    LinkLost,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    PositionCalled,
    PositionSeen,
    PositionSilent,
    QueueListed,
    SiteAnswered,
    StepBegan,
    StepEnded,
    TalkEnded,
    Ticked,
    WithdrawAsked,
    WithdrawRefused,
)
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from ccrouter.routing.plan import QueueStep, SiteStep, Step
from ccrouter.routing.snapshot import QueueFacts, SiteFacts
from support.live_invariants import check
from support.live_reports import Account

PARIS = QueueStep("paris", "support", 90)
LYON = QueueStep("lyon", "orders", 60)
TUNIS = SiteStep("tunis", "PJSIP/1@trunk-tunis", 25, 30)
BACKUP = SiteStep("backup", "PJSIP/2@trunk-backup", 20, 12)

SITES = (
    SiteLimits("paris", queue="support"),
    SiteLimits("lyon", queue="orders"),
    SiteLimits("tunis", endpoint="PJSIP/trunk-tunis", max_calls=30),
    SiteLimits("backup", max_calls=12),
)

NUMBER = "0800123456"


class Play:
    """One PABX, its callers known by short names; `at` is the instant of the next event.

    Every event checks all invariants of the state, and whether its reports agree.
    """

    def __init__(self, sites: Iterable[SiteLimits] = SITES, *, synced: bool = True) -> None:
        self.state = State(sites)
        self.account = Account()
        self.at = 1_795_289_835.0
        self.pabx = "pabx1"
        if synced:
            self.link_up()
            self.listing(Listing.QUEUES, self.queue_row("support"), self.queue_row("orders"))
            self.listing(Listing.CALLS)
            self.listing(Listing.ENDPOINTS)

    def tell(self, event: Event) -> list[Effect]:
        """Apply any event."""
        effects = self.state.apply(event)
        check(self.state)
        self.account.take(event, effects, self.state)
        return effects

    # --- what is seen ---

    def queue(self, name: str = "support") -> QueueFacts:
        """Return the facts of a queue."""
        return self.state.snapshot(self.at).queues[self.pabx, name]

    def site(self, name: str = "tunis") -> SiteFacts:
        """Return the facts of a site."""
        return self.state.snapshot(self.at).sites[name]

    @property
    def order(self) -> list[str]:
        """Return the callers who wait, in their order."""
        return [caller.uniqueid for caller in self.state.waiting()]

    @property
    def places(self) -> dict[str, str]:
        """Return each call's phase and target."""
        return {call.uniqueid: f"{call.phase} {call.target}".strip() for call in self.state.calls()}

    # --- the link and listings ---

    def tick(self, after: float = 0.0) -> list[Effect]:
        """Let time pass."""
        self.at += after
        return self.tell(Ticked(at=self.at))

    def link_up(self) -> list[Effect]:
        """Log in."""
        return self.tell(LinkUp(pabx=self.pabx, at=self.at, version="22.10"))

    def link_lost(self) -> list[Effect]:
        """Lose the link."""
        return self.tell(LinkLost(pabx=self.pabx, at=self.at, reason="closed"))

    def listing(self, listing: Listing, *rows: Event, queue: str = "") -> list[Effect]:
        """Read a whole listing."""
        effects = self.tell(ListBegan(pabx=self.pabx, at=self.at, listing=listing, queue=queue))
        for row in rows:
            effects += self.tell(row)
        return effects + self.tell(ListDone(pabx=self.pabx, at=self.at, listing=listing, queue=queue))

    def queue_row(self, queue: str = "support") -> QueueListed:
        """Return a row of QUEUES."""
        return QueueListed(pabx=self.pabx, at=self.at, queue=queue)

    def caller_row(self, who: str, position: int, wait_s: float = 0.0, queue: str = "support") -> CallerListed:
        """Return a row of QUEUES."""
        return CallerListed(
            pabx=self.pabx, at=self.at, queue=queue, uniqueid=who, channel=f"C/{who}", position=position, wait_s=wait_s
        )

    def call_row(
        self, who: str, kind: str, target: str, *, decision: str | None = None, bridged: bool = False, ago: float = 0.0
    ) -> CallListed:
        """Return a row of CALLS."""
        return CallListed(
            pabx=self.pabx,
            at=self.at,
            uniqueid=who,
            channel=f"C/{who}",
            number=NUMBER,
            decision=f"d-{who}" if decision is None else decision,
            service="sav",
            rule="rule",
            kind=kind,
            target=target,
            since=self.at - ago,
            bridged=bridged,
        )

    def endpoint(self, reachable: bool | None, name: str = "PJSIP/trunk-tunis") -> list[Effect]:  # noqa: FBT001
        """See an endpoint."""
        return self.tell(EndpointSeen(pabx=self.pabx, at=self.at, endpoint=name, reachable=reachable))

    # --- positions ---

    def position(self, *args: Any, **kwargs: Any) -> list[Effect]:  # noqa: ANN401 - see position_row
        """See a position, whole."""
        return self.tell(self.position_row(*args, **kwargs))

    def position_row(
        self,
        name: str = "agent1",
        device: DeviceState = DeviceState.NOT_IN_USE,
        *,
        queue: str = "support",
        paused: bool = False,
        in_call: bool = False,
        last_call_at: float = 0.0,
        wrapup_s: float = 0.0,
    ) -> PositionSeen:
        """Return a position, whole, as a row of QUEUES or an event."""
        return PositionSeen(
            pabx=self.pabx,
            at=self.at,
            queue=queue,
            interface=f"PJSIP/{name}",
            name=name,
            device=device,
            paused=paused,
            paused_reason="",
            penalty=0,
            in_call=in_call,
            last_call_at=last_call_at,
            wrapup_s=wrapup_s,
        )

    # --- queues ---

    def joined(self, who: str, position: int = 1, queue: str = "support") -> list[Effect]:
        """Let a caller join."""
        return self.tell(
            CallerJoined(pabx=self.pabx, at=self.at, queue=queue, uniqueid=who, channel=f"C/{who}", position=position)
        )

    def left(self, who: str, queue: str = "support") -> list[Effect]:
        """Let a caller leave."""
        return self.tell(CallerLeft(pabx=self.pabx, at=self.at, queue=queue, uniqueid=who))

    def connected(self, who: str, queue: str = "support", hold_s: float = 0.0, agent: str = "agent1") -> list[Effect]:
        """Let a position answer."""
        return self.tell(
            CallerConnected(
                pabx=self.pabx,
                at=self.at,
                queue=queue,
                uniqueid=who,
                interface=f"PJSIP/{agent}",
                hold_s=hold_s,
                ring_s=1,
            )
        )

    def talk_ended(self, who: str, talk_s: float, queue: str = "support", agent: str = "agent1") -> list[Effect]:
        """End a talk with a position."""
        return self.tell(
            TalkEnded(
                pabx=self.pabx,
                at=self.at,
                queue=queue,
                uniqueid=who,
                interface=f"PJSIP/{agent}",
                hold_s=0,
                talk_s=talk_s,
            )
        )

    # --- calls ---

    def routed(
        self, who: str, first: Step = PARIS, *, within: float = 5.0, decision: str | None = None
    ) -> list[Effect]:
        """Decide for a call."""
        return self.tell(
            CallRouted(
                pabx=self.pabx,
                at=self.at,
                uniqueid=who,
                number=NUMBER,
                service="sav",
                rule="rule",
                decision=f"d-{who}" if decision is None else decision,
                first=first,
                expires_at=self.at + within,
            )
        )

    def withdraw(self, who: str, first: Step = TUNIS, *, within: float = 15.0) -> list[Effect]:
        """Ask the PABX to take a caller out."""
        return self.tell(
            WithdrawAsked(
                pabx=self.pabx,
                at=self.at,
                uniqueid=who,
                rule="too long",
                decision=f"w-{who}",
                first=first,
                expires_at=self.at + within,
            )
        )

    def withdraw_refused(self, who: str) -> list[Effect]:
        """Let the PABX refuse to take a caller out."""
        return self.tell(WithdrawRefused(pabx=self.pabx, at=self.at, uniqueid=who, decision=f"w-{who}", reason="gone"))

    def began(
        self, who: str, kind: str = "queue", target: str = "paris", *, step: int = 1, decision: str | None = None
    ) -> list[Effect]:
        """Begin a step."""
        return self.tell(
            StepBegan(
                pabx=self.pabx,
                at=self.at,
                uniqueid=who,
                channel=f"C/{who}",
                number=NUMBER,
                decision=f"d-{who}" if decision is None else decision,
                service="sav",
                rule="rule",
                step=step,
                kind=kind,
                target=target,
            )
        )

    def ended(
        self,
        who: str,
        kind: str,
        target: str,
        result: str,
        *,
        cause: int = 0,
        step: int = 1,
        decision: str | None = None,
        elapsed_s: float = 0.0,
    ) -> list[Effect]:
        """End a step."""
        return self.tell(
            StepEnded(
                pabx=self.pabx,
                at=self.at,
                uniqueid=who,
                channel=f"C/{who}",
                number=NUMBER,
                decision=f"d-{who}" if decision is None else decision,
                service="sav",
                rule="rule",
                step=step,
                kind=kind,
                target=target,
                result=result,
                cause=cause,
                elapsed_s=elapsed_s,
            )
        )

    def site_answered(self, who: str) -> list[Effect]:
        """Let a site answer."""
        return self.tell(SiteAnswered(pabx=self.pabx, at=self.at, uniqueid=who))

    def called(self, who: str, agent: str = "agent1", queue: str = "support") -> list[Effect]:
        """Let a position ring; its channel is named after both."""
        return self.tell(
            PositionCalled(
                pabx=self.pabx,
                at=self.at,
                queue=queue,
                uniqueid=who,
                interface=f"PJSIP/{agent}",
                called=f"{agent}-{who}",
            )
        )

    def silent(self, who: str, agent: str = "agent1", queue: str = "support") -> list[Effect]:
        """Let a position stop ringing."""
        return self.tell(
            PositionSilent(pabx=self.pabx, at=self.at, queue=queue, uniqueid=who, interface=f"PJSIP/{agent}")
        )

    def dial_failed(self, who: str, agent: str = "agent1", result: str = "NOANSWER") -> list[Effect]:
        """Let the dial to a position end."""
        return self.tell(DialFailed(pabx=self.pabx, at=self.at, uniqueid=who, called=f"{agent}-{who}", result=result))

    def call_ended(self, who: str, kind: str, target: str, by: str = "") -> list[Effect]:
        """Let the dialplan tell the end of a call."""
        return self.tell(
            CallEnded(
                pabx=self.pabx,
                at=self.at,
                uniqueid=who,
                number=NUMBER,
                decision=f"d-{who}",
                service="sav",
                rule="rule",
                kind=kind,
                target=target,
                entry="routed",
                by=by,
            )
        )

    def hung_up(self, who: str, cause: int = 16) -> list[Effect]:
        """Let a channel end."""
        return self.tell(CallHungUp(pabx=self.pabx, at=self.at, uniqueid=who, cause=cause))

    # --- whole passages ---

    def waits(self, who: str, position: int = 1) -> None:
        """Route a caller to Paris and let them wait there."""
        self.routed(who)
        self.began(who)
        self.joined(who, position)

    def talks(self, who: str) -> None:
        """Route a caller to Paris and let a position answer at once."""
        self.waits(who)
        self.left(who)
        self.connected(who)

    def tries(self, who: str, result: str, cause: int = 0, site: str = "tunis") -> list[Effect]:
        """Route a caller to a site and let the step end."""
        self.routed(who, TUNIS if site == "tunis" else BACKUP)
        self.began(who, "site", site)
        return self.ended(who, "site", site, result, cause=cause)


def tried(effects: Iterable[Effect]) -> SiteTried:
    """Return the one report of a site step's end among `effects`."""
    (report,) = [effect for effect in effects if isinstance(effect, SiteTried)]
    return report


def finished(effects: Iterable[Effect]) -> CallFinished:
    """Return the one report of a call's end among `effects`."""
    (report,) = [effect for effect in effects if isinstance(effect, CallFinished)]
    return report
