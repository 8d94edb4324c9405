"""What the commands share: exit codes, options, and how errors and daemons are met."""

import gc
import os
import re
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ccrouter.errors import CcrouterError

if TYPE_CHECKING:
    from ccrouter.config.problems import Problem, RefusedFileError
    from ccrouter.web.client import Client

SETTINGS: Final = Path("/etc/ccrouter/settings.yaml")
SOCKET: Final = Path("/run/ccrouter/control.sock")

FAILED: Final = 1
MISASKED: Final = 2
UNREACHABLE: Final = 3

COLOURS: Final = {"error": "red", "warning": "yellow", "note": "cyan"}
"""Of problems, by severity."""

LONGEST_S: Final = 366 * 86400
MOST_LETTERS: Final = 300

UNITS_S: Final = {"d": 86400, "h": 3600, "min": 60, "m": 60, "s": 1}


def duration(text: str) -> float:
    """Return the seconds in a length of time such as `90s`, `30min`, `2h`, `1d12h`."""
    parts = re.findall(r"(\d{1,6})(min|[dhms])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise click.BadParameter(f"{text!r} is no length of time; write 90s, 30min, 2h or 1d12h")
    return float(sum(int(number) * UNITS_S[unit] for number, unit in parts))


def lasting(text: str) -> float:
    """Return the seconds that a mode or an override is to last."""
    found = duration(text)
    if not found:
        raise click.BadParameter("it would end at once; write how long it is to last: 30min, 2h, 1d")
    if found > LONGEST_S:
        raise click.BadParameter(f"{text} is too long: a year is the most, 366d")
    return found


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
    help="Control socket of the daemon; of two routers both, with a colon between: the first that answers is asked, by "
    "`status` and `reload` each.",
)


def reason_option(command: Callable[..., None]) -> Callable[..., None]:
    """Ask for the reason of a deed."""
    return click.option("--reason", required=True, type=said, metavar="TEXT", help="Why; kept in the audit journal.")(
        command
    )


def said(text: str) -> str:
    """Return a reason: some words on one line."""
    if not text.strip():
        raise click.BadParameter("it is empty; say in a few words why, for those who will read it later")
    if len(text) > MOST_LETTERS:
        raise click.BadParameter(f"it has {len(text)} characters; say it in {MOST_LETTERS} at most")
    if not text.isprintable():
        raise click.BadParameter("write it on one line, without control characters")
    return text


