"""The command line: parses arguments, prints, sets exit codes. What a command needs is imported when it runs.

Exit codes: 0 done; 1 refused or failed, the reason is on stderr; 2 the command was given wrongly; 3 no daemon answers;
141 nobody reads on.
"""

import click

from ccrouter.cli.calendar import calendar
from ccrouter.cli.cases import test
from ccrouter.cli.check import check
from ccrouter.cli.closed_pipe import QuietGroup
from ccrouter.cli.diff import diff
from ccrouter.cli.explain import explain
from ccrouter.cli.fallback import fallback
from ccrouter.cli.history import history
from ccrouter.cli.journal import journal
from ccrouter.cli.modes import mode
from ccrouter.cli.options import examples
from ccrouter.cli.overrides import override
from ccrouter.cli.reload import reload
from ccrouter.cli.run import run
from ccrouter.cli.schema import schema
from ccrouter.cli.status import status
from ccrouter.cli.token import token
from ccrouter.cli.versions import rollback, versions
from ccrouter.cli.webhook import webhook


@click.group(
    cls=QuietGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "ccrouter check /etc/ccrouter/routing.yaml",
        "ccrouter run --settings /etc/ccrouter/settings.yaml",
        "ccrouter status --watch",
        'ccrouter mode set crisis --reason "flooded in Paris" --for 2h',
    ),
)
@click.version_option(package_name="ccrouter", message="%(prog)s %(version)s")
def main() -> None:
    """Route calls between positions of your own and outside sites, for Asterisk."""


for command in (
    run,
    check,
    explain,
    test,
    calendar,
    diff,
    fallback,
    schema,
    mode,
    override,
    journal,
    history,
    reload,
    status,
    versions,
    rollback,
    token,
    webhook,
):
    main.add_command(command)
