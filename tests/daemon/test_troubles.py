"""What the degraded states rest on: the clock, the load, the links; and the piece that keeps tasks going."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import cast

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import LogCapture
from structlog.typing import FilteringBoundLogger

from ccrouter.ami.watches import LinkState
from ccrouter.app import upkeep
from ccrouter.app.clock_watch import CONFIRMED_S, ClockWatch
from ccrouter.app.load_watch import DEAF_S, LATE_S, STEADY_S, LoadWatch
from ccrouter.app.trial import StateTrial
from ccrouter.app.troubles import Troubles
from ccrouter.app.upkeep import Upkeep
from ccrouter.clock import SystemClock
from ccrouter.errors import StoreError
from ccrouter.routing.facts import Facts
from ccrouter.routing.snapshot import PabxFacts, Snapshot
from ccrouter.telemetry.counts import LoopLag
from ccrouter.telemetry.degraded import Degraded, DegradedStates
from support.hand_clock import HandClock


@dataclass
class TwoHands:
    """A machine whose wall clock and steady clock are turned by hand."""

    wall: float = 1_795_289_835.0
    steady: float = 100.0

    def __post_init__(self) -> None:
        self.clock = SystemClock(lambda: self.wall, lambda: self.steady)
        self.watch = ClockWatch(self.clock)

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.steady += seconds


# --- the clock --------------------------------------------------------------------------------------------------------


def test_the_clock_goes_evenly_until_it_is_followed() -> None:
    """A step of the machine's clock is taken over at one place, which is told by how much."""
    machine = TwoHands()
    before = machine.clock.now()
    machine.wall += 3600
    machine.passes(2)
    assert machine.clock.now() == pytest.approx(before + 2)
    assert machine.clock.follow() == pytest.approx(3600)
    assert machine.clock.now() == pytest.approx(before + 3602)


@pytest.mark.parametrize("by_s", [0.4, -0.4, 1.9])
def test_what_ntp_corrects_is_no_step(by_s: float) -> None:
    """It is followed all the same, and nothing is told."""
    machine = TwoHands()
    machine.wall += by_s
    assert machine.watch.look() == 0.0
    assert machine.watch.sure
    assert machine.clock.now() == pytest.approx(machine.wall)


@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 3.0])
def test_an_hour_that_jumped_is_sure_again_when_it_stood_or_went_back(by_s: float) -> None:
    """Until then nothing may be deleted; what moves back to where it was is sure at once."""
    machine = TwoHands()
    sure = []

    def look(jump_s: float, after_s: float) -> None:
        machine.passes(after_s)
        machine.wall += jump_s
        assert machine.watch.look() == pytest.approx(jump_s)
        sure.append(machine.watch.sure)

    look(by_s, 0.0)
    look(0.0, CONFIRMED_S - 1)
    look(0.0, 1.0)
    look(by_s, 5.0)
    look(-by_s, 5.0)
    assert sure == [False, False, True, False, True]


def test_an_hour_that_was_wrong_at_the_start_deletes_nothing() -> None:
    """No jump tells of it before NTP puts it right: so it must first stand for a while, and nothing is told of that."""
    machine = TwoHands()
    machine.passes(CONFIRMED_S - 1)
    machine.watch.look()
    assert (machine.watch.sure, machine.watch.proven, machine.watch.why) == (True, False, "")
    machine.passes(1)
    assert machine.watch.proven
    machine.wall -= 4 * 365 * 86_400
    machine.watch.look()
    assert not machine.watch.proven


def test_what_was_over_before_the_start_waits_until_the_hour_is_proven() -> None:
    """What ends during the run is cleared away; by an hour that jumped nothing is; by a proven one all of it."""
    machine = TwoHands()
    began_at = machine.wall
    machine.passes(1)
    assert machine.watch.clears_from == began_at
    machine.wall -= 4 * 365 * 86_400
    machine.watch.look()
    assert machine.watch.clears_from == inf
    machine.passes(CONFIRMED_S)
    machine.watch.look()
    assert machine.watch.clears_from == -inf


