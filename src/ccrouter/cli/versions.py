"""ccrouter versions and rollback: the routing files that were in force, and the way back to one."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import SETTINGS, ask, examples, person, socket_option, told, version_number

if TYPE_CHECKING:
    from ccrouter.web.client import Client
    from ccrouter.web.versions import KeptVersion

number_argument = click.argument("number", type=version_number, metavar="NUMBER")


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "ccrouter versions",
        "ccrouter versions diff 41",
        "ccrouter versions show 40 > routing.yaml.40",
    ),
)
@socket_option
@click.pass_context
def versions(context: click.Context, socket: Path) -> None:
    """List the versions of the routing file that came into force, newest first."""
    context.default_map = {"show": {"socket": socket}, "diff": {"socket": socket}}
    if context.invoked_subcommand is None:
        _list(socket)


@versions.command(epilog=examples("ccrouter versions show 40", "ccrouter versions show 40 > routing.yaml.40"))
@number_argument
@socket_option
def show(number: int, socket: Path) -> None:
    """Print the text of a version, to the byte."""

    async def work(client: "Client") -> None:
        click.echo(await _text(client, number), nl=False)

    ask(socket, work)


@versions.command(epilog=examples("ccrouter versions diff 41", "ccrouter versions diff 41 38"))
@number_argument
@click.argument("other", type=version_number, metavar="[OTHER]", required=False)
@socket_option
def diff(number: int, other: int | None, socket: Path) -> None:
    """Print the lines that a version changed against the one before it, or against OTHER.

    What callers would notice is told by `ccrouter diff`.
    """
    from difflib import unified_diff  # noqa: PLC0415

    async def work(client: "Client") -> None:
        earlier = other
        if earlier is None:
            numbers = [version.id for version in await _kept(client) if version.id < number]
            earlier = max(numbers, default=None)
        before = "" if earlier is None else await _text(client, earlier)
        after = await _text(client, number)
        names = ("nothing" if earlier is None else f"version {earlier}", f"version {number}")
        if before == after:
            click.echo(f"{names[0]} and {names[1]} are the same")
        for line in unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""):
            click.echo(line)

    ask(socket, work)


@click.command(
    epilog=examples('sudo ccrouter rollback --reason "queue of Tunis was wrong"', "sudo ccrouter rollback 38")
)
@click.argument("number", type=version_number, metavar="[NUMBER]", required=False)
@click.option("--reason", default="", help="Why; kept in the audit journal.")
@click.option(
    "--settings",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="CCROUTER_SETTINGS",
    default=SETTINGS,
    show_default=True,
    show_envvar=True,
    help="The daemon's settings file: it says where the routing file is.",
)
@socket_option
def rollback(number: int | None, reason: str, settings: Path, socket: Path) -> None:
    """Put an earlier version back into the routing file, and have the daemon take it.

    Without a number: the version before the one in force. Where the file was refused, or not taken yet, the version in
    force comes back into the file, and calls notice nothing.

    What the file holds now is kept beside it, as FILE.rejected-HASH. Only the file that the settings name is written.
    """
    with told():
        routing = _routing_of(settings)

    async def work(client: "Client") -> None:
        from ccrouter.cli.put_back import back  # noqa: PLC0415

        for line in await back(client, routing, number, reason, person()):
            click.echo(line)

    ask(socket, work)


def _routing_of(settings: Path) -> Path:
    from ccrouter.config.load import routing_named_by  # noqa: PLC0415
    from ccrouter.errors import CcrouterError  # noqa: PLC0415

    if not settings.is_file():
        raise CcrouterError(f"there is no settings file {settings}; name the daemon's with --settings")
    return routing_named_by(settings)


def _list(socket: Path) -> None:
    async def work(client: "Client") -> None:
        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.terminal import Section, instant, show  # noqa: PLC0415
        from ccrouter.web.versions import IN_FORCE  # noqa: PLC0415

        kept = await _kept(client)
        rules = read(IN_FORCE, await client.ask("GET", "/rules"))
        in_force = next((version.id for version in kept if version.hash == rules.version), None)
        rows = tuple(
            (
                str(each.id),
                instant(each.at, each.zone),
                each.author,
                each.hash,
                f"+{each.added} -{each.removed}",
                "in force" if each.id == in_force else "",
                _why(each),
            )
            for each in kept
        )
        columns = ("number", "since", "author", "version", "lines", "state", "why")
        show(sys.stdout, (), (Section("Versions", columns, rows, "none was kept yet"),))

    ask(socket, work)


def _why(version: "KeptVersion") -> str:
    told = [] if version.restores is None else [f"back to {version.restores}"]
    return ", ".join([*told, version.reason] if version.reason else told)


async def _kept(client: "Client") -> "Sequence[KeptVersion]":
    from ccrouter.web.client import read  # noqa: PLC0415
    from ccrouter.web.versions import VERSIONS  # noqa: PLC0415

    return read(VERSIONS, await client.ask("GET", "/versions"))


async def _text(client: "Client", number: int) -> str:
    from ccrouter.web.client import read  # noqa: PLC0415
    from ccrouter.web.versions import TEXT  # noqa: PLC0415

    return read(TEXT, await client.ask("GET", f"/versions/{number}"))
