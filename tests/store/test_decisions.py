"""The journal of decisions: what is written is what was decided, and what is old goes."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ccrouter.errors import StoreError
from ccrouter.live.effects import Outcome
from ccrouter.routing.records import CallEnd, decision_of, record_of
from ccrouter.store.decisions import Decisions, Wanted
from ccrouter.store.schema import JOURNAL_FILE, journal_database
from support.full_disk import full_disk
from support.hand_clock import HandClock
from support.made_decisions import CALLER, ended, keep, made
from support.world import NOON

DAY_S = 86400


@pytest.fixture
def journal(tmp_path: Path, clock: HandClock) -> Iterator[Decisions]:
    """Give an empty journal that masks callers."""
    yield (journal := opened(tmp_path, clock))
    journal._database.close()


def opened(folder: Path, clock: HandClock, *, mask_callers: bool = True, spared_bytes: int = 0) -> Decisions:
    """Return the journal in a folder."""
    return Decisions(journal_database(folder, clock), mask_callers=mask_callers, spared_bytes=spared_bytes)


def test_a_decision_is_told_years_later_in_the_same_words(tmp_path: Path, clock: HandClock) -> None:
    """Plan, rule, trace, values seen: all that explains it."""
    decision = made(1)
    keep(opened(tmp_path, clock, mask_callers=False), [decision])
    ((record, end),) = opened(tmp_path, clock).of_call("1.0")
    assert record == record_of(decision)
    assert decision_of(record) == replace(decision, latches={}, turns={})
    assert end is None


def test_callers_are_masked_unless_the_settings_say_otherwise(journal: Decisions, tmp_path: Path) -> None:
    """In the record and in the list, and nowhere in the file."""
    keep(journal, [made(1), made(2, caller=None)])
    assert [each.caller for each in journal.search(Wanted(), 9)] == [None, "061*******"]
    assert journal.of_call("1.0")[0][0]["call"]["caller"] == "061*******"
    assert not any(CALLER.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_what_became_of_a_call_stands_with_the_decision_in_force(journal: Decisions) -> None:
    """A caller who was taken out of a queue has two decisions; the end belongs to the second."""
    first, second = made(1), replace(made(1, waited_s=90.0), id="d2")
    keep(journal, [first, second, ended(1, decision="d2", outcome=Outcome.ABANDONED, target="tunis", talked_s=None)])
    assert [end for _, end in journal.of_call("1.0")] == [None, CallEnd("abandoned", "tunis", 12.5, None, NOON + 60)]
    assert [(line.decision, line.waited_s) for line in journal.search(Wanted(), 9)] == [("d2", 90.0), ("d1", None)]


def test_an_end_without_its_decision_is_left_out(journal: Decisions) -> None:
    """A call that went by a stored plan names the decision of another call."""
    keep(journal, [made(1), ended(2, decision="d1"), ended(1, pabx="other")])
    assert [end for _, end in journal.of_call("1.0")] == [None]


def test_what_is_written_again_stands_there_once(journal: Decisions) -> None:
    """An order to write may be given twice, when nobody knows whether it was done."""
    keep(journal, [made(1), made(2)])
    keep(journal, [made(2), made(3)])
    assert [line.decision for line in journal.search(Wanted(), 9)] == ["d3", "d2", "d1"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["d4", "d3", "d2", "d1"]),
        (Wanted(numbers=("0800 123 456",)), ["d3", "d2", "d1"]),
        (Wanted(numbers=("3949", "0800123456")), ["d4", "d3", "d2", "d1"]),
        (Wanted(numbers=("3948",)), []),
        (Wanted(service="unknown"), ["d4"]),
        (Wanted(rule="otherwise"), ["d3", "d2", "d1"]),
        (Wanted(destination="paris"), ["d3", "d2", "d1"]),
        (Wanted(destination="tunis"), ["d2"]),
        (Wanted(since=NOON + 2), ["d4", "d3", "d2"]),
        (Wanted(since=NOON + 2, until=NOON + 4), ["d3", "d2"]),
        (Wanted(rule="otherwise", until=NOON + 2), ["d1"]),
        (Wanted(rule="' or 1=1 --"), []),
    ],
)
def test_lines_are_found_by_what_they_say(journal: Decisions, wanted: Wanted, found: list[str]) -> None:
    """Newest first; a destination is where a call was sent first, or where it ended."""
    calls = [made(n, NOON + n) for n in (1, 2, 3)]
    keep(journal, [*calls, made(4, NOON + 4, number="3949"), ended(2, target="tunis")])
    assert [line.decision for line in journal.search(wanted, 9)] == found
    assert [line.decision for line in journal.search(wanted, 1)] == found[:1]


def test_what_a_peer_sends_can_be_written(journal: Decisions) -> None:
    """Halves of letters, line ends, quotes: written, and found again by nobody's trick."""
    call = made(1).call
    hostile = replace(made(1), call=replace(call, uniqueid="\ud800'; drop\n", number="\udfff", caller="\ud800" * 9))
    keep(journal, [hostile])
    assert journal.search(Wanted(), 9)[0].uniqueid == "\ufffd'; drop\ufffd"


