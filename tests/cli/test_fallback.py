"""ccrouter fallback, as a person uses it."""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner, Result

from ccrouter.cli import main
from ccrouter.routing.facts import Facts
from ccrouter.routing.overrides import Override
from ccrouter.routing.snapshot import PabxFacts, Snapshot
from ccrouter.web.status import ModeStatus
from ccrouter.web.versions import RulesInForce
from support.configs import EXAMPLE
from support.scripted_daemon import NOW, ScriptedDaemon

AT = ("--at", "2026-11-23 09:00")


def fallback(*arguments: str, stdin: str | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["fallback", *arguments], input=stdin, catch_exceptions=False)


def test_it_is_printed(tmp_path: Path) -> None:
    """Dialplan on stdout, and on stderr that something could not be said."""
    found = fallback(str(EXAMPLE), *AT)
    assert found.exit_code == 0
    assert "\n[ccrouter-fallback]\nexten => " in found.stdout
    assert found.stderr == "ccrouter: 11 things can't be said in dialplan; `--unsaid` lists them\n"
    written = tmp_path / "fallback.conf"
    told = fallback(str(EXAMPLE), *AT, "--output", str(written))
    assert told.stdout == f"{written}: 6 numbers, holidays up to 2028-11-30\n"
    assert written.read_text("utf-8") == found.stdout == fallback("-", *AT, stdin=EXAMPLE.read_text("utf-8")).stdout


def test_one_number_is_one_number(tmp_path: Path) -> None:
    """The words follow the count."""
    routing, written = tmp_path / "routing.yaml", tmp_path / "fallback.conf"
    routing.write_text(
        "timezone: Europe/Paris\nsites: {paris: {in_house: {queue: paris, max_wait: 60s}}}\n"
        "messages: {closed: {play: beep}}\nnumbers: {'3949': {service: support}}\n"
        "services: {support: {otherwise: [paris, closed]}}\n",
        "utf-8",
    )
    assert fallback(str(routing), *AT, "--output", str(written)).stdout.startswith(f"{written}: 1 number, holidays")


def test_what_is_unsaid() -> None:
    """One line each: service, rule, the words of the file, and what happens instead."""
    found = fallback(str(EXAMPLE), *AT, "--unsaid")
    assert found.stdout.count("\n") == 11
    line = "orders, tunis helps out: longest_wait: orders at least 60 s: not known to the PABX: "
    assert line + "the rest of the condition decides" in found.stdout.splitlines()


def test_modes_are_said() -> None:
    """A mode that is on is part of the file; one that nobody knows is refused."""
    assert fallback(str(EXAMPLE), *AT, "--mode", "crisis").stdout != fallback(str(EXAMPLE), *AT).stdout
    wrong = fallback(str(EXAMPLE), "--mode", "crises")
    assert (wrong.exit_code, "Did you mean" in wrong.stderr) == (2, True)
    assert fallback("--mode", "crisis").exit_code == 2
    assert fallback(str(EXAMPLE), "--at", "someday").exit_code == 2


def test_several_pabxs_share_the_lines() -> None:
    """A PABX that was lent none takes no more than its own of the 30; the daemon knows how many there are itself."""
    assert "|25|30|pass" in fallback(str(EXAMPLE), *AT).stdout
    two = fallback(str(EXAMPLE), *AT, "--pabxs", "2").stdout
    assert ("|25|3|pass" in two, "|25|30|pass" in two) == (True, False)
    assert (fallback("--pabxs", "2").exit_code, fallback(str(EXAMPLE), "--pabxs", "0").exit_code) == (2, 2)


async def test_the_daemon_tells_how_many_pabxs_there_are() -> None:
    """Without a file the lines are dealt among those that it serves."""
    pabxs = {name: PabxFacts(name, in_sync=True, heard_at=NOW) for name in ("paris", "lyon")}
    daemon = ScriptedDaemon(
        rules=RulesInForce(str(EXAMPLE), "v1", EXAMPLE.read_text("utf-8"), "paris"),
        seen=Facts(NOW, Snapshot(NOW, pabxs=pabxs)),
    )
    with TemporaryDirectory() as folder:
        socket = Path(folder) / "control"
        async with daemon.served(socket):
            found = await asyncio.to_thread(fallback, "--socket", str(socket))
    assert ("|25|3|pass" in found.stdout, "|25|30|pass" in found.stdout) == (True, False)


def test_what_can_not_be_done(tmp_path: Path) -> None:
    """A bad file, a folder that is not there, and no daemon: each with its exit code and its reason."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("numbers: {}\n")
    assert fallback(str(bad)).exit_code == 1
    nowhere = fallback(str(EXAMPLE), "--output", str(tmp_path / "no" / "file"))
    assert (nowhere.exit_code, "No such file or directory" in nowhere.stderr) == (1, True)
    assert fallback("--socket", str(tmp_path / "none")).exit_code == 3


async def test_the_daemon_tells_rules_modes_and_overrides() -> None:
    """Without a file all of it is the daemon's: a mode with its end, an override with its times."""
    override = Override("1", "3949", ("backup",), NOW + 100, NOW + 200, "eve", "moving")
    daemon = ScriptedDaemon(
        rules=RulesInForce(str(EXAMPLE), "v1", EXAMPLE.read_text("utf-8"), "pbx"),
        seen=Facts(NOW, Snapshot(NOW), frozenset({"crisis"}), overrides=(override,)),
        switched={"crisis": ModeStatus("crisis", on=True, until=NOW + 300)},
    )
    with TemporaryDirectory() as folder:
        socket = Path(folder) / "control"
        async with daemon.served(socket):
            found = await asyncio.to_thread(fallback, "--socket", str(socket))
    assert found.exit_code == 0
    assert f"$[(${{at}} < {int(NOW) + 300})]" in found.stdout
    assert f"$[((${{at}} >= {int(NOW) + 100}) & (${{at}} < {int(NOW) + 200}))]" in found.stdout


def test_a_compiled_file_is_taken_over(tmp_path: Path) -> None:
    """Whoever puts it into the PABX takes nothing but what the compiler writes, and nothing that is half there."""
    source, target = tmp_path / "compiled", tmp_path / "fallback.conf"
    fallback(str(EXAMPLE), *AT, "--output", str(source))
    take = ("--take", str(source), "--output", str(target))
    assert fallback(*take).stdout == f"{target}: taken from {source}\n"
    assert fallback(*take).stdout == f"{target}: unchanged\n"
    good = source.read_text("utf-8")
    for bad in (good + "exten => 1,1,System(id)\n", good[:-30], good.replace("[globals]", "[general]")):
        source.write_text(bad, "utf-8")
        refused = fallback(*take)
        assert (refused.exit_code, "is no compiled file" in refused.stderr) == (1, True)
        assert target.read_text("utf-8") == good
    assert fallback("--take", str(source)).exit_code == 2
    assert fallback("--take", str(tmp_path / "none"), "--output", str(target)).exit_code == 1


def test_what_is_taken_over_is_an_ordinary_file_of_bounded_size(tmp_path: Path) -> None:
    """Root takes it, and who wrote it may have been taken over: a pipe, a device or a huge file is not read."""
    pipe, device, huge, target = (tmp_path / name for name in ("pipe", "device", "huge", "fallback.conf"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    with huge.open("wb") as file:
        file.truncate(1 << 40)
    for source, why in ((pipe, "no ordinary file"), (device, "no ordinary file"), (huge, "more than 64 MiB")):
        refused = fallback("--take", str(source), "--output", str(target))
        assert (refused.exit_code, why in refused.stderr) == (1, True)
    assert not target.exists()
