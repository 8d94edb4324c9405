"""ccrouter schema: what an editor can know of a file beforehand."""

import click

from ccrouter.cli.options import examples


@click.command(
    epilog=examples(
        "ccrouter schema routing > /etc/ccrouter/routing.schema.json",
        "sed -i '1i # yaml-language-server: $schema=routing.schema.json' /etc/ccrouter/routing.yaml",
    ),
)
@click.argument("file", type=click.Choice(["routing", "settings", "cases"]))
def schema(file: str) -> None:
    """Print the JSON Schema of a kind of file, for editors that complete keys and tell faults while you type.

    FILE is routing (the routing file), settings (the settings file) or cases (what `ccrouter test` reads).
    """
    from ccrouter.config.schema import schema_text  # noqa: PLC0415

    click.echo(schema_text(file), nl=False)
