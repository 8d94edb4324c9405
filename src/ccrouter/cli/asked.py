"""From the options of `explain` to rules, facts and a call."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.moments import moment_asked
from ccrouter.cli.options import FAILED, tell_problems
from ccrouter.cli.seen import seen
from ccrouter.cli.sources import LIVE, rules_from
from ccrouter.clock import SystemClock, utc
from ccrouter.config.instants import InstantError
from ccrouter.config.loads import LoadError, load_file, load_of, says_file
from ccrouter.config.problems import RefusedFileError, suggest
from ccrouter.config.telephone import dialled
from ccrouter.config.values import LANGUAGE, LANGUAGE_CURE
from ccrouter.outlook.cases import ORDINARY, PABX, STAYS, with_waiting
from ccrouter.outlook.circumstances import Sources, source_of
from ccrouter.outlook.loads import QUIET, Load, facts_under, moved
from ccrouter.outlook.places import queue_named, queues_of
from ccrouter.routing.call import Call
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import SENT_BY_HAND, TAKEN_NAMES, InHouse, Rules, Service

if TYPE_CHECKING:
    from ccrouter.cli.seen import Seen

NO_MODE = "none"
ANONYMOUS = "anonymous"


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a decision is made of, and where it comes from; `queue` is where the caller waits, empty for nowhere."""

    rules: Rules
    facts: Facts
    call: Call
    queue: str
    sources: Sources
    file: str


def asked(number: str, options: Options, socket: Path) -> Asked:
    """Return what is asked.

    Raises:
        click.BadParameter: an option says nothing that can be asked.

    """
    daemon = seen(socket) if options.file == LIVE or options.live else None
    in_force = daemon is not None and options.file == LIVE
    rules = daemon.rules() if daemon is not None and in_force else rules_from(options.file, socket)
    call = _call(number, options, PABX if daemon is None else daemon.in_force.pabx)
    if daemon is not None and options.pabx is not None:
        _check_pabx(options.pabx, sorted(daemon.facts.snapshot.pabxs))
    known = rules.numbers.get(call.number)
    service = rules.unknown if known is None else known.service
    queue = _queue(rules, service, options)
    _check_names(rules, service, options, waits=bool(queue))
    now = SystemClock().now() if daemon is None else daemon.facts.at
    try:
        at = now if options.at is None else moment_asked(options.at, utc(now), rules.zone).timestamp()
    except InstantError as error:
        raise click.BadParameter(str(error), param_hint="--at") from None
    load = None if options.load is None else _load(options.load, rules, service)
    facts, sources = _facts(rules, at, call, load=load, queue=queue, options=options, daemon=daemon)
    file = daemon.in_force.file if daemon is not None and in_force else options.file
    return Asked(rules, facts, call, queue, sources, file)


def _call(number: str, options: Options, pabx: str) -> Call:
    called = dialled(number)
    if not called.strip("+"):
        raise click.BadParameter(f"{number!r} has no digits", param_hint="NUMBER")
    caller = ORDINARY if options.caller is None else dialled(options.caller)
    if options.caller not in {None, ANONYMOUS} and not caller.strip("+"):
        raise click.BadParameter(f"write a number, or {ANONYMOUS}", param_hint="--caller")
    if options.language and not re.fullmatch(LANGUAGE, options.language):
        raise click.BadParameter(f"`{options.language}` is no language. {LANGUAGE_CURE}", param_hint="--language")
    hidden = options.caller == ANONYMOUS
    return Call(
        options.pabx or pabx, "explain", called, None if hidden else caller, options.language, waited_s=options.waited
    )


