"""Who is around a running PABX: callers, positions and sites, and what each of them saw."""

import itertools
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, Unpack

from phones import Call, Callee, Callers, Placed, Received, sign_in
from small_pabx import POSITIONS_ADDRESS, SmallPabx
from support.told import Told


def served(placed: Placed) -> bool:
    """Tell whether a caller was answered, and left when the other side hung up."""
    return placed.answered and placed.names[-2:] == ("bye", "end")


class CallerHabits(TypedDict, total=False):
    """How callers behave; see phones.Callers."""

    per_s: float
    talk_ms: int
    patience_ms: int
    speaks: bool


class CalleeHabits(TypedDict, total=False):
    """How a position or a site behaves; see phones.Callee."""

    answer_ms: int
    talk_ms: int
    status: int
    rings: bool
    contact: str
    cause: int


@dataclass(slots=True)
class Parties(Told):
    """Everybody who calls and is called on one PABX; see Told for what the PABX says of their calls.

    Attributes:
        pabx: it runs.
        folder: takes the logs of SIPp.
        sites: the other sites by name.
        free_positions: telephones of the PABX at which nobody sits.
        seated: what answers for the positions of each queue, in this test.

    """

    pabx: SmallPabx
    folder: Path
    sites: dict[str, Callee]
    free_positions: list[str]
    seated: dict[str, list[Callee]] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)
    _callers: list[Callers] = field(default_factory=list)
    _names: int = 0

    def fresh(self) -> int:
        """Return a number that no other call, caller or log of this PABX has."""
        self._names += 1
        return self._names

    # --- callers ------------------------------------------------------------------------------------------------------

    def calls(self, number: str, count: int = 1) -> list[Call]:
        """Return calls to `number`, each from a caller of its own."""
        return [Call(caller=f"336{self.fresh():08}", number=number) for _ in range(count)]

    def start(self, calls: Sequence[Call], **habits: Unpack[CallerHabits]) -> Callers:
        """Place calls and return at once."""
        callers = Callers(self.pabx, self.folder, calls, name=f"callers{self.fresh()}", **habits)
        self._callers.append(callers)
        return self._open.enter_context(callers)

    def place(self, calls: Sequence[Call], **habits: Unpack[CallerHabits]) -> list[Placed]:
        """Place calls and return what each caller met, when all are over."""
        return self.start(calls, **habits).wait()

    def hang_up(self) -> None:
        """End the calls of all callers who have not ended theirs, until each of them has seen the end of it."""
        while talking := [callers for callers in self._callers if callers.sipp.process.poll() is None]:
            unended = {placed.call.caller for callers in talking for placed in callers.placed() if not placed.ended}
            for channel in self.channels():
                if channel["CallerIDNum"] in unended:
                    self.listener.ask("Hangup", Channel=channel["Channel"])
            with suppress(subprocess.TimeoutExpired):  # some of its calls may still be to come
                talking[0].sipp.process.wait(0.1)

    # --- positions ----------------------------------------------------------------------------------------------------

    def sit_down(self, queue: str, count: int = 1, **habits: Unpack[CalleeHabits]) -> Callee:
        """Have positions sign in and log in to `queue`, until the test is over; return what answers for them."""
        callee = Callee(self.folder, f"positions{self.fresh()}", address=POSITIONS_ADDRESS, **habits)
        self._open.enter_context(callee)
        self.seated.setdefault(queue, []).append(callee)
        names = [self.free_positions.pop(0) for _ in range(count)]
        sign_in(self.pabx, self.folder, names, callee.port)
        for name in names:
            self.listener.ask("QueueAdd", Queue=queue, Interface=f"PJSIP/{name}")
            self._open.callback(self._stand_up, queue, name)
        return callee

    def _stand_up(self, queue: str, name: str) -> None:
        self.listener.ask("QueueRemove", Queue=queue, Interface=f"PJSIP/{name}")
        self.free_positions.append(name)

    # --- what they saw ------------------------------------------------------------------------------------------------

    def received(self, callee: Callee, call: Call) -> list[Received]:
        """Return what a position or a site saw of a call."""
        return [received for received in callee.received() if received.caller == call.caller]

    def takers(self, calls: Sequence[Call]) -> list[list[str]]:
        """Return who answered each call, as their own logs tell: names of sites, and of queues for their positions."""
        answers: dict[str, list[tuple[float, str]]] = {}
        for name, callee in self._everybody():
            for received in callee.received():
                if received.answered:
                    answers.setdefault(received.caller, []).append((received.signs[0][1], name))
        return [[name for _, name in sorted(answers.get(call.caller, []))] for call in calls]

    def _everybody(self) -> Iterator[tuple[str, Callee]]:
        yield from self.sites.items()
        for queue, callees in self.seated.items():
            yield from ((queue, callee) for callee in callees)

    # --- the end of a test --------------------------------------------------------------------------------------------

    def tidy_up(self) -> None:
        """End what the last test started, and show that it left nothing on the PABX."""
        self._open.close()
        self._callers.clear()
        self.seated.clear()
        self.wait_until_quiet()
        assert re.search(r"^0 active channels$", self.pabx.cli("core show channels count"), re.MULTILINE)
        assert re.search(r"^0 active channels$", self.pabx.cli("group show channels"), re.MULTILINE)


def most_at_once(received: Iterable[Received]) -> int:
    """Return how many of these calls were at the callee together, from the INVITE to the last sign of each."""
    spans = [(call.signs[0][1], call.signs[-1][1]) for call in received]
    changes = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    return max(itertools.accumulate(change for _, change in changes), default=0)
