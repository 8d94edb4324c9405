"""What happens to calls, as the stream and webhooks tell it: made here of decisions and of the live state's reports."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple, TypeVar

from structlog.typing import FilteringBoundLogger

from ccrouter.live.effects import CallAnswered, CallFinished, CallOffered, Effect, PositionMissed, PositionRang
from ccrouter.routing.decision import Decision
from ccrouter.routing.rules import Rules
from ccrouter.telemetry.privacy import masked
from ccrouter.web.board import Happened

Listener = Callable[[Happened], None]
Wants = Callable[[str], bool]
Caller = Literal["none", "masked", "whole"]
AboutCall = CallOffered | PositionRang | PositionMissed | CallAnswered | CallFinished
TellT = TypeVar("TellT")

MOST_CALLS: Final = 20_000
"""Calls whose number and service are remembered, for reports that name the call alone; the oldest goes."""


class _Known(NamedTuple):
    number: str = ""
    service: str = ""
    caller: str | None = None
    rule: str = ""
    decision: str = ""


_NOTHING: Final = _Known()


@dataclass(slots=True)
class Happenings:
    """Tells its listeners what happens, in the order in which it does; synchronous, on the way of calls.

    What a listener is told holds the caller's whole number: before it leaves the process, `seen_by` takes it off.

    Attributes:
        rules: the version in force: it says how a number is written.
        overflow: returns when the load sent a call elsewhere (`entry`, `waiting`), or None where it did not.
        fault: counts a listener that failed.

    """

    rules: Callable[[], Rules]
    overflow: Callable[[Decision], str | None]
    fault: Callable[[str], None]
    log: FilteringBoundLogger
    _listeners: list[tuple[Listener, Wants]] = field(default_factory=list)
    _calls: OrderedDict[tuple[str, str], _Known] = field(default_factory=OrderedDict)

    def follow(self, listener: Listener, wants: Wants) -> None:
        """Tell this one too from now on; it must not wait.

        Args:
            listener: is told what happened.
            wants: tells whether it wants this kind now; asked each time, for most things are told to nobody.

        """
        self._listeners.append((listener, wants))

    def decided(self, decision: Decision) -> None:
        """Tell of a decision: a call that is routed, and whether the load sent it elsewhere; never raises."""
        self._guarded(self._decided, decision)

    def effect(self, effect: Effect) -> None:
        """Tell of what the live state reports, as far as it is about callers; never raises."""
        if isinstance(effect, AboutCall):
            self._guarded(self._reported, effect)

    def _guarded(self, work: Callable[[TellT], None], about: TellT) -> None:
        try:
            work(about)
        except Exception:  # whoever tells or listens must never cost a call
            self.fault("happenings")
            self.log.exception("what happened could not be told", about=type(about).__name__)

    def _decided(self, decision: Decision) -> None:
        call = decision.call
        key = (call.pabx, call.uniqueid)
        known = self._know(key, _Known(call.number, decision.service, call.caller, decision.rule, decision.id))
        moment = self.overflow(decision)
        about: dict[str, Any] = {"target": decision.destination, "waited_s": call.waited_s}
        if moment != "waiting":
            self._tell("routed", key, decision.at, known, **about)
        if moment is not None:
            self._tell("overflowed", key, decision.at, known, moment=moment, **about)

    def _reported(self, effect: AboutCall) -> None:
        kind, key = _KINDS[type(effect)], (effect.pabx, effect.uniqueid)
        match effect:
            case CallOffered():
                known = self._know(key, _Known(effect.number, effect.service, effect.caller))
            case CallFinished():
                known = self._calls.pop(key, _NOTHING)
            case _:
                known = self._calls.get(key, _NOTHING)
        if not self._wanting(kind):
            return  # as most: nobody watches
        match effect:
            case CallOffered():
                self._tell(kind, key, effect.at, known)
            case PositionRang() | PositionMissed():
                self._tell(kind, key, effect.at, known, queue=effect.queue, interface=effect.interface)
            case CallAnswered():
                self._tell(
                    *(kind, key, effect.at, _named(effect, effect.caller)),
                    target=effect.target,
                    queue=effect.queue,
                    interface=effect.interface,
                    waited_s=effect.waited_s,
                )
            case CallFinished():
                self._tell(
                    *(kind, key, effect.at, _named(effect, effect.caller or known.caller)),
                    target=effect.target,
                    interface=effect.interface,
                    outcome=effect.outcome.value,
                    waited_s=effect.waited_s,
                    talked_s=effect.talked_s,
                )

    def _know(self, key: tuple[str, str], known: _Known) -> _Known:
        """Remember what is known of a call; a caller who was told once stays known."""
        if known.caller is None and (before := self._calls.get(key)) is not None:
            known = known._replace(caller=before.caller)
        self._calls[key] = known
        if len(self._calls) > MOST_CALLS:
            self._calls.popitem(last=False)
        return known

    def _wanting(self, kind: str) -> list[Listener]:
        return [listener for listener, wants in self._listeners if wants(kind)]

    def _tell(self, kind: str, key: tuple[str, str], at: float, known: _Known, **details: Any) -> None:  # noqa: ANN401 - fields of Happened
        wanting = self._wanting(kind)
        if not wanting:
            return
        number, label = self.rules().written(known.number)
        happened = Happened(
            kind=kind,
            at=at,
            pabx=key[0],
            uniqueid=key[1],
            number=number,
            label=label,
            service=known.service,
            caller=known.caller,
            rule=known.rule,
            decision=known.decision,
            **details,
        )
        for listener in wanting:
            self._guarded(listener, happened)


_KINDS: Final[dict[type[AboutCall], str]] = {
    CallOffered: "offered",
    PositionRang: "ringing",
    PositionMissed: "missed",
    CallAnswered: "answered",
    CallFinished: "ended",
}


def seen_by(happened: Happened, caller: Caller) -> Happened:
    """Return it as somebody may see it who is told of callers this much."""
    if happened.caller is None or caller == "whole":
        return happened
    return replace(happened, caller=str(masked(happened.caller)) if caller == "masked" else None)


def _named(effect: CallAnswered | CallFinished, caller: str | None) -> _Known:
    return _Known(effect.number, effect.service, caller, effect.rule, effect.decision)
