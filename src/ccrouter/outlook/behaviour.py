"""What becomes of a call, in the words of those who run the house: where it goes first, and where then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ccrouter.routing.decision import Considered, Decision
from ccrouter.routing.plan import PlayStep, QueueStep, SiteStep, Step, Treatment, VoicemailStep
from ccrouter.routing.route import step
from ccrouter.routing.rules import OTHERWISE, OVERRIDE, UNKNOWN_NUMBER, Destination, Leg, Rules, Share


@dataclass(frozen=True, slots=True)
class Way:
    """Where a call goes. Two ways are equal when they lead to the same destinations in the same order.

    Attributes:
        to: destinations in the order in which they are tried, a share as the parts that can take calls now:
            `paris 70 % / tunis 30 %`, `backup`, `closed`. The last is a message, a voicemail or an announcement.
        rule: name of the rule that decides.
        details: what else is done, in plain words, by what it is about: `tunis: rings for` -> `25 s`.

    """

    to: tuple[str, ...]
    rule: str = field(compare=False)
    details: Mapping[str, str] = field(compare=False)

    @property
    def text(self) -> str:
        """Return the destinations as a sentence says them."""
        return ", then ".join(self.to)


def way(rules: Rules, decision: Decision) -> Way:
    """Return the way that a decision of these rules gives its call."""
    legs = list(_placed(rules, decision))
    to: list[str] = []
    details = _of_callers(decision.treatment)
    for transfer in decision.plan.transfers:
        at = next(i for i, (leg, _) in enumerate(legs) if step(leg) == transfer)
        leg, share = legs.pop(at)
        to.append(leg.site.name if share is None else _shared(share))
        for each in (leg,) if share is None else share:
            _tell(step(each), details)
    last = decision.plan.last
    _tell(last, details)
    return Way((*to, last.message), decision.rule, MappingProxyType(details))


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield what two ways' details say otherwise: about what, before, after; of what both speak of."""
    for about in before:
        if after.get(about, before[about]) != before[about]:
            yield about, before[about], after[about]


_Shared = Mapping[Leg, int]
"""The parts of a share that can take calls now, with their weights."""


def _placed(rules: Rules, decision: Decision) -> Iterator[tuple[Leg, _Shared | None]]:
    """Yield the destinations that got a step, in the order of the rule, with the share whose turn led to each.

    The decision tells in `considered` what it saw of every part of every destination of its rule.
    """
    considered = iter(decision.considered)
    for destination in _destinations(rules, decision):
        if isinstance(destination, Leg):
            if next(considered).state != "closed":
                yield destination, None
        elif isinstance(destination, Share):
            yield from _of_share(destination, [next(considered) for _ in destination.legs])
        else:
            return


def _of_share(share: Share, seen: list[Considered]) -> Iterator[tuple[Leg, _Shared | None]]:
    parts = [(leg, weight, each.state) for leg, weight, each in zip(share.legs, share.weights, seen, strict=True)]
    usable = {leg: weight for leg, weight, state in parts if weight and state in {"", "not its turn"}}
    if usable:
        yield next((leg, usable) for leg, weight, state in parts if weight and not state)
    else:  # whose turn it would be can't be said: all are tried, as far as they are open
        yield from ((leg, None) for leg, weight, state in parts if weight and state != "closed")


def _destinations(rules: Rules, decision: Decision) -> tuple[Destination, ...]:
    service = rules.services.get(decision.service, rules.unknown)
    if decision.rule in {OTHERWISE, UNKNOWN_NUMBER}:
        return service.otherwise
    if decision.rule == OVERRIDE:
        named = (rules.named(each.destination) for each in decision.considered)
        return tuple(each for each in named if each is not None)
    return next(rule.to for rule in (*service.rules, *service.while_waiting) if rule.name == decision.rule)


def _shared(usable: _Shared) -> str:
    if len(usable) == 1:
        return next(leg.site.name for leg in usable)
    whole = sum(usable.values())
    return " / ".join(f"{leg.site.name} {100 * weight / whole:.3g} %" for leg, weight in usable.items())


# --- details ----------------------------------------------------------------------------------------------------------


def _tell(taken: Step, details: dict[str, str]) -> None:
    """Add what is done at a destination; where a plan comes to it twice, both are told."""
    for about, value in _of_step(taken).items():
        known = details.get(about)
        details[about] = value if known in {None, value} else f"{known}, then {value}"


def _of_step(taken: Step) -> dict[str, str]:
    match taken:
        case QueueStep(site, queue, max_wait_s):
            return {f"{site}: is": f"queue {queue}", f"{site}: waits at most": f"{max_wait_s} s"}
        case PlayStep(message, file):
            return {f"{message}: is": f"announcement {file}"}
        case VoicemailStep(message, mailbox):
            return {f"{message}: is": f"voicemail {mailbox}"}
        case SiteStep(site, dial, answer_within_s, max_calls, hide_caller):
            return {
                f"{site}: is": f"dialled as {dial}",
                f"{site}: rings for": f"{answer_within_s} s",
                f"{site}: takes at most": f"{max_calls} calls" if max_calls else "any number of calls",
                f"{site}: caller's number": "hidden" if hide_caller else "passed on",
            }


def _of_callers(treatment: Treatment) -> dict[str, str]:
    return {
        "language": treatment.language or "that of the PABX",
        "answer": "on entry" if treatment.answer_on_entry else "when somebody takes the call",
        "priority": f"{treatment.priority}",
        "announcement": treatment.announcement or "none",
    }
