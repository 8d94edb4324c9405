"""ccrouter mode: switches that the rules test."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import ask, examples, lasting, person, reason_option, socket_option

if TYPE_CHECKING:
    from ccrouter.web.client import Client
    from ccrouter.web.status import ModeStatus


@click.group()
def mode() -> None:
    """List and switch modes: named switches that the rules test, such as `crisis`."""


@mode.command("list")
@socket_option
def mode_list(socket: Path) -> None:
    """List the modes with who switched them, why, and until when."""

    async def work(client: "Client") -> None:
        from ccrouter.web.terminal import modes_section, show, times_of  # noqa: PLC0415

        modes = await client.modes()
        show(sys.stdout, times_of(modes[0].zone) if modes else (), (modes_section(modes),))

    ask(socket, work)


@mode.command(
    "set",
    epilog=examples(
        'ccrouter mode set crisis --reason "flooded in Paris"',
        'ccrouter mode set all_outside --reason "general assembly" --for 2h30min',
        'ccrouter mode set all_outside --reason "we move" --until "monday 8:00"',
    ),
)
@click.argument("name")
@reason_option
@click.option(
    "--for",
    "for_s",
    type=lasting,
    metavar="TIME",
    help="Length of time after which it ends by itself: 90s, 30min, 2h, 1d.",
)
@click.option("--until", default="", help="In place of --for, when it ends by itself: 18:30, monday 8:00.")
@socket_option
def mode_set(name: str, reason: str, for_s: float | None, until: str, socket: Path) -> None:
    """Switch the mode NAME on, or give it a new reason and end.

    Times are by the clock of the routing file's time zone.
    """
    if for_s is not None and until:
        raise click.UsageError("a mode ends once: give one of --for and --until")

    async def work(client: "Client") -> None:
        _tell_mode(await client.switch_mode(name, on=True, reason=reason, author=person(), for_s=for_s, until=until))

    ask(socket, work)


@mode.command("clear", epilog=examples('ccrouter mode clear crisis --reason "all dry again"'))
@click.argument("name")
@reason_option
@socket_option
def mode_clear(name: str, reason: str, socket: Path) -> None:
    """Switch the mode NAME off."""

    async def work(client: "Client") -> None:
        _tell_mode(await client.switch_mode(name, on=False, reason=reason, author=person()))

    ask(socket, work)


def _tell_mode(state: "ModeStatus") -> None:
    from ccrouter.web.terminal import instant  # noqa: PLC0415

    until = "" if state.until is None else f" until {instant(state.until, state.zone)} ({state.zone})"
    if state.on and state.until is None:
        until = " until somebody clears it"
    already = "" if state.changed else " already; nothing was changed"
    click.echo(f"{state.name} is {'on' if state.on else 'off'}{until}{already}")
