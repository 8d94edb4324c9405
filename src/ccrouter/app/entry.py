"""Where calls come in: the router's decision, timed, counted and logged."""

import itertools
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from logging import INFO

from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock
from ccrouter.router import Router
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision
from ccrouter.telemetry.metrics import Metrics

REMEMBERED = 50


@dataclass(slots=True)
class Entry:
    """Answers the FastAGI server.

    Attributes:
        recent: the last decisions, newest first, those for waiting callers too.
        listeners: are told of every decision; they must not wait, nor raise.

    """

    router: Router
    clock: Clock
    metrics: Metrics
    log: FilteringBoundLogger
    recent: deque[Decision] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    listeners: list[Callable[[Decision], None]] = field(default_factory=list)

    def route(self, call: Call) -> Decision:
        """Decide at once where a call goes; whatever is raised here leaves the call to the PABX's own plan."""
        try:
            return self.router.route(call)
        except Exception:
            self.metrics.decisions.failed(call.pabx)
            raise

    def routed(self, decision: Decision, took_s: float) -> None:
        """Count, log and remember a decision, when the plan is on its way: the caller need not wait for that too."""
        self.made("call routed", decision, took_s)

    def made(self, what: str, decision: Decision, took_s: float) -> None:
        """Count, log and remember a decision; never raises, for it is carried out all the same."""
        try:
            self._take_down(what, decision, took_s)
        except Exception:
            self.metrics.fault("entry")
            self.log.exception("a decision could not be taken down", decision=decision.id)

    def _take_down(self, what: str, decision: Decision, took_s: float) -> None:
        self.metrics.decisions.decided(decision, took_s)
        self.recent.appendleft(decision)
        for listener in self.listeners:
            listener(decision)
        if not self.log.is_enabled_for(INFO):
            return
        call = decision.call
        self.log.info(
            what,
            decision=decision.id,
            pabx=call.pabx,
            uniqueid=call.uniqueid,
            number=call.number,
            caller=call.caller,
            service=decision.service,
            rule=decision.rule,
            destination=decision.destination,
            tests=[f"{text}: {said} ({seen})" for text, said, seen in decision.trace[-1].tests],
            passed_over={name: state for name, state, _ in decision.considered if state},
            rules=decision.rules_version,
            state_age_s=decision.state_age_s,
        )


def decision_ids() -> Iterator[str]:
    """Return ids that are unique over restarts: six random digits of this run, then a count."""
    run = secrets.token_hex(3)
    return (f"{run}-{n:x}" for n in itertools.count(1))
