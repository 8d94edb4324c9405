"""From the options of `explain` to rules, facts and a call."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from ccrouter.cli.options import FAILED, tell_problems
from ccrouter.cli.seen import seen
from ccrouter.cli.sources import LIVE, rules_from
from ccrouter.clock import SystemClock
from ccrouter.config.asking import AskedError, Wording
from ccrouter.config.asking import asked as asked_of
from ccrouter.config.loads import load_file, load_of, says_file
from ccrouter.config.problems import RefusedFileError, suggest
from ccrouter.outlook.cases import PABX, STAYS
from ccrouter.outlook.explained import Asked
from ccrouter.outlook.loads import Load
from ccrouter.routing.rule import TAKEN_NAMES
from ccrouter.routing.rules import Rules, Service

_HINTS: Final = {"number": "NUMBER", "modes": "--mode", "waits_in": "--in"}
"""How an attribute of the wording is typed; the others are options of the same name."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was said of the call, as it was typed."""

    at: str | None
    caller: str | None
    language: str
    modes: tuple[str, ...]
    load: str | None
    file: str
    live: bool
    pabx: str | None
    waited: float | None
    waits_in: str | None
    calls: int | None
    expect: tuple[str, ...]
    expect_rule: str


def asked(number: str, options: Options, socket: Path) -> Asked:
    """Return what is asked.

    Raises:
        click.BadParameter: an option says nothing that can be asked.

    """
    if options.waited is not None and options.calls is not None:
        raise click.BadParameter("callers who wait are asked about one by one: leave it out", param_hint="--calls")
    daemon = seen(socket) if options.file == LIVE or options.live else None
    in_force = daemon is not None and options.file == LIVE
    rules = daemon.rules() if daemon is not None and in_force else rules_from(options.file, socket)
    said = Wording(
        number=number,
        at=options.at,
        caller=options.caller,
        language=options.language,
        modes=options.modes,
        load=options.load,
        pabx=options.pabx,
        waited=options.waited,
        waits_in=options.waits_in,
    )
    try:
        question = asked_of(
            said,
            rules,
            file=daemon.in_force.file if daemon is not None and in_force else options.file,
            pabx=PABX if daemon is None else daemon.in_force.pabx,
            now=SystemClock().now() if daemon is None else daemon.present.facts.at,
            present=None if daemon is None else daemon.present,
            read_load=_load,
        )
    except AskedError as error:
        hint = _HINTS.get(error.said, f"--{error.said}")
        raise click.BadParameter(str(error), param_hint=hint) from None
    known = rules.numbers.get(question.call.number)
    service = rules.unknown if known is None else known.service
    _check_expected(rules, service, options, waits=bool(question.queue))
    if question.remark:
        click.echo(f"ccrouter: {question.remark}", err=True)
    return question


def _load(text: str, rules: Rules, service: Service) -> Load:
    if not says_file(text, Path()):
        return load_of(text, rules, service)
    try:
        return load_file(Path(text), rules, service)
    except RefusedFileError as error:
        tell_problems(error)
        sys.exit(FAILED)


def _check_expected(rules: Rules, service: Service, options: Options, *, waits: bool) -> None:
    known = [*rules.sites, *rules.messages, rules.unknown.last.name, *([STAYS] if waits else [])]
    for name in options.expect:
        if name not in known:
            cure = suggest(name, known)
            raise click.BadParameter(f"there is no site or message `{name}`. {cure}", param_hint="--expect")
    own = [rule.name for rule in (service.while_waiting if waits else service.rules)]
    deciding = own if waits else [*own, *sorted(TAKEN_NAMES)]
    if options.expect_rule and options.expect_rule not in deciding:
        cure = suggest(options.expect_rule, deciding)
        raise click.BadParameter(
            f"{service.name} has no rule `{options.expect_rule}`. {cure}", param_hint="--expect-rule"
        )
