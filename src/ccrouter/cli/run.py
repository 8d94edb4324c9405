"""ccrouter run: the daemon."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from ccrouter.cli.options import FAILED, SETTINGS, examples, tell_problems, told, without_collector


@click.command(epilog=examples("ccrouter run", "ccrouter run --settings configs/demo/settings.yaml"))
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=SETTINGS,
    show_default=True,
    help="Settings file: connections, addresses, and where the routing file is.",
)
def run(settings: Path) -> NoReturn:
    """Run the daemon in the foreground.

    SIGTERM and SIGINT stop it: calls in progress stay with the PABX and go on. SIGHUP reads the routing file again.
    """
    from ccrouter.config.load import load_settings  # noqa: PLC0415
    from ccrouter.config.problems import RefusedFileError  # noqa: PLC0415

    with told():
        try:
            with without_collector():
                loaded = load_settings(settings)
                from ccrouter.app import run_daemon  # noqa: PLC0415 - a bad file is told before all of it is imported

            sys.exit(run_daemon(loaded))
        except RefusedFileError as error:
            tell_problems(error)
            sys.exit(FAILED)
