"""Who is around a running PABX: callers, positions and sites, what each of them saw, and what the PABX told of them."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, Unpack

from phones import Call, Callee, Callers, Placed, Received, sign_in
from small_pabx import POSITIONS_ADDRESS, SmallPabx
from support.listener import Event, Listener


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


@dataclass(slots=True)
class Parties:
    """Everybody who calls and is called on one PABX.

    Attributes:
        pabx: it runs.
        folder: takes the logs of SIPp.
        listener: hears all that the PABX tells a router.
        sites: the other sites by name.
        free_positions: telephones of the PABX at which nobody sits.
        seated: what answers for the positions of each queue, in this test.

    """

    pabx: SmallPabx
    folder: Path
    listener: Listener
    sites: dict[str, Callee]
    free_positions: list[str]
    seated: dict[str, list[Callee]] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)
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
        return self._open.enter_context(callers)

    def place(self, calls: Sequence[Call], **habits: Unpack[CallerHabits]) -> list[Placed]:
        """Place calls and return what each caller met, when all are over."""
        return self.start(calls, **habits).wait()

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

    # --- what the PABX told -------------------------------------------------------------------------------------------

    def events(self, call: Call) -> list[Event]:
        """Return all events of a call's own channel so far, in order."""
        return [event for event in self.listener.events if event.get("CallerIDNum") == call.caller]

    def steps(self, call: Call) -> list[str]:
        """Return the steps of a call: `kind target`, and at its end `-> result cause`."""
        told: list[str] = []
        for event in self.events(call):
            if event.get("UserEvent") == "CCRouterStep" and event["Phase"] == "begin":
                told.append(f"{event['Kind']} {event['Target']}")
            elif event.get("UserEvent") == "CCRouterStep":
                told.append(f"{told.pop()} -> {event['Result']} {event['Cause']}")
        return told

    def ending(self, call: Call) -> Event:
        """Return the event that ends a call, waiting for it."""
        return self.wait_for(call, UserEvent="CCRouterEnd")

    def course(self, call: Call) -> list[str]:
        """Return the steps of a call that is over, waiting for its end."""
        self.ending(call)
        return self.steps(call)

    def wait_for(self, call: Call, **wanted: str) -> Event:
        """Return the first event of a call's channel with these fields, waiting for it."""
        return self.listener.wait_for(
            lambda event: event.get("CallerIDNum") == call.caller and wanted.items() <= event.items()
        )

    # --- the end of a test --------------------------------------------------------------------------------------------

    def channels(self) -> list[Event]:
        """Return the channels that exist."""
        return self.listener.listed("Status")

    def wait_until_quiet(self) -> None:
        """Return when no channel exists any more: the next one that ends is waited for."""
        hangups = sum(event.get("Event") == "Hangup" for event in self.listener.events)
        while self.channels():
            hangups += 1
            self.listener.wait_for(lambda event: event.get("Event") == "Hangup", count=hangups)

    def tidy_up(self) -> None:
        """End what the last test started, and show that it left nothing on the PABX."""
        self._open.close()
        self.seated.clear()
        self.wait_until_quiet()
        assert re.search(r"^0 active channels$", self.pabx.cli("core show channels count"), re.MULTILINE)
        assert re.search(r"^0 active channels$", self.pabx.cli("group show channels"), re.MULTILINE)


def most_at_once(received: Iterable[Received]) -> int:
    """Return how many of these calls were at the callee together, from the INVITE to the last sign of each."""
    spans = [(call.signs[0][1], call.signs[-1][1]) for call in received]
    changes = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    return max(itertools.accumulate(change for _, change in changes), default=0)
