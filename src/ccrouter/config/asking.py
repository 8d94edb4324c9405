"""From what was said of a call to the facts that a decision is asked with: for `ccrouter explain`, and for the API."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from ccrouter.config.instants import InstantError, instant, past
from ccrouter.config.loads import LoadError, load_of
from ccrouter.config.problems import suggest
from ccrouter.config.telephone import dialled
from ccrouter.config.values import LANGUAGE, LANGUAGE_CURE
from ccrouter.errors import ConfigError
from ccrouter.outlook.cases import ORDINARY, with_waiting
from ccrouter.outlook.circumstances import Sources, source_of
from ccrouter.outlook.explained import Asked
from ccrouter.outlook.loads import QUIET, Load, facts_under, moved
from ccrouter.outlook.places import queue_named, queues_of
from ccrouter.routing.call import Call
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules, Service

NO_MODE: Final = "none"
ANONYMOUS: Final = "anonymous"

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_OF_THE_WALL: Final = re.compile(r"\d:\d\d(:\d\d)?$")

ReadLoad = Callable[[str, Rules, Service], Load]
"""Reads a load from a text, or raises LoadError."""


class AskedError(ConfigError):
    """What was said asks nothing that can be answered; `said` is the attribute of Wording that is at fault."""

    def __init__(self, said: str, message: str) -> None:
        self.said = said
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What was said of a call, as a person wrote it.

    Attributes:
        at: the instant; None for now.
        caller: a number, `anonymous`, or None for one whom no rule names.
        modes: that are on, `none` for none at all; empty for those of the present.
        load: such as `waiting=6,ready=0`; None for that of the present.
        pabx: which carries the call; None for the first.
        waited: seconds that the caller has waited in a queue; None for a call that has just arrived.
        waits_in: that queue, or its site; None for the only one.

    """

    number: str
    at: str | None = None
    caller: str | None = None
    language: str = ""
    modes: tuple[str, ...] = ()
    load: str | None = None
    pabx: str | None = None
    waited: float | None = None
    waits_in: str | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """What a daemon sees; `ends` is when each mode that is on will end by itself, None for never."""

    facts: Facts
    ends: Mapping[str, float | None]

    def modes(self, at: float) -> frozenset[str]:
        """Return which of the modes that are on now will be on at an instant."""
        ends = {mode: self.ends.get(mode) for mode in self.facts.modes}
        return frozenset(mode for mode, end in ends.items() if end is None or at < end)


def asked(  # noqa: PLR0913 - all that a question is made of
    said: Wording,
    rules: Rules,
    *,
    file: str,
    pabx: str,
    now: float,
    present: Present | None = None,
    read_load: ReadLoad = load_of,
) -> Asked:
    """Return what is asked.

    Args:
        file: where the rules come from, for people.
        pabx: the one that carries the call unless another is named.
        now: seconds since 1970-01-01 UTC.
        present: None where no daemon is asked: all is quiet then, and no mode is on, but for what is said.
        read_load: reads `load`.

    Raises:
        AskedError: it asks nothing that can be answered.

    """
    call = _call(said, pabx)
    if present is not None and said.pabx is not None:
        _check_pabx(said.pabx, sorted(present.facts.snapshot.pabxs))
    known = rules.numbers.get(call.number)
    service = rules.unknown if known is None else known.service
    queue = _queue(rules, service, said)
    _check_modes(rules, said.modes)
    at, remark = (now, "") if said.at is None else _moment(said.at, now, rules.zone)
    load = None if said.load is None else _load(said.load, rules, service, read_load)
    facts, sources = _facts(rules, at, call, load=load, queue=queue, said=said, present=present)
    return Asked(rules, facts, call, queue, sources, file, remark)


def moment_of(text: str, now: datetime, zone: tzinfo) -> tuple[datetime, str]:
    """Return the instant that a text says, and what to tell of it: of an hour that comes twice the first is meant.

    Raises:
        InstantError: it says none, or a day alone: at which time of that day makes all the difference.

    """
    said = " ".join(text.lower().split())
    if _DATE.fullmatch(said) or said == "yesterday":
        raise InstantError(f"`{text}` lacks a time", f"Write it too: {said} 8:00")
    found = (past if said.startswith("yesterday ") or said.endswith(" ago") else instant)(text, now, zone)
    second = found.replace(fold=1)
    if not _OF_THE_WALL.search(said) or found.utcoffset() == second.utcoffset():
        return found, ""
    first, later = (f"{each:%z}"[:3] + ":" + f"{each:%z}"[3:] for each in (found, second))
    when = f"{found:%Y-%m-%d %H:%M}"
    told = f"{when} comes twice, as the clocks are turned back; this is the first ({first}), write {when}{later}"
    return found, f"{told} for the second"


