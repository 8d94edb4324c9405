"""The routing file as it is read again and again: what is in force, what is told, what is kept."""

import asyncio
import gc
import hashlib
import os
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ccrouter.app import disk, reading, rules_file
from ccrouter.app.reading import Mark, Reading, compiled
from ccrouter.errors import ConfigError, StoreError
from ccrouter.store.audit import Deed
from ccrouter.store.versions import Change
from support.hand_clock import HandClock
from support.rules_desk import BAD, GOOD, RulesDesk, good

SUCCESSFUL = "ccrouter_config_last_reload_successful"
RELOADS = "ccrouter_config_reloads_total"


def hash_of(text: str) -> str:
    """Return what a version with this text is called."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@pytest.fixture
def desk(tmp_path: Path) -> RulesDesk:
    """Give a desk with a good file, loaded."""
    return RulesDesk(tmp_path, HandClock())


# --- what comes into force --------------------------------------------------------------------------------------------


async def test_a_good_file_comes_into_force_once(desk: RulesDesk) -> None:
    """One reference is swapped; version, instant, metric and outcome agree."""
    desk.path.write_text(good(3))
    outcome = await desk.reload()
    assert (hash_of(good(3)), True, (), ()) == (outcome.version, outcome.changed, outcome.problems, outcome.remarks)
    assert [outcome.version] == [rules.version for rules in desk.taken]
    assert good(3).encode() == desk.file.content
    assert (desk.sample(SUCCESSFUL), desk.sample(RELOADS, result="taken")) == (1, 2)  # one at the start


async def test_the_same_content_is_no_reload(tmp_path: Path) -> None:
    """Who saves without a change, or asks without one, changes nothing: not even since when the version is in force."""
    clock = HandClock()
    desk = RulesDesk(tmp_path, clock)
    since = desk.file.status().loaded_at
    clock.at += 60
    desk.path.write_text(GOOD)
    outcome = await desk.reload()
    assert (hash_of(GOOD), False, ()) == (outcome.version, outcome.changed, outcome.problems)
    assert desk.taken == []
    assert since == desk.file.status().loaded_at
    assert (desk.sample(SUCCESSFUL), desk.sample(RELOADS, result="as_before")) == (1, 1)


@pytest.mark.parametrize("content", [BAD, "", "\0", GOOD[:-20], "services: [", "a: &a [*a]\n"])
async def test_a_bad_file_changes_nothing(desk: RulesDesk, content: str) -> None:
    """Rules, content, instant and what is kept are those of before; outcome, status and metric tell of the refusal."""
    before = (desk.file.rules, desk.file.content, desk.file.status().loaded_at, desk.versions.all())
    desk.path.write_text(content)
    outcome = await desk.reload()
    assert outcome.problems
    assert (before[0].version, False) == (outcome.version, outcome.changed)
    assert desk.taken == []
    assert before == (desk.file.rules, desk.file.content, desk.file.status().loaded_at, desk.versions.all())
    assert outcome.problems == desk.file.status().problems
    assert (desk.sample(SUCCESSFUL), desk.sample(RELOADS, result="refused")) == (0, 1)


async def test_the_file_as_it_was_ends_a_refusal(desk: RulesDesk) -> None:
    """An admin who takes back a bad edit sees that all is well again, although nothing was loaded."""
    desk.path.write_text(BAD)
    await desk.reload()
    desk.path.write_text(GOOD)
    outcome = await desk.reload()
    assert (outcome.changed, outcome.problems) == (False, ())
    assert desk.file.status().problems == ()
    assert desk.sample(SUCCESSFUL) == 1


@pytest.mark.parametrize("step", ["ccrouter.app.reading.compile_text", "ccrouter.routing.rules.Rules.prepare"])
async def test_a_fault_of_ours_changes_nothing(step: str, desk: RulesDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever raises while rules are made, those in force stay, and the outcome says whose fault it is."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(step, broken)
    desk.path.write_text(good(3))
    outcome = await desk.reload()
    assert "ccrouter failed on this file" in outcome.problems[0]
    assert (hash_of(GOOD), []) == (outcome.version, desk.taken)


async def test_rules_that_can_not_be_put_in_force_leave_the_old_ones(desk: RulesDesk) -> None:
    """A fault while they are taken is a refusal, and never ends the daemon."""
    desk.path.write_text(good(3))
    desk.fault = RuntimeError("a fault")
    outcome = await desk.reload()
    assert "ccrouter failed on this file" in outcome.problems[0]
    assert hash_of(GOOD) == outcome.version == desk.file.rules.version


async def test_reloads_at_the_same_time_all_tell_the_truth(desk: RulesDesk) -> None:
    """Of many who ask at once, one brings the new file into force, and the others hear that it is."""
    desk.path.write_text(good(3))
    outcomes = await asyncio.gather(*(desk.reload(f"user {n}") for n in range(20)))
    assert {hash_of(good(3))} == {outcome.version for outcome in outcomes}
    assert [outcome.changed for outcome in outcomes].count(True) == 1
    assert len(desk.taken) == 1


async def test_behind_a_disk_that_hangs_every_reload_is_told_so(
    desk: RulesDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None waits without end, one thread hangs at the most, and when the disk answers the file is read anew."""
    monkeypatch.setattr(disk, "READ_WITHIN_S", 0.05)
    answers, reads = threading.Event(), []

    def hung(path: Path) -> Reading:
        reads.append(path)
        found = reading.read_whole(path)
        assert answers.wait(20)
        return found

    monkeypatch.setattr(disk, "read_whole", hung)
    try:
        async with asyncio.timeout(10):
            outcomes = await asyncio.gather(*(desk.reload() for _ in range(3)))
        assert [outcome.version for outcome in outcomes] == [hash_of(GOOD)] * 3
        assert all("has not answered" in outcome.problems[0] for outcome in outcomes)
        assert len(reads) == 1
        desk.path.write_text(good(3))
    finally:
        answers.set()
    monkeypatch.setattr(disk, "READ_WITHIN_S", 10)
    outcome = await desk.reload()
    assert (hash_of(good(3)), True, ()) == (outcome.version, outcome.changed, outcome.problems)


