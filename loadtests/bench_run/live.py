"""The bench `live`: the live state of a large house, its windows filled as after a busy hour."""

import gc
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from time import process_time, thread_time
from typing import Final

from bench_run.bench import Bench, Figure, Options, Promise, Subject, Taken
from ccrouter.app.collecting import MOST
from ccrouter.live.events import (
    CallEnded,
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallHungUp,
    CallRouted,
    DeviceState,
    Event,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    PositionSeen,
    QueueListed,
    SiteAnswered,
    StepBegan,
    StepEnded,
    TalkEnded,
    Ticked,
    WithdrawAsked,
    WithdrawRefused,
)
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from ccrouter.routing.plan import QueueStep, SiteStep

PABX: Final = "pabx1"
SITES: Final = 20
QUEUES: Final = 200
POSITIONS: Final = 1000
CALLS: Final = 5000
PASSING: Final = 20_000
"""Calls of the hour before."""

STREAM: Final = "ccrouter, events applied"


class House:
    """Makes the events of a house with so many queues and positions."""

    def __init__(self, queues: int, positions: int) -> None:
        self.queues = queues
        self.positions = positions
        self.at = 1_795_289_835.0

    def limits(self) -> list[SiteLimits]:
        """Return the sites: one in house for each queue, and some outside."""
        inside = [SiteLimits(f"house{n}", queue=f"queue{n}") for n in range(self.queues)]
        return inside + [SiteLimits(f"site{n}", f"PJSIP/trunk{n}", 1000) for n in range(SITES)]

    def opening(self) -> Iterator[Event]:
        """Yield the first listings."""
        yield LinkUp(pabx=PABX, at=self.at, version="22.10")
        for listing in Listing:
            yield ListBegan(pabx=PABX, at=self.at, listing=listing)
            if listing is Listing.QUEUES:
                for n in range(self.queues):
                    yield QueueListed(pabx=PABX, at=self.at, queue=f"queue{n}")
                for n in range(self.positions):
                    yield self.position(n, DeviceState.NOT_IN_USE)
            yield ListDone(pabx=PABX, at=self.at, listing=listing)

    def position(self, n: int, device: DeviceState) -> PositionSeen:
        """Return a position of queue n."""
        return PositionSeen(
            pabx=PABX,
            at=self.at,
            queue=f"queue{n % self.queues}",
            interface=f"PJSIP/agent{n}",
            name=f"Agent {n}",
            device=device,
            paused=False,
            paused_reason="",
            penalty=0,
            in_call=device is DeviceState.IN_USE,
            last_call_at=0.0,
            wrapup_s=10.0,
        )

    def routed(self, n: int, *, inside: bool) -> CallRouted:
        """Return the decision for call n."""
        queue = QueueStep(f"house{n % self.queues}", f"queue{n % self.queues}", 90)
        return CallRouted(
            pabx=PABX,
            at=self.at,
            uniqueid=f"u{n}",
            number="0800123456",
            service=f"service{n % 10}",
            rule="both",
            decision=f"d{n}",
            first=queue if inside else SiteStep(f"site{n % SITES}", "PJSIP/x@y", 25),
            expires_at=self.at + 5,
        )

    def begins(self, n: int, *, inside: bool) -> Iterator[Event]:
        """Yield what puts call n into its queue, or into a talk with its site."""
        kind, target = ("queue", f"house{n % self.queues}") if inside else ("site", f"site{n % SITES}")
        yield StepBegan(pabx=PABX, at=self.at, kind=kind, target=target, step=1, **self._header(n))
        if inside:
            yield CallerJoined(
                pabx=PABX, at=self.at, queue=f"queue{n % self.queues}", uniqueid=f"u{n}", channel=f"C/{n}", position=999
            )
        else:
            yield SiteAnswered(pabx=PABX, at=self.at, uniqueid=f"u{n}")

    def talks(self, n: int) -> Iterator[Event]:
        """Yield what leads call n from its queue through a talk to its end."""
        queue, agent = f"queue{n % self.queues}", f"PJSIP/agent{n % self.positions}"
        caller = {"pabx": PABX, "queue": queue, "uniqueid": f"u{n}"}
        yield self.position(n % self.positions, DeviceState.RINGING)
        yield self.position(n % self.positions, DeviceState.IN_USE)
        yield CallerLeft(at=self.at, **caller)
        yield CallerConnected(at=self.at, interface=agent, hold_s=5.0, ring_s=2.0, **caller)
        yield TalkEnded(at=self.at, interface=agent, hold_s=5.0, talk_s=120.0, **caller)
        yield self.position(n % self.positions, DeviceState.NOT_IN_USE)
        header, house = self._header(n), f"house{n % self.queues}"
        yield StepEnded(
            pabx=PABX,
            at=self.at,
            kind="queue",
            target=house,
            step=1,
            result="answered",
            cause=0,
            elapsed_s=125.0,
            **header,
        )
        del header["channel"]
        yield CallEnded(pabx=PABX, at=self.at, kind="queue", target=house, entry="routed", **header)
        yield CallHungUp(pabx=PABX, at=self.at, uniqueid=f"u{n}", cause=16)

    def _header(self, n: int) -> dict[str, str]:
        return {
            "uniqueid": f"u{n}",
            "channel": f"C/{n}",
            "number": "0800123456",
            "decision": f"d{n}",
            "service": f"service{n % 10}",
            "rule": "both",
        }


