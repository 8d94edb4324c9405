"""ccrouter status: the whole picture."""

import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import ask, ask_each, examples, socket_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccrouter.web.client import Client


@click.command(epilog=examples("ccrouter status", "ccrouter status --watch", "ccrouter status --json | jq .queues"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one line for each look.")
@click.option("--watch", is_flag=True, help="Look again every second until Ctrl-C.")
@socket_option
def status(as_json: bool, watch: bool, socket: Path) -> None:  # noqa: FBT001 - click hands flags over so
    """Show PABXs, queues, sites, modes and the last decisions, of each daemon where --socket names two.

    Then --json prints one object a line, and the exit code is 1 where one of the two could not be reached. --watch
    looks at the first that answers.
    """

    async def watched(client: "Client") -> None:
        from ccrouter.web.watch import watch_json, watch_status  # noqa: PLC0415

        await (watch_json if as_json else watch_status)(client, sys.stdout)

    async def once(client: "Client") -> "Callable[[], None]":
        from ccrouter.web.terminal import headline, show, status_sections  # noqa: PLC0415

        if as_json:
            return partial(click.echo, await client.status_json())
        seen = await client.status()
        return partial(show, sys.stdout, headline(seen), status_sections(seen))

    if not watch:
        ask_each(socket, once, headed=not as_json)
        return
    with suppress(KeyboardInterrupt):
        ask(socket, watched)