# --- the load ---------------------------------------------------------------------------------------------------------


def load_watch(shed: Callable[[], int] = lambda: 0) -> tuple[LoadWatch, HandClock, CollectorRegistry]:
    """Return a watch of the load, its clock and its metrics."""
    clock, registry = HandClock(), CollectorRegistry()
    return LoadWatch(clock, LoopLag(registry), shed), clock, registry


def test_overload_begins_at_one_lag_and_ends_below_another() -> None:
    """Between the two it stays as it is, and it ends only after it went well for a while."""
    watch, clock, _ = load_watch()
    for lag_s, after_s, on in (
        (LATE_S - 0.01, 0.0, False),
        (LATE_S + 0.01, 1.0, True),
        (0.15, STEADY_S + 1, True),
        (0.01, STEADY_S - 1, True),
        (0.15, 1.0, True),
        (0.01, STEADY_S + 1, False),
        (0.15, 1.0, False),
    ):
        clock.at += after_s
        watch.seen(lag_s, 1)
        assert bool(watch.why) == on


def test_a_call_that_is_let_go_is_overload() -> None:
    """However quick the loop is."""
    shed = [0]
    watch, clock, _ = load_watch(lambda: shed[0])
    watch.seen(0.0, 1)
    assert not watch.why
    shed[0] = 7
    watch.seen(0.0, 1)
    assert "7 calls" in watch.why
    clock.at += STEADY_S
    watch.seen(0.0, 1)
    assert not watch.why


def test_a_router_that_is_too_late_twice_does_not_look_alive() -> None:
    """One hiccup costs no heartbeat; a loop that can't keep up does, until the first look that is in time."""
    watch, _, _ = load_watch()
    able = []
    for lag_s in (DEAF_S, 0.0, DEAF_S, DEAF_S, 0.0):
        watch.seen(lag_s, 1)
        able.append(watch.able)
    assert able == [True, True, True, False, True]


def test_the_worst_lag_is_that_of_the_last_minute() -> None:
    """It shows for a minute what a scrape would miss, and no longer."""
    watch, clock, registry = load_watch()
    seen = []
    for lag_s, after_s in ((0.2, 0.0), (0.1, 30.0), (0.0, 20.0), (0.0, 20.0), (0.0, 30.0)):
        clock.at += after_s
        watch.seen(lag_s, 1)
        seen.append(registry.get_sample_value("ccrouter_loop_lag_max_seconds"))
    assert seen == [0.2, 0.2, 0.2, 0.1, 0.0]


# --- the links --------------------------------------------------------------------------------------------------------


@dataclass
class OneLink:
    """The link to a PABX, as the test says."""

    state: LinkState = LinkState.IN_SYNC
    reason: str = ""
    on_duty: bool = False


@dataclass
class Office:
    """A router with one PABX."""

    rank: int = 1
    link: OneLink = field(default_factory=OneLink)
    in_sync: bool = True
    silent_s: float = 0.0
    stale: str = ""

    def __post_init__(self) -> None:
        self.clock = HandClock()
        log = cast("FilteringBoundLogger", structlog.wrap_logger(None, processors=[LogCapture()]))
        self.states = DegradedStates(CollectorRegistry(), ["pbx"], self.clock, log)
        whys = {Degraded.FALLBACK_STALE: lambda: self.stale}
        began = self.clock.steady()
        self.troubles = Troubles(self.states, {"pbx": self.link}, self.facts, whys, self.rank, self.clock, began)
        self.clock.at += 60

    def facts(self) -> Facts:
        """Return what is known of the PABX."""
        at = self.clock.now()
        return Facts(at, Snapshot(at, {"pbx": PabxFacts("pbx", in_sync=self.in_sync, heard_at=at - self.silent_s)}))

    def on(self) -> dict[str, str]:
        """Look, and return the states that are on, with their reasons."""
        self.troubles.look()
        return {str(each.state): each.why for each in self.states.now()}