def settle(state: State, house: House, calls: int, passing: int) -> int:
    """Fill the house; return how many calls have come so far."""
    for event in house.opening():
        state.apply(event)
    for n in range(passing):
        house.at += 0.01
        for event in (house.routed(n, inside=True), *house.begins(n, inside=True), *house.talks(n)):
            state.apply(event)
    for n in range(passing, passing + calls):
        inside = n // house.queues % 2 == 0
        for event in (house.routed(n, inside=inside), *house.begins(n, inside=inside)):
            state.apply(event)
    state.apply(Ticked(at=house.at))
    return passing + calls


class Run:
    """A settled house and the things that are measured in it; `n` is the number of the next call."""

    def __init__(self, house: House, calls: int, passing: int) -> None:
        self.house = house
        self.state = State(house.limits())
        self.n = settle(self.state, house, calls, passing)

    def rate(self, calls: int) -> Mapping[str, float]:
        """Measure events a second of processor time, while so many calls come, wait, talk and go."""
        house, stream = self.house, list[Event]()
        for n in range(self.n, self.n + calls):
            stream += [house.routed(n, inside=True), *house.begins(n, inside=True), *house.talks(n)]
        self.n += calls
        gc.collect()
        began = process_time()
        for event in stream:
            self.state.apply(event)
        return {"events": len(stream) / (process_time() - began)}

    def step(self, count: int, measured: Callable[[int], None], before: Callable[[int], None]) -> Mapping[str, float]:
        """Measure how long a step holds the loop, each after an unmeasured `before`."""
        took = []
        self.tick(0)  # the steps before left what only time ends, without letting any pass
        for n in range(count):
            before(n)
            began = thread_time()
            measured(n)
            took.append((thread_time() - began) * 1e6)
        return {"typical": statistics.median(took), "slow": statistics.quantiles(took, n=100)[98]}

    def snapshot(self, _: int) -> None:
        """Read what a decision reads."""
        self.state.snapshot(self.house.at)

    def list_waiting(self, _: int) -> None:
        """Read what the overflow reads."""
        for _caller in self.state.waiting():
            pass

    def reserve(self, _: int) -> None:
        """Keep a decision, after the end of the call of the one before."""
        self.state.apply(CallHungUp(pabx=PABX, at=self.house.at, uniqueid=f"u{self.n}", cause=16))
        self.n += 1
        self.state.apply(self.house.routed(self.n, inside=self.n % 2 == 0))

    def withdraw(self, k: int) -> None:
        """Ask a waiting caller out, after the refusal for the one before."""
        waiting = [caller.uniqueid for caller in self.state.waiting() if caller.queue == "queue1"]
        for caller in waiting:
            self.state.apply(
                WithdrawRefused(pabx=PABX, at=self.house.at, uniqueid=caller, decision=f"w{k - 1}", reason="measured")
            )
        self.state.snapshot(self.house.at)
        self.state.apply(
            WithdrawAsked(
                pabx=PABX,
                at=self.house.at,
                uniqueid=waiting[k % len(waiting)],
                rule="too long",
                decision=f"w{k}",
                first=SiteStep("site1", "PJSIP/x@y", 25),
                expires_at=self.house.at + 15,
            )
        )

    def busy_second(self, _: int) -> None:
        """Let 20 calls come and go."""
        house = self.house
        house.at += 1.0
        for n in range(self.n, self.n + 20):
            for event in (house.routed(n, inside=True), *house.begins(n, inside=True), *house.talks(n)):
                self.state.apply(event)
        self.n += 20

    def tick(self, _: int) -> None:
        """Let time pass."""
        self.state.apply(Ticked(at=self.house.at))

    def nothing(self, _: int) -> None:
        """Change nothing."""


