"""ccrouter calendar: the year of a number at a glance."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ccrouter.cli.options import examples, socket_option, told
from ccrouter.cli.sources import LIVE, check_modes, first_day, rules_from

if TYPE_CHECKING:
    from ccrouter.outlook.year import Circumstances, Year
    from ccrouter.routing.rules import Number, Rules

MOST_DAYS: Final = 3660
_COLOURS: Final = ("blue", "yellow", "green", "magenta", "cyan", "red")


@click.command(
    epilog=examples(
        'ccrouter calendar "0800 123 456"',
        'ccrouter calendar "0800 123 456" --file routing.yaml --from 2027-01-01',
        'ccrouter calendar "0800 123 456" --mode crisis --output year.html',
    ),
)
@click.argument("number")
@click.option("--file", default=LIVE, metavar="ROUTING", help="Routing file; by default the rules in force are asked.")
@click.option("--from", "first", default="today 0:00", help="First day, such as 2027-01-01; by default today.")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=366, show_default=True, help="How many days.")
@click.option("--mode", "modes", multiple=True, help="A mode that is on all the time; may be given again.")
@click.option("--load", "load", default="quiet", help="What is going on all the time: waiting=6,ready=0.")
@click.option("--caller", default="", help="Who calls: a number, or `anonymous`. By default somebody of no account.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write a page to print: .html or .svg.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@socket_option
def calendar(  # noqa: PLR0913 - what click hands over
    *,
    number: str,
    file: str,
    first: str,
    days: int,
    modes: tuple[str, ...],
    load: str,
    caller: str,
    output: Path | None,
    as_json: bool,
    socket: Path,
) -> None:
    """Show where the calls to NUMBER go on each day of a year: the usual week, and the days that differ.

    All else stays as it is: the modes given are on, the load lasts, the caller is the same.
    """
    if output is not None and output.suffix not in {".html", ".svg"}:
        raise click.BadParameter("end the name with .html or .svg", param_hint="--output")
    rules = rules_from(file, socket)
    with told():
        from ccrouter.outlook.year import year  # noqa: PLC0415

        spelt, known = _number(number, rules)
        found = year(
            rules, spelt, first_day(first, rules).date(), days, _circumstances(rules, known, modes, load, caller)
        )
        if output is not None:
            from ccrouter.outlook.sheet import page, sheet  # noqa: PLC0415

            drawn = page(found, _title(found, known), _while(modes, load, caller))
            drawn = (
                drawn if output.suffix == ".html" else sheet(found, _title(found, known), _while(modes, load, caller))
            )
            try:
                output.write_text(drawn, "utf-8")
            except OSError as error:
                raise click.FileError(str(output), error.strerror) from None
        if as_json:
            click.echo(json.dumps(_record(found, known, modes, load), ensure_ascii=False, indent=2))
        elif output is None:
            _show(found, known, _while(modes, load, caller))


def _number(written: str, rules: "Rules") -> "tuple[str, Number | None]":
    """Return a number as it is dialled, and what the rules know of it; they may treat all others alike."""
    from ccrouter.config.telephone import dialled  # noqa: PLC0415

    spelt = dialled(written)
    if not spelt.strip("+"):
        raise click.BadParameter(f"{written!r} has no digits", param_hint="NUMBER")
    known = rules.numbers.get(spelt)
    if known is None:
        click.echo(f"ccrouter: {written} is not in the routing file: it goes where all such numbers go", err=True)
    return spelt, known


def _circumstances(
    rules: "Rules", known: "Number | None", modes: tuple[str, ...], load: str, caller: str
) -> "Circumstances":
    from ccrouter.config.loads import load_of  # noqa: PLC0415
    from ccrouter.config.telephone import dialled  # noqa: PLC0415
    from ccrouter.outlook.year import Circumstances  # noqa: PLC0415

    check_modes(modes, rules)
    service = rules.unknown if known is None else known.service
    called_by = None if caller == "anonymous" else dialled(caller)
    if caller and called_by is not None and not called_by.strip("+"):
        raise click.BadParameter("write a number, or anonymous", param_hint="--caller")
    return Circumstances(load_of(load, rules, service), frozenset(modes), called_by)


def _title(found: "Year", known: "Number | None") -> str:
    label = f" {known.label}" if known is not None and known.label else ""
    return f"{found.number}{label}" + (f" ({known.service.name})" if known is not None else " (not in the file)")


def _while(modes: tuple[str, ...], load: str, caller: str) -> str:
    told = [f"mode {mode} on" for mode in modes] or ["no mode on"]
    told += ["nobody waits, every site is up" if load == "quiet" else f"load {load}"]
    return "; ".join(told + ([f"caller {caller}"] if caller else []))


def _show(found: "Year", known: "Number | None", circumstances: str) -> None:
    from ccrouter.outlook.almanac import clocks_turned, days_that_differ, grid, usual_week  # noqa: PLC0415
    from ccrouter.outlook.recurring import day  # noqa: PLC0415

    click.secho(_title(found, known), bold=True)
    click.echo(f"{day(found.days[0].on)} to {day(found.days[-1].on)}, {found.zone}\n{circumstances}\n")
    colours = {sign: _COLOURS[nth % len(_COLOURS)] for nth, sign in enumerate(found.signs.values())}
    for line in grid(found):
        head, row = (line, "") if line.startswith(" ") else (line[:4], line[4:])
        click.echo(head + "".join(click.style(sign, fg=colours.get(sign)) for sign in row))
    differ = days_that_differ(found)
    for title, lines in (
        ("The usual week", usual_week(found)),
        ("Days that differ", differ or ["none"]),
        ("Summer time", clocks_turned(found)),
    ):
        if lines:
            click.secho(f"\n{title}", bold=True)
            click.echo("\n".join(f"  {line}" for line in lines))


def _record(found: "Year", known: "Number | None", modes: tuple[str, ...], load: str) -> dict[str, object]:
    return {
        "number": found.number,
        "label": known.label if known else "",
        "service": known.service.name if known else None,
        "zone": str(found.zone),
        "modes": sorted(modes),
        "load": load,
        "stretches": [
            {
                "from": piece.start.astimezone(found.zone).isoformat(),
                "to": piece.end.astimezone(found.zone).isoformat(),
                "rule": piece.way.rule,
                "destinations": list(piece.way.to),
            }
            for piece in found.pieces
        ],
        "days": [
            {
                "date": each.on.isoformat(),
                "kind": found.signs[each.kind],
                "usual": each.kind == found.usual[each.on.weekday()],
                "reason": each.reason,
                "hours": 24 - each.clock_h,
            }
            for each in found.days
        ],
    }
