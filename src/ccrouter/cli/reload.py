"""ccrouter reload: the routing file again."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import ask_each, examples, person, socket_option
from ccrouter.errors import CcrouterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ccrouter.web.client import Client
    from ccrouter.web.orders import ReloadOutcome


@click.command(epilog=examples("ccrouter reload && ccrouter status"))
@socket_option
def reload(socket: Path) -> None:
    """Have the daemon read the routing file again, each one where --socket names two.

    With problems in the file, the rules of before stay in force. Exit code 1 where one of two could not be reached.
    """

    def tell(outcome: "ReloadOutcome") -> None:
        if outcome.problems:
            for problem in outcome.problems:
                click.echo(problem, err=True)
            raise CcrouterError(f"the routing file was refused; version {outcome.version} stays in force")
        for remark in outcome.remarks:
            click.echo(remark, err=True)
        click.echo(f"version {outcome.version} is in force" + ("" if outcome.changed else ", as before"))

    async def work(client: "Client") -> "Callable[[], None]":
        return partial(tell, await client.reload(person()))

    ask_each(socket, work)
