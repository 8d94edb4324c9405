"""Where a command takes its rules from: a file, the standard input, git, or the daemon."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ccrouter.cli.options import FAILED, UNREACHABLE, ask, tell_problems

if TYPE_CHECKING:
    from datetime import datetime

    from ccrouter.routing.rules import Rules
    from ccrouter.web.client import Client

LIVE: Final = "live"
STDIN: Final = "-"
_GIT: Final = "git:"


def rules_from(source: str, socket: Path) -> "Rules":
    """Return the rules of a routing file, of `-` (standard input), of `git:REVISION:FILE`, or of `live` (the daemon).

    Where there are none, the reason is told and the command ends with its exit code.
    """
    from ccrouter.config.load import compile_text, load_routing  # noqa: PLC0415
    from ccrouter.config.problems import RefusedFileError  # noqa: PLC0415

    try:
        if source == LIVE:
            return compile_text(_live(socket), "the rules in force")
        if source == STDIN:
            return compile_text(sys.stdin.buffer.read(), "standard input")
        if source.startswith(_GIT):
            return compile_text(_git(source), source)
        return load_routing(source)
    except RefusedFileError as error:
        tell_problems(error)
        sys.exit(FAILED)


def first_day(text: str, rules: "Rules") -> "datetime":
    """Return 0:00 of the day that a text says, on the clock of the rules' zone.

    Raises:
        InstantError: it says none.

    """
    from datetime import datetime, time  # noqa: PLC0415

    from ccrouter.clock import SystemClock, utc  # noqa: PLC0415
    from ccrouter.config.instants import instant  # noqa: PLC0415

    return datetime.combine(instant(text, utc(SystemClock().now()), rules.zone).date(), time(), rules.zone)


def check_modes(modes: tuple[str, ...], *versions: "Rules") -> None:
    """Refuse a mode that no version of the rules knows."""
    from ccrouter.config.problems import suggest  # noqa: PLC0415

    known = sorted({mode for rules in versions for mode in rules.modes})
    for mode in modes:
        if mode not in known:
            raise click.BadParameter(f"there is no mode {mode!r}. {suggest(mode, known)}", param_hint="--mode")


def modes_now(socket: Path) -> list[str]:
    """Return the modes that are on in the daemon."""
    found: list[str] = []

    async def work(client: "Client") -> None:
        found.extend(each.name for each in await client.modes() if each.on)

    ask(socket, work)
    return found


def _live(socket: Path) -> bytes:
    found: list[str] = []

    async def work(client: "Client") -> None:
        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.versions import IN_FORCE  # noqa: PLC0415

        found.append(read(IN_FORCE, await client.ask("GET", "/rules")).text)

    ask(socket, work)
    if not found:
        sys.exit(UNREACHABLE)
    return found[0].encode()


def _git(source: str) -> bytes:
    revision, _, path = source.removeprefix(_GIT).partition(":")
    if not revision or not path or revision.startswith("-"):
        raise click.BadParameter(f"{source!r} names no version; write git:HEAD~1:routing.yaml")
    try:
        # A path is meant from the folder that one stands in, as `./` tells git.
        shown = subprocess.run(  # noqa: S603 - no shell, and the revision can't be an option
            ["git", "show", f"{revision}:./{path}"],  # noqa: S607 - the git of whoever asks
            capture_output=True,
            check=True,
        )
    except FileNotFoundError:
        raise click.ClickException("git is not installed") from None
    except subprocess.CalledProcessError as error:
        raise click.ClickException(f"git: {error.stderr.decode(errors='replace').strip()}") from None
    return shown.stdout
