"""ccrouter fallback: the rules as dialplan, for the time without a router."""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ccrouter.cli.options import examples, socket_option, told

if TYPE_CHECKING:
    from ccrouter.fallback.compile import Fallback
    from ccrouter.fallback.unsaid import Unsaid
    from ccrouter.routing.rules import Rules

MOST_BYTES: Final = 64 << 20
"""More than the greatest routing file compiles to."""


@click.command(
    epilog=examples(
        "ccrouter fallback --output /etc/asterisk/ccrouter/fallback.conf",
        "ccrouter fallback routing.yaml --unsaid",
        "ccrouter fallback routing.yaml --mode crisis | less",
        "ccrouter fallback --take /var/lib/ccrouter/fallback.conf --output /etc/asterisk/ccrouter/fallback.conf",
    ),
)
@click.argument("file", required=False, metavar="[FILE]")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it there at one stroke; else it is printed.",
)
@click.option("--unsaid", is_flag=True, help="List what dialplan can't say, and what happens instead.")
@click.option("--at", metavar="WHEN", help="From when on it is to serve: 2026-12-24 18:00. By default from now on.")
@click.option("--mode", "modes", multiple=True, help="With FILE, a mode that is on; may be given again.")
@click.option(
    "--pabxs", type=click.IntRange(1), metavar="COUNT", help="With FILE, how many PABXs share the sites' lines."
)
@click.option(
    "--take",
    type=click.Path(path_type=Path),
    metavar="COMPILED",
    help="Copy a file that was compiled before, if it is nothing else, to --output.",
)
@socket_option
def fallback(  # noqa: PLR0913 - the options of the command
    *,
    file: str | None,
    output: Path | None,
    unsaid: bool,
    at: str | None,
    modes: tuple[str, ...],
    pabxs: int | None,
    take: Path | None,
    socket: Path,
) -> None:
    """Compile the routing file FILE into plain Asterisk dialplan, which keeps the rules while no router answers.

    FILE may be `-` (standard input) or git:REVISION:FILE, too. Without it the rules in force, the modes that are on and
    the overrides are taken from the daemon.
    """
    if modes and file is None:
        raise click.UsageError("the daemon tells which modes are on: name a routing file, or leave --mode out")
    if pabxs is not None and file is None:
        raise click.UsageError("the daemon knows its PABXs: name a routing file, or leave --pabxs out")
    if take is not None:
        if output is None or file is not None or unsaid or at is not None:
            raise click.UsageError("--take copies a compiled file: it wants --output, and nothing else")
        _take(take, output)
        return
    with told():
        rules, compiled = _compiled(file, at, modes, pabxs or 1, socket)
        if unsaid:
            for each in compiled.unsaid:
                click.echo(_line(each))
            return
        if output is None:
            click.echo(compiled.text, nl=False)
        else:
            _write(output, compiled.text)
            numbers = len({number.number for number in rules.numbers.values()})
            click.echo(f"{output}: {numbers} number{'s' * (numbers != 1)}, holidays up to {compiled.until}")
        if compiled.unsaid:
            count = f"{len(compiled.unsaid)} thing{'s' * (len(compiled.unsaid) > 1)}"
            click.echo(f"ccrouter: {count} can't be said in dialplan; `--unsaid` lists them", err=True)


def _compiled(
    file: str | None, at: str | None, modes: tuple[str, ...], pabxs: int, socket: Path
) -> "tuple[Rules, Fallback]":
    from ccrouter.cli.seen import seen  # noqa: PLC0415
    from ccrouter.cli.sources import check_modes, rules_from  # noqa: PLC0415
    from ccrouter.clock import SystemClock  # noqa: PLC0415
    from ccrouter.fallback.compile import compile_fallback  # noqa: PLC0415

    if file is not None:
        rules = rules_from(file, socket)
        check_modes(modes, rules)
        instant = _instant(at, SystemClock().now(), rules)
        return rules, compile_fallback(rules, instant, modes=dict.fromkeys(modes), pabxs=pabxs)
    daemon = seen(socket)
    rules = daemon.rules()
    return rules, compile_fallback(
        rules,
        _instant(at, daemon.present.facts.at, rules),
        modes={mode: daemon.present.ends.get(mode) for mode in daemon.present.facts.modes},
        overrides=daemon.present.facts.overrides,
        pabxs=max(1, len(daemon.present.facts.snapshot.pabxs)),
    )


def _instant(text: str | None, now: float, rules: "Rules") -> float:
    from ccrouter.cli.moments import moment_asked  # noqa: PLC0415
    from ccrouter.clock import utc  # noqa: PLC0415
    from ccrouter.config.instants import InstantError  # noqa: PLC0415

    try:
        return now if text is None else moment_asked(text, utc(now), rules.zone).timestamp()
    except InstantError as error:
        raise click.BadParameter(str(error), param_hint="--at") from None


def _line(each: "Unsaid") -> str:
    return f"{each.service}, {each.rule}: {each.what}: {each.instead}"


def _take(source: Path, path: Path) -> None:
    from ccrouter.fallback.form import strange_lines  # noqa: PLC0415
    from ccrouter.fallback.succession import own, succeeding  # noqa: PLC0415

    try:
        text = _text_of(source)
        known = path.read_text("utf-8") if path.exists() else None
    except OSError as error:
        raise click.ClickException(f"{error.filename} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{source} is no compiled file: it is not in UTF-8") from None
    strange = next(strange_lines(text), None)
    if strange is not None or not text.endswith("\n"):
        why = "it does not end" if strange is None else f"`ccrouter fallback` never writes its line {strange}"
        raise click.ClickException(f"{source} is no compiled file: {why}; {path} is as it was")
    if known is not None and own(known) == own(text):
        click.echo(f"{path}: unchanged")
        return
    _write(path, succeeding(text, known or ""))
    click.echo(f"{path}: taken from {source}")


def _text_of(source: Path) -> str:
    """Return what a file holds; root reads it, and who wrote it may have put a device, a pipe or no end there."""
    with os.fdopen(os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise click.ClickException(f"{source} is no compiled file: it is no ordinary file")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise click.ClickException(f"{source} is no compiled file: it holds more than {MOST_BYTES >> 20} MiB")
    return content.decode()


def _write(path: Path, text: str) -> None:
    from ccrouter.store.files import write_public  # noqa: PLC0415

    try:
        write_public(path, text.encode())
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from None
