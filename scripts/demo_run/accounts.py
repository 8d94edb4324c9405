"""What became of each call, by what its caller and whoever answered it saw. Nobody asks ccrouter about this."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from phones import Placed, Received


class Fate(StrEnum):
    """How a call ended for its caller."""

    POSITION = "position"
    OUTSOURCER = "outsourcer"
    BACKUP = "backup"
    MESSAGE = "message"
    GAVE_UP = "gave up"
    LOST = "lost"
    UNDER_WAY = "under way"


REACHED: Final = (Fate.POSITION, Fate.OUTSOURCER, Fate.BACKUP, Fate.MESSAGE)


MESSAGE_OVER: Final = "480"
"""Asterisk's answer to a caller who was never connected, when the dialplan hangs up after a message."""

SHORTEST_MESSAGE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Talk:
    """Somebody answered at an instant; `finished` when that side hung up, which it always does first."""

    at: float
    fate: Fate
    finished: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """One call.

    Attributes:
        scene: its place in the show.
        why: a reason, where the call was lost.
        waited_s: from dialling to the answer; None where nobody answered.

    """

    scene: int
    caller: str
    fate: Fate
    why: str = ""
    waited_s: float | None = None


def talks(received: Iterable[tuple[Fate, Received]]) -> dict[str, list[Talk]]:
    """Return by caller, in order, the talks that the callees tell of."""
    found: dict[str, list[Talk]] = defaultdict(list)
    for fate, call in received:
        if call.answered:
            found[call.caller].append(Talk(dict(call.signs)["answered"], fate, "hung-up" in call.names))
    return {caller: sorted(each, key=lambda talk: talk.at) for caller, each in found.items()}


def judge(placed: Placed, answers: Sequence[Talk], *, hurried: bool, over: bool) -> tuple[Fate, str]:
    """Return how a call ended, with a reason where it was lost.

    Args:
        placed: what the caller saw.
        answers: by whom the call was answered, in order: there are two when a site died in the talk.
        hurried: the caller is one who gives up early, on purpose.
        over: the caller's telephone has nothing more to tell.

    """
    if "gave-up" in placed.names:
        return (Fate.GAVE_UP, "") if hurried else (Fate.LOST, "nobody answered, until the caller gave up")
    if "bye" in placed.names:
        return _after_talk(answers)
    if _heard_message(placed):
        return Fate.MESSAGE, ""
    if over:
        return Fate.LOST, f"never connected: {', '.join(placed.names) or 'never placed'}"
    return Fate.UNDER_WAY, ""


def _heard_message(placed: Placed) -> bool:
    """Tell whether the PABX spoke to a caller whom it never connected, and then hung up."""
    if not {"183", MESSAGE_OVER} <= set(placed.names):
        return False
    return placed.after_s(MESSAGE_OVER) - placed.after_s("183") >= SHORTEST_MESSAGE_S


def _after_talk(answers: Sequence[Talk]) -> tuple[Fate, str]:
    if not answers:
        return Fate.LOST, "connected, but to nobody"
    last = answers[-1]
    return (last.fate, "") if last.finished else (Fate.LOST, "cut off in the middle of the talk")


def outcomes(
    scene: int, calls: Iterable[Placed], answers: Mapping[str, Sequence[Talk]], *, hurried: bool, over: bool
) -> list[Outcome]:
    """Return the outcomes of calls that were placed together."""
    found = []
    for call in calls:
        if call.names or over:
            fate, why = judge(call, answers.get(call.call.caller, ()), hurried=hurried, over=over)
            found.append(Outcome(scene, call.call.caller, fate, why, call.after_s("200") if call.answered else None))
    return found


def story(placed: Placed, received: Iterable[tuple[str, Received]], now: float) -> str:
    """Return in one line all that is known of a call: each sign, and the seconds since.

    Args:
        placed: what the caller saw.
        received: what others saw of their calls, and who they are.
        now: seconds since 1970.

    """
    caller = placed.call.caller
    seen = [("caller", placed.signs), *((name, each.signs) for name, each in received if each.caller == caller)]
    told = (f"{name}: {', '.join(f'{sign} {now - at:.1f} s ago' for sign, at in signs)}" for name, signs in seen)
    return f"{caller} to {placed.call.number}; {'; '.join(told)}"


def count(found: Iterable[Outcome]) -> Counter[Fate]:
    """Return how many calls had each fate."""
    return Counter(outcome.fate for outcome in found)
