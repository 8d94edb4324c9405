"""ccrouter explain: which way a call would go, or went, and why."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ccrouter.cli.options import FAILED, duration, examples, socket_option, told
from ccrouter.cli.sources import LIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccrouter.outlook.explained import Asked
    from ccrouter.routing.decision import Decision, Stay

MOST_CALLS: Final = 10_000


@click.command(
    epilog=examples(
        'ccrouter explain "0800 123 456"',
        'ccrouter explain "0800 123 456" --at "friday 18:00" --load waiting=6,ready=0 --mode crisis',
        'ccrouter explain "0800 123 456" --file routing.yaml --at "2026-12-24 16:00" --expect tunis',
        'ccrouter explain "0800 123 456" --waited 95s --in paris',
        "ccrouter explain --call 1795289835.400",
    ),
)
@click.argument("number", required=False)
@click.option("--at", metavar="WHEN", help="The instant: 2026-12-24 18:00, friday 18:00, in 2h. By default now.")
@click.option("--caller", metavar="NUMBER", help="Who calls, or `anonymous`. By default one whom no rule names.")
@click.option("--language", default="", help="Language of the channel.")
@click.option("--mode", "modes", multiple=True, help="A mode that is on; may be given again. `none` for none at all.")
@click.option("--load", help="waiting=6,ready=0,tunis=down; or a YAML file of such, or quiet, or unknown.")
@click.option("--file", default=LIVE, metavar="ROUTING", help="Routing file; by default the rules in force are asked.")
@click.option("--live", is_flag=True, help="Ask the routing file of --file with the daemon's facts.")
@click.option("--pabx", metavar="NAME", help="The PABX that carries the call; by default the first.")
@click.option("--waited", type=duration, metavar="TIME", help="The caller has waited so long in a queue: 95s.")
@click.option("--in", "waits_in", metavar="QUEUE", help="The queue in which the caller waits, or its in-house site.")
@click.option("--calls", type=click.IntRange(2, MOST_CALLS), help="Tell how so many calls in a row are shared, too.")
@click.option("--expect", multiple=True, metavar="NAME", help="Fail unless the call goes there; again for the next.")
@click.option("--expect-rule", default="", metavar="RULE", help="Fail unless this rule decides.")
@click.option("--call", "uniqueid", metavar="UNIQUEID", help="Tell of a past call, from the daemon's journal.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@socket_option
def explain(
    *,
    number: str | None,
    uniqueid: str | None,
    as_json: bool,
    socket: Path,
    **options: Any,  # noqa: ANN401 - those above, see cli.asked.Options
) -> None:
    """Tell which way a call to NUMBER would go, and why: every rule that was tested, with what was seen.

    By default the daemon is asked for its rules and for what it sees now; --at, --load and --mode stand for their part
    of that. With --file no daemon is needed: all is quiet and no mode is on, but for what is said.
    """
    if (number is None) == (uniqueid is None):
        raise click.UsageError('Name a number, or a past call with --call: ccrouter explain "0800 123 456"')
    with told():
        if uniqueid is not None:
            from ccrouter.cli.past_calls import tell_past_call  # noqa: PLC0415

            tell_past_call(uniqueid, socket, as_json=as_json)
            return
        from ccrouter.cli.asked import Options, asked  # noqa: PLC0415

        said = Options(**options)
        _explain(asked(number or "", said, socket), said.calls, said.expect, said.expect_rule, as_json=as_json)


def _explain(question: "Asked", calls: int | None, expect: tuple[str, ...], rule: str, *, as_json: bool) -> None:
    from ccrouter.outlook.cases import destinations, in_a_row, unmet  # noqa: PLC0415
    from ccrouter.outlook.explained import record  # noqa: PLC0415

    found = question.decided()
    counts: dict[str, int] = {}
    for each in in_a_row(question.rules, question.facts, question.call, calls or 0):
        name = destinations(each)[0]
        counts[name] = counts.get(name, 0) + 1
    failures = list(unmet(found, expect, rule))
    if as_json:
        click.echo(json.dumps(record(found, counts, failures), ensure_ascii=False))
    else:
        _show(question, found, counts, failures)
    if failures:
        sys.exit(FAILED)


def _show(
    question: "Asked", found: "Decision | Stay", counts: "Mapping[str, int]", failures: list[tuple[str, str]]
) -> None:
    from ccrouter.cli.printing import show  # noqa: PLC0415
    from ccrouter.outlook.explained import page  # noqa: PLC0415
    from ccrouter.outlook.words import Line, Tone, lines  # noqa: PLC0415

    show(page(question, found, counts))
    if failures:
        show([Line("")])
    for expected, seen in failures:
        show(lines(f"expected {expected}; found {seen}", tone=Tone.BAD))
