"""What became of each call, by the logs of its caller and of its callees. Nobody asks ccrouter about this."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from chaos_run.course import Span
from chaos_run.hearing import Course
from chaos_run.house import House
from phones import Callee, Placed, Received

SIGNS: Final = ("180", "183", "200")
"""What a caller hears first."""

NOBODY: Final = "480"
"""The PABX's last word to a caller whom a message was played without an answer."""

UNSENT_S: Final = 0.2
"""What a telephone wrote into its log so shortly before its death may not have left it."""

SHORTEST_MESSAGE_S: Final = 1.0

PABX_RESTART: Final = "ended by the PABX's restart"
"""The class of calls that were at the PABX, or on their way to it, at the very instant when it died or was away."""


@dataclass(frozen=True, slots=True)
class Account:
    """One call.

    Attributes:
        caller, number: who called where.
        sent, over: instants of the INVITE and of the last sign.
        reached: position, the site's name, message, or PABX_RESTART; empty when it was lost.
        why: it was lost, or ended by the restart.
        died: sites that took it and died in the talk, before what it reached.
        delay_s: from the INVITE to the first 180, 183 or 200; None where none came.
        faults: the names of those that were there before that sign.
        left_out_by: the names of those that were over, but because of which the PABX may still have left a router out.
        course: what the PABX told of it.

    """

    caller: str
    number: str
    sent: float
    over: float
    reached: str
    why: str
    died: tuple[str, ...]
    delay_s: float | None
    faults: frozenset[str]
    left_out_by: frozenset[str]
    course: Course

    @property
    def without_router(self) -> bool:
        """Tell whether the PABX told that it went by a plan that no router gave for it."""
        return self.course.entry not in {"routed", ""}


@dataclass(frozen=True, slots=True)
class Talk:
    """A call at a callee: positions (by their queue's name) or a site.

    Attributes:
        whole: the callee hung up.
        died: it died before that.
        doubtful: it died in the moment when it hung up, so that its goodbye may not have left.

    """

    at: str
    received: Received
    whole: bool
    died: bool
    doubtful: bool


def accounts(house: House, placed: Iterable[Placed], spans: Sequence[Span]) -> list[Account]:
    """Return an account of every call."""
    talks: dict[str, list[Talk]] = defaultdict(list)
    for talk in _talks(house):
        if talk.received.answered:
            talks[talk.received.caller].append(talk)
    return [_account(call, talks[call.call.caller], spans, house) for call in placed]


def _account(call: Placed, talks: Sequence[Talk], spans: Sequence[Span], house: House) -> Account:
    caller = call.call.caller
    sent = call.signs[0][1] if call.signs else 0.0
    over = call.signs[-1][1] if call.signs else 0.0
    delay_s = _delay_s(call)
    until = sent + (delay_s or 0.0)
    there = frozenset(span.name for span in spans if span.began <= until and span.over >= sent)
    reached, why = _reached(call, talks)
    if not reached and call.signs:
        down = next((down for down in house.down if _was_there(call, down)), None)
        if down is not None:
            reached, why = PABX_RESTART, f"{why}; the PABX was away from {down[0]:.3f} to {down[1]:.3f}"
    return Account(
        caller=caller,
        number=call.call.number,
        sent=sent,
        over=over,
        reached=reached,
        why=why,
        died=tuple(talk.at for talk in talks if talk.died),
        delay_s=delay_s,
        faults=there,
        left_out_by=frozenset(span.name for span in spans if span.over < sent <= span.asked_again) - there,
        course=house.hearing.courses.get(caller, Course()),
    )


def _was_there(call: Placed, down: tuple[float, float]) -> bool:
    """Tell whether a call was at the PABX when it died, or set out while it was away.

    What the caller did later by itself, since nobody told it anything, does not count.
    """
    died_at, back_at = down
    sent = call.signs[0][1]
    heard = [at for name, at in call.signs if name not in {"sent", "hung-up", "gave-up", "end"}]
    ended = "bye" in call.names or any(name.startswith(("4", "5", "6")) for name in call.names)
    last_heard = max(heard, default=sent)
    return sent <= back_at and not (ended and last_heard <= died_at)


