"""Following a file as it is saved: every way of saving is noticed, a storm is one save, and half a file is none."""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog
import watchfiles
from structlog.testing import capture_logs

from ccrouter.app.reading import Glance
from ccrouter.app.rules_file import STAYS
from ccrouter.app.watch import Pace, Watch, author_of, on_the_way
from ccrouter.clock import SystemClock
from ccrouter.store.versions import hash_of
from support.rules_desk import BAD, GOOD, RulesDesk, good
from support.saving import WAYS, Save, by_rename, in_place, in_two_writes

PACE = Pace(look=0.2, rest=0.1, rest_unfinished=0.4, most=1.0, step=0.01, remind=0.3, again=0.2)
PAUSE_S = 0.25
"""Longer than a finished file must rest, shorter than an unfinished one."""

DEADLINE_S = 20


@dataclass
class Follower:
    """A watch that runs over a desk's file.

    Attributes:
        outcomes: what each save came to: the version in force, or `refused`.
        failures: times that following failed.

    """

    desk: RulesDesk
    outcomes: list[str] = field(default_factory=list)
    failures: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def saved(self, author: str) -> None:
        """Take a save up as the daemon does."""
        before = (self.desk.file.rules, self.desk.file.status().problems)
        outcome = await self.desk.reload(author, asked=False)
        if before != (self.desk.file.rules, self.desk.file.status().problems):
            self.outcomes.append("refused" if outcome.problems else outcome.version)
        self.news.set()

    def failed(self) -> None:
        """Count."""
        self.failures += 1
        self.news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                self.news.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.news.wait(), 0.05)

    async def in_force(self, text: str) -> None:
        """Wait until this text came into force."""
        await self.until(lambda: self.outcomes[-1:] == [hash_of(text.encode())])

    @asynccontextmanager
    async def following(self, pace: Pace = PACE) -> AsyncIterator[None]:
        """Follow while the context lasts."""
        watch = Watch(
            self.desk.file,
            self.saved,
            failed=self.failed,
            clock=SystemClock(),
            log=structlog.get_logger(),
            pace=pace,
        )
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(watch.run())
            yield
            task.cancel()


@pytest.fixture
def follower(tmp_path: Path) -> Follower:
    """Give a follower of a good file, which does not follow yet."""
    return Follower(RulesDesk(tmp_path))


# --- ways of saving ---------------------------------------------------------------------------------------------------


def in_a_storm(path: Path, text: str, pause_s: float) -> None:
    """Save forty other versions in a row before it."""
    for minute in range(40):
        in_place(path, good(100 + minute))
        time.sleep(pause_s / 40)
    in_place(path, text)


