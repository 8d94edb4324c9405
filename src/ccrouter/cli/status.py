"""ccrouter status: the whole picture."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import ask, ask_each, examples, socket_option

if TYPE_CHECKING:
    from ccrouter.web.client import Client


@click.command(epilog=examples("ccrouter status", "ccrouter status --watch", "ccrouter status --json | jq .queues"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one line for each look.")
@click.option("--watch", is_flag=True, help="Look again every second until Ctrl-C.")
@socket_option
def status(as_json: bool, watch: bool, socket: Path) -> None:  # noqa: FBT001 - click hands flags over so
    """Show PABXs, queues, sites, modes and the last decisions, of each daemon where --socket names two."""

    async def work(client: "Client") -> None:
        from ccrouter.web.watch import show_json, show_status  # noqa: PLC0415

        await (show_json if as_json else show_status)(client, sys.stdout, again=watch)

    try:
        if watch:
            ask(socket, work)
        else:
            ask_each(socket, work, headed=not as_json)
    except KeyboardInterrupt:
        if not watch:
            raise
