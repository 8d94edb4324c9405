"""ccrouter webhook: receivers that are told what happens to calls."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import FAILED, ask, examples, socket_option

if TYPE_CHECKING:
    from ccrouter.web.client import Client

KEY_BYTES = 32


@click.group()
def webhook() -> None:
    """List and try webhooks: receivers that are told what happens to calls. docs/webhooks.md tells all of them."""


@webhook.command("list", epilog=examples("ccrouter webhook list"))
@socket_option
def webhook_list(socket: Path) -> None:
    """List the webhooks: how each fares, and what waits to be told."""

    async def work(client: "Client") -> None:
        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.terminal import show, webhooks_section  # noqa: PLC0415
        from ccrouter.web.webhooks import WEBHOOKS  # noqa: PLC0415

        seen = await client.status()
        found = read(WEBHOOKS, await client.ask("GET", "/webhooks"))
        show(sys.stdout, (), (webhooks_section(found, seen.at),))

    ask(socket, work)


@webhook.command("test", epilog=examples("ccrouter webhook test crm"))
@click.argument("name")
@socket_option
def webhook_test(name: str, socket: Path) -> None:
    """Send the webhook NAME an event of the kind `ping` now, and tell what it answered."""
    delivered: list[bool] = []

    async def work(client: "Client") -> None:
        from urllib.parse import quote  # noqa: PLC0415

        from ccrouter.web.client import read  # noqa: PLC0415
        from ccrouter.web.webhooks import TESTED  # noqa: PLC0415

        found = read(TESTED, await client.ask("POST", f"/webhooks/{quote(name, safe='')}/test"))
        delivered.append(found.delivered)
        if found.delivered:
            click.echo(f"{found.name} took it: it answered {found.status} after {found.took_s:.3f} s")
        else:
            click.echo(f"ccrouter: {found.name} did not take it: {found.answer} ({found.took_s:.3f} s)", err=True)

    ask(socket, work)
    if delivered != [True]:
        sys.exit(FAILED)


@webhook.command("secret", epilog=examples("(umask 077; ccrouter webhook secret > /etc/ccrouter/crm.secret)"))
def webhook_secret() -> None:
    """Print a new secret for signing; the receiver needs the same one, and nobody else."""
    from base64 import b64encode  # noqa: PLC0415
    from secrets import token_bytes  # noqa: PLC0415

    click.echo(f"whsec_{b64encode(token_bytes(KEY_BYTES)).decode()}")