async def test_a_reload_waits_for_another_one_but_not_for_long(
    desk: RulesDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hangs there is told of."""
    monkeypatch.setattr(rules_file, "TURN_S", 0.05)
    async with desk.file._one_at_a_time:
        outcome = await desk.reload()
    assert "another reload still waits for a disk" in outcome.problems[0]
    assert (await desk.reload()).problems == ()


# --- what is told -----------------------------------------------------------------------------------------------------


async def test_what_was_told_of_a_save_is_not_told_again(desk: RulesDesk) -> None:
    """Nobody waits for the outcome of a save: the same bad text has one outcome. Who asks is answered each time."""
    desk.path.write_text(BAD)
    with capture_logs() as log:
        for _ in range(3):
            assert (await desk.reload("saved", asked=False)).problems
    assert [line["event"] for line in log] == [rules_file.STAYS]
    with capture_logs() as log:
        assert (await desk.reload()).problems
    assert [line["event"] for line in log] == [rules_file.STAYS]


async def test_a_file_that_is_gone_and_comes_back_is_told(desk: RulesDesk) -> None:
    """Two outcomes: refused, for it can't be read; then as before."""
    desk.path.unlink()
    with capture_logs() as log:
        gone = await desk.reload("saved", asked=False)
        desk.path.write_text(GOOD)
        back = await desk.reload("saved", asked=False)
    assert "can't be read" in gone.problems[0]
    assert back.problems == ()
    assert [line["event"] for line in log] == [rules_file.STAYS, "routing file as before"]


async def test_the_status_tells_how_the_file_differs(desk: RulesDesk) -> None:
    """Refused, or not read yet; nothing where the file is what is in force."""
    assert desk.file.status().remarks == ()
    desk.path.write_text(BAD)
    stat = desk.path.stat()
    assert desk.file.stale(Mark.of(stat))
    assert "has not been read yet" in desk.file.status().remarks[0]
    await desk.reload()
    assert "it was refused" in desk.file.status().remarks[0]
    desk.path.write_text(GOOD)
    await desk.reload()
    assert desk.file.status().remarks == ()


async def test_a_write_at_the_instant_of_a_read_is_looked_at_again(tmp_path: Path) -> None:
    """Two writes in one step of the file system's clock may have one mark, so such a read is not the last."""
    clock = HandClock()
    desk = RulesDesk(tmp_path, clock)
    desk.path.write_text(good(3))
    os.utime(desk.path, (clock.at, clock.at))
    await desk.reload()
    assert desk.file.stale(Mark.of(desk.path.stat()))
    clock.at += 1
    await desk.reload()
    assert not desk.file.stale(Mark.of(desk.path.stat()))


# --- what is kept -----------------------------------------------------------------------------------------------------


async def test_every_version_is_kept_with_its_author_and_its_deed(desk: RulesDesk) -> None:
    """Time, author, hash, file, content, what it replaced, how many lines changed: and the audit journal has it too."""
    desk.path.write_text(good(3))
    await desk.reload("alice (root)", reason="more time")
    second, first = desk.versions.all()
    assert (2, "alice (root)", hash_of(good(3)), str(desk.path), "more time", hash_of(GOOD), 1, 1) == (
        *(second.id, second.author, second.hash, second.file, second.reason, second.replaced),
        *(second.added, second.removed),
    )
    assert ("start", "", len(GOOD.splitlines()), 0) == (first.author, first.replaced, first.added, first.removed)
    assert (GOOD.encode(), good(3).encode()) == (desk.versions.content(1), desk.versions.content(2))
    deed = desk.audit.latest(1)[0]
    why = f"{hash_of(GOOD)} -> {hash_of(good(3))}: more time"
    assert ("alice (root)", "reload", str(desk.path), why) == (deed.who, deed.what, deed.subject, deed.why)


def test_a_start_with_a_bad_file_runs_on_the_last_version(desk: RulesDesk) -> None:
    """And says so: problems, metric, log. A second such start does the same."""
    desk.path.write_text(BAD)
    for _ in range(2):
        with capture_logs() as log:
            file = desk.start()
        assert hash_of(GOOD) == file.rules.version
        assert file.content == GOOD.encode()
        assert "nobdoy" in file.status().problems[0]
        assert desk.sample(SUCCESSFUL) == 0
        assert "started with the last routing file that was accepted" in [line["event"] for line in log]
    assert len(desk.versions.all()) == 1


def test_a_start_with_the_same_file_keeps_no_further_version(desk: RulesDesk) -> None:
    """A restart is no change; a file that was changed while nobody ran is one."""
    desk.start()
    assert len(desk.versions.all()) == 1
    desk.path.write_text(good(5))
    desk.start()
    assert [hash_of(good(5)), hash_of(GOOD)] == [version.hash for version in desk.versions.all()]


def test_a_start_with_a_bad_file_and_nothing_kept_is_refused(tmp_path: Path) -> None:
    """There is nothing to run on."""
    desk = RulesDesk(tmp_path)
    desk.database.close()
    desk.path.write_text(BAD)
    for left in desk.state.iterdir():
        left.unlink()
    with pytest.raises(ConfigError, match="nobdoy"):
        desk.start()


def test_a_start_with_a_damaged_store_runs_on_a_good_file(desk: RulesDesk) -> None:
    """What is kept is a help, and no condition."""
    desk.database.close()
    (desk.state / "ccrouter.db").write_bytes(b"nonsense" * 1000)
    with capture_logs() as log:
        assert hash_of(GOOD) == desk.start().rules.version
    assert "the kept versions of the routing file can't be read" in [line["event"] for line in log]
    assert [hash_of(GOOD)] == [version.hash for version in desk.versions.all()]  # in the new file


class FullDisk:
    """Keeps nothing while it is full."""

    full = True

    def __init__(self, desk: RulesDesk) -> None:
        self._keep = desk.versions.keep

    def keep(self, change: Change, deed: Deed) -> None:
        """Do as Versions.keep does, or not."""
        if self.full:
            raise StoreError("the disk is full; make room")
        self._keep(change, deed)


async def test_a_full_disk_does_not_keep_rules_from_the_calls(desk: RulesDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come into force, outcome, status and log tell what is missing, and `ccrouter reload` makes up for it."""
    disk = FullDisk(desk)
    monkeypatch.setattr(desk.versions, "keep", disk.keep)
    desk.path.write_text(good(3))
    with capture_logs() as log:
        outcome = await desk.reload()
    assert (hash_of(good(3)), True) == (outcome.version, outcome.changed)
    assert "could not be kept" in outcome.remarks[0]
    assert outcome.remarks == desk.file.status().remarks
    assert "the disk is full; make room" in [line.get("error") for line in log]
    assert [hash_of(GOOD)] == [version.hash for version in desk.versions.all()]
    disk.full = False
    again = await desk.reload()
    assert (again.changed, again.remarks) == (False, ())
    assert [hash_of(good(3)), hash_of(GOOD)] == [version.hash for version in desk.versions.all()]


class HungDisk:
    """Keeps the first version only when it answers again, and refuses the next one."""

    def __init__(self, desk: RulesDesk) -> None:
        self._keep = desk.versions.keep
        self._asked = 0
        self.answers = threading.Event()
        self.kept = threading.Event()

    def keep(self, change: Change, deed: Deed) -> None:
        """Do as Versions.keep does, sooner or later."""
        self._asked += 1
        if self._asked == 1:
            assert self.answers.wait(20)
        elif self._asked == 2:
            raise StoreError("its disk has not answered")
        self._keep(change, deed)
        self.kept.set()


async def test_a_disk_that_hangs_holds_up_no_later_rules(desk: RulesDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next version comes into force too; what the disk says in the end is kept, and what it lacks is still told."""
    monkeypatch.setattr(rules_file, "KEPT_WITHIN_S", 0.05)
    hung = HungDisk(desk)
    monkeypatch.setattr(desk.versions, "keep", hung.keep)
    try:
        for minutes in (3, 4):
            desk.path.write_text(good(minutes))
            async with asyncio.timeout(10):
                outcome = await desk.reload()
            assert (hash_of(good(minutes)), True) == (outcome.version, outcome.changed)
            assert "could not be kept" in outcome.remarks[0]
    finally:
        hung.answers.set()
    assert await asyncio.to_thread(hung.kept.wait, 20)
    assert "could not be kept" in desk.file.status().remarks[0]
    assert (await desk.reload()).remarks == ()
    assert [hash_of(good(4)), hash_of(good(3)), hash_of(GOOD)] == [version.hash for version in desk.versions.all()]


async def test_a_rollback_is_kept_as_one(desk: RulesDesk) -> None:
    """The row says which version came back, and the deed that it was a rollback."""
    desk.path.write_text(good(3))
    await desk.reload()
    desk.path.write_text(GOOD)
    outcome = await desk.reload("alice", reason="too long", restores=1)
    assert (hash_of(GOOD), True) == (outcome.version, outcome.changed)
    third = desk.versions.all()[0]
    assert (third.id, third.restores, third.reason) == (3, 1, "too long")
    assert desk.audit.latest(1)[0].what == "rollback"
    assert not (await desk.reload("alice", reason="once more", restores=1)).changed
    assert desk.audit.latest(1)[0].why == "as before: once more"


async def test_a_rollback_that_somebody_saved_over_is_a_reload(desk: RulesDesk) -> None:
    """What is in the file comes into force, and is not called what it is not."""
    desk.path.write_text(good(3))
    outcome = await desk.reload("alice", restores=1)
    assert hash_of(good(3)) == outcome.version
    assert desk.versions.all()[0].restores is None


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_compiling_leaves_nothing_for_the_garbage_collector() -> None:
    """It does without looks for garbage, which would hold up calls; so it may leave none behind."""
    example = Path(__file__).parents[2] / "configs" / "example.yaml"
    text = example.read_bytes()
    compiled(text, example)  # fills caches, which stay
    gc.collect()
    gc.disable()
    try:
        compiled(text, example)
        assert gc.isenabled()
        gc.disable()
        assert gc.collect() == 0
    finally:
        gc.enable()
