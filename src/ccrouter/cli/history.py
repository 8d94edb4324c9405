"""ccrouter history: who changed what, when, and why."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import ask, examples, socket_option

if TYPE_CHECKING:
    from ccrouter.web.client import Client

MOST = 10_000


@click.command(epilog=examples("ccrouter history", "ccrouter history --limit 100", "ccrouter history --positions"))
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True, help="Deeds at most.")
@click.option("--positions", is_flag=True, help="Log-ins and pauses of positions as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@socket_option
def history(limit: int, positions: bool, as_json: bool, socket: Path) -> None:  # noqa: FBT001 - click hands flags over so
    """List who switched modes, set overrides and put rules in force, when, why and until when; newest first.

    Times are by the clock of the routing file's time zone.
    """

    async def work(client: "Client") -> None:
        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.journal import HISTORY  # noqa: PLC0415
        from ccrouter.web.past import history_section  # noqa: PLC0415
        from ccrouter.web.terminal import show, times_of  # noqa: PLC0415

        answer = await client.ask("GET", f"/history?limit={limit}{'&positions=true' if positions else ''}")
        if as_json:
            click.echo(answer)
        else:
            found = read(HISTORY, answer)
            show(sys.stdout, times_of(found.zone), (history_section(found),))

    ask(socket, work)
