"""The command line: parses arguments, prints, sets exit codes. What a command needs is imported when it runs.

Exit codes: 0 done; 1 refused or failed, the reason is on stderr; 2 the command was given wrongly; 3 no daemon answers.
"""

import os
import re
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from ccrouter.errors import CcrouterError

if TYPE_CHECKING:
    from ccrouter.config.problems import RefusedFileError
    from ccrouter.web.client import Client
    from ccrouter.web.status import ModeStatus

SETTINGS: Final = Path("/etc/ccrouter/settings.yaml")
SOCKET: Final = Path("/run/ccrouter/control.sock")

FAILED: Final = 1
UNREACHABLE: Final = 3

UNITS_S: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def duration(text: str) -> float:
    """Return the seconds in a length of time such as `90s`, `30m`, `2h`, `1d12h`."""
    parts = re.findall(r"(\d{1,6})([dhms])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise click.BadParameter(f"{text!r} is no length of time; write 90s, 30m, 2h or 1d12h")
    return float(sum(int(number) * UNITS_S[unit] for number, unit in parts))


def examples(*lines: str) -> str:
    """Return an epilog that shows these lines as they are typed."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


socket_option = click.option(
    "--socket",
    type=click.Path(path_type=Path),
    envvar="CCROUTER_SOCKET",
    default=SOCKET,
    show_default=True,
    show_envvar=True,
    help="Control socket of the daemon.",
)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "ccrouter check /etc/ccrouter/routing.yaml",
        "ccrouter run --settings /etc/ccrouter/settings.yaml",
        "ccrouter status --watch",
        'ccrouter mode set crisis --reason "flooded in Paris" --for 2h',
    ),
)
@click.version_option(package_name="ccrouter", message="%(prog)s %(version)s")
def main() -> None:
    """Route calls between positions of your own and outside sites, for Asterisk."""


@main.command(epilog=examples("ccrouter run", "ccrouter run --settings configs/demo/settings.yaml"))
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=SETTINGS,
    show_default=True,
    help="Settings file: connections, addresses, and where the routing file is.",
)
def run(settings: Path) -> NoReturn:
    """Run the daemon in the foreground.

    SIGTERM and SIGINT stop it: calls in progress stay with the PABX and go on. SIGHUP reads the routing file again.
    """
    from ccrouter.config.load import load_settings  # noqa: PLC0415
    from ccrouter.config.problems import RefusedFileError  # noqa: PLC0415

    with _told():
        try:
            loaded = load_settings(settings)
            from ccrouter.app import run_daemon  # noqa: PLC0415 - a bad file is told before all of it is imported

            sys.exit(run_daemon(loaded))
        except RefusedFileError as error:
            _tell_problems(error)
            sys.exit(FAILED)


@main.command(
    epilog=examples(
        "ccrouter check",
        "ccrouter check /etc/ccrouter/routing.yaml",
        "ccrouter check configs/*.yaml && echo good",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check settings and routing files by the daemon's own rules, without touching a daemon.

    A settings file is checked with the routing file that it names. Without FILES, /etc/ccrouter/settings.yaml is.
    """
    from ccrouter.config.problems import RefusedFileError  # noqa: PLC0415

    bad = 0
    for file in files or (SETTINGS,):
        try:
            click.echo("\n".join(_checked(file)))
        except RefusedFileError as error:
            bad += 1
            _tell_problems(error)
            click.secho(f"{file}: {len(error.problems)} to mend", fg="red", err=True)
    if bad:
        sys.exit(FAILED)


def _checked(file: Path) -> list[str]:
    """Return what is told of a good file.

    Raises:
        RefusedFileError: it, or the routing file that it names, is bad.

    """
    from ccrouter.config.load import compile_text, load_settings, read_file  # noqa: PLC0415
    from ccrouter.config.yaml import read  # noqa: PLC0415

    content = read_file(file)
    told = []
    if "pabxs" in read(content, str(file)).value:
        settings = load_settings(file)
        told.append(f"{file}: good: PABXs {', '.join(pabx.name for pabx in settings.pabxs)}")
        file, content = settings.routing, read_file(settings.routing)
    rules = compile_text(content, str(file))
    counts = {
        "number": len({number.number for number in rules.numbers.values()}),
        "service": len(rules.services),
        "site": len(rules.sites),
        "mode": len(rules.modes),
    }
    held = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items())
    return [*told, f"{file}: good: {held}, version {rules.version}"]