STEPS: Final[tuple[tuple[str, int, Callable[[Run, int], None], Callable[[Run, int], None]], ...]] = (
    ("ccrouter, snapshot, nothing changed", 2000, Run.snapshot, Run.nothing),
    ("ccrouter, snapshot after a decision", 2000, Run.snapshot, Run.reserve),
    ("ccrouter, snapshot after a withdrawal", 500, Run.snapshot, Run.withdraw),
    ("ccrouter, snapshot after a second of 20 calls", 100, Run.snapshot, Run.busy_second),
    ("ccrouter, a decision's reservation, and its end", 2000, Run.reserve, Run.nothing),
    ("ccrouter, all waiting callers after a withdrawal", 500, Run.list_waiting, Run.withdraw),
    ("ccrouter, tick after a second of 20 calls", 100, Run.tick, Run.busy_second),
)


@contextmanager
def subjects(options: Options) -> Iterator[Sequence[Subject]]:
    """Fill the house once; each round goes on from where the one before left it."""
    # As the daemon does once it is built, before the first call.
    threshold = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(MOST)
    run = Run(House(QUEUES, POSITIONS), CALLS, options.of(PASSING, 2000))
    yield [
        Subject(STREAM, partial(run.rate, options.of(5000, 500))),
        *(
            Subject(name, partial(run.step, options.of(count, 100), partial(measured, run), partial(before, run)))
            for name, count, measured, before in STEPS
        ),
    ]
    gc.set_threshold(*threshold)
    gc.unfreeze()


def _slowest(taken: Taken) -> float:
    return max(taken.median("slow", name) for name, *_ in STEPS) / 1000


BENCH: Final = Bench(
    name="live",
    title="The live state of a large house",
    about=(
        f"{QUEUES} queues, {POSITIONS:,} positions, {CALLS:,} calls in progress, half of which wait, windows filled by "
        f"{PASSING:,} calls: how many events are applied in a second, while callers come, wait, talk and go in the "
        "order in which a PABX tells it; and how long each step holds the event loop that calls are decided on: a "
        "decision's snapshot after this or that changed, the overflow's look at all who wait, the passing of time. All "
        "in processor time."
    ),
    figures=(
        Figure("events", "Events applied", "events/s"),
        Figure("typical", "A step, median", "µs", log=True),
        Figure("slow", "A step, 99th percentile", "µs", log=True),
    ),
    promises=(Promise("no step holds the loop: 99th percentile of the slowest", _slowest, "at most", 5, "ms"),),
    subjects=subjects,
)
