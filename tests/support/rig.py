"""A running PABX with all that a test needs around it: numbers, callers, positions, sites, and what each saw."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypedDict, Unpack

from phones import FOREVER_MS, Call, Callee, Callers, Placed, Received, sign_in
from small_pabx import POSITIONS_ADDRESS, SITES_ADDRESS, SmallPabx
from support.listener import Event, Listener
from support.scripted_router import Behaviour, Heartbeat, ScriptedRouter, answer


class CallerBehaviour(TypedDict, total=False):
    """What phones.Callers takes."""

    per_s: float
    talk_ms: int
    patience_ms: int
    speaks: bool


class CalleeBehaviour(TypedDict, total=False):
    """What phones.Callee takes."""

    answer_ms: int
    talk_ms: int
    status: int
    rings: bool
    contact: str


SITES: Final[Mapping[str, CalleeBehaviour]] = {
    "tunis": {"answer_ms": 20},
    "backup": {"answer_ms": 20, "talk_ms": 100},
    "busy": {"status": 486},
    "congested": {"status": 503},
    "unknown": {"status": 404},
    "away": {"status": 480},
    "moved": {"status": 302, "contact": f"sip:elsewhere@{SITES_ADDRESS}:9"},
    "ringing": {"answer_ms": FOREVER_MS},
    "silent": {"answer_ms": FOREVER_MS, "rings": False},
    "slow": {"answer_ms": 200, "talk_ms": 500},
    "dying": {"answer_ms": 20},
    "deaf": {"answer_ms": 20},
}
"""The other sites, by their way of answering; `dead` is one where nobody ever listens."""

STATICS: Final[Mapping[str, str]] = {
    "": "play|closed|beep",
    "0900000001": "v1||orders|static||entry|0|&play|closed|beep",
    "0900000002": "nonsense",
}
"""Static plans by number; the empty one is that of all others."""

POSITIONS: Final = tuple(f"agent{number}" for number in range(1, 201))
QUEUES: Final = tuple(f"queue{number}" for number in range(1, 201))


@dataclass(slots=True)
class Rig:
    """One PABX and all that a test needs around it."""

    pabx: SmallPabx
    folder: Path
    router: ScriptedRouter
    listener: Listener
    sites: dict[str, Callee]
    heartbeat: Heartbeat
    _stack: ExitStack = field(default_factory=ExitStack)
    _names: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _positions: Iterator[str] = field(default_factory=lambda: iter(POSITIONS))
    _queues: Iterator[str] = field(default_factory=lambda: iter(QUEUES))

    def fresh(self) -> int:
        """Return a number that no other call, caller or log of this PABX has."""
        return next(self._names)

    def number(self, plan: str | Behaviour) -> str:
        """Return a number to dial, for which the router gives this plan, or behaves like this."""
        number = f"0800{self.fresh():06}"
        self.router.behaviours[number] = answer(plan) if isinstance(plan, str) else plan
        return number

    def calls(self, number: str, count: int = 1) -> list[Call]:
        """Return calls to `number`, each from a caller of its own."""
        return [Call(caller=f"336{self.fresh():08}", number=number) for _ in range(count)]

    def start(self, calls: Sequence[Call], **behaviour: Unpack[CallerBehaviour]) -> Callers:
        """Place calls and return at once; see phones.Callers."""
        callers = Callers(self.pabx, self.folder, calls, name=f"callers{self.fresh()}", **behaviour)
        self._stack.enter_context(callers)
        return callers

    def place(self, calls: Sequence[Call], **behaviour: Unpack[CallerBehaviour]) -> list[Placed]:
        """Place calls and return what each caller met, when all are over."""
        return self.start(calls, **behaviour).wait()

    def queue(self) -> str:
        """Return a queue that nobody else uses."""
        return next(self._queues)

    def positions(self, queue: str, count: int = 1, **behaviour: Unpack[CalleeBehaviour]) -> Callee:
        """Sign in positions, log them in to `queue`, and return what answers for them."""
        callee = Callee(self.folder, f"positions{self.fresh()}", address=POSITIONS_ADDRESS, **behaviour)
        self._stack.enter_context(callee)
        names = list(itertools.islice(self._positions, count))
        sign_in(self.pabx, self.folder, names, callee.port)
        for name in names:
            self.listener.ask("QueueAdd", Queue=queue, Interface=f"PJSIP/{name}")
            self._stack.callback(self.listener.ask, "QueueRemove", Queue=queue, Interface=f"PJSIP/{name}")
        return callee

    def events(self, call: Call) -> list[Event]:
        """Return all events of a call's own channel so far, in order."""
        return [event for event in self.listener.events if event.get("CallerIDNum") == call.caller]

    def steps(self, call: Call) -> list[str]:
        """Return the steps of a call: `kind target`, and at its end `-> result cause`."""
        told = []
        for event in self.events(call):
            if event.get("UserEvent") == "CCRouterStep" and event["Phase"] == "begin":
                told.append(f"{event['Kind']} {event['Target']}")
            elif event.get("UserEvent") == "CCRouterStep":
                told.append(f"{told.pop()} -> {event['Result']} {event['Cause']}")
        return told

    def ending(self, call: Call) -> Event:
        """Return the event that ends a call, waiting for it."""
        return self.wait_for(call, UserEvent="CCRouterEnd")

    def wait_for(self, call: Call, **wanted: str) -> Event:
        """Return the first event of a call's channel with these fields, waiting for it."""
        return self.listener.wait_for(
            lambda event: event.get("CallerIDNum") == call.caller and wanted.items() <= event.items()
        )

    def received(self, callee: Callee, call: Call) -> list[Received]:
        """Return what a position or a site saw of a call."""
        return [received for received in callee.received() if received.caller == call.caller]

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
        self._stack.close()
        self.wait_until_quiet()
        assert re.search(r"^0 active channels$", self.pabx.cli("core show channels count"), re.MULTILINE)
        assert re.search(r"^0 active channels$", self.pabx.cli("group show channels"), re.MULTILINE)
