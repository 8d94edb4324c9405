"""ccrouter versions and rollback: what is listed, which version is chosen, and that a refusal leaves all as it was."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from ccrouter.cli import main, put_back
from ccrouter.cli.put_back import back, one_before
from ccrouter.errors import CcrouterError
from ccrouter.store.versions import hash_of
from ccrouter.web.client import Client, connected
from ccrouter.web.orders import ReloadOutcome
from ccrouter.web.versions import KeptVersion, Rollback, RulesInForce
from support.rules_desk import BAD, GOOD, good
from support.scripted_daemon import NOW, ScriptedDaemon


def kept(number: int, text: str, restores: int | None = None) -> tuple[KeptVersion, str]:
    """Return a version as the daemon has it."""
    return KeptVersion(number, NOW, "alice", hash_of(text.encode()), "/f", "", restores, 1, 1), text


def text_of(file: Path) -> str:
    """Return what a file holds."""
    return file.read_text()


def mode(file: Path) -> int:
    """Return who may do what with a file."""
    return file.stat().st_mode & 0o777


def names_beside(file: Path) -> list[str]:
    """Return the names of all routing files, and what is left of writing them, in its folder."""
    return sorted(each.name for each in file.parent.iterdir() if "routing" in each.name)


def put_behind_a_link(file: Path) -> Path:
    """Move a file, put a link to it in its place, and return where it is."""
    real = file.with_name("real.yaml")
    file.rename(real)
    file.symlink_to("real.yaml")
    return real


def elsewhere(file: Path) -> Path:
    """Return a private file, of which the name under which a routing file is first written is one more name."""
    other = file.with_name("elsewhere")
    other.write_text("secret")
    other.chmod(0o600)
    file.with_name(f".{file.name}.0badcafe.new").hardlink_to(other)
    return other


def leads_to(link: Path) -> str:
    """Return where a link leads."""
    return str(link.readlink())


def moved_into(file: Path, folder: str, text: str = "") -> Path:
    """Return where a file is after it was moved into a new folder beside it; one of this text where it is gone."""
    (file.parent / folder).mkdir()
    if text:
        file.write_text(text)
    return file.rename(file.parent / folder / file.name)


def put_instead(file: Path, what: str) -> None:
    """Put something that is no file in the place of one."""
    file.unlink()
    if what == "a folder":
        file.mkdir()
    elif what == "a pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(file)


def remove(file: Path) -> None:
    """Remove a file."""
    file.unlink()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose path is short enough for a socket."""
    with TemporaryDirectory(prefix="ccrouter-") as name:
        yield Path(name).resolve()


@pytest.fixture
def file(folder: Path) -> Path:
    """Give the routing file, with the version in force in it."""
    file = folder / "routing.yaml"
    file.write_text(good(4))
    file.chmod(0o640)
    return file


@pytest.fixture
def daemon(file: Path) -> ScriptedDaemon:
    """Give a daemon that has three versions, the last in force, and takes what it is asked to take."""
    daemon = ScriptedDaemon()
    daemon.kept_versions = [kept(3, good(4)), kept(2, good(3)), kept(1, GOOD)]
    daemon.rules = RulesInForce(str(file), hash_of(good(4).encode()), good(4), "pbx")
    daemon.outcome = ReloadOutcome(hash_of(good(3).encode()), changed=True)
    return daemon


@pytest.fixture
async def client(daemon: ScriptedDaemon, folder: Path) -> AsyncIterator[Client]:
    """Give a client of this daemon."""
    async with daemon.served(folder / "control.sock"), connected(folder / "control.sock") as client:
        yield client


# --- which one --------------------------------------------------------------------------------------------------------

A, B, C = ("a\n", "b\n", "c\n")


@pytest.mark.parametrize(
    ("texts", "in_force", "wanted"),
    [
        ([(A, None)], A, None),
        ([(A, None), (B, None)], B, 1),
        ([(A, None), (B, None), (C, None)], C, 2),
        # Back at 2 by the fourth, so the one before is 1, not 3, which was left.
        ([(A, None), (B, None), (C, None), (B, 2)], B, 1),
        ([(A, None), (B, None), (C, None), (B, 2), (A, 1)], A, None),
        # Something new after a rollback: what was in force before it is what was brought back.
        ([(A, None), (B, None), (A, 1), (C, None)], C, 3),
        ([(A, None), (B, None), (A, 1), (C, None), (A, 3)], A, None),
        # The same text again without a rollback.
        ([(A, None), (B, None), (A, None)], A, 2),
        # The version in force was not kept.
        ([(A, None), (B, None)], C, 2),
    ],
)
def test_the_version_before(texts: list[tuple[str, int | None]], in_force: str, wanted: int | None) -> None:
    """Each rollback without a number goes further back, and never to a version that was left by one."""
    versions = [kept(n, text, restores)[0] for n, (text, restores) in enumerate(texts, 1)]
    found = one_before(versions[::-1], hash_of(in_force.encode()))
    assert wanted == (None if found is None else found.id)