@pytest.mark.parametrize("save", [*WAYS, in_a_storm])
@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "polled"])
async def test_each_way_of_saving_is_one_reload(
    follower: Follower,
    save: Save,
    noticed: bool,  # noqa: FBT001 - a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A good file comes into force once, a bad one is refused once, and nothing between is ever read."""
    if not noticed:
        monkeypatch.setattr(watchfiles, "watch", out_of_watches)
    async with follower.following():
        await asyncio.to_thread(save, follower.desk.path, good(3), PAUSE_S)
        await follower.in_force(good(3))
        await asyncio.to_thread(save, follower.desk.path, BAD, PAUSE_S)
        await follower.until(lambda: "refused" in follower.outcomes)
        await asyncio.to_thread(save, follower.desk.path, good(4), PAUSE_S)
        await follower.in_force(good(4))
    [first, refused, last] = follower.outcomes
    assert refused == "refused"
    assert [first, last] == [rules.version for rules in follower.desk.taken]


@pytest.mark.parametrize("save", [in_place, in_two_writes])
async def test_without_the_kernels_word_a_file_rests_longer(
    follower: Follower, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a network drive nobody tells that a program is in the middle of a save; its pause is waited for."""

    def untold(*_: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(fcntl, "fcntl", untold)
    async with follower.following():
        await asyncio.to_thread(save, follower.desk.path, good(3), PAUSE_S)
        await follower.in_force(good(3))
    assert len(follower.outcomes) == 1


async def test_a_touch_is_no_reload(follower: Follower) -> None:
    """A save without a change of the text brings nothing into force, and nothing is told."""
    async with follower.following():
        os.utime(follower.desk.path)
        follower.desk.path.chmod(0o640)
        await follower.until(lambda: not follower.desk.file.status().remarks and follower.news.is_set())
    assert (follower.outcomes, follower.desk.taken) == ([], [])


async def test_saves_without_end_are_read_all_the_same(follower: Follower) -> None:
    """A program that saves again and again can't keep its versions out for good; each that comes in is a whole one."""
    async with follower.following():
        n = 0
        async with asyncio.timeout(DEADLINE_S):
            while len(follower.outcomes) < 2:
                n += 1
                by_rename(follower.desk.path, good(n % 90 + 3))
                await asyncio.sleep(0.02)
    whole = {follower.desk.file.content} | {good(n % 90 + 3).encode() for n in range(90)}
    assert n > 2 * PACE.most / 0.1
    assert follower.desk.file.content in whole


async def test_a_file_held_open_is_not_read_and_that_is_told(follower: Follower) -> None:
    """As long as a program may write the rest, the file waits; a remark tells the admin why."""
    with capture_logs() as log:
        async with follower.following():
            with follower.desk.path.open("w") as file:
                file.write(good(3)[: GOOD.index("numbers")])
                file.flush()
                await follower.until(lambda: any("has it open for writing" in line["event"] for line in log))
                assert follower.outcomes == []
                assert "not been read yet" in follower.desk.file.status().remarks[0]
                file.write(good(3)[GOOD.index("numbers") :])
            await follower.in_force(good(3))
    assert len(follower.outcomes) == 1


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "polled"])
async def test_links_that_are_switched_are_followed(
    tmp_path: Path,
    noticed: bool,  # noqa: FBT001 - a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As configuration management does it: the folder is a link to a release elsewhere; a save there counts as well."""
    if not noticed:
        monkeypatch.setattr(watchfiles, "watch", out_of_watches)
    desk = RulesDesk(tmp_path)
    releases = tmp_path / "releases"
    for name, text in (("1", GOOD), ("2", good(3)), ("3", good(4))):
        (releases / name).mkdir(parents=True)
        (releases / name / "routing.yaml").write_text(text)
    current = tmp_path / "current"
    current.symlink_to("releases/1")
    desk.path.unlink()
    desk.path.symlink_to("current/routing.yaml")
    desk.start()
    follower = Follower(desk)

    def switch(release: str) -> None:
        link = tmp_path / "current.new"
        link.symlink_to(f"releases/{release}")
        link.rename(current)

    async with follower.following():
        switch("2")
        await follower.in_force(good(3))
        switch("3")
        await follower.in_force(good(4))
        by_rename(releases / "3" / "routing.yaml", good(5))
        await follower.in_force(good(5))
        switch("1")
        await follower.in_force(GOOD)
    assert len(follower.outcomes) == 4


def test_every_link_on_the_way_is_known(tmp_path: Path) -> None:
    """The file, and each link that leads to it; a loop ends."""
    real = tmp_path.resolve()
    (real / "a").mkdir()
    (real / "a" / "file").touch()
    (real / "b").symlink_to("a")
    (real / "c").symlink_to(real / "b" / ".." / "b" / "file")
    assert on_the_way(real / "c") == {real / "c", real / "b", real / "a" / "file"}
    (real / "loop").symlink_to("loop")
    assert on_the_way(real / "loop") == {real / "loop"}
    assert on_the_way(real / "nothing" / "here") == {real / "nothing" / "here"}


# --- when following fails ---------------------------------------------------------------------------------------------


def out_of_watches(*_: object, **__: object) -> Iterator[object]:
    """Fail as watchfiles does where the kernel has no watches left."""
    raise OSError("OS file watch limit reached. about [...]")


async def test_without_notices_the_file_is_polled_and_that_is_told_once(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of watches is no reason to miss a save, nor to fill the log."""
    monkeypatch.setattr(watchfiles, "watch", out_of_watches)
    with capture_logs() as log:
        async with follower.following():
            await follower.until(lambda: follower.failures >= 2)
            in_place(follower.desk.path, good(3))
            await follower.in_force(good(3))
    told = [line for line in log if "polled" in line["event"]]
    assert [(t["log_level"], t["error"]) for t in told] == [("warning", "OS file watch limit reached. about [...]")]


async def test_a_folder_that_is_put_in_place_of_another_is_followed(tmp_path: Path) -> None:
    """A watch on the old one is silent for good; it is begun anew."""
    (tmp_path / "etc").mkdir()
    desk = RulesDesk(tmp_path / "etc")
    follower = Follower(desk)
    async with follower.following():
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "routing.yaml").write_text(good(3))
        (tmp_path / "etc").rename(tmp_path / "old")
        (tmp_path / "new").rename(tmp_path / "etc")
        (tmp_path / "old" / "state").rename(tmp_path / "etc" / "state")
        await follower.in_force(good(3))
        by_rename(desk.path, good(4))
        await follower.in_force(good(4))


async def test_following_outlives_a_fault(follower: Follower, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault while a save is taken up is counted, and the next look tries again."""
    real, faults = follower.desk.reload, iter([RuntimeError("a fault"), OSError("another")])

    async def shaky(author: str, **how: object) -> object:
        fault = next(faults, None)
        if fault is not None:
            raise fault
        return await real(author, **how)

    monkeypatch.setattr(follower.desk, "reload", shaky)
    with capture_logs() as log:
        async with follower.following():
            in_place(follower.desk.path, good(3))
            await follower.in_force(good(3))
    assert follower.failures == 2
    assert STAYS not in [line["event"] for line in log]


def test_the_author_of_a_save_is_the_owner_of_the_file() -> None:
    """The kernel knows no more; a user without a name has a number."""
    assert author_of(Glance(None)) == "saved"
    assert author_of(Glance(None, owner=0)) == "saved (file of root)"
    assert author_of(Glance(None, owner=3_999_999_999)) == "saved (file of uid 3999999999)"
