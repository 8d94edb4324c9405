"""Reloads of a daemon that runs, by save, command and signal: what is told, what stays, what can be undone."""

import asyncio
import random
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from ccrouter.cli import main
from ccrouter.config.load import compile_text
from ccrouter.config.problems import RefusedFileError
from ccrouter.store.versions import hash_of
from ccrouter.web.client import connected
from ccrouter.web.orders import ReloadOutcome
from support.daemon_process import DaemonError
from support.office import GOOD, Office, open_office
from support.saving import by_rename, in_place

BAD: Final = Path(__file__).parents[1] / "config" / "bad"
OTHERS: Final = ("settings_", "tokens_")
BAD_FILES: Final = [file for file in sorted(BAD.glob("*.yaml")) if not file.name.startswith(OTHERS)]
TAKEN: Final = "routing file in force"
COUNT_TAKEN: Final = 'ccrouter_config_reloads_total{result="taken"}'
AS_BEFORE: Final = "routing file as before"
REFUSED: Final = "routing file refused, the old rules stay in force"


def version(minutes: int) -> str:
    """Return a good file that differs from others in one value."""
    return GOOD.replace("2min", f"{minutes}min")


def hash_text(text: str) -> str:
    """Return what a version is called."""
    return hash_of(text.encode())


def reload(office: Office) -> ReloadOutcome:
    """Do what `ccrouter reload` does, without a process of its own."""

    async def ask() -> ReloadOutcome:
        async with connected(office.control) as client:
            return await client.reload()

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def shared_office() -> Iterator[Office]:
    """Give an office where a save counts at once, with a daemon that runs for all tests that leave no trace."""
    with open_office(reload_on_save=True) as office:
        office.start()
        yield office


@pytest.fixture
def office(shared_office: Office) -> Office:
    """Give the office with a good file in force."""
    by_rename(shared_office.routing, GOOD)
    reload(shared_office)
    return shared_office


@pytest.fixture
def new_office() -> Iterator[Office]:
    """Give an office of its own, in which one version came into force yet."""
    with open_office(reload_on_save=True) as office:
        office.start()
        yield office


def saved(office: Office, text: str, event: str) -> None:
    """Save a text, and wait for the line of the log that tells its outcome."""
    since = len(office.daemon.lines)
    by_rename(office.routing, text)
    office.daemon.wait_for_line(event=event, since=since)


# --- every bad file ---------------------------------------------------------------------------------------------------


def test_every_bad_file_is_refused_by_a_daemon_that_runs(office: Office) -> None:
    """Reload and `check` tell the same problems of each, and the rules in force are those of before, all the time."""
    since = len(office.daemon.lines)
    before, taken = office.rules(), office.daemon.metrics()[COUNT_TAKEN]
    for file in BAD_FILES:
        new = office.routing.with_suffix(".new")
        shutil.copyfile(file, new)
        new.replace(office.routing)
        with pytest.raises(RefusedFileError) as raised:
            compile_text(file.read_bytes(), str(office.routing))
        outcome = reload(office)
        assert (before.version, False, str(raised.value)) == (
            outcome.version,
            outcome.changed,
            "\n".join(outcome.problems),
        ), file
        checked = CliRunner().invoke(main, ["check", str(office.routing)])
        assert checked.exit_code == 1, file
        told = checked.output.replace("\n", "")
        assert all(problem.head in told for problem in raised.value.problems), file
    rules = office.rules()
    assert (before.version, before.loaded_at, GOOD) == (rules.version, rules.loaded_at, office.in_force().text)
    saved(office, GOOD, AS_BEFORE)
    assert office.daemon.logged(event=TAKEN, since=since) == []
    assert taken == office.daemon.metrics()[COUNT_TAKEN]


@pytest.mark.parametrize("file", random.Random(1).sample(BAD_FILES, 3), ids=lambda file: file.stem)  # noqa: S311 - a choice
def test_a_bad_file_that_is_saved_is_refused_and_told(office: Office, file: Path) -> None:
    """Nobody asked, so log, metric and status tell, `ccrouter reload` tells it again; one refusal a save."""
    since = len(office.daemon.lines)
    shutil.copyfile(file, office.routing)
    office.daemon.wait_for_line(event=REFUSED, since=since)
    rules = office.rules()
    assert hash_text(GOOD) == rules.version
    with pytest.raises(RefusedFileError) as raised:
        compile_text(file.read_bytes(), str(office.routing))
    assert tuple(str(raised.value).splitlines()) == rules.problems == reload(office).problems
    assert office.daemon.metrics()["ccrouter_config_last_reload_successful"] == 0
    assert "it was refused" in rules.remarks[0]
    saved(office, GOOD, AS_BEFORE)
    assert len(office.daemon.logged(event=REFUSED, since=since)) == 2  # the save, and the order
    assert (office.rules().problems, office.rules().remarks) == ((), ())


# --- on save ----------------------------------------------------------------------------------------------------------


def test_a_save_is_in_force_within_a_second_or_so(office: Office) -> None:
    """The author is the owner of the file, as far as the kernel knows; the version is kept."""
    since = len(office.daemon.lines)
    in_place(office.routing, version(3))
    told = office.daemon.wait_for_line(event=TAKEN, since=since)
    assert (hash_text(version(3)), hash_text(GOOD)) == (told["version"], told["before"])
    assert told["author"].startswith("saved (file of ")
    newest = office.daemon.command("versions").splitlines()[2]
    assert ("in force" in newest, told["author"] in newest) == (True, True)


