"""Where calls come in: the router's decision, timed, counted and logged."""

import itertools
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from logging import INFO

from structlog.typing import FilteringBoundLogger

from ccrouter.agi.desk import Made
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

    def routed(self, made: Sequence[Made]) -> None:
        """Count, log and remember decisions, when their plans are on their way: no caller need wait for that too."""
        self._take_down("call routed", made)

    def made(self, what: str, decision: Decision, took_s: float) -> None:
        """Count, log and remember a decision; never raises, for it is carried out all the same."""
        self._take_down(what, [Made(decision, took_s)])

    def _take_down(self, what: str, made: Sequence[Made]) -> None:
        """Do one thing after the other, each for all: its code is in the processor's cache from the second one on."""
        self._each(self._count, made)
        for listener in self.listeners:
            self._each(lambda each: listener(each.decision), made)  # noqa: B023 - called before the next one
        if self.log.is_enabled_for(INFO):
            self._each(partial(self._tell, what), made)

    def _each(self, work: Callable[[Made], None], made: Sequence[Made]) -> None:
        for each in made:
            try:
                work(each)
            except Exception:  # the decision is carried out all the same, and more is to be done with it
                self.metrics.fault("entry")
                self.log.exception("a decision could not be taken down", decision=each.decision.id)

    def _count(self, made: Made) -> None:
        self.metrics.decisions.decided(made.decision, made.took_s)
        self.recent.appendleft(made.decision)

    def _tell(self, what: str, made: Made) -> None:
        decision = made.decision
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