def _moment(text: str, now: float, zone: tzinfo) -> tuple[float, str]:
    try:
        found, remark = moment_of(text, datetime.fromtimestamp(now, UTC), zone)
    except InstantError as error:
        raise AskedError("at", str(error)) from None
    return found.timestamp(), remark


def _call(said: Wording, pabx: str) -> Call:
    called = dialled(said.number)
    if not called.strip("+"):
        raise AskedError("number", f"{said.number!r} has no digits")
    caller = ORDINARY if said.caller is None else dialled(said.caller)
    if said.caller not in {None, ANONYMOUS} and not caller.strip("+"):
        raise AskedError("caller", f"write a number, or {ANONYMOUS}")
    if said.language and not re.fullmatch(LANGUAGE, said.language):
        raise AskedError("language", f"`{said.language}` is no language. {LANGUAGE_CURE}")
    hidden = said.caller == ANONYMOUS
    return Call(said.pabx or pabx, "explain", called, None if hidden else caller, said.language, waited_s=said.waited)


def _facts(  # noqa: PLR0913 - all that facts come from
    rules: Rules,
    at: float,
    call: Call,
    *,
    load: Load | None,
    queue: str,
    said: Wording,
    present: Present | None,
) -> tuple[Facts, Sources]:
    """Return the facts of an instant: those of the present, but for what was said."""
    if said.modes:
        modes, of_modes = frozenset(said.modes) - {NO_MODE}, "given"
    elif present is not None:
        modes, of_modes = present.modes(at), "live"
    else:
        modes, of_modes = frozenset(), "assumed"
    if present is not None and load is None:
        facts = moved(present.facts, at) if said.at else present.facts
        age = facts.age_s(call.pabx)
        live = "live" if age is None else f"live, {age:.1f} s old"
        of_load = f"{live}, taken to be the same then" if said.at else live
        return Facts(at, facts.snapshot, modes, facts.latches, facts.turns, facts.overrides), Sources(of_modes, of_load)
    given = load or QUIET
    lasting = with_waiting(given, queue, call.waited_s or 0.0) if queue else given
    facts = facts_under(
        lasting,
        rules,
        at,
        modes=modes,
        overrides=() if present is None else present.facts.overrides,
        turns={} if present is None else present.facts.turns,
        pabx=call.pabx,
    )
    return facts, Sources(of_modes, source_of(lasting))


def _load(text: str, rules: Rules, service: Service, read_load: ReadLoad) -> Load:
    try:
        return read_load(text, rules, service)
    except LoadError as error:
        raise AskedError("load", str(error)) from None


def _queue(rules: Rules, service: Service, said: Wording) -> str:
    """Return where the caller waits, or an empty text."""
    if said.waited is None:
        if said.waits_in is not None:
            raise AskedError("waits_in", "say how long, too: --waited 95s")
        return ""
    if said.waits_in is None:
        near = queues_of(service)
        if len(near) != 1:
            known = ", ".join(near) or "no queue"
            raise AskedError("waited", f"say where, too: --in QUEUE. {service.name} has {known}")
        return near[0]
    queue = queue_named(rules, said.waits_in)
    if queue is None:
        names = [name for site in rules.sites.values() if isinstance(site, InHouse) for name in (site.name, site.queue)]
        cure = suggest(said.waits_in, names)
        raise AskedError("waits_in", f"there is no queue or in-house site `{said.waits_in}`. {cure}")
    return queue


def _check_pabx(name: str, known: list[str]) -> None:
    if name not in known:
        raise AskedError("pabx", f"there is no PABX `{name}`. {suggest(name, known)}")


def _check_modes(rules: Rules, modes: tuple[str, ...]) -> None:
    if NO_MODE in modes and len(set(modes)) > 1:
        raise AskedError("modes", f"`{NO_MODE}` stands for none at all; leave it out, or the others")
    for mode in modes:
        if mode != NO_MODE and mode not in rules.modes:
            raise AskedError("modes", f"there is no mode `{mode}`. {suggest(mode, sorted(rules.modes))}")
