"""The live state: one way in, immutable pictures out."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ccrouter.live import clock_set, course, events, resync, waits
from ccrouter.live.desks import PositionView
from ccrouter.live.effects import Effect
from ccrouter.live.events import Event, PabxEvent
from ccrouter.live.picture import Picture
from ccrouter.live.positions import Position
from ccrouter.live.queues import WaitingCaller
from ccrouter.live.sites import SiteLimits
from ccrouter.live.views import CallView, Views
from ccrouter.routing.snapshot import Snapshot

_APPLY: dict[type[Event], Callable[[Picture, Any], None]] = {
    events.LinkUp: resync.link_up,
    events.LinkLost: resync.link_lost,
    events.Heard: resync.heard,
    events.PabxRestarted: resync.pabx_restarted,
    events.ListBegan: resync.list_began,
    events.ListDone: resync.list_done,
    events.EndpointSeen: resync.endpoint_seen,
    events.LinesLent: resync.lines_lent,
    events.PeerFault: resync.peer_fault,
    events.Ticked: resync.ticked,
    events.ClockSet: clock_set.clock_set,
    events.QueueListed: waits.queue_listed,
    events.PositionSeen: waits.position_seen,
    events.PositionLeft: waits.position_left,
    events.PositionCalled: waits.position_called,
    events.PositionSilent: waits.position_silent,
    events.DialFailed: waits.dial_failed,
    events.CallerListed: waits.caller_listed,
    events.CallerJoined: waits.caller_joined,
    events.CallerLeft: waits.caller_left,
    events.CallerConnected: waits.caller_connected,
    events.TalkEnded: waits.talk_ended,
    events.CallListed: course.call_listed,
    events.CallRouted: course.call_routed,
    events.WithdrawAsked: course.withdraw_asked,
    events.WithdrawAccepted: course.withdraw_accepted,
    events.WithdrawRefused: course.withdraw_refused,
    events.StepBegan: course.step_began,
    events.StepEnded: course.step_ended,
    events.SiteAnswered: course.site_answered,
    events.CallHungUp: course.call_hung_up,
    events.CallEnded: course.call_ended,
}

_NOT_HEARD = frozenset(
    {
        events.LinkLost,
        events.LinesLent,
        events.CallRouted,
        events.WithdrawAsked,
        events.WithdrawAccepted,
        events.WithdrawRefused,
    }
)
"""Events that are no sign of life of the PABX's link: they come from this side of it."""


class State:
    """Everything that is true now on all PABXs.

    Time passes in it only by events: `Ticked` at least every second lets reservations expire, wrap-ups end, breakers
    probe and windows roll. Not for several threads: one writer.

    Args:
        sites: of the routing file.
        pabxs: names of all that there are, for those of which nothing was heard yet.

    """

    def __init__(self, sites: Iterable[SiteLimits] = (), pabxs: Iterable[str] = ()) -> None:
        self._picture = Picture()
        for pabx in pabxs:
            self._picture.link(pabx)
        self._views = Views(self._picture)
        self._at = 0.0
        self.configure(sites)

    def apply(self, event: Event) -> list[Effect]:
        """Take in one event, and return what follows from it. Never raises on account of what a PABX tells."""
        picture = self._picture
        picture.mark += 1
        self._at = event.at
        kind = type(event)
        if isinstance(event, PabxEvent):
            link = picture.links.get(event.pabx) or picture.link(event.pabx)
            if kind not in _NOT_HEARD:
                link.heard_at = event.at
        _APPLY[kind](picture, event)
        return picture.drain(event.at)

    def configure(self, sites: Iterable[SiteLimits]) -> None:
        """Replace the sites after a reload; what is known of those that stay is kept.

        Changes of health that follow from it are among the effects of the next event.
        """
        self._picture.sites.configure(sites, self._at)

    def snapshot(self, at: float) -> Snapshot:
        """Return the facts as of the last event applied, stamped `at`."""
        return self._views.snapshot(at)

    @property
    def applied(self) -> int:
        """Return how many events were applied: what was seen at the same count is still true."""
        return self._picture.mark

    def waits(self, caller: WaitingCaller) -> bool:
        """Tell whether a caller still waits where they were seen, and may still be asked for as they might then."""
        return self._views.waits(caller)

    def waiting(self) -> Iterator[WaitingCaller]:
        """Yield the callers in all queues, each queue in its order."""
        return self._views.waiting()

    def calls(self) -> Iterator[CallView]:
        """Yield the calls that went through ccrouter's dialplan, for display."""
        return self._views.calls()

    def call(self, pabx: str, uniqueid: str) -> CallView | None:
        """Return one of these calls, or None where it is not known, or over."""
        return self._views.call((pabx, uniqueid))

    def desks(self) -> Iterator[PositionView]:
        """Yield every position once, over all its queues; what did not change is the same object as last time."""
        return self._picture.desks.views()

    def positions(self) -> Iterator[tuple[str, Position]]:
        """Yield every position with its PABX, once for each queue that it serves, for display."""
        for queue in self._picture.queues:
            for position in queue.positions:
                yield queue.pabx, position
