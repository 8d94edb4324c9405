"""ccrouter journal: what was decided for each call, and what became of it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import ask, examples, socket_option

if TYPE_CHECKING:
    from ccrouter.web.client import Client

MOST = 10_000


@click.command(
    epilog=examples(
        "ccrouter journal",
        'ccrouter journal --number "0800 123 456" --since "yesterday 18:00"',
        'ccrouter journal --rule peak --since "2h ago" --limit 100',
        "ccrouter explain --call 1795289835.400",
    )
)
@click.option("--number", default="", help="Calls to this number only.")
@click.option("--service", default="", help="Calls to this service only.")
@click.option("--rule", default="", help="Decisions of this rule only.")
@click.option("--to", "destination", default="", help="Calls that went, or ended, at this site or message only.")
@click.option("--since", default="", help="From when on: 8:00, yesterday 18:00, 2h ago, 2026-12-24.")
@click.option("--until", default="", help="Until when, in the same words.")
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True, help="Decisions at most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@socket_option
def journal(as_json: bool, socket: Path, **wanted: str | int) -> None:  # noqa: FBT001 - click hands flags over so
    """List what was decided for each call and what became of it, newest first.

    Times are by the clock of the routing file's time zone. `ccrouter explain --call UNIQUEID` tells all about one call.
    """
    asked = {name: str(value) for name, value in wanted.items() if value}

    async def work(client: "Client") -> None:
        from urllib.parse import urlencode  # noqa: PLC0415

        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.journal import LINES  # noqa: PLC0415
        from ccrouter.web.past import journal_section  # noqa: PLC0415
        from ccrouter.web.terminal import show, times_of  # noqa: PLC0415

        answer = await client.ask("GET", f"/journal?{urlencode(asked)}")
        if as_json:
            click.echo(answer)
        else:
            found = read(LINES, answer)
            show(sys.stdout, times_of(found.zone), (journal_section(found),))

    ask(socket, work)
