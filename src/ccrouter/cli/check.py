"""ccrouter check: files, before they count."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import COLOURS, FAILED, SETTINGS, examples, paint, show, without_collector
from ccrouter.cli.sources import STDIN

if TYPE_CHECKING:
    from ccrouter.config.review import Review


@click.command(
    epilog=examples(
        "ccrouter check",
        "ccrouter check /etc/ccrouter/routing.yaml",
        "ccrouter check configs/*.yaml && echo good",
        "ccrouter check --strict --format github routing.yaml",
        "ccrouter check - < routing.yaml",
        "ccrouter check --explain N301",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The same as to name the settings file, as `ccrouter run` takes it.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "gitlab", "sarif"]),
    default="text",
    show_default=True,
    help="For people, for scripts, or for what shows problems beside a change.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option(
    "--sounds",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the PABX keeps its sounds; by default where Asterisk has them on this machine, if it does.",
)
@click.option("--strict", is_flag=True, help="Warnings count like errors: exit status 1.")
@click.option("--explain", metavar="CODE", help="Explain a code such as N301, with an example, and do no more.")
def check(  # noqa: PLR0913 - click hands each option over by itself
    files: tuple[Path, ...],
    settings: Path | None,
    sounds: tuple[Path, ...],
    form: str,
    explain: str | None,
    *,
    strict: bool,
) -> None:
    """Check settings and routing files by the daemon's own rules, without touching a daemon.

    A settings file is checked with the routing file that it names. Without FILES, /etc/ccrouter/settings.yaml is.
    The file `-` is a routing file that comes in on the standard input.
    Errors refuse a file (exit status 1); warnings say what may cost calls; notes are for information.
    """
    if explain is not None:
        _explain(explain)
        return
    with without_collector():
        reviews = _reviewed((*files, *((settings,) if settings else ())) or (SETTINGS,), sounds)
    if form == "text":
        for found in reviews:
            _tell(found)
    else:
        from ccrouter.cli.formats import FORMATS  # noqa: PLC0415

        click.echo(FORMATS[form](reviews))
    if not all(found.good and not (strict and found.count("warning")) for found in reviews):
        sys.exit(FAILED)


def _reviewed(files: tuple[Path, ...], sounds: tuple[Path, ...]) -> "list[Review]":
    """Return what is found in each file, and in those that they name, once each."""
    from ccrouter.clock import SystemClock  # noqa: PLC0415
    from ccrouter.config.review import review, review_text  # noqa: PLC0415
    from ccrouter.config.sounds import usual_folders  # noqa: PLC0415

    at = SystemClock().now()
    told: dict[tuple[Path, str], Review] = {}
    for file in files:
        folders = sounds or usual_folders()
        if str(file) == STDIN:
            reviews = [review_text(sys.stdin.buffer.read(), "standard input", at, folders)]
        else:
            reviews = review(file, at, os.environ, folders)
        for found in reviews:
            # Where a file is asked for besides the settings, what they have to say of it is not lost.
            known = told.setdefault((Path(found.file).absolute(), found.kind), found)
            if len(found.problems) > len(known.problems):
                told[Path(found.file).absolute(), found.kind] = found
    return list(told.values())


def _tell(found: "Review") -> None:
    """Tell of one file: the problems on stderr, and what a good file holds on stdout."""
    for problem in found.problems:
        show(problem, found.source)
    if found.left_out:
        click.echo(f"... and {found.left_out} more.\n", err=True)
    counts = {severity: found.count(severity) for severity in COLOURS}
    told = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items() if count)
    if found.good:
        click.echo(f"{found.file}: good: {found.holds}{f' ({told})' if told else ''}")
    else:
        rest = "" if found.whole else "; the rest of the file was not checked yet"
        paint(f"{found.file}: {told}{rest}", "red")


def _explain(asked: str) -> None:
    from ccrouter.config.codes import CODES  # noqa: PLC0415
    from ccrouter.config.problems import suggest  # noqa: PLC0415

    names = {code.name: code for code in CODES.values()}
    code = CODES.get(asked.upper()) or names.get(asked)
    if code is None:
        raise click.BadParameter(
            f"there is no code {asked!r}. {suggest(asked, [*CODES, *names])}", param_hint="--explain"
        )
    click.echo(f"{code.code} {code.name} ({code.severity})\n\n{code.explanation}")
    for title, example in (("Bad:", code.bad), ("Good:", code.good)):
        if example:
            indented = "\n".join(f"    {line}" for line in example.splitlines())
            click.echo(f"\n{title}\n\n{indented}")
