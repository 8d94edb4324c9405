"""ccrouter override: send a number elsewhere for a time, whatever its rules say."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import ask, examples, lasting, person, reason_option, socket_option

if TYPE_CHECKING:
    from ccrouter.web.client import Client
    from ccrouter.web.status import OverrideStatus


@click.group(
    epilog=examples(
        'ccrouter override set "0800 123 456" tunis closed --until "monday 8:00" --reason "flooded in Paris"',
        "ccrouter override list",
    )
)
def override() -> None:
    """Send a number elsewhere for a time, whatever its rules say."""


@override.command("list", epilog=examples("ccrouter override list", "ccrouter override list --json | jq '.[].id'"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@socket_option
def override_list(as_json: bool, socket: Path) -> None:  # noqa: FBT001 - click hands flags over so
    """List the overrides that count now or will later, with who set them, why, and until when."""

    async def work(client: "Client") -> None:
        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.overrides import OVERRIDES  # noqa: PLC0415
        from ccrouter.web.terminal import overrides_section, show, times_of  # noqa: PLC0415

        answer = await client.ask("GET", "/overrides")
        if as_json:
            click.echo(answer)
            return
        found = read(OVERRIDES, answer)
        show(sys.stdout, times_of(found[0].zone) if found else (), (overrides_section(found),))

    ask(socket, work)


@override.command(
    "set",
    epilog=examples(
        'ccrouter override set "0800 123 456" tunis closed --for 2h --reason "fire drill"',
        'ccrouter override set "0800 123 456" backup --from "friday 18:00" --until "monday 8:00" --reason "move"',
    ),
)
@click.argument("number")
@click.argument("to", nargs=-1, required=True)
@click.option("--from", "since", default="now", show_default=True, help="When it begins: now, friday 18:00, in 2h.")
@click.option("--until", default="", help="When it ends: 18:30, monday 8:00, 2026-12-24 18:00.")
@click.option(
    "--for", "for_s", type=lasting, metavar="TIME", help="In place of --until, how long it lasts: 30min, 2h, 1d."
)
@reason_option
@socket_option
def override_set(  # noqa: PLR0913, PLR0917 - click hands each option over by itself
    number: str, to: tuple[str, ...], since: str, until: str, for_s: float | None, reason: str, socket: Path
) -> None:
    """Send calls to NUMBER to the sites TO, in this order; the last may be a message.

    Times are by the clock of the routing file's time zone. Of several overrides of one number the one set last counts.
    """
    if (for_s is None) == (not until):
        raise click.UsageError('an override ends: give --until "monday 8:00" or --for 2h')
    body: dict[str, object] = {"number": number, "to": to, "from": since, "reason": reason, "author": person()}
    body |= {"until": until} if for_s is None else {"for_s": for_s}

    async def work(client: "Client") -> None:
        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.overrides import OVERRIDE  # noqa: PLC0415

        state = read(OVERRIDE, await client.ask("POST", "/overrides", body))
        click.echo(f"{state.id}: {_sentence(state)}")

    ask(socket, work)


@override.command("cancel", epilog=examples('ccrouter override cancel 3f9a --reason "all dry again"'))
@click.argument("override_id", metavar="ID")
@reason_option
@socket_option
def override_cancel(override_id: str, reason: str, socket: Path) -> None:
    """End the override ID now; `ccrouter override list` shows the ids."""

    async def work(client: "Client") -> None:
        from urllib.parse import quote  # noqa: PLC0415

        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.overrides import OVERRIDE  # noqa: PLC0415

        body = {"reason": reason, "author": person()}
        state = read(OVERRIDE, await client.ask("DELETE", f"/overrides/{quote(override_id, safe='')}", body))
        click.echo(f"{state.id} is cancelled: {state.number} follows its rules, or an override that was set before")

    ask(socket, work)


def _sentence(state: "OverrideStatus") -> str:
    from ccrouter.web.terminal import instant  # noqa: PLC0415

    begin = "" if state.active else f" from {instant(state.since, state.zone)}"
    to = ", then ".join(state.to)
    return f"{state.number} goes to {to}{begin} until {instant(state.until, state.zone)} ({state.zone})"