def _facts(  # noqa: PLR0913 - all that facts come from
    rules: Rules,
    at: float,
    call: Call,
    *,
    load: Load | None,
    queue: str,
    options: Options,
    daemon: "Seen | None",
) -> tuple[Facts, Sources]:
    """Return the facts of an instant: the daemon's, but for what was said."""
    if options.modes:
        modes, of_modes = frozenset(options.modes) - {NO_MODE}, "given"
    elif daemon is not None:
        modes, of_modes = daemon.modes(at), "live"
    else:
        modes, of_modes = frozenset(), "assumed"
    if daemon is not None and load is None:
        facts = moved(daemon.facts, at) if options.at else daemon.facts
        age = facts.age_s(call.pabx)
        live = "live" if age is None else f"live, {age:.1f} s old"
        of_load = f"{live}, taken to be the same then" if options.at else live
        return Facts(at, facts.snapshot, modes, facts.latches, facts.turns, facts.overrides), Sources(of_modes, of_load)
    said = load or QUIET
    lasting = with_waiting(said, queue, call.waited_s or 0.0) if queue else said
    facts = facts_under(
        lasting,
        rules,
        at,
        modes=modes,
        overrides=() if daemon is None else daemon.facts.overrides,
        turns={} if daemon is None else daemon.facts.turns,
        pabx=call.pabx,
    )
    return facts, Sources(of_modes, source_of(lasting))


def _load(text: str, rules: Rules, service: Service) -> Load:
    if says_file(text, Path()):
        try:
            return load_file(Path(text), rules, service)
        except RefusedFileError as error:
            tell_problems(error)
            sys.exit(FAILED)
    try:
        return load_of(text, rules, service)
    except LoadError as error:
        raise click.BadParameter(str(error), param_hint="--load") from None


def _queue(rules: Rules, service: Service, options: Options) -> str:
    """Return where the caller waits, or an empty text."""
    if options.waited is not None and options.calls is not None:
        raise click.BadParameter("callers who wait are asked about one by one: leave it out", param_hint="--calls")
    if options.waited is None:
        if options.waits_in is not None:
            raise click.BadParameter("say how long, too: --waited 95s", param_hint="--in")
        return ""
    if options.waits_in is None:
        near = queues_of(service)
        if len(near) != 1:
            known = ", ".join(near) or "no queue"
            raise click.BadParameter(f"say where, too: --in QUEUE. {service.name} has {known}", param_hint="--waited")
        return near[0]
    queue = queue_named(rules, options.waits_in)
    if queue is None:
        names = [name for site in rules.sites.values() if isinstance(site, InHouse) for name in (site.name, site.queue)]
        cure = suggest(options.waits_in, names)
        raise click.BadParameter(f"there is no queue or in-house site `{options.waits_in}`. {cure}", param_hint="--in")
    return queue


def _check_pabx(name: str, known: list[str]) -> None:
    if name not in known:
        raise click.BadParameter(f"there is no PABX `{name}`. {suggest(name, known)}", param_hint="--pabx")


def _check_names(rules: Rules, service: Service, options: Options, *, waits: bool) -> None:
    if NO_MODE in options.modes and len(set(options.modes)) > 1:
        raise click.BadParameter(
            f"`{NO_MODE}` stands for none at all; leave it out, or the others", param_hint="--mode"
        )
    for mode in options.modes:
        if mode != NO_MODE and mode not in rules.modes:
            cure = suggest(mode, sorted(rules.modes))
            raise click.BadParameter(f"there is no mode `{mode}`. {cure}", param_hint="--mode")
    known = [*rules.sites, *rules.messages, rules.unknown.last.name, *([STAYS] if waits else [])]
    for name in options.expect:
        if name not in known:
            cure = suggest(name, known)
            raise click.BadParameter(f"there is no site or message `{name}`. {cure}", param_hint="--expect")
    own = [rule.name for rule in (service.while_waiting if waits else service.rules)]
    deciding = own if waits else [*own, *sorted(TAKEN_NAMES - {SENT_BY_HAND})]
    if options.expect_rule and options.expect_rule not in deciding:
        cure = suggest(options.expect_rule, deciding)
        raise click.BadParameter(
            f"{service.name} has no rule `{options.expect_rule}`. {cure}", param_hint="--expect-rule"
        )
