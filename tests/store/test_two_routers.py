"""Two routers on one state folder: two objects on one database, as two processes have them."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from ccrouter.app import standing as module
from ccrouter.app.clock_watch import ClockWatch
from ccrouter.app.standing import StandingOrders
from ccrouter.clock import SystemClock
from ccrouter.errors import StoreError
from ccrouter.live.effects import Outcome
from ccrouter.routing.overrides import Override
from ccrouter.store.audit import Audit, Deed
from ccrouter.store.claim import TakenError, claimed
from ccrouter.store.database import Database
from ccrouter.store.decisions import Decisions, Wanted
from ccrouter.store.keepers import kept_modes, kept_overrides
from ccrouter.store.modes import ModeOn, Modes
from ccrouter.store.overrides import Overrides
from ccrouter.store.schema import STATE_FILE, journal_database, state_database
from ccrouter.store.versions import Change, Versions
from ccrouter.web.orders import ModeOrder
from support.admin_desk import AdminDesk
from support.hand_clock import HandClock
from support.made_decisions import ended, keep, made

NOW = 1_795_289_835.0
CRISIS = ModeOn("crisis", "alice", "flooded", NOW, NOW + 60)
OUTSIDE = ModeOn("all_outside", "bob", "assembly", NOW)
MOVE = Override("", "0800123456", ("tunis",), NOW, NOW + 60, "alice", "move")
PATIENCE_S = 20


@dataclass
class Router:
    """One of two, as far as it keeps something."""

    database: Database
    modes: Modes
    overrides: Overrides


def opened(folder: Path, clock: HandClock) -> Router:
    """Return a router that has just started on a state folder."""
    database = state_database(folder, clock)
    router = Router(database, Modes(kept_modes(database)), Overrides(kept_overrides(database)))
    router.modes.load()
    router.overrides.load()
    return router


@pytest.fixture
def routers(tmp_path: Path, clock: HandClock) -> Iterator[tuple[Router, Router]]:
    """Give both."""
    yield (pair := (opened(tmp_path, clock), opened(tmp_path, clock)))
    for router in pair:
        router.database.close()


# --- modes and overrides ----------------------------------------------------------------------------------------------


async def test_what_one_switches_the_other_follows(routers: tuple[Router, Router]) -> None:
    """Modes and overrides, on and off, with all that was said of them."""
    first, second = routers
    await first.modes.switch_on(CRISIS)
    override = await first.overrides.set(MOVE, NOW)
    assert await second.modes.follow() == ((), (CRISIS,))
    assert await second.overrides.follow() == ((), (override,))
    assert second.modes.on(NOW) == {"crisis"}
    assert second.overrides.current(NOW) == (override,)
    assert await second.modes.switch_off("crisis", "bob", "dry", NOW)
    assert await second.overrides.cancel(override.id, "bob", "dry", NOW) == override
    assert await first.modes.follow() == ((CRISIS,), ())
    assert await first.overrides.follow() == ((override,), ())


async def test_a_switch_is_made_on_what_is_kept_not_on_what_is_remembered(routers: tuple[Router, Router]) -> None:
    """Neither has heard of the other's switches, and all of them hold."""
    first, second = routers
    await first.modes.switch_on(CRISIS)
    await second.modes.switch_on(OUTSIDE)
    assert second.modes.on(NOW) == {"crisis", "all_outside"}
    await first.overrides.set(MOVE, NOW)
    await second.overrides.set(MOVE, NOW)
    assert len({each.id for each in second.overrides.current(NOW)}) == 2
    assert not await first.modes.turn(OUTSIDE)
    assert first.modes.on(NOW) == {"crisis"}


async def test_turns_in_two_routers_at_once_undo_each_other(routers: tuple[Router, Router]) -> None:
    """Of two telephones that dial at the same instant the second finds what the first did."""
    for _ in range(5):
        on = await asyncio.gather(*(router.modes.turn(CRISIS) for router in routers))
        assert sorted(on) == [False, True]
    for router in routers:
        await router.modes.follow()
        assert router.modes.on(NOW) == frozenset()


async def test_an_end_is_noted_once(routers: tuple[Router, Router]) -> None:
    """By whichever looks first; the other one finds it done."""
    first, second = routers
    await first.modes.switch_on(CRISIS)
    await first.overrides.set(MOVE, NOW)
    await second.modes.follow()
    await second.overrides.follow()
    ends = await asyncio.gather(*(router.modes.end_due(NOW + 60) for router in routers))
    assert sorted(ends) == [(), (CRISIS,)]
    others = await asyncio.gather(*(router.overrides.end_due(NOW + 60) for router in routers))
    assert sorted(map(len, others)) == [0, 1]
    told = [deed.what for deed in Audit(first.database).latest(9)]
    assert told == ["override ended", "mode ended", "override set", "mode on"]


