"""Queues, sites and the calls at them, as the API asks for them: from the board of now, and from the journal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from ccrouter.app.archive import Archive
from ccrouter.app.board import BoardView
from ccrouter.config.problems import suggest
from ccrouter.live.lifecycle import Phase
from ccrouter.live.state import State
from ccrouter.live.views import CallView
from ccrouter.routing.records import DecisionMade
from ccrouter.routing.rules import Rules
from ccrouter.store.decisions import Wanted
from ccrouter.telemetry.privacy import masked
from ccrouter.web.board import QueueOnBoard, SiteOnBoard
from ccrouter.web.orders import UnknownNameError
from ccrouter.web.places import MOST_CALLS, SiteCall, SiteCalls

AGO_S: Final = 86_400.0
"""How far back ended calls are looked for; further back the journal is asked for itself."""

AT_PLACE: Final = frozenset({Phase.ENTERING, Phase.WAITING, Phase.LEAVING, Phase.DIALLING, Phase.TALKING})
"""Phases of calls that are at a queue or a site: those that are only meant to go there are not there."""


@dataclass(frozen=True, slots=True)
class PlacesView:
    """Answers the API (web.places.Places).

    Attributes:
        board: of now.
        mask_callers: callers' numbers are shown as the journal keeps them.

    """

    board: BoardView
    state: State
    rules: Callable[[], Rules]
    archive: Archive
    mask_callers: bool

    def queues(self) -> Sequence[QueueOnBoard]:
        """Return the queues of all PABXs, by PABX and name."""
        return self.board.queues()

    def sites(self) -> Sequence[SiteOnBoard]:
        """Return the sites of the routing file, by name."""
        return self.board.sites()

    def site(self, name: str) -> SiteOnBoard:
        """Return one of them.

        Raises:
            UnknownNameError: there is none of this name.

        """
        self._check(name)
        return next(each for each in self.sites() if each.name == name)

    async def calls(self, name: str, limit: int) -> SiteCalls:
        """Return the calls at a site, and those that ended there.

        Raises:
            UnknownNameError: there is none of this name.
            StoreError: the journal can't be read.

        """
        self._check(name)
        at, rules = self.archive.clock.now(), self.rules()
        here = [call for call in self.state.calls() if call.target == name and call.phase in AT_PLACE]
        here.sort(key=lambda call: call.began_at)
        now = tuple(self._call(call, rules, at) for call in here[:MOST_CALLS])
        ended: tuple[SiteCall, ...] = ()
        if limit:
            wanted = Wanted(target=name, since=at - AGO_S)
            found = await self.archive.questions.ask(partial(self.archive.decisions.search, wanted, limit))
            labels = {each.number: each.label for each in rules.numbers.values()}
            ended = tuple(_ended(line, labels.get(line.number, "")) for line in found)
        return SiteCalls(name, at, str(rules.zone), now, ended)

    def _check(self, name: str) -> None:
        known = self.rules().sites
        if name not in known:
            raise UnknownNameError(f"there is no site {name}. {suggest(name, sorted(known))}")

    def _call(self, call: CallView, rules: Rules, at: float) -> SiteCall:
        number, label = rules.written(call.number)
        answered_at = call.answered_at
        caller = call.caller
        return SiteCall(
            number=number,
            label=label,
            uniqueid=call.uniqueid,
            caller=str(masked(caller)) if caller is not None and self.mask_callers else caller,
            since=call.began_at,
            waited_s=max(0.0, (at if answered_at is None else answered_at) - call.began_at),
            talked_s=None if answered_at is None else max(0.0, at - answered_at),
            outcome="",
        )


def _ended(line: DecisionMade, label: str) -> SiteCall:
    end = line.end
    return SiteCall(
        number=line.number,
        label=label,
        uniqueid=line.uniqueid,
        caller=line.caller,
        since=line.at,
        waited_s=None if end is None else end.waited_s,
        talked_s=None if end is None else end.talked_s,
        outcome="unknown" if end is None else end.outcome,
    )
