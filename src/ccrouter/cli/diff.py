"""ccrouter diff: what changes for callers from one version of the rules to another."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import FAILED, examples, socket_option, told
from ccrouter.cli.sources import LIVE, STDIN, check_modes, first_day, modes_now, rules_from

if TYPE_CHECKING:
    from ccrouter.outlook.changed import Differences
    from ccrouter.outlook.details import Detail
    from ccrouter.outlook.recurring import Span
    from ccrouter.routing.rules import Rules

MOST_DAYS = 3660


@click.command(
    epilog=examples(
        "ccrouter diff routing.yaml",
        "ccrouter diff live routing.yaml --days 31",
        "ccrouter diff git:HEAD:routing.yaml routing.yaml --exit-code",
        'ccrouter diff old.yaml new.yaml --number "0800 123 456" --mode crisis',
    ),
)
@click.argument("old")
@click.argument("new", required=False)
@click.option("--number", "numbers", multiple=True, help="Only this number; may be given again.")
@click.option("--from", "first", default="today 0:00", help="First day, such as 2027-01-01; by default today.")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=366, show_default=True, help="How many days.")
@click.option("--mode", "modes", multiple=True, help="A mode that is on all the time; may be given again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every time and every situation.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when something changes, as git diff does.")
@socket_option
def diff(  # noqa: PLR0913 - what click hands over
    *,
    old: str,
    new: str | None,
    numbers: tuple[str, ...],
    first: str,
    days: int,
    modes: tuple[str, ...],
    as_json: bool,
    exit_code: bool,
    socket: Path,
) -> None:
    """Show which calls go elsewhere under NEW than under OLD: for which numbers, when, and in which situations.

    OLD and NEW are routing files, `live` for the rules in force, `-` for the standard input, or git:REVISION:FILE.
    With one of them, the rules in force are compared with it.
    """
    old, new = (LIVE, old) if new is None else (old, new)
    if (old, new).count(STDIN) > 1:
        raise click.BadParameter("only one of the two can be -")
    before, after = rules_from(old, socket), rules_from(new, socket)
    check_modes(modes, before, after)
    with told():
        from datetime import timedelta  # noqa: PLC0415

        from ccrouter.outlook.details import details  # noqa: PLC0415
        from ccrouter.outlook.differences import ANY_OTHER, differences  # noqa: PLC0415

        start = first_day(first, after)
        window = (start, start + timedelta(days=days))
        if numbers:
            before, after = _only(numbers, before, after)
        found = differences(before, after, *window, modes=frozenset(modes))
        if numbers:
            found = replace(found, pairs=tuple(pair for pair in found.pairs if pair.numbers != (ANY_OTHER,)))
        minor = details(before, after)
        if as_json:
            click.echo(json.dumps(_record(found, minor, after), ensure_ascii=False, indent=2))
        else:
            on = modes_now(socket) if LIVE in {old, new} else []
            _show(found, minor, (old, new), window, after, on=on)
    if exit_code and (found.pairs or minor):
        sys.exit(FAILED)


def _only(numbers: tuple[str, ...], before: "Rules", after: "Rules") -> "tuple[Rules, Rules]":
    from ccrouter.config.telephone import dialled  # noqa: PLC0415

    written = {dialled(number): number for number in numbers}
    wanted = written.keys()
    for number in wanted - {*before.numbers, *after.numbers}:
        raise click.BadParameter(f"neither version knows the number {written[number]}", param_hint="--number")
    first, second = (
        replace(rules, numbers={form: each for form, each in rules.numbers.items() if form in wanted})
        for rules in (before, after)
    )
    return first, second


def _show(  # noqa: PLR0913 - the head and the body of one page
    found: "Differences",
    minor: "list[Detail]",
    sources: tuple[str, str],
    window: "Span",
    after: "Rules",
    *,
    on: list[str],
) -> None:
    from datetime import timedelta  # noqa: PLC0415

    from ccrouter.outlook.changes import lines  # noqa: PLC0415
    from ccrouter.outlook.recurring import day  # noqa: PLC0415

    first, last = window[0].date(), (window[1] - timedelta(days=1)).date()
    click.secho(f"{sources[0]} -> {sources[1]}", bold=True)
    click.echo(f"{day(first)} to {day(last)}, {after.zone}")
    if on:
        click.echo(f"{', '.join(on)} {'is' if len(on) == 1 else 'are'} on now")
    click.echo()
    for line in lines(found, window, after.zone):
        click.secho(line, bold=bool(line) and not line.startswith(" "))
    if not found.pairs:
        click.echo("No call goes elsewhere." if minor or not found.same else "Nothing changes.")
    if minor:
        click.secho("\nDetails that change", bold=True)
        click.echo("\n".join(f"  {each.text}" for each in minor))
    if found.unexplored:
        click.secho("\nNot looked through", bold=True)
        click.echo("\n".join(f"  {each}" for each in found.unexplored))


def _record(found: "Differences", minor: "list[Detail]", after: "Rules") -> dict[str, object]:
    return {
        "same": found.same and not minor and not found.pairs,
        "numbers": [
            {
                "numbers": pair.numbers,
                "services": {"before": pair.services[0], "after": pair.services[1]},
                "changes": [
                    {
                        "situations": group.situations,
                        "waiting": group.waiting or None,
                        "before": {"rule": change.before.rule, "destinations": change.before.to},
                        "after": {"rule": change.after.rule, "destinations": change.after.to},
                        "times": [[each.astimezone(after.zone).isoformat() for each in span] for span in change.spans],
                    }
                    for group in pair.groups
                    for change in group.changes
                ],
            }
            for pair in found.pairs
        ],
        "details": [{"of": each.of, "about": each.about, "before": each.before, "after": each.after} for each in minor],
        "unexplored": found.unexplored,
    }
