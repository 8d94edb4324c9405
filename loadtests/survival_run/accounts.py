"""What became of each call, by the logs of its caller and of its callees. Nobody asks ccrouter about this."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from phones import Callee, Placed, Received
from survival_run.faults import CALM, Span

SIGNS: Final = ("180", "183", "200")
"""What a caller hears first."""

NOBODY: Final = "480"
"""The PABX's last word to a caller whom a message was played without an answer."""

SHORTEST_MESSAGE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Account:
    """One call.

    Attributes:
        caller, number: who called where.
        reached: position, the site's name, or message; empty when it was lost.
        why: it was lost.
        delay_s: from the INVITE to the first 180, 183 or 200; None where none came.
        phase: the fault that it met before that, else CALM.
        entry: which plan it went by: routed, stored, static.

    """

    caller: str
    number: str
    reached: str
    why: str
    delay_s: float | None
    phase: str
    entry: str


def accounts(
    placed: Iterable[Placed], callees: Mapping[str, Callee], spans: Sequence[Span], entries: Mapping[str, str]
) -> list[Account]:
    """Return an account of every call."""
    met: dict[str, list[tuple[str, Received]]] = defaultdict(list)
    for name, callee in callees.items():
        for received in callee.received():
            if received.answered:
                met[received.caller].append((name, received))
    found = []
    for call in placed:
        caller = call.call.caller
        reached, why = _reached(call, met[caller])
        delay_s = _delay_s(call)
        phase = _phase(call, delay_s, spans)
        found.append(Account(caller, call.call.number, reached, why, delay_s, phase, entries.get(caller, "none")))
    return found


def _reached(call: Placed, met: Sequence[tuple[str, Received]]) -> tuple[str, str]:
    """Return what a call reached, or why it was lost."""
    if not call.ended:
        return "", f"no proper end: {', '.join(call.names) or 'never placed'}"
    if len(met) > 1:
        return "", f"answered {len(met)} times, by {', '.join(name for name, _ in met)}"
    if not met:
        return ("message", "") if _heard_message(call) else ("", f"reached nobody: {', '.join(call.names)}")
    [(name, received)] = met
    # The callee hangs up first, always.
    whole = "hung-up" in received.names
    return ("position" if name == "positions" else name, "") if whole else ("", f"torn from {name} in the talk")


def _heard_message(call: Placed) -> bool:
    if not {"183", NOBODY} <= set(call.names) or "200" in call.names:
        return False
    return call.after_s(NOBODY) - call.after_s("183") >= SHORTEST_MESSAGE_S


def _delay_s(call: Placed) -> float | None:
    signs = [call.after_s(sign) for sign in SIGNS if sign in call.names]
    return min(signs) if signs else None


def _phase(call: Placed, delay_s: float | None, spans: Sequence[Span]) -> str:
    """Return the first fault that was there, or not yet recovered from, while the caller waited for a sign."""
    if not call.signs:
        return CALM
    sent = call.signs[0][1]
    until = sent + (delay_s or 0.0)
    return next((span.name for span in spans if sent < span.recovered and until > span.began), CALM)
