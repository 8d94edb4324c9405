"""The degraded states: each has a name, a begin and an end, which are told once, and a row in docs/operations.md.

A state says that something which callers, or an admin, rely on is not as it should be while ccrouter goes on. What a
state rests on is looked at anew at every tick (app/troubles.py), so none can stay on by mistake.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge
from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock


class Degraded(StrEnum):
    """Names of the states, as metrics, log, status and manual write them."""

    PABX_GONE = "pabx_gone"
    AMI_STALE = "ami_stale"
    PEER_GONE = "peer_gone"
    OVERLOAD = "overload"
    RULES_REFUSED = "rules_refused"
    FALLBACK_STALE = "fallback_stale"
    STATE_BROKEN = "state_broken"
    JOURNAL_BROKEN = "journal_broken"
    CLOCK_JUMP = "clock_jump"
    TOKENS_UNUSABLE = "tokens_unusable"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a person must know of a state; the row of docs/operations.md.

    Attributes:
        noticed: how it is noticed, and after how long.
        calls: what calls get meanwhile.
        cure: what the admin does.
        each_pabx: it is told for each PABX by itself.

    """

    means: str
    noticed: str
    calls: str
    cure: str
    ends: str
    each_pabx: bool = False


MEANINGS: Final[Mapping[Degraded, Meaning]] = {
    Degraded.PABX_GONE: Meaning(
        "the AMI link to a PABX is down, or refused",
        "the connection ends: within 0.5 s; nothing comes over it: after 2-3 s, two pings; at a start: after 5 s",
        "the plan of a router that is linked to it, else the PABX's own: compiled rules, or the stored or static plan",
        "`ccrouter status` tells the reason: unreachable, silent, wrong password, missing rights",
        "the link is up again; it is tried every second, a refused one every 30-60 s",
        each_pabx=True,
    ),
    Degraded.AMI_STALE: Meaning(
        "the link is up, but the facts are not believed: it was silent for 5 s, or its picture is not read in full",
        "no event and no answer for 5 s, or a link whose first picture takes longer than that",
        "while the heartbeat lives, decisions by the rules; conditions on load of that PABX are unknown (`if_unknown`)",
        "look at the load of the PABX and at the network to it",
        "the PABX is heard again, with a full picture",
        each_pabx=True,
    ),
    Degraded.PEER_GONE: Meaning(
        "the router of the better rank has no fresh heartbeat on a PABX, and this one does its work there",
        "2-3 s after its last heartbeat, and no sooner than 3 s after the own link is up",
        "decisions by this router, after no more delay than a call or two of the first seconds",
        "start the other router",
        "its heartbeat is fresh again",
        each_pabx=True,
    ),
    Degraded.OVERLOAD: Meaning(
        "the event loop runs late, or more calls ask than can be decided in time",
        "a lag of more than 0.25 s, or a call that is turned away: within 0.5 s",
        "those whose turn comes in time their decision; the others at once the compiled or stored plan of the PABX",
        "look who uses the processor; `ccrouter_loop_lag_max_seconds`, `ccrouter_agi_sessions_total` by result",
        "5 s without either, with a lag of less than 0.1 s",
    ),
    Degraded.RULES_REFUSED: Meaning(
        "the routing file as it was last read is not in force",
        "at the reload, or at the start",
        "decisions by the version before",
        "mend what `ccrouter status` tells, or `sudo ccrouter rollback`",
        "a file is accepted, or holds again what is in force",
    ),
    Degraded.FALLBACK_STALE: Meaning(
        "the rules compiled for the PABX's own dialplan are not those in force",
        "no file: at once; a disk that hangs: after 5 s; a PABX that does not take it: after a minute",
        "nothing, while a router lives; without one, the compiled rules of before",
        "what `ccrouter status` tells beside the PABX: a command to run there, or why the file can't be written",
        "the compiled rules are those in force",
    ),
    Degraded.STATE_BROKEN: Meaning(
        "the state database can't be read or written: modes, overrides, versions, the history",
        "at the first use that fails, or by a trial write every 30 s; a disk that hangs after 5 s more",
        "decisions, by the modes and overrides that were known when it broke; after a start without it, none is on",
        "make room, or look at the disk; what is switched meanwhile is refused with the reason",
        "a trial write succeeds; it is tried every 5 s",
    ),
    Degraded.JOURNAL_BROKEN: Meaning(
        "the disk of the journal refuses or hangs: entries wait in memory, and beyond 10,000 are dropped",
        "at the first write that fails, or one that takes longer than 2 s",
        "decisions as ever; what is dropped can't be explained later",
        "make room, or look at the disk",
        "entries are written again; it is tried every 5 s",
    ),
    Degraded.CLOCK_JUMP: Meaning(
        "the machine's clock was set by more than 2 s, or the machine slept",
        "wall clock against steady clock, twice a second",
        "decisions by the new hour; modes and overrides that it ends are off, and count again if the clock goes back",
        "look at the clock and at NTP; if the new hour is right, nothing",
        "10 minutes without another jump, or the clock is back where it was; then what has ended is cleared away",
    ),
    Degraded.TOKENS_UNUSABLE: Meaning(
        "the file of tokens is gone, open to others, or has a slip: nobody is let in over HTTP; or its disk hangs",
        "at the start, at the next request, or by a look every 5 s",
        "decisions as ever",
        "`ccrouter check` on the file tells what to mend; the control socket does not ask for tokens",
        "the file can be used again",
    ),
}


