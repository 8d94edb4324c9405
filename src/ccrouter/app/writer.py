"""The one writer of the live state: events go in here, in order, and what follows from them is seen to here."""

from collections import Counter
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from ccrouter.app.changes import Changes
from ccrouter.live.effects import CallFinished, Effect, FactRefused, Outcome, Relist, SiteHealthChanged, SiteTried
from ccrouter.live.events import CallEnded, Event, LinkLost, LinkUp, PabxEvent, PabxRestarted, PeerFault, StepEnded
from ccrouter.live.state import State
from ccrouter.routing.snapshot import Health
from ccrouter.telemetry.calls import end_of
from ccrouter.telemetry.metrics import Metrics

FAULTS_TOLD_EVERY_S = 10.0
"""One hostile caller gives dozens of refused events: the counter has them all, the log the first of each PABX."""

MISSING = frozenset({"unknown", "failed"})
"""Results that say that the PABX lacks something: the queue, the sound file, the mailbox."""

QUIET_RESULTS = frozenset({"answered", "busy", "full"})
"""Results of a site step that are everyday."""


class Writer:
    """Applies events and carries out effects; synchronous, so that the order of events is kept.

    Args:
        relist: has a listing read again.
        note: takes the end of a call down in the journal; never waits.
        steady: seconds that never go back, to see how long events take.

    Attributes:
        changed: told of every event; whoever follows the load has a mark of their own there.
        totals: calls by what they came to, since the start.
        passed_by: when a PABX last told of a call that went by its own plan.
        listeners: are told of every effect, after it was counted and carried out; they must not wait, nor raise.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        state: State,
        metrics: Metrics,
        log: FilteringBoundLogger,
        *,
        relist: Callable[[Relist], None],
        note: Callable[[CallFinished], None],
        steady: Callable[[], float],
    ) -> None:
        self.changed = Changes()
        self.totals: Counter[str] = Counter()
        self.passed_by: dict[str, float] = {}
        self.listeners: list[Callable[[Effect], None]] = []
        self._state = state
        self._metrics = metrics
        self._events = metrics.events
        self._log = log
        self._relist = relist
        self._note = note
        self._steady = steady
        self._fault_told_at: dict[str, float] = {}

    def apply(self, event: Event) -> None:
        """Take in one event."""
        steady = self._steady
        began = steady()
        if isinstance(event, PabxEvent):
            self._metrics.event(event)
            if type(event) in _TOLD:
                self._tell(event)
        for effect in self._state.apply(event):
            self._metrics.effect(effect)
            if type(effect) in _CARRIED_OUT:
                self._carry_out(effect)
            for listener in self.listeners:
                listener(effect)
        self.changed.set()
        self._events.applied(steady() - began)

    def _tell(self, event: PabxEvent) -> None:
        log = self._log
        match event:
            case LinkUp():
                log.info("PABX linked", pabx=event.pabx, asterisk=event.version)
            case LinkLost():
                log.warning("PABX link lost", pabx=event.pabx, reason=event.reason)
            case PabxRestarted():
                log.warning("PABX restarted, its calls are gone", pabx=event.pabx)
            case PeerFault() if event.at - self._fault_told_at.get(event.pabx, 0.0) >= FAULTS_TOLD_EVERY_S:
                self._fault_told_at[event.pabx] = event.at
                log.warning("AMI event refused", pabx=event.pabx, ami_event=event.event, reason=event.reason)
            case CallEnded(entry="routed"):
                pass
            case CallEnded():
                self.totals["by the PABX's own plan"] += 1
                self.passed_by[event.pabx] = event.at
                log.warning("call went by the PABX's own plan", **_of_call(event), entry=event.entry)
            case StepEnded():
                tell = log.warning if event.result in MISSING else log.info
                tell("step ended", **_of_call(event), result=event.result, cause=event.cause)

    def _carry_out(self, effect: Effect) -> None:
        log = self._log
        match effect:
            case Relist():
                log.info("reading again", pabx=effect.pabx, listing=effect.listing, reason=effect.reason)
                self._relist(effect)
            case CallFinished():
                self.totals[end_of(effect)] += not effect.again
                self._note(effect)
                tell = log.warning if effect.outcome is Outcome.LOST else log.info
                tell(
                    "call finished",
                    **_of_call(effect),
                    outcome=effect.outcome,
                    waited_s=round(effect.waited_s, 1),
                    talked_s=None if effect.talked_s is None else round(effect.talked_s, 1),
                )
            case SiteTried() if effect.result not in QUIET_RESULTS:
                log.warning(
                    "site did not answer",
                    site=effect.site,
                    decision=effect.decision,
                    pabx=effect.pabx,
                    uniqueid=effect.uniqueid,
                    result=effect.result,
                    cause=effect.cause,
                )  # fmt: skip - one line a subject
            case SiteHealthChanged():
                tell = log.warning if effect.health is Health.DOWN else log.info
                tell("site health changed", site=effect.site, health=effect.health, reason=effect.reason)
            case FactRefused():
                log.info("event not applied", pabx=effect.pabx, reason=effect.reason)


_TOLD = frozenset({LinkUp, LinkLost, PabxRestarted, PeerFault, CallEnded, StepEnded})
"""Events that are told to people; looked up by their type, for most are not."""

_CARRIED_OUT = frozenset({Relist, CallFinished, SiteTried, SiteHealthChanged, FactRefused})
"""Effects that more is done about than counting."""


def _of_call(told: CallFinished | StepEnded | CallEnded) -> dict[str, str]:
    return {
        "decision": told.decision,
        "pabx": told.pabx,
        "uniqueid": told.uniqueid,
        "number": told.number,
        "service": told.service,
        "rule": told.rule,
        "target": told.target,
    }
