"""ccrouter reload: the routing file again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import ask_each, examples, person, socket_option
from ccrouter.errors import CcrouterError

if TYPE_CHECKING:
    from ccrouter.web.client import Client


@click.command(epilog=examples("ccrouter reload && ccrouter status"))
@socket_option
def reload(socket: Path) -> None:
    """Have the daemon read the routing file again, each one where --socket names two.

    With problems in the file, the rules of before stay in force.
    """

    async def work(client: "Client") -> None:
        outcome = await client.reload(person())
        if outcome.problems:
            for problem in outcome.problems:
                click.echo(problem, err=True)
            raise CcrouterError(f"the routing file was refused; version {outcome.version} stays in force")
        for remark in outcome.remarks:
            click.echo(remark, err=True)
        click.echo(f"version {outcome.version} is in force" + ("" if outcome.changed else ", as before"))

    ask_each(socket, work)