async def test_a_mark_changes_with_the_other_s_writes_alone(routers: tuple[Router, Router], tmp_path: Path) -> None:
    """So that looking costs nothing while nobody switches; another file in the place of this one counts too."""
    first, second = routers
    before = first.database.mark(), second.database.mark()
    await first.modes.switch_on(CRISIS)
    assert first.database.mark() == before[0]
    assert second.database.mark() != before[1]
    before = first.database.mark(), second.database.mark()
    (tmp_path / STATE_FILE).unlink()
    assert (first.database.mark() != before[0], second.database.mark() != before[1]) == (True, True)


async def test_a_file_that_is_lost_is_filled_again_by_one_of_them(
    routers: tuple[Router, Router], tmp_path: Path
) -> None:
    """What counts goes on to count, and what is switched off then is off for both."""
    first, second = routers
    await first.modes.switch_on(OUTSIDE)
    await second.modes.follow()
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"{STATE_FILE}{suffix}").unlink()
    assert await second.modes.follow() == ((OUTSIDE,), (OUTSIDE,))
    assert await second.modes.switch_off("all_outside", "bob", "dry", NOW)
    assert await first.modes.follow() == ((OUTSIDE,), ())


async def test_the_other_daemon_s_switch_lights_lamps_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a look, and told in the log; what stands as before tells nobody anything."""
    monkeypatch.setattr(module, "FOLLOW_S", 0.01)
    here, there = AdminDesk(tmp_path), AdminDesk(tmp_path)
    changed = asyncio.Event()
    here.mode_switch._changed = changed.set
    orders = StandingOrders([here.mode_switch, here.override_switch], here.database.mark, structlog.get_logger())
    with capture_logs() as logs:
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(orders.follow())
            await there.mode_switch.switch(ModeOrder("crisis", on=True, author="alice", reason="flooded"))
            await changed.wait()
            assert here.mode_switch.is_on("crisis")
            changed.clear()
            await there.mode_switch.switch(ModeOrder("crisis", on=False, author="alice", reason="dry"))
            await changed.wait()
            assert not here.mode_switch.is_on("crisis")
            task.cancel()
    told = [line["on"] for line in logs if line["event"] == "mode switched by another router"]
    assert told == [True, False]


async def test_a_start_with_a_wrong_hour_ends_nothing_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was over before the start, by the hour of a machine that is years ahead, stands again by the right one."""
    monkeypatch.setattr(module, "ENDS_S", 0.001)
    before = AdminDesk(tmp_path)
    await before.mode_switch.switch(ModeOrder("crisis", on=True, author="alice", reason="flooded", for_s=7200.0))
    ahead = AdminDesk(tmp_path, HandClock())
    ahead.clock.at += 4 * 365 * 86_400
    machine, looks, done = ClockWatch(SystemClock(ahead.clock.now, ahead.clock.steady)), count(1), asyncio.Event()

    def clears_from() -> float:
        if next(looks) > 3:
            done.set()
        return machine.clears_from

    orders = StandingOrders([ahead.mode_switch], ahead.database.mark, structlog.get_logger(), clears_from)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(orders.end_due())
        await done.wait()
        task.cancel()
    assert not ahead.mode_switch.is_on("crisis")
    assert AdminDesk(tmp_path).mode_switch.is_on("crisis")