def _reached(call: Placed, talks: Sequence[Talk]) -> tuple[str, str]:
    """Return what a call reached, or why it was lost."""
    standing = [talk for talk in talks if not talk.died]
    if len(standing) > 1:
        standing = [talk for talk in standing if not talk.doubtful]
    if not call.ended:
        return "", f"no proper end: {', '.join(call.names) or 'never placed'}"
    if {"gave-up", "hung-up"} & set(call.names):
        return "", f"the PABX never ended it: {', '.join(call.names)}"
    if len(standing) > 1:
        return "", f"answered {len(standing)} times, by {', '.join(talk.at for talk in standing)}"
    if not standing:
        return ("message", "") if _heard_message(call) else ("", f"reached nobody: {', '.join(call.names)}")
    [talk] = standing
    return (talk.at, "") if talk.whole else ("", f"torn from {talk.at} in the talk")


def _heard_message(call: Placed) -> bool:
    if "200" in call.names:
        return "bye" in call.names and call.after_s("bye") - call.after_s("200") >= SHORTEST_MESSAGE_S
    return {"183", NOBODY} <= set(call.names) and call.after_s(NOBODY) - call.after_s("183") >= SHORTEST_MESSAGE_S


def _delay_s(call: Placed) -> float | None:
    signs = [call.after_s(sign) for sign in SIGNS if sign in call.names]
    return min(signs) if signs else None


def _talks(house: House) -> Iterator[Talk]:
    """Yield all calls at all callees."""
    for queue, callee in house.positions.items():
        yield from _at(f"position of {queue}", callee, float("inf"))
    for name, trunk in house.trunks.items():
        for callee, died_at in zip(trunk.ends, chain(trunk.died, repeat(float("inf"))), strict=False):
            yield from _at(name, callee, died_at)


def _at(name: str, callee: Callee, died_at: float) -> Iterator[Talk]:
    for received in callee.received():
        # The callee hangs up first, always.
        whole = "hung-up" in received.names
        last_at = received.signs[-1][1]
        died = died_at < float("inf") and received.answered and not whole and "bye" not in received.names
        yield Talk(name, received, whole, died, whole and last_at > died_at - UNSENT_S)


# --- capacity ---------------------------------------------------------------------------------------------------------


GIVEN_UP_S: Final = 0.02
"""A call cancelled so soon was given up before: its INVITE was one more of those to a site that did not answer, and SIP
lets the PABX say that it is over only once the site has said anything."""


def most_at_once(house: House) -> Mapping[str, int]:
    """Return how many calls each place had together at the most, by its own log; positions by their queue's name.

    A call is there from its INVITE until it hung up, was told goodbye or cancelled, or refused; at the latest until the
    place itself died, or the PABX did, which takes all its calls along.
    """
    places = {queue: [callee] for queue, callee in house.positions.items()}
    places |= {name: trunk.ends for name, trunk in house.trunks.items()}
    return {name: max((_most(callee, house.down) for callee in callees), default=0) for name, callees in places.items()}


def _most(callee: Callee, down: Sequence[tuple[float, float]]) -> int:
    changes: list[tuple[float, int]] = []
    for received in callee.received():
        began = received.signs[0][1]
        last = received.signs[-1]
        ended = last[1] if last[0] in {"hung-up", "bye", "cancel", "refused"} else float("inf")
        if last[0] == "cancel" and ended - began < GIVEN_UP_S:
            continue
        # Also one that was sent in the very moment of the kill: nothing comes from the PABX until it is back.
        ended = min([ended, *(back_at for _, back_at in down if back_at >= began)])
        changes += [(began, 1), (ended, -1)]
    most = there = 0
    for _, change in sorted(changes):
        there += change
        most = max(most, there)
    return most