def test_without_reload_on_save_the_status_tells_that_the_file_differs() -> None:
    """A save is nobody's order then; but an admin sees that what is on disk is not what runs."""
    with open_office(reload_on_save=False) as office:
        office.start()
        in_place(office.routing, version(3))
        status = office.daemon.wait_until(lambda status: status.rules is not None and bool(status.rules.remarks))
        assert status.rules is not None
        assert "has not been read yet" in status.rules.remarks[0]
        assert hash_text(GOOD) == status.rules.version
        assert "RULES: the file was changed" in office.daemon.command("status")
        assert reload(office).changed
        assert office.rules().remarks == ()


# --- all at once ------------------------------------------------------------------------------------------------------


def test_signal_command_and_save_at_the_same_time_agree(office: Office) -> None:
    """Whoever comes first brings it into force, once; each answer is true; the last version saved is in force."""
    since = len(office.daemon.lines)
    texts = [version(3 + n) for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for text in texts:
            by_rename(office.routing, text)
            orders = [pool.submit(reload, office) for _ in range(3)]
            office.daemon.send(signal.SIGHUP)
            answers = [order.result() for order in orders]
            assert {hash_text(text)} == {answer.version for answer in answers}
            assert [answer.changed for answer in answers].count(True) <= 1
    office.daemon.wait_until(lambda status: status.rules is not None and not status.rules.remarks)
    taken = [line["version"] for line in office.daemon.logged(event=TAKEN, since=since)]
    assert [hash_text(text) for text in texts] == taken
    assert office.daemon.logged(event=REFUSED, since=since) == []


def test_a_kill_in_the_middle_of_reloads_leaves_a_whole_version() -> None:
    """Whatever the instant of a kill -9: the next start runs on the file, or where that is bad on a version kept."""
    chance = random.Random(7)  # noqa: S311 - a choice
    with open_office(reload_on_save=True) as office:
        for turn in range(3):
            office.start()
            last = ""
            with ThreadPoolExecutor(1) as pool:
                for n in range(4):
                    by_rename(office.routing, version(10 * turn + n + 3))
                    last = reload(office).version
                text = version(10 * turn + 9)
                by_rename(office.routing, text)
                order = pool.submit(reload, office)
                wait([order], timeout=chance.uniform(0, 0.05))
                office.daemon.kill()
            by_rename(office.routing, "services: [")
            office.start()
            rules = office.rules()
            assert rules.problems
            # What was confirmed is never lost; what was under way may be kept, or not.
            assert rules.version in {last, hash_text(text)}
            assert hash_text(office.in_force().text) == rules.version
            office.daemon.stop()
            by_rename(office.routing, GOOD)


# --- versions and the way back ----------------------------------------------------------------------------------------


def test_a_rollback_brings_the_version_before_back_into_the_file(new_office: Office) -> None:
    """File, rules in force and list agree; mode is kept, and what the file held stands beside it."""
    office = new_office
    saved(office, version(3), TAKEN)
    saved(office, version(4), TAKEN)
    office.routing.chmod(0o640)
    told = office.daemon.command("rollback", "--reason", "too long")
    assert f"version 2 ({hash_text(version(3))}) is in force\n" in told
    assert version(3) == office.routing.read_text() == office.in_force().text
    assert office.routing.stat().st_mode & 0o777 == 0o640
    aside = office.routing.with_name(f"routing.yaml.rejected-{hash_text(version(4))}")
    assert aside.read_text() == version(4)
    newest = office.daemon.command("versions").splitlines()[2]
    assert ("back to 2, too long" in newest, "in force" in newest) == (True, True)
    # Once more goes further back, not to what was left; then there is nothing before it.
    assert "version 1 " in office.daemon.command("rollback")
    with pytest.raises(DaemonError, match="no version before this one"):
        office.daemon.command("rollback")
    assert "version 3 " in office.daemon.command("rollback", "3")
    assert office.routing.read_text() == version(4)


def test_a_rollback_of_a_refused_file_changes_no_call(office: Office) -> None:
    """What is in force comes back into the file, so that a restart has it too."""
    versions = len(office.daemon.command("versions").splitlines())
    saved(office, version(3), TAKEN)
    saved(office, "services: [", REFUSED)
    told = office.daemon.command("rollback")
    assert f"({hash_text(version(3))}) is in force, as before" in told
    assert office.routing.read_text() == version(3)
    assert office.rules().problems == ()
    assert versions + 1 == len(office.daemon.command("versions").splitlines())  # the save, and none for the rollback


def test_versions_are_shown_and_compared(new_office: Office) -> None:
    """To the byte, and line by line."""
    office = new_office
    saved(office, version(3), TAKEN)
    assert office.daemon.command("versions", "show", "1") == GOOD
    difference = office.daemon.command("versions", "diff", "2").splitlines()
    assert difference[:2] == ["--- version 1", "+++ version 2"]
    changed = [line for line in difference[3:] if line[0] in "+-"]
    assert [f"-{old}" for old in GOOD.splitlines() if "2min" in old] == changed[:1]
    assert [f"+{new}" for new in version(3).splitlines() if "3min" in new] == changed[1:]
    with pytest.raises(DaemonError, match="no version 9 is kept"):
        office.daemon.command("versions", "show", "9")
