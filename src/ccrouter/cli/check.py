"""ccrouter check: files, before they count."""

import sys
from pathlib import Path

import click

from ccrouter.cli.options import FAILED, SETTINGS, examples, tell_problems


@click.command(
    epilog=examples(
        "ccrouter check",
        "ccrouter check /etc/ccrouter/routing.yaml",
        "ccrouter check configs/*.yaml && echo good",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check settings and routing files by the daemon's own rules, without touching a daemon.

    A settings file is checked with the routing file that it names. Without FILES, /etc/ccrouter/settings.yaml is.
    """
    from ccrouter.config.problems import RefusedFileError  # noqa: PLC0415

    bad = 0
    for file in files or (SETTINGS,):
        try:
            click.echo("\n".join(_checked(file)))
        except RefusedFileError as error:
            bad += 1
            tell_problems(error)
            click.secho(f"{file}: {len(error.problems)} to mend", fg="red", err=True)
    if bad:
        sys.exit(FAILED)


def _checked(file: Path) -> list[str]:
    """Return what is told of a good file.

    Raises:
        RefusedFileError: it, or the routing file that it names, is bad.

    """
    from ccrouter.config.load import compile_text, load_settings, read_file  # noqa: PLC0415
    from ccrouter.config.yaml import read  # noqa: PLC0415

    content = read_file(file)
    told = []
    if "pabxs" in read(content, str(file)).value:
        settings = load_settings(file)
        told.append(f"{file}: good: PABXs {', '.join(pabx.name for pabx in settings.pabxs)}")
        file, content = settings.routing, read_file(settings.routing)
    rules = compile_text(content, str(file))
    counts = {
        "number": len({number.number for number in rules.numbers.values()}),
        "service": len(rules.services),
        "site": len(rules.sites),
        "mode": len(rules.modes),
    }
    held = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items())
    return [*told, f"{file}: good: {held}, version {rules.version}"]
