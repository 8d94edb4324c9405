"""What happens to calls, as the stream and webhooks tell it: made here of decisions and of the live state's reports."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeVar

from structlog.typing import FilteringBoundLogger

from ccrouter.live.effects import CallAnswered, CallFinished, CallOffered, Effect, PositionMissed, PositionRang
from ccrouter.routing.decision import Decision
from ccrouter.routing.rules import Rules
from ccrouter.telemetry.names import RuleNames
from ccrouter.telemetry.privacy import masked
from ccrouter.web.board import Happened

Listener = Callable[[Happened], None]
Caller = Literal["none", "masked", "whole"]
TellT = TypeVar("TellT")

MOST_CALLS: Final = 20_000
"""Calls whose number and service are remembered, for reports that name the call alone; the oldest goes."""


@dataclass(frozen=True, slots=True)
class _Known:
    number: str = ""
    service: str = ""
    caller: str | None = None
    rule: str = ""
    decision: str = ""


@dataclass(slots=True)
class Happenings:
    """Tells its listeners what happens, in the order in which it does; synchronous, on the way of calls.

    What a listener is told holds the caller's whole number: before it leaves the process, `seen_by` takes it off.

    Attributes:
        rules: the version in force: it says how a number is written, and which rules measure load.
        fault: counts a listener that failed.

    """

    rules: Callable[[], Rules]
    fault: Callable[[str], None]
    log: FilteringBoundLogger
    _listeners: list[Listener] = field(default_factory=list)
    _calls: OrderedDict[tuple[str, str], _Known] = field(default_factory=OrderedDict)
    _names: RuleNames = field(default_factory=RuleNames)
    _names_of: Rules | None = None

    def follow(self, listener: Listener) -> None:
        """Tell this one too from now on; it must not wait."""
        self._listeners.append(listener)

    def decided(self, decision: Decision) -> None:
        """Tell of a decision: a call that is routed, and whether the load sent it elsewhere; never raises."""
        if self._listeners:
            self._guarded(self._decided, decision)

    def effect(self, effect: Effect) -> None:
        """Tell of what the live state reports, as far as it is about callers; never raises."""
        if self._listeners:
            self._guarded(self._reported, effect)

    def _guarded(self, work: Callable[[TellT], None], about: TellT) -> None:
        try:
            work(about)
        except Exception:  # whoever tells or listens must never cost a call
            self.fault("happenings")
            self.log.exception("what happened could not be told", about=type(about).__name__)

    def _decided(self, decision: Decision) -> None:
        call = decision.call
        known = self._know(
            call.pabx,
            call.uniqueid,
            _Known(call.number, decision.service, call.caller, decision.rule, decision.id),
        )
        moment = self._overflow(decision)
        told = self._of(known, "routed", call.pabx, call.uniqueid, decision.at)
        told = replace(told, target=decision.destination, waited_s=call.waited_s)
        if moment != "waiting":
            self._tell(told)
        if moment is not None:
            self._tell(replace(told, kind="overflowed", moment=moment))

    def _reported(self, effect: Effect) -> None:
        match effect:
            case CallOffered():
                known = _Known(effect.number, effect.service, effect.caller)
                self._tell(self._of(self._know(*_key(effect), known), "offered", *_key(effect), effect.at))
            case PositionRang() | PositionMissed():
                kind = "ringing" if isinstance(effect, PositionRang) else "missed"
                told = self._of(self._calls.get(_key(effect), _Known()), kind, *_key(effect), effect.at)
                self._tell(replace(told, queue=effect.queue, interface=effect.interface))
            case CallAnswered():
                self._tell(
                    replace(
                        self._of(self._named(effect, effect.caller), "answered", *_key(effect), effect.at),
                        target=effect.target,
                        queue=effect.queue,
                        interface=effect.interface,
                        waited_s=effect.waited_s,
                    )
                )
            case CallFinished():
                before = self._calls.pop(_key(effect), _Known())
                self._tell(
                    replace(
                        self._of(
                            self._named(effect, effect.caller or before.caller), "ended", *_key(effect), effect.at
                        ),
                        target=effect.target,
                        interface=effect.interface,
                        outcome=effect.outcome.value,
                        waited_s=effect.waited_s,
                        talked_s=effect.talked_s,
                    )
                )

    def _know(self, pabx: str, uniqueid: str, known: _Known) -> _Known:
        """Remember what is known of a call; a caller who was told once stays known."""
        before = self._calls.get((pabx, uniqueid))
        if before is not None and known.caller is None:
            known = replace(known, caller=before.caller)
        self._calls[pabx, uniqueid] = known
        if len(self._calls) > MOST_CALLS:
            self._calls.popitem(last=False)
        return known

    def _named(self, effect: CallAnswered | CallFinished, caller: str | None) -> _Known:
        return _Known(effect.number, effect.service, caller, effect.rule, effect.decision)

    def _of(self, known: _Known, kind: str, pabx: str, uniqueid: str, at: float) -> Happened:
        number = self.rules().numbers.get(known.number)
        return Happened(
            kind=kind,
            at=at,
            pabx=pabx,
            uniqueid=uniqueid,
            number=known.number if number is None else number.number,
            label="" if number is None else number.label,
            service=known.service,
            caller=known.caller,
            rule=known.rule,
            decision=known.decision,
        )

    def _overflow(self, decision: Decision) -> str | None:
        rules = self.rules()
        if rules is not self._names_of:
            self._names.use(rules)
            self._names_of = rules
        return self._names.overflow(decision)

    def _tell(self, happened: Happened) -> None:
        for listener in self._listeners:
            self._guarded(listener, happened)


def seen_by(happened: Happened, caller: Caller) -> Happened:
    """Return it as somebody may see it who is told of callers this much."""
    if happened.caller is None or caller == "whole":
        return happened
    return replace(happened, caller=str(masked(happened.caller)) if caller == "masked" else None)


def _key(effect: CallOffered | PositionRang | PositionMissed | CallAnswered | CallFinished) -> tuple[str, str]:
    return effect.pabx, effect.uniqueid