def test_each_trouble_of_a_link_has_its_state() -> None:
    """A silent PABX is stale, and one whose picture takes longer than it should; one without a link is gone alone."""
    office = Office()
    assert office.on() == {}
    office.silent_s = 6.0
    assert office.on() == {"ami_stale": "nothing was heard of it for 6 s"}
    office.silent_s, office.in_sync = 0.0, False
    office.link.state, office.link.reason = LinkState.REFUSED, "wrong password"
    assert office.on() == {"pabx_gone": "wrong password"}
    office.link.state = LinkState.SYNCING
    assert office.on() == {}
    office.clock.at += 6
    assert office.on() == {"ami_stale": "its picture is not complete"}
    office.link.state, office.in_sync = LinkState.IN_SYNC, True
    assert office.on() == {}


def test_a_start_is_no_trouble() -> None:
    """A link that has just begun to connect has five seconds."""
    office = Office(in_sync=False, link=OneLink(LinkState.CONNECTING))
    office.clock.at -= 58
    assert office.on() == {}
    office.clock.at += 4
    assert set(office.on()) == {"pabx_gone"}


def test_the_second_router_tells_that_the_first_is_gone() -> None:
    """It knows by the duty, which is its own then, 3 s after its link is up; the first's duty is nothing to tell."""
    first = Office(rank=1, link=OneLink(on_duty=True))
    assert first.on() == {}
    first.clock.at += 4
    assert first.on() == {}
    second = Office(rank=2)
    assert second.on() == {}
    second.link.on_duty = True
    assert second.on() == {}
    second.clock.at += 4
    assert set(second.on()) == {"peer_gone"}
    second.link.state = LinkState.DOWN
    assert set(second.on()) == {"pabx_gone"}


def test_compiled_rules_that_are_old_are_told() -> None:
    """For as long as they are, with the reason that the file gives."""
    office = Office(stale="pbx has none in force")
    assert office.on() == {"fallback_stale": "pbx has none in force"}
    office.stale = ""
    assert office.on() == {}


# --- the state database -----------------------------------------------------------------------------------------------


@dataclass
class Shelf:
    """A database that takes writes, or not."""

    error: str = ""
    faults: int = 0
    lost: str = ""
    tries: int = 0

    def try_writing(self) -> None:
        """Write, or refuse."""
        self.tries += 1
        if self.error:
            self.faults += 1
            raise StoreError(self.error)


async def test_a_use_that_fails_has_it_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds the database broken first, the state begins by a trial of its own, and ends by one."""
    monkeypatch.setattr("ccrouter.app.trial.LOOK_S", 0.01)
    monkeypatch.setattr("ccrouter.app.trial.AGAIN_S", 0.01)
    shelf = Shelf()
    trial = StateTrial(shelf, SystemClock())
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(trial.run())
        await until(lambda: shelf.tries == 1)
        shelf.error, shelf.faults = "full", 1
        await until(lambda: trial.why == "full")
        shelf.error = ""
        await until(lambda: not trial.why)
        running.cancel()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition that a thread brings about."""
    while not holds():  # noqa: ASYNC110 - threads set it
        await asyncio.sleep(0.01)


# --- tasks ------------------------------------------------------------------------------------------------------------


async def test_a_task_that_fails_or_ends_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault is counted and logged with its traceback; the others of its group never notice; a cancel ends it."""
    monkeypatch.setattr(upkeep, "AGAIN_S", (0.001, 0.002))
    log, faults = LogCapture(), list[str]()
    runs: list[Exception | None] = [RuntimeError("a fault"), None, KeyError("x")]
    logger = cast("FilteringBoundLogger", structlog.wrap_logger(None, processors=[log]))
    keeper, done = Upkeep(faults.append, SystemClock(), logger), asyncio.Event()

    async def work() -> None:
        if not runs:
            done.set()
            await asyncio.Event().wait()
        error = runs.pop(0)
        if error is not None:
            raise error

    with suppress(asyncio.CancelledError):
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(keeper.keep("phones", work))
            await done.wait()
            task.cancel()
    assert faults == ["phones"] * 3
    assert [bool(line.get("exc_info")) for line in log.entries] == [True, False, True]