def version_number(text: str) -> int:
    """Return the number of a version."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise click.BadParameter(f"{text!r} is no number of a version; `ccrouter versions` lists them")
    return int(text)


def person() -> str:
    """Return who stands behind a shared user: the kernel tells the daemon `root`, sudo knows the person."""
    return os.environ.get("SUDO_USER", "")


def sockets_in(socket: Path) -> list[Path]:
    """Return the control sockets that --socket names."""
    return [Path(each) for each in str(socket).split(":") if each] or [socket]


def ask(socket: Path, work: "Callable[[Client], Coroutine[Any, Any, None]]") -> None:
    """Do some work with the daemon, of two with the first that answers; its errors end the command with their code."""
    import asyncio  # noqa: PLC0415 - `--help` and `check` have no use for it

    from ccrouter.web.client import answering, connected  # noqa: PLC0415

    async def session() -> None:
        async with connected(await answering(sockets_in(socket))) as client:
            await work(client)

    try:
        asyncio.run(session())
    except CcrouterError as error:
        click.echo(f"ccrouter: {error}", err=True)
        sys.exit(_code_of(error))


def ask_each(
    socket: Path, work: "Callable[[Client], Coroutine[Any, Any, Callable[[], None]]]", *, headed: bool = True
) -> None:
    """Do some work with each daemon that the option names, all at once; what the work returns then tells its outcome.

    Where there are two, each outcome stands under the name of its socket, and one that can't be reached fails the
    command. One that takes long is told of, and the outcome of the other does not wait for it.
    """
    import asyncio  # noqa: PLC0415 - as above

    from ccrouter.web.client import ANSWER_WITHIN_S, PROBE_S, connected  # noqa: PLC0415

    sockets, codes = sockets_in(socket), dict[Path, int]()

    async def session(path: Path) -> Callable[[], None]:
        try:
            async with connected(path) as client:
                return await work(client)
        except CcrouterError as error:
            return partial(_raise, error)

    async def sessions() -> None:
        async with asyncio.TaskGroup() as group:
            tasks = {path: group.create_task(session(path), name=str(path)) for path in sockets}
            await asyncio.wait(tasks.values(), timeout=PROBE_S)
            late = [path for path in sockets if not tasks[path].done()]
            for path in late:
                waits = f"waiting for {ANSWER_WITHIN_S:g} s at the most"
                click.echo(f"ccrouter: {path} has not answered yet; {waits}", err=True)
            for path in sorted(sockets, key=late.__contains__):
                tell = await tasks[path]
                if headed and len(sockets) > 1:
                    click.echo(f"{path}:")
                codes[path] = _told(tell)

    asyncio.run(sessions())
    _end(codes)


def _raise(error: CcrouterError) -> None:
    raise error


def _told(tell: Callable[[], None]) -> int:
    try:
        tell()
    except CcrouterError as error:
        click.echo(f"ccrouter: {error}", err=True)
        return _code_of(error)
    return 0


def _end(codes: Mapping[Path, int]) -> None:
    """End the command by the codes of all daemons that were asked; one that could not be reached fails it."""
    reached = [code for code in codes.values() if code != UNREACHABLE]
    if not reached:
        sys.exit(UNREACHABLE)
    if len(reached) < len(codes):
        missed = ", ".join(str(path) for path, code in codes.items() if code == UNREACHABLE)
        click.echo(f"ccrouter: not reached: {missed}", err=True)
        reached.append(FAILED)
    sys.exit(max(reached))


def _code_of(error: CcrouterError) -> int:
    from ccrouter.web.client import MisaskedError, UnreachableError  # noqa: PLC0415 - known by now

    if isinstance(error, UnreachableError):
        return UNREACHABLE
    return MISASKED if isinstance(error, MisaskedError) else FAILED


@contextmanager
def without_collector() -> Iterator[None]:
    """Let a large file be read, or many modules, without the garbage collector: next to nothing of it is garbage.

    A file of a thousand rules makes some hundred thousand objects, and so do the modules of the daemon; looking through
    them again and again takes up to a sixth of the time. They last: they are not looked through at the end either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def told() -> Iterator[None]:
    """Tell errors that are meant for people without a traceback."""
    try:
        yield
    except CcrouterError as error:
        click.echo(f"ccrouter: {error}", err=True)
        sys.exit(FAILED)


def tell_problems(error: "RefusedFileError") -> None:
    """Print every problem of a file, with the line that it stands on."""
    for problem in error.problems:
        show(problem, _source(problem.file))


def show(problem: "Problem", source: str) -> None:
    """Print a problem with the line of `source` that it stands on, in the colour of its severity."""
    from ccrouter.config.problems import render  # noqa: PLC0415

    colour = COLOURS[problem.severity]
    head, *lines = (render(problem, source) if source else str(problem)).split("\n")
    paint(head, colour, bold=True)
    for line in lines:
        if line.lstrip(" |").startswith("^"):
            paint(line, colour)
        else:
            click.echo(line, err=True)
    click.echo(err=True)


def paint(text: str, colour: str, *, bold: bool = False) -> None:
    """Print on stderr, coloured on a terminal where NO_COLOR is not set."""
    click.secho(text, fg=colour, bold=bold, err=True, color=False if os.environ.get("NO_COLOR") else None)


def _source(file: str) -> str:
    try:
        return Path(file).read_text(errors="replace")
    except OSError:
        return ""
