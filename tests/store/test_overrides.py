"""Overrides over restarts, ends and full disks."""

from pathlib import Path

import pytest

from ccrouter.errors import StoreError
from ccrouter.routing.overrides import Override
from ccrouter.store.audit import Audit, Deed
from ccrouter.store.database import Database
from ccrouter.store.keepers import kept_overrides
from ccrouter.store.overrides import Overrides
from ccrouter.store.schema import state_database
from support.full_disk import full_disk
from support.hand_clock import HandClock

NOW = 1_795_289_835.0
FIRST = Override("aaaa", "0800123456", ("tunis", "closed"), NOW, NOW + 7200, "alice (root)", "flooded: « Paris »")
SECOND = Override("bbbb", "0800123456", ("backup",), NOW + 3600, NOW + 9000, "bob", "move")


@pytest.fixture
def overrides(database: Database) -> Overrides:
    """Give none."""
    return Overrides(kept_overrides(database))


def restarted(tmp_path: Path, clock: HandClock) -> tuple[Override, ...]:
    """Return what the next start finds."""
    database = state_database(tmp_path, clock)
    overrides = Overrides(kept_overrides(database))
    overrides.load()
    database.close()
    return overrides.current(NOW)


async def test_overrides_survive_a_restart_newest_set_first(
    tmp_path: Path, clock: HandClock, overrides: Overrides
) -> None:
    """With all that was said of them; the last word about a number stands before the others."""
    await overrides.set(FIRST, NOW)
    await overrides.set(SECOND, NOW)
    assert overrides.current(NOW) == (SECOND, FIRST)
    assert restarted(tmp_path, clock) == (SECOND, FIRST)


async def test_the_audit_journal_tells_of_each(database: Database, overrides: Overrides) -> None:
    """Who set it, where to, why, from when and until when; who cancelled it, and why; and that it ended."""
    await overrides.set(FIRST, NOW)
    await overrides.set(SECOND, NOW)
    assert await overrides.cancel("aaaa", "carol", "dry again", NOW + 60) == FIRST
    assert await overrides.end_due(NOW + 9000) == (SECOND,)
    assert Audit(database).latest(9) == [
        Deed(NOW + 9000, "ccrouter", "override ended", "bbbb: 0800123456 to backup", "move"),
        Deed(NOW + 60, "carol", "override cancelled", "aaaa: 0800123456 to tunis, closed", "dry again"),
        Deed(NOW, "bob", "override set", "bbbb: 0800123456 to backup", "move", NOW + 3600, NOW + 9000),
        Deed(
            NOW,
            "alice (root)",
            "override set",
            "aaaa: 0800123456 to tunis, closed",
            "flooded: « Paris »",
            until=NOW + 7200,
        ),
    ]


async def test_an_override_ends_when_it_said(tmp_path: Path, clock: HandClock, overrides: Overrides) -> None:
    """For the very next decision, cleared away or not, and a little later also in the file."""
    await overrides.set(FIRST, NOW)
    await overrides.set(SECOND, NOW)
    assert overrides.current(NOW + 7199.9) == (SECOND, FIRST)
    assert overrides.current(NOW + 7200) == (SECOND,)
    assert await overrides.end_due(NOW + 7199) == ()
    assert await overrides.end_due(NOW + 7205) == (FIRST,)
    assert await overrides.end_due(NOW + 7206) == ()
    assert restarted(tmp_path, clock) == (SECOND,)


async def test_what_is_not_there_is_not_cancelled(database: Database, overrides: Overrides) -> None:
    """Nor one whose end has come; the audit journal hears nothing."""
    await overrides.set(FIRST, NOW)
    assert await overrides.cancel("cccc", "bob", "x", NOW) is None
    assert await overrides.cancel("aaaa", "bob", "x", NOW + 7200) is None
    assert len(Audit(database).latest(9)) == 1


async def test_a_full_disk_changes_nothing_and_says_so(tmp_path: Path, clock: HandClock, overrides: Overrides) -> None:
    """Not in memory, not in the file, neither for an override that is set nor for one that is cancelled."""
    await overrides.set(FIRST, NOW)
    long = Override("cccc", "3949", ("tunis",), NOW, NOW + 1, "alice", "flooded " * 10_000)
    with full_disk(60_000), pytest.raises(StoreError, match="is the disk full"):
        await overrides.set(long, NOW)
    with full_disk(60_000), pytest.raises(StoreError, match="is the disk full"):
        await overrides.cancel("aaaa", "bob", "dry " * 20_000, NOW)
    assert overrides.current(NOW) == restarted(tmp_path, clock) == (FIRST,)


async def test_ids_are_short_and_not_used_twice(overrides: Overrides) -> None:
    """An admin types them."""
    for n in range(100):
        await overrides.set(Override("", "3949", ("x",), NOW, NOW + n + 1, "a", "b"), NOW)
    ids = {each.id for each in overrides.current(NOW)}
    assert len(ids) == 100
    assert all(len(id_) == 4 for id_ in ids)


async def test_what_could_not_be_read_at_the_start_is_not_written_over(
    tmp_path: Path, clock: HandClock, database: Database, overrides: Overrides
) -> None:
    """While it can't be read nothing is set; then both count, also where nobody sets any."""
    await overrides.set(FIRST, NOW)
    with database.writing() as connection:
        connection.execute("update overrides set destinations = 'nonsense'")
    later = Overrides(kept_overrides(database))
    with pytest.raises(StoreError, match="holds a row in overrides that is none"):
        later.load()
    with pytest.raises(StoreError, match="holds a row in overrides that is none"):
        await later.set(SECOND, NOW)
    with database.writing() as connection:
        connection.execute("""update overrides set destinations = '["tunis", "closed"]'""")
    assert await later.end_due(NOW) == ()
    assert later.current(NOW) == (FIRST,)
    await later.set(SECOND, NOW)
    assert later.current(NOW) == restarted(tmp_path, clock) == (SECOND, FIRST)