@dataclass(frozen=True, slots=True)
class Now:
    """A state that is on.

    Attributes:
        pabx: of which PABX; empty where it is about ccrouter itself.
        since: when it began, in seconds since 1970-01-01 UTC.
        why: for a person.

    """

    state: Degraded
    pabx: str
    since: float
    why: str


class DegradedStates:
    """Which states are on; tells begin and end of each, once. Safe to use from threads.

    Args:
        pabxs: names of the PABXs, so that a state that is off is 0 and not absent.

    """

    def __init__(
        self, registry: CollectorRegistry, pabxs: Iterable[str], clock: Clock, log: FilteringBoundLogger
    ) -> None:
        self._clock = clock
        self._log = log
        self._lock = threading.Lock()
        self._on: dict[tuple[Degraded, str], tuple[Now, float]] = {}
        self._gauge = Gauge(
            "ccrouter_degraded",
            "1 while ccrouter is in this degraded state, else 0; `pabx` is empty for a state of ccrouter itself.",
            ["state", "pabx"],
            registry=registry,
        )
        self._begins = Counter(
            "ccrouter_degraded_begins_total", "Times that a degraded state began.", ["state", "pabx"], registry=registry
        )
        for state, meaning in MEANINGS.items():
            for pabx in pabxs if meaning.each_pabx else ("",):
                self._gauge.labels(state, pabx).set(0)
                self._begins.labels(state, pabx)

    def set(self, state: Degraded, why: str, pabx: str = "") -> None:
        """Let a state be on, for a reason; off where that is empty. Only a change is told."""
        if why:
            self.begin(state, why, pabx)
        else:
            self.end(state, pabx)

    def begin(self, state: Degraded, why: str, pabx: str = "") -> None:
        """Let a state be on; one that is on already stays so, with this reason."""
        with self._lock:
            known = self._on.get((state, pabx))
            since = self._clock.now() if known is None else known[0].since
            began = self._clock.steady() if known is None else known[1]
            self._on[state, pabx] = Now(state, pabx, since, why), began
            if known is not None:
                return
        self._gauge.labels(state, pabx).set(1)
        self._begins.labels(state, pabx).inc()
        self._log.warning("degraded", state=state.value, **_of(pabx), why=why, calls_get=MEANINGS[state].calls)

    def end(self, state: Degraded, pabx: str = "") -> None:
        """Let a state be off."""
        with self._lock:
            known = self._on.pop((state, pabx), None)
        if known is None:
            return
        self._gauge.labels(state, pabx).set(0)
        lasted_s = self._clock.steady() - known[1]
        self._log.info("degraded no more", state=state.value, **_of(pabx), lasted_s=round(lasted_s, 1))

    def now(self) -> tuple[Now, ...]:
        """Return the states that are on, in the order of their names' list."""
        with self._lock:
            found = [now for now, _ in self._on.values()]
        return tuple(sorted(found, key=lambda each: (list(Degraded).index(each.state), each.pabx)))


def _of(pabx: str) -> dict[str, str]:
    return {"pabx": pabx} if pabx else {}