# --- age and room -----------------------------------------------------------------------------------------------------


def test_old_decisions_go_in_small_steps_and_the_file_shrinks(journal: Decisions, tmp_path: Path) -> None:
    """The oldest first, with their records, and the room goes back to the disk."""
    keep(journal, (made(n, NOON + n * DAY_S) for n in range(1000)))
    journal._database.close()
    before = (tmp_path / JOURNAL_FILE).stat().st_size
    assert journal.tidy(NOON + 900 * DAY_S, 400) == 400
    assert journal.search(Wanted(), 1000)[-1].at == NOON + 400 * DAY_S
    assert [journal.tidy(NOON + 900 * DAY_S, 400) for _ in range(3)] == [400, 100, 0]
    assert len(journal.search(Wanted(), 1000)) == 100
    with journal._database.reading() as connection:
        assert connection.execute("select count(*) from records").fetchone() == (100,)
    journal._database.close()
    assert (tmp_path / JOURNAL_FILE).stat().st_size < before / 5


def test_the_journal_never_takes_the_last_room(tmp_path: Path, clock: HandClock) -> None:
    """What an admin switches must still find some."""
    with pytest.raises(StoreError, match="does not grow any more: the disk is nearly full; make room"):
        keep(opened(tmp_path, clock, spared_bytes=2**60), [made(1)])


def test_a_folder_that_is_missing_is_told_as_a_disk_that_refuses(tmp_path: Path, clock: HandClock) -> None:
    """So the entries wait for it to come back; a fault of ours would cost them."""
    journal = opened(tmp_path / "gone", clock)
    with pytest.raises(StoreError, match="gone can't be looked at: No such file or directory"):
        keep(journal, [made(1)])
    (tmp_path / "gone").mkdir()
    keep(journal, [made(1)])
    assert len(journal.search(Wanted(), 9)) == 1


def test_a_full_disk_is_told_and_healed(journal: Decisions) -> None:
    """Nothing of what was to be written is there, all of it is when there is room again."""
    batch = [made(n) for n in range(200)]
    with full_disk(100_000), pytest.raises(StoreError, match="is the disk full"):
        keep(journal, batch)
    assert journal.search(Wanted(), 9) == []
    keep(journal, batch)
    assert len(journal.search(Wanted(), 1000)) == 200


def test_killed_at_any_moment_what_was_confirmed_is_there(tmp_path: Path, clock: HandClock) -> None:
    """A process that writes without pause is killed again and again; the file opens, and each batch is whole."""
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from ccrouter.clock import SystemClock
        from ccrouter.store.decisions import Decisions
        from ccrouter.store.schema import journal_database
        from support.made_decisions import ended, keep, made

        journal = Decisions(journal_database(Path(sys.argv[1]), SystemClock()), mask_callers=True, spared_bytes=0)
        n = int(sys.argv[3])
        while True:
            keep(journal, (each for m in range(n, n + 10) for each in (made(m), ended(m))))
            n += 10
            print(n, flush=True)
        """
    )
    tests = str(Path(__file__).parents[1])
    confirmed = 0
    for _ in range(3):
        with subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", script, str(tmp_path), tests, str(confirmed)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            for _ in range(10):
                confirmed = int(child.stdout.readline())
            child.kill()
        journal = opened(tmp_path, clock)
        lines = journal.search(Wanted(), 1_000_000)
        journal._database.close()
        assert {f"d{n}" for n in range(confirmed)} <= {line.decision for line in lines}
        assert len(lines) % 10 == 0
        assert all(line.end for line in lines)
        confirmed = len(lines)
