"""What becomes of a call, in the words of those who run the house: where it goes first, and where then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import Considered, Destination, Leg, Share
from ccrouter.routing.plan import PlayStep, QueueStep, SiteStep, Step, Treatment, VoicemailStep
from ccrouter.routing.route import PLACED, step
from ccrouter.routing.rule import OTHERWISE, OVERRIDE, SENT_BY_HAND, UNKNOWN_NUMBER
from ccrouter.routing.rules import Rules


@dataclass(frozen=True, slots=True)
class Way:
    """Where a call goes. Two ways are equal when they lead to the same destinations in the same order.

    Attributes:
        to: destinations in the order in which they are tried, a share as the parts that can take calls now, the
            largest first: `paris 70 % / tunis 30 %`, `backup`, `closed`. The last is a message or a voicemail.
        rule: name of the rule that decides.

    """

    to: tuple[str, ...]
    rule: str = field(compare=False)

    @property
    def text(self) -> str:
        """Return the destinations as a sentence says them."""
        return ", then ".join(self.to)


def way(rules: Rules, decision: Decision) -> Way:
    """Return the way that a decision of these rules gives its call."""
    named = list(_named(rules, decision))
    to: list[str] = []
    in_turn: set[Leg] = set()
    for transfer in decision.plan.transfers:
        at = next(i for i, each in enumerate(named) if not each.twice and step(each.leg) == transfer)
        taken = named.pop(at)
        to.append(taken.text)
        in_turn |= set(taken.share) if taken.share and len(taken.share) > 1 else set()
        while at < len(named) and named[at].twice:
            again = named.pop(at)
            if again.leg in in_turn:  # when it is another's turn, this is where it is tried
                to.append(again.text)
    return Way((*to, decision.plan.last.message), decision.rule)


_Shared = Mapping[Leg, int]
"""The parts of a share that can take calls now, with their weights."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A destination of a rule that is not closed.

    Attributes:
        share: the share whose turn led to it.
        twice: it is in the plan already by the turn of a share; at another turn another one is.

    """

    leg: Leg
    share: _Shared | None = None
    twice: bool = False

    @property
    def text(self) -> str:
        return self.leg.site.name if self.share is None else shared(self.share)


def _named(rules: Rules, decision: Decision) -> Iterator[_Named]:
    """Yield the destinations that are not closed, in the order of the rule.

    The decision tells in `considered` what it saw of every part of every destination of its rule.
    """
    considered = iter(decision.considered)
    for destination in _destinations(rules, decision):
        if isinstance(destination, Leg):
            state = next(considered).state
            if state != "closed":
                yield _Named(destination, twice=state == PLACED)
        elif isinstance(destination, Share):
            yield from _of_share(destination, [next(considered) for _ in destination.legs])
        else:
            return


def _of_share(share: Share, seen: list[Considered]) -> Iterator[_Named]:
    parts = [(leg, weight, each.state) for leg, weight, each in zip(share.legs, share.weights, seen, strict=True)]
    usable = {leg: weight for leg, weight, state in parts if weight and state in {"", "not its turn"}}
    if usable:
        yield next(_Named(leg, usable) for leg, weight, state in parts if weight and not state)
    else:  # whose turn it would be can't be said: all are tried, as far as they are open
        yield from (_Named(leg) for leg, weight, state in parts if weight and state != "closed")


def _destinations(rules: Rules, decision: Decision) -> tuple[Destination, ...]:
    service = rules.services.get(decision.service, rules.unknown)
    if decision.rule in {OTHERWISE, UNKNOWN_NUMBER}:
        return service.otherwise
    if decision.rule in {OVERRIDE, SENT_BY_HAND}:
        named = (rules.named(each.destination) for each in decision.considered)
        return tuple(each for each in named if each is not None)
    return next(rule.to for rule in (*service.rules, *service.while_waiting) if rule.name == decision.rule)


def shared(parts: Mapping[Leg, int]) -> str:
    """Return the parts of a share that can take calls, by their weights, as people say them; the largest first."""
    if len(parts) == 1:
        return next(leg.site.name for leg in parts)
    whole = sum(parts.values())
    ordered = sorted(parts.items(), key=lambda part: (-part[1], part[0].site.name))
    return " / ".join(f"{leg.site.name} {100 * weight / whole:.3g} %" for leg, weight in ordered)


# --- details ----------------------------------------------------------------------------------------------------------


def of_step(taken: Step) -> dict[str, str]:
    """Return what is done at a destination, in plain words, by what it is about: `tunis: rings for` -> `25 s`."""
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


def of_callers(treatment: Treatment) -> dict[str, str]:
    """Return how callers are treated, in plain words, by what it is about."""
    return {
        "language": treatment.language or "that of the PABX",
        "answer": "on entry" if treatment.answer_on_entry else "when somebody takes the call",
        "priority": f"{treatment.priority}",
        "announcement": treatment.announcement or "none",
    }
