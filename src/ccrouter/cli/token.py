"""ccrouter token: who may use the API over HTTP."""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ccrouter.cli.options import FAILED, examples, lasting, tell_problems, told

if TYPE_CHECKING:
    from ccrouter.config.tokens import Token

TOKENS: Final = Path("/etc/ccrouter/tokens")

ROLES: Final = ("read", "switch", "administer", "position", "site")

file_option = click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=TOKENS,
    show_default=True,
    help="File of the tokens, which the settings name.",
)


@click.group(
    epilog=examples(
        "ccrouter token new night-desk --role switch --for 90d",
        "ccrouter token new anna --role position --of PJSIP/101",
        "ccrouter token list",
        "sudo ccrouter token revoke night-desk",
    )
)
def token() -> None:
    """Make, list and revoke tokens of the API over HTTP.

    The settings name their file: http: {tokens: /etc/ccrouter/tokens}. It may as well be edited by hand, and
    `ccrouter check` reads it. The daemon takes each change at once.
    """


@token.command(
    epilog=examples(
        "ccrouter token new wallboard --role read",
        "ccrouter token new night-desk --role switch --for 90d",
        "ccrouter token new anna --role position --of PJSIP/101",
        "ccrouter token new outsourcer --role site --of tunis --until 2027-02-20",
    )
)
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="read: see all. switch: also modes and overrides. administer: also reload and rollback. position, site: what "
    "is of one of these alone.",
)
@click.option(
    "--of",
    metavar="WHICH",
    default="",
    help="With --role position its interface in the queue (PJSIP/101); with --role site its name in the routing file.",
)
@click.option("--for", "for_s", type=lasting, metavar="TIME", help="After which it is good no more: 90d, 366d.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="In place of --for, the last day on which it is good, in UTC: 2027-02-20.",
)
def new(name: str, role: str, of: str, for_s: float | None, until: datetime | None) -> None:
    """Make a token for NAME and print it, this once, with the line to keep.

    The line goes below `tokens:` in the file of the tokens; the token itself is kept nowhere.
    """
    from ccrouter.clock import SystemClock, utc  # noqa: PLC0415
    from ccrouter.config.problems import RefusedFileError  # noqa: PLC0415
    from ccrouter.config.tokens import SCOPED, compile_tokens, hash_of, new_token  # noqa: PLC0415

    if (role in SCOPED) != bool(of):
        raise click.UsageError(
            f"a token with --role {role} is for one {role}: say which with --of"
            if role in SCOPED
            else f"--of goes with --role {' and --role '.join(SCOPED)} alone"
        )
    if for_s is not None and until is not None:
        raise click.UsageError("a token ends once: give one of --for and --until")
    made, now = new_token(), SystemClock().now()
    last = None if until is None else until.date()
    if last is not None and last < utc(now).date():
        raise click.BadParameter(f"{last} is past", param_hint="--until")
    if for_s is not None:
        last = utc(now + for_s).date()
    ends = "" if last is None else f", ends: {last}"
    scope = f", {role}: {json.dumps(of, ensure_ascii=False)}" if of else ""
    line = f"  {name}: {{role: {role}{scope}, sha256: {hash_of(made)}{ends}}}"
    try:
        compile_tokens(f"tokens:\n{line}\n".encode(), "NAME")
    except RefusedFileError as error:
        [first, *_] = error.problems
        hint = "NAME" if first.column <= line.index(": {") else "--of"
        cure = f"Write PJSIP/{of}" if role == "position" and re.fullmatch(r"[\w.-]+", of) else first.cure
        raise click.BadParameter(f"{first.message}. {cure}", param_hint=hint) from None
    click.echo(f"Token, shown this once:\n\n{made}\n\nLine to keep, below `tokens:` in {TOKENS}:\n\n{line}")


@token.command("list", epilog=examples("ccrouter token list", "ccrouter token list --file tokens"))
@file_option
def list_(file: Path) -> None:
    """List the names with their roles, what those of one position or site are of, and their ends."""
    from ccrouter.clock import SystemClock  # noqa: PLC0415
    from ccrouter.web.terminal import NONE, Section, show  # noqa: PLC0415

    now = SystemClock().now()
    rows = tuple((each.name, each.role, each.of or NONE, _told_end(each, now)) for each in _tokens(file))
    show(sys.stdout, (), (Section("Tokens", ("name", "role", "of", "ends (UTC)"), rows, "none is in the file"),))


@token.command(epilog=examples("sudo ccrouter token revoke night-desk"))
@click.argument("name")
@file_option
def revoke(name: str, file: Path) -> None:
    """Take the line of NAME out of the file: the daemon refuses its token from then on.

    A line that was written over several lines is left to you.
    """
    from ccrouter.cli.own_file import reached, trusted_users  # noqa: PLC0415
    from ccrouter.cli.put_back import write  # noqa: PLC0415
    from ccrouter.config.tokens import compile_tokens  # noqa: PLC0415
    from ccrouter.errors import CcrouterError  # noqa: PLC0415

    names = [each.name for each in _tokens(file)]
    with told():
        if name not in names:
            raise CcrouterError(f"{file} has no token {name}; `ccrouter token list` lists them")
        with reached(file, trusted_users()) as own:
            lines = own.path.read_text("utf-8").splitlines(keepends=True)
            left = [line for line in lines if line.strip().partition(":")[0].strip("\"'") != name]
            content = "".join(left).encode()
            try:
                good = [each.name for each in compile_tokens(content, str(file))] == [n for n in names if n != name]
            except CcrouterError:
                good = False
            if not good:
                raise CcrouterError(f"{name} is not on one line of its own; take it out of {file} with an editor")
            write(own, content)
    click.echo(f"{name} is revoked")


def _tokens(file: Path) -> "tuple[Token, ...]":
    from ccrouter.config.load import read_file  # noqa: PLC0415
    from ccrouter.config.problems import RefusedFileError  # noqa: PLC0415
    from ccrouter.config.tokens import compile_tokens  # noqa: PLC0415

    try:
        return compile_tokens(read_file(file), str(file))
    except RefusedFileError as error:
        tell_problems(error)
        sys.exit(FAILED)


def _told_end(known: "Token", now: float) -> str:
    if known.ends is None:
        return "never"
    at = datetime.fromtimestamp(known.ends, UTC).strftime("%Y-%m-%d %H:%M")
    return at if known.ends > now else f"{at}, over"
