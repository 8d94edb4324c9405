"""Destinations as dialplan: the steps of a plan, by what each site can take when the call is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from ccrouter.fallback.text import PREFIX, Context, plain
from ccrouter.fallback.when import trunk
from ccrouter.routing.destinations import Destination, External, Leg, Message, Share, Site
from ccrouter.routing.lines import own_lines
from ccrouter.routing.plan import LastStep, TransferStep
from ccrouter.routing.route import step
from ccrouter.routing.schedule import Calendar

ListKey = tuple[tuple[str, ...], str]


@dataclass(slots=True)
class Lists:
    """Lists of destinations and the sites in them, each compiled once.

    Attributes:
        to: context with an extension for each list.
        sites: context with an extension for each site: `free`, `late` (not first: it is full, down or empty now) or
            `closed` is what it returns.
        hours: returns the number of a calendar's context.
        pabxs: how many have the sites' lines between them.

    """

    to: Context
    sites: Context
    hours: Callable[[Calendar], int]
    pabxs: int = 1
    _lists: dict[tuple[tuple[Destination, ...], Message], int] = field(default_factory=dict)
    _sites: dict[Site, int] = field(default_factory=dict)

    def place(self, destinations: Sequence[Destination], last: Message) -> str:
        """Return where the plan of these destinations is made; it ends with `last` where they bring no message."""
        key = (tuple(_kept(destinations)), _last(destinations, last))
        if key not in self._lists:
            self._lists[key] = len(self._lists) + 1
            self._add(f"d{self._lists[key]}", *key)
        return f"{self.to.name},d{self._lists[key]},1"

    def _add(self, extension: str, destinations: Sequence[Destination], last: Message) -> None:
        steps = [f"Set(LOCAL(last)={_text(last.step)})"]
        later = [_place(leg) for leg in destinations if isinstance(leg, Leg)]
        for nth, each in enumerate(destinations):
            if isinstance(each, Share):
                steps += self._share(each, later, label=f"s{nth}")
            elif isinstance(each, Leg):
                shared = any(_place(each) in _places(before) for before in destinations[:nth])
                steps += self._leg(each, placed=shared)
        self.to.extension(extension, *steps, f"Goto({PREFIX}-plan,end,1)")

    def _leg(self, leg: Leg, *, placed: bool) -> list[str]:
        name = _place(leg)
        return [
            f"Gosub({self.sites.name},{self._site(leg.site)},1)",
            *([f'ExecIf($["${{{name}}}" = "1"]?Set(GOSUB_RETVAL=closed))'] if placed else []),
            f"Gosub({PREFIX}-plan,add,1(${{GOSUB_RETVAL}},{self._step(leg)}))",
        ]

    def _share(self, share: Share, later: Sequence[str], label: str) -> list[str]:
        """Return the steps of a share: ask every part, take the turn, and add whose turn it is.

        Where no part can take the call now, all of them stand in the plan.
        """
        weighted = [(leg, weight) for leg, weight in zip(share.legs, share.weights, strict=True) if weight]
        if not weighted:
            return []
        steps = [f"Set(LOCAL({name})=)" for name in dict.fromkeys(_place(leg) for leg, _ in weighted) if name in later]
        for nth, (leg, _) in enumerate(weighted, 1):
            steps += [
                f"Gosub({self.sites.name},{self._site(leg.site)},1)",
                f"Set(LOCAL({label}p{nth})=${{GOSUB_RETVAL}})",
            ]
        usable = "".join(f'$["${{{label}p{nth}}}" = "free"]' for nth in range(1, len(weighted) + 1))
        weights = "|".join(str(weight) for _, weight in weighted)
        key = sha256(share.key.encode()).hexdigest()[:12]
        steps += [f"Gosub({PREFIX}-turn,s,1({key},{weights},{usable}))", f"Set(LOCAL({label})=${{GOSUB_RETVAL}})"]
        for nth, (leg, _) in enumerate(weighted, 1):
            taken = f"$[${{{label}}} = {nth} | ${{{label}}} = 0]"
            state = f"${{IF({taken}?${{{label}p{nth}}}:closed)}}"
            steps.append(f"Gosub({PREFIX}-plan,add,1({state},{self._step(leg)}))")
            if _place(leg) in later:
                steps.append(f"ExecIf({taken}?Set({_place(leg)}=1))")
        return steps

    def _step(self, leg: Leg) -> str:
        return _text(step(leg, self.pabxs))

    def _site(self, site: Site) -> str:
        if site not in self._sites:
            self._sites[site] = len(self._sites) + 1
            self.sites.note(f"site: {site.name}")
            self.sites.extension(f"t{self._sites[site]}", *self._obstacles(site), "Return(free)")
        return f"t{self._sites[site]}"

    def _obstacles(self, site: Site) -> list[str]:
        steps = []
        if site.calendar is not None:
            hours = self.hours(site.calendar)
            steps += [f"Gosub({PREFIX}-hours{hours},${{day}},1)", "GotoIf($[${GOSUB_RETVAL} = 0]?closed,1)"]
        if isinstance(site, External):
            if site.endpoint:
                steps += [trunk(plain(site.endpoint)), 'GotoIf($["${GOSUB_RETVAL}" = "down"]?late,1)']
            if site.max_calls:
                group = f"${{URIENCODE({plain(site.name)})}}"
                lines = str(site.max_calls)
                if self.pabxs > 1:
                    steps.append(f"Gosub({PREFIX}-lines,s,1({group},{own_lines(site.max_calls, self.pabxs)}))")
                    lines = "${GOSUB_RETVAL}"
                steps.append(f"GotoIf($[${{GROUP_COUNT({group}@ccrouter)}} >= {lines}]?late,1)")
            return steps
        queue = plain(site.queue)
        steps.append(f"GotoIf($[0${{QUEUE_EXISTS({queue})}} = 0]?closed,1)")
        steps.append(f"GotoIf($[0${{QUEUE_MEMBER({queue},logged)}} = 0]?late,1)")
        return steps


def _kept(destinations: Sequence[Destination]) -> list[Destination]:
    """Return the destinations before the first message."""
    found: list[Destination] = []
    for each in destinations:
        if isinstance(each, Message):
            break
        found.append(each)
    return found


def _last(destinations: Sequence[Destination], last: Message) -> Message:
    return next((each for each in destinations if isinstance(each, Message)), last)


def _text(each: TransferStep | LastStep) -> str:
    return "|".join(plain(value) for value in each.fields())


def _place(leg: Leg) -> str:
    """Return the variable that tells that a share's turn has put this destination into the plan."""
    return f"p{sha256(f'{leg.limit_s} {leg.site.name}'.encode()).hexdigest()[:8]}"


def _places(each: Destination) -> set[str]:
    return {_place(leg) for leg in each.legs} if isinstance(each, Share) else set()