def _tell_problems(error: "RefusedFileError") -> None:
    from ccrouter.config.problems import render  # noqa: PLC0415

    for problem in error.problems:
        source = _source(problem.file)
        first, *rest = (render(problem, source) if source else str(problem)).splitlines()
        click.secho(first, bold=True, err=True)
        click.echo("\n".join([*rest, ""]), err=True)


def _source(file: str) -> str:
    try:
        return Path(file).read_text(errors="replace")
    except OSError:
        return ""


@main.group()
def mode() -> None:
    """List and switch modes: named switches that the rules test, such as `crisis`."""


@mode.command("list")
@socket_option
def mode_list(socket: Path) -> None:
    """List the modes with who switched them, why, and until when."""

    async def work(client: "Client") -> None:
        from ccrouter.web.terminal import modes_section, show  # noqa: PLC0415

        show(sys.stdout, (), (modes_section(await client.modes()),))

    _ask(socket, work)


def _reason_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--reason", required=True, help="Why; kept in the audit journal.")(command)


@mode.command(
    "set",
    epilog=examples(
        'ccrouter mode set crisis --reason "flooded in Paris"',
        'ccrouter mode set all_outside --reason "general assembly" --for 2h30m',
    ),
)
@click.argument("name")
@_reason_option
@click.option("--for", "for_s", type=duration, help="Length of time after which it ends by itself: 90s, 30m, 2h, 1d.")
@socket_option
def mode_set(name: str, reason: str, for_s: float | None, socket: Path) -> None:
    """Switch the mode NAME on, or give it a new reason and end."""

    async def work(client: "Client") -> None:
        _tell_mode(await client.switch_mode(name, on=True, reason=reason, author=_person(), for_s=for_s))

    _ask(socket, work)


@mode.command("clear", epilog=examples('ccrouter mode clear crisis --reason "all dry again"'))
@click.argument("name")
@_reason_option
@socket_option
def mode_clear(name: str, reason: str, socket: Path) -> None:
    """Switch the mode NAME off."""

    async def work(client: "Client") -> None:
        _tell_mode(await client.switch_mode(name, on=False, reason=reason, author=_person()))

    _ask(socket, work)


@main.command(epilog=examples("ccrouter reload && ccrouter status"))
@socket_option
def reload(socket: Path) -> None:
    """Have the daemon read the routing file again. With problems in it, the rules of before stay in force."""

    async def work(client: "Client") -> None:
        outcome = await client.reload()
        if outcome.problems:
            for problem in outcome.problems:
                click.echo(problem, err=True)
            raise CcrouterError(f"the routing file was refused; version {outcome.version} stays in force")
        click.echo(f"version {outcome.version} is in force" + ("" if outcome.changed else ", as before"))

    _ask(socket, work)


@main.command(epilog=examples("ccrouter status", "ccrouter status --watch", "ccrouter status --json | jq .queues"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one line for each look.")
@click.option("--watch", is_flag=True, help="Look again every second until Ctrl-C.")
@socket_option
def status(as_json: bool, watch: bool, socket: Path) -> None:  # noqa: FBT001 - click hands flags over so
    """Show PABXs, queues, sites, modes and the last decisions."""

    async def work(client: "Client") -> None:
        from ccrouter.web.watch import show_json, show_status  # noqa: PLC0415

        await (show_json if as_json else show_status)(client, sys.stdout, again=watch)

    try:
        _ask(socket, work)
    except KeyboardInterrupt:
        if not watch:
            raise


def _tell_mode(state: "ModeStatus") -> None:
    from ccrouter.web.terminal import instant  # noqa: PLC0415

    until = "" if state.until is None else f" until {instant(state.until)} UTC"
    click.echo(f"{state.name} is {'on' if state.on else 'off'}{until}")


def _person() -> str:
    """Return who stands behind a shared user: the kernel tells the daemon `root`, sudo knows the person."""
    return os.environ.get("SUDO_USER", "")


def _ask(socket: Path, work: "Callable[[Client], Coroutine[Any, Any, None]]") -> None:
    import asyncio  # noqa: PLC0415 - `--help` and `check` have no use for it

    from ccrouter.web.client import UnreachableError, connected  # noqa: PLC0415

    async def session() -> None:
        async with connected(socket) as client:
            await work(client)

    with _told():
        try:
            asyncio.run(session())
        except UnreachableError as error:
            click.echo(f"ccrouter: {error}", err=True)
            sys.exit(UNREACHABLE)


@contextmanager
def _told() -> Iterator[None]:
    """Tell errors that are meant for people without a traceback."""
    try:
        yield
    except CcrouterError as error:
        click.echo(f"ccrouter: {error}", err=True)
        sys.exit(FAILED)