async def test_a_store_that_can_not_be_looked_at_is_told_once_and_followed_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While its disk is gone, one line tells; one thread at a time looks on."""
    monkeypatch.setattr(module, "FOLLOW_S", 0.001)
    looks, again = 0, asyncio.Event()

    def mark() -> int:
        nonlocal looks
        looks += 1
        if looks < 5:
            raise StoreError("the disk is gone")
        return looks

    class Follows:
        """Tells that it was asked."""

        async def end_due(self, since: float) -> None:
            """Nothing is over."""

        async def follow(self) -> None:
            """Take over what changed."""
            again.set()

    with capture_logs() as logs:
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(StandingOrders([Follows()], mark, structlog.get_logger()).follow())
            await again.wait()
            await asyncio.sleep(0)
            task.cancel()
    assert [line["log_level"] for line in logs] == ["error", "warning"]


# --- versions and the journal -----------------------------------------------------------------------------------------


def test_a_file_that_both_take_is_kept_once(tmp_path: Path, clock: HandClock) -> None:
    """With one line in the history; a rollback that only one of them knows of is added to it."""
    first, second = (Versions(state_database(tmp_path, clock)) for _ in range(2))
    saved = Change(NOW, "alice", "routing.yaml", b"two\n", b"one\n")
    for versions in (first, second):
        versions.keep(saved, Deed(NOW, "alice", "reload"))
    assert [version.id for version in second.all()] == [1]
    back = Change(NOW, "bob", "routing.yaml", b"two\n", b"one\n", "it was wrong", restores=1)
    second.keep(back, Deed(NOW, "bob", "rollback"))
    [version] = first.all()
    assert (version.id, version.author, version.reason, version.restores) == (1, "bob", "it was wrong", 1)
    deeds = Audit(state_database(tmp_path, clock)).latest(9)
    assert [deed.what for deed in deeds] == ["rollback", "reload"]


@pytest.mark.parametrize("better_first", [True, False])
def test_the_end_of_a_call_is_what_the_better_informed_router_saw(
    tmp_path: Path,
    clock: HandClock,
    better_first: bool,  # noqa: FBT001 - a case
) -> None:
    """Both tell it; one whose link was down in between does not know how the call ended."""
    first, second = (Decisions(journal_database(tmp_path, clock), mask_callers=True, spared_bytes=0) for _ in range(2))
    keep(first, [made(1)])
    told = ended(1)
    unknown = ended(1, outcome=Outcome.UNKNOWN)
    for entry in (told, unknown) if better_first else (unknown, told):
        keep(second, [entry])
    ((_, end),) = first.of_call("1.0")
    assert end is not None
    assert end.outcome == told.outcome.value


def test_both_may_clear_away_what_is_old(tmp_path: Path, clock: HandClock) -> None:
    """At the same time as the other writes: what is old goes once, and what is new stays."""
    first, second = (Decisions(journal_database(tmp_path, clock), mask_callers=True, spared_bytes=0) for _ in range(2))
    keep(first, [made(n, at=NOW + n) for n in range(20)])
    with ThreadPoolExecutor(2) as threads:
        gone = [threads.submit(each.tidy, NOW + 10, 100) for each in (first, second)]
        keep(second, [made(n, at=NOW + n) for n in range(20, 30)])
    assert sum(each.result() for each in gone) == 10
    assert {line.at for line in first.search(Wanted(), 99)} == {NOW + n for n in range(10, 30)}


# --- beginnings -------------------------------------------------------------------------------------------------------


def test_both_may_start_on_an_empty_folder_at_once(tmp_path: Path) -> None:
    """Many times over: the file and its tables are made once, and every deed of each is kept."""
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from ccrouter.clock import SystemClock
        from ccrouter.store.audit import Audit, Deed
        from ccrouter.store.schema import state_database

        sys.stdin.readline()
        for n in range(20):
            (folder := Path(sys.argv[1]) / str(n)).mkdir(exist_ok=True)
            Audit(state_database(folder, SystemClock())).append(Deed(0.0, "a", "start"))
        """
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE)  # noqa: S603 - our own interpreter and script
        for _ in range(2)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
        assert process.returncode == 0
    for n in range(20):
        assert len(Audit(state_database(tmp_path / str(n), HandClock())).latest(9)) == 2


def test_of_a_damaged_file_found_by_both_the_new_one_stays(routers: tuple[Router, Router], tmp_path: Path) -> None:
    """The first moves it aside; the second must not move aside what took its place."""
    first, second = routers
    for router in routers:
        router.database.close()
    (tmp_path / STATE_FILE).write_bytes(b"?" * 5000)
    with pytest.raises(StoreError, match="was moved to"):
        Audit(first.database).latest(1)
    Audit(first.database).append(Deed(NOW, "alice", "mode on"))
    assert len(Audit(second.database).latest(9)) == 1
    assert len([path for path in tmp_path.iterdir() if "broken" in path.name]) == 1


def test_a_rank_is_taken_once_and_free_with_its_daemon(tmp_path: Path) -> None:
    """Whatever their sockets are; the error says what to do. A daemon that is killed leaves the place at once."""
    script = "import sys\nfrom pathlib import Path\nfrom ccrouter.store.claim import claimed\n"
    script += "with claimed(Path(sys.argv[1]), 1):\n    print(flush=True)\n    sys.stdin.readline()\n"
    with subprocess.Popen(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(TakenError, match=r"another ccrouter with `router: 1` runs on .*write `router: 2`"):
            claimed(tmp_path, 1).__enter__()
        with claimed(tmp_path, 2) as obstacle:
            assert obstacle == ""
        other.kill()
        other.wait()
        with claimed(tmp_path, 1) as obstacle:
            assert obstacle == ""


def test_a_disk_that_takes_no_lock_keeps_no_router_from_its_calls(tmp_path: Path) -> None:
    """It is told why a second one would not be noticed."""
    with claimed(tmp_path / "gone", 1) as obstacle:
        assert "No such file or directory" in obstacle