# --- where ------------------------------------------------------------------------------------------------------------

STRANGER = 65533
"""A user other than the one who runs the tests, whose links are then somebody else's."""


async def test_the_daemons_word_for_the_path_is_not_taken(daemon: ScriptedDaemon, client: Client, file: Path) -> None:
    """A daemon that was taken over could have root write anywhere: only what the settings name is written."""
    other = file.with_name("crontab")
    daemon.rules = RulesInForce(str(other), daemon.rules.version, daemon.rules.text, "pbx")
    with pytest.raises(CcrouterError, match=r"this daemon reads .*crontab; nothing was changed.* --settings"):
        await back(client, file, None, "", "")
    assert (good(4), other.exists(), daemon.rollbacks) == (text_of(file), False, [])


@pytest.mark.parametrize("where", ["the file", "a folder on the way"])
async def test_a_link_of_somebody_else_is_not_followed(
    daemon: ScriptedDaemon, client: Client, file: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Whoever may write in a folder on the way could lead root elsewhere."""
    if where == "the file":
        put_behind_a_link(file)
        routing = file
    else:
        file.with_name("way").symlink_to(file.parent)
        routing = file.with_name("way") / file.name
    monkeypatch.setattr(put_back, "trusted_users", lambda: frozenset({STRANGER}))
    daemon.rules = RulesInForce(str(routing), daemon.rules.version, daemon.rules.text, "pbx")
    with pytest.raises(CcrouterError, match=r"is a link that is neither root's nor yours"):
        await back(client, routing, None, "", "")
    assert (good(4), daemon.rollbacks) == (text_of(routing), [])


async def test_what_is_swapped_on_the_way_leads_nowhere(
    daemon: ScriptedDaemon, client: Client, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the writing a folder is replaced by a link: the file in the old folder is written."""
    routing = moved_into(file, "inner")
    inner = routing.parent
    daemon.rules = RulesInForce(str(routing), daemon.rules.version, daemon.rules.text, "pbx")
    target = moved_into(file, "target", text="not ours").parent

    async def kept_after_the_swap() -> list[KeptVersion]:
        if not inner.is_symlink():
            inner.rename(inner.with_name("moved"))
            inner.symlink_to(target)
        return [version for version, _ in daemon.kept_versions]

    monkeypatch.setattr(daemon, "kept", kept_after_the_swap)
    await back(client, routing, None, "", "")
    assert (text_of(target / file.name), text_of(file.parent / "moved" / file.name)) == ("not ours", good(3))


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a loop"])
async def test_what_is_no_file_is_refused(daemon: ScriptedDaemon, client: Client, file: Path, what: str) -> None:
    """A pipe would hang, and a device may do anything."""
    put_instead(file, what)
    with pytest.raises(CcrouterError, match="nothing was changed"):
        await back(client, file, None, "", "")
    assert daemon.rollbacks == []


def test_without_settings_nothing_is_asked(folder: Path) -> None:
    """The cure is told."""
    told = CliRunner().invoke(main, ["rollback", "--settings", str(folder / "none.yaml")])
    assert (told.exit_code, "name the daemon's with --settings" in told.stderr) == (1, True)


# --- what is done -----------------------------------------------------------------------------------------------------


async def test_a_rollback_writes_the_file_and_has_it_taken(daemon: ScriptedDaemon, client: Client, file: Path) -> None:
    """The file has the text, its mode and its owner; what it had stands beside it; the daemon hears who and why."""
    told = await back(client, file, None, "too long", "alice")
    assert good(3) == text_of(file)
    assert mode(file) == 0o640
    aside = file.with_name(f"routing.yaml.rejected-{hash_of(good(4).encode())}")
    assert (good(4), 0o640) == (text_of(aside), mode(aside))
    assert [f"version 2 ({hash_of(good(3).encode())}) is in force", f"what the file held is kept as {aside}"] == told
    [order] = daemon.rollbacks
    assert (order.id, order.reason, order.author[:7]) == (2, "too long", "alice (")


async def test_the_file_behind_a_link_is_written(client: Client, file: Path) -> None:
    """A link stays one: configuration management switches it, and would find a file in its place."""
    real = put_behind_a_link(file)
    await back(client, file, 2, "", "")
    assert (good(3), good(3)) == (text_of(real), text_of(file))
    assert leads_to(file) == real.name


async def test_nothing_is_written_through_a_name_that_somebody_put_there(
    client: Client, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may roll back in a folder of somebody else, and a name there may be one more of a file elsewhere."""
    other, before = elsewhere(file), text_of(file)
    monkeypatch.setattr("ccrouter.store.files.secrets.token_hex", lambda _: "0badcafe")
    with pytest.raises(CcrouterError, match="File exists; nothing was changed"):
        await back(client, file, 2, "", "")
    assert (before, "secret", 0o600) == (text_of(file), text_of(other), mode(other))


async def test_a_file_that_is_gone_is_written_for_all_to_read(
    daemon: ScriptedDaemon, client: Client, file: Path
) -> None:
    """What is in force comes back, since nothing is there; the daemon, another user, can read it."""
    remove(file)
    daemon.outcome = ReloadOutcome(daemon.rules.version, changed=False)
    await back(client, file, None, "", "")
    assert good(4) == text_of(file)
    assert mode(file) == 0o644


async def test_owner_and_attributes_stay(client: Client, file: Path) -> None:
    """An access list is an attribute: without it the daemon might not be allowed to read the file."""
    try:
        os.setxattr(file, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no attributes")
    await back(client, file, None, "", "")
    assert os.getxattr(file, "user.note") == b"kept"


async def test_a_version_that_would_not_compile_today_is_refused(
    daemon: ScriptedDaemon, client: Client, file: Path
) -> None:
    """With its problems, and nothing is touched."""
    daemon.kept_versions.append(kept(7, BAD))
    with pytest.raises(CcrouterError, match=r"nobdoy[\s\S]*version 7 would be refused today; nothing was changed"):
        await back(client, file, 7, "", "")
    assert (good(4), []) == (text_of(file), daemon.rollbacks)
    assert names_beside(file) == ["routing.yaml"]


async def test_what_the_daemon_refuses_is_taken_back(daemon: ScriptedDaemon, client: Client, file: Path) -> None:
    """The true outcome is told, and the file is as it was."""
    daemon.outcome = ReloadOutcome(daemon.rules.version, changed=False, problems=("a problem",))
    with pytest.raises(CcrouterError, match=r"a problem\nversion 2 was refused"):
        await back(client, file, None, "", "")
    assert good(4) == text_of(file)
    assert mode(file) == 0o640


async def test_who_may_not_write_hears_how(daemon: ScriptedDaemon, client: Client) -> None:
    """Nothing was changed, and the cure is told."""
    file = Path("/proc/version")
    daemon.rules = RulesInForce(str(file), hash_of(good(4).encode()), good(4), "pbx")
    with pytest.raises(CcrouterError, match=r"can't be written.*nothing was changed.*sudo ccrouter rollback"):
        await back(client, file, 2, "", "")
    assert daemon.rollbacks == []


async def test_a_full_disk_leaves_the_file_as_it_was(
    daemon: ScriptedDaemon, client: Client, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new text is written whole before it takes the old one's place."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(put_back, "_dress", full)
    with pytest.raises(CcrouterError, match="No space left on device; nothing was changed"):
        await back(client, file, None, "", "")
    assert (good(4), []) == (text_of(file), daemon.rollbacks)
    assert names_beside(file) == ["routing.yaml"]


async def test_a_daemon_that_took_something_else_is_told(daemon: ScriptedDaemon, client: Client, file: Path) -> None:
    """Somebody saved in between: what is in force is what they saved."""
    daemon.outcome = ReloadOutcome("another", changed=True)
    with pytest.raises(CcrouterError, match="saved by somebody else meanwhile; version another is in force"):
        await back(client, file, None, "", "")


async def test_a_daemon_that_ends_meanwhile_is_told(
    daemon: ScriptedDaemon, client: Client, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file holds the version, so the next start has it."""

    async def dead(_: Rollback) -> ReloadOutcome:
        raise asyncio.CancelledError

    monkeypatch.setattr(daemon, "rollback", dead)
    with pytest.raises(CcrouterError, match="holds version 2 again, but the daemon was not heard"):
        await back(client, file, None, "", "")
    assert good(3) == text_of(file)


@pytest.mark.parametrize("number", [9, 10**12])
async def test_a_version_that_is_not_there_is_refused(client: Client, file: Path, number: int) -> None:
    """With the command that lists those that are."""
    with pytest.raises(CcrouterError, match="`ccrouter versions` lists those that are"):
        await back(client, file, number, "", "")


async def test_versions_that_are_alike_are_said_to_be(daemon: ScriptedDaemon, folder: Path) -> None:
    """Nothing at all would look like a fault."""
    socket = str(folder / "control.sock")
    async with daemon.served(folder / "control.sock"):
        told = await asyncio.to_thread(CliRunner().invoke, main, ["versions", "diff", "3", "3", "--socket", socket])
    assert (told.exit_code, told.stdout) == (0, "version 3 and version 3 are the same\n")


@pytest.mark.parametrize(
    "arguments", [("rollback", "abc"), ("versions", "show", "0"), ("versions", "diff", "1", "1.5")]
)
def test_what_is_no_number_of_a_version_is_told(arguments: tuple[str, ...]) -> None:
    """With the command that lists them."""
    told = CliRunner().invoke(main, arguments)
    text = f"{arguments[-1]!r} is no number of a version; `ccrouter versions` lists them"
    assert (told.exit_code, text in told.stderr) == (2, True)
