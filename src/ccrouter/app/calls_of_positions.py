"""The call that a position rings for, or talks with: who calls, why it came here, and the pages to open for it."""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from ccrouter.config.settings_file import ShowCaller
from ccrouter.live.desks import PositionView
from ccrouter.live.state import State
from ccrouter.live.views import CallView
from ccrouter.router import Router
from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import Considered, InHouse
from ccrouter.routing.trace import RuleTested
from ccrouter.telemetry.privacy import masked
from ccrouter.web.positions import CallOfPosition, Link
from ccrouter.web.status import reason_of

MOST_REASONS: Final = 5_000
"""Decisions whose reason is remembered, some 3 MB; the oldest goes."""

PLACEHOLDER: Final = re.compile(r"\{([a-z]+)\}")
SCHEMES: Final = ("http://", "https://")


@dataclass(slots=True)
class CallsOfPositions:
    """Tells the call of a position."""

    router: Router
    state: State
    _reasons: OrderedDict[str, tuple[RuleTested, Sequence[Considered]]] = field(default_factory=OrderedDict)

    def decided(self, decision: Decision) -> None:
        """Remember why a decision was made; it is put in words when somebody asks."""
        self._reasons[decision.id] = (decision.trace[-1], decision.considered)
        if len(self._reasons) > MOST_REASONS:
            self._reasons.popitem(last=False)

    def of(self, position: PositionView, show: ShowCaller) -> CallOfPosition | None:
        """Return the call of a position, with as much of its caller's number as may be shown; None for no call."""
        uniqueid = position.rings_for or position.talks_with
        call = self.state.call(position.pabx, uniqueid) if uniqueid else None
        if call is None:
            return None
        rules = self.router.rules
        number, service, site = (
            rules.numbers.get(call.number),
            rules.services.get(call.service),
            rules.sites.get(call.target),
        )
        until = position.since if position.rings_for else call.answered_at
        waited_s = None if until is None else max(0.0, until - call.began_at)
        caller = _shown(call, show)
        values = {
            "number": call.number,
            "label": rules.written(call.number)[1],
            "service": call.service,
            "language": (number and number.treatment.language) or call.language,
            "caller": call.caller or "" if show == "whole" else "",
            "uniqueid": call.uniqueid,
            "waited": "" if waited_s is None else f"{waited_s:.0f}",
        }
        why = self._reasons.get(call.decision)
        pages: Mapping[str, str] = MappingProxyType({}) if service is None else service.screen_pop
        return CallOfPosition(
            uniqueid=call.uniqueid,
            doing="ringing" if position.rings_for else "talking",
            since=position.since,
            queue=site.queue if isinstance(site, InHouse) else "",
            number=rules.written(call.number)[0],
            label=values["label"],
            service=call.service,
            language=values["language"],
            caller=caller,
            hidden=call.caller_known and call.caller is None,
            offered_at=call.began_at,
            waited_s=waited_s,
            rule=call.rule,
            reason="" if why is None else reason_of(*why),
            decision=call.decision,
            links=tuple(_filled(pages, values)),
        )


def _shown(call: CallView, show: ShowCaller) -> str | None:
    if call.caller is None or show == "none":
        return None
    return call.caller if show == "whole" else str(masked(call.caller))


def _filled(pages: Mapping[str, str], values: Mapping[str, str]) -> Iterator[Link]:
    """Yield the pages with what their placeholders stand for, each value as one piece of an address and no more."""
    for name, address in pages.items():
        filled = PLACEHOLDER.sub(lambda found: quote(values.get(found[1], ""), safe=""), address)
        if filled.startswith(SCHEMES):
            yield Link(name, filled)
